import { simulateWorlds } from './simulate';

/** `npm run simulate -- --cycles N --seed S`: prints what was simulated; exit 1 when anything broke a promise. */
async function main(): Promise<void> {
  const option = (name: string, usual: number): number => {
    const at = process.argv.indexOf(`--${name}`);
    const value = at === -1 ? usual : Number(process.argv[at + 1]);
    if (!Number.isSafeInteger(value) || value < 0)
      throw new Error(`--${name} takes a whole number`);
    return value;
  };
  const seed = option('seed', 1);
  const done = await simulateWorlds(seed, option('cycles', 20_000));
  const { violations, seconds, cycles } = done;
  const shown = {
    seed,
    ...done,
    cycles_per_s: Math.round(cycles / seconds),
    violations: violations.slice(0, 20),
    violations_in_all: violations.length,
  };
  process.stdout.write(`${JSON.stringify(shown, null, 2)}\n`);
  process.exitCode = violations.length === 0 ? 0 : 1;
}

void main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});
