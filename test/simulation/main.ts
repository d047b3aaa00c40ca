import { availableParallelism } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { simulateOn } from './simulate';
import { openThread, serveThread } from './threads';

/**
 * `npm run simulate -- --cycles N --seed S [--threads T]`: prints what was simulated, the same with any number of threads; exit 1
 * when anything broke a promise.
 */
async function main(): Promise<void> {
  const option = (name: string, usual: number): number => {
    const at = process.argv.indexOf(`--${name}`);
    const value = at === -1 ? usual : Number(process.argv[at + 1]);
    if (!Number.isSafeInteger(value) || value < 0)
      throw new Error(`--${name} takes a whole number`);
    return value;
  };
  const seed = option('seed', 1);
  const threads = Math.max(option('threads', availableParallelism()), 1);
  const lanes = Array.from({ length: threads }, openThread);
  const done = await simulateOn(lanes, seed, option('cycles', 20_000));
  await Promise.all(lanes.map((lane) => lane.close()));
  const { violations, seconds, cycles } = done;
  const { user, system } = process.cpuUsage();
  const shown = {
    seed,
    ...done,
    cycles_per_s: Math.round(cycles / seconds),
    threads,
    cpu_s: (user + system) / 1_000_000,
    violations: violations.slice(0, 20),
    violations_in_all: violations.length,
  };
  process.stdout.write(`${JSON.stringify(shown, null, 2)}\n`);
  process.exitCode = violations.length === 0 ? 0 : 1;
}

if (parentPort === null) {
  void main().catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exit(1);
  });
} else {
  serveThread(parentPort);
}
