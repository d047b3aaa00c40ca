import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { buildSync } from 'esbuild';
import type { Json } from '../../src/core/json';
import { openSandbox } from '../../src/sandbox';
import type { Broker, Sandbox } from '../../src/sandbox/types';
import { descendants, invocationOf, isAlive, recorder } from './world';

/** A broker whose effects are performed when the test says so. */
function slowBroker() {
  const asked = resolvers<void>();
  const performed = resolvers<Json>();
  const broker: Broker = {
    effect: () => {
      asked.resolve();
      return performed.promise;
    },
    log: () => undefined,
  };
  return { asked: asked.promise, perform: () => performed.resolve(null), broker };
}
function resolvers<T>() {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((done) => (resolve = done));
  return { promise, resolve };
}

describe('a run', () => {
  let sandbox: Sandbox;
  const others = new Set<number>();
  const waiting: number[] = [];
  beforeAll(async () => {
    for (const pid of descendants(process.pid)) others.add(pid);
    sandbox = await openSandbox({ spares: 2, onWaiting: (count) => waiting.push(count) });
  });
  afterAll(() => sandbox.close());

  test('C3.D3: gets its input, its states and the outputs of its dependencies, and no others', async () => {
    const body = `return { input, state: ctx.state('regime_state'), none: ctx.state('flow_state'),
      output: ctx.output('T3'), skipped: ctx.output('T2'), task: ctx.task_id, key: ctx.idempotency_key, mode: ctx.mode }`;
    const invocation = invocationOf(body);
    expect(await sandbox.run(invocation, recorder())).toEqual({
      kind: 'RETURNED',
      output: {
        input: invocation.input,
        state: invocation.states.regime_state,
        none: null,
        output: invocation.outputs.T3,
        skipped: null,
        task: invocation.task_id,
        key: 'key',
        mode: 'shadow',
      },
    });
  });

  test('asks for its effects in order, each with its ordinal, and gets what the broker answers', async () => {
    const broker = recorder();
    const body = `const first = ctx.effects.ranking_log('a'); const second = ctx.effects.ranking_log('b');
      return [await first, await second]`;
    const ending = await sandbox.run(invocationOf(body), broker);
    expect(ending).toEqual({ kind: 'RETURNED', output: [{ receipt: 1 }, { receipt: 2 }] });
    expect(broker.effects).toEqual([
      { name: 'ranking_log', ordinal: 1, payload: 'a' },
      { name: 'ranking_log', ordinal: 2, payload: 'b' },
    ]);
  });

  test('does not end while one of its effects is being performed, also when its time is over', async () => {
    const { asked, perform, broker } = slowBroker();
    const order: string[] = [];
    const run = sandbox.run(invocationOf(`await ctx.effects.ranking_log(1)`, 200), broker);
    const ended = run.then(({ kind }) => order.push(kind));
    await asked;
    await delay(400);
    order.push('performed');
    perform();
    await ended;
    expect(order).toEqual(['performed', 'TIMED_OUT']);
  });

  test('R32: is stopped by its caller, and performs nothing afterwards', async () => {
    const stop = new AbortController();
    const { asked, perform, broker } = slowBroker();
    const run = sandbox.run(
      invocationOf(`await ctx.effects.ranking_log(1); for (;;);`),
      broker,
      stop.signal,
    );
    await asked;
    stop.abort();
    perform();
    expect(await run).toEqual({ kind: 'STOPPED' });
    expect(await sandbox.run(invocationOf('return 1'), recorder(), stop.signal)).toEqual({
      kind: 'STOPPED',
    });
  });

  test('ten at once, more than there are spares, all end as they should, and it is told how many wait', async () => {
    waiting.length = 0;
    const ten = Array.from({ length: 10 }, (_, n) =>
      sandbox.run(invocationOf(`return ${n}`), recorder()),
    );
    expect(await Promise.all(ten)).toEqual(ten.map((_, n) => ({ kind: 'RETURNED', output: n })));
    expect(Math.max(...waiting)).toBeGreaterThanOrEqual(8);
    expect(waiting.at(-1)).toBe(0);
  });

  test('has chance, ids and times of its own, though every process comes out of the same snapshot', async () => {
    const body = `const { randomUUID, randomBytes, randomInt } = require('crypto');
      return [Math.random(), randomUUID(), randomBytes(8).toString('hex'), randomInt(2 ** 47), crypto.randomUUID(),
        crypto.getRandomValues(new Uint32Array(4)).join(), process.hrtime.bigint().toString(), performance.timeOrigin, Date.now()]`;
    const beganMs = Date.now();
    const found = await Promise.all(
      [1, 2].map(async () => sandbox.run(invocationOf(body), recorder())),
    );
    const endedMs = Date.now();
    const both = found.flatMap((ending) => (ending.kind === 'RETURNED' ? [ending.output] : []));
    const own = (both as unknown[][]).flatMap((each) => {
      const nowMs = each.pop();
      // Both may have run within one millisecond.
      expect(nowMs).toBeGreaterThanOrEqual(beganMs);
      expect(nowMs).toBeLessThanOrEqual(endedMs);
      return each;
    });
    expect(own).toHaveLength(16);
    expect(new Set(own).size).toBe(own.length);
  });

  test('comes out of a start-up snapshot, on a Node that can make one', () => {
    const programs = descendants(process.pid)
      .filter((pid) => !others.has(pid))
      .map((pid) => spawnSync('ps', ['-ww', '-o', 'args=', '-p', `${pid}`], { encoding: 'utf8' }));
    expect(programs.map(({ stdout }) => stdout).join()).toContain('--snapshot-blob');
  });

  test('is taken to another process when the spare it was given has died', async () => {
    for (const pid of descendants(process.pid)) if (!others.has(pid)) kill(pid);
    expect(await sandbox.run(invocationOf('return 1'), recorder())).toEqual({
      kind: 'RETURNED',
      output: 1,
    });
  });

  test('whose own module is broken, or no skill, threw', async () => {
    const of = async (code: string): Promise<unknown> =>
      sandbox.run({ ...invocationOf(''), code }, recorder());
    expect(await of('module.exports = {')).toMatchObject({ kind: 'THREW' });
    expect(await of('module.exports = { a: 1 }')).toEqual({
      kind: 'THREW',
      detail: 'it threw Error: the default export has no function `run`',
    });
  });
});

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // The first one may have taken the next along.
    expect((error as NodeJS.ErrnoException).code).toBe('ESRCH');
  }
}

describe('what a skill file says of itself', () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await openSandbox({ spares: 1 });
  });
  afterAll(() => sandbox.close());

  test('is its manifest, and its zod schema as JSON Schema; `run` does not run', async () => {
    const source = `
      import { z } from 'zod';
      export default { skill_id: 'acme.a', side_effects: ['ranking_log'],
        output: z.object({ ranked: z.array(z.string()) }), run() { throw new Error('it ran') } };`;
    const { outputFiles } = buildSync({
      stdin: { contents: source, resolveDir: join(__dirname, '..', '..') },
      bundle: true,
      write: false,
      format: 'cjs',
      platform: 'node',
    });
    expect(await sandbox.describe(outputFiles[0]?.text ?? '')).toEqual({
      ok: true,
      manifest: { skill_id: 'acme.a', side_effects: ['ranking_log'] },
      output: expect.objectContaining({
        type: 'object',
        properties: { ranked: { type: 'array', items: { type: 'string' } } },
        required: ['ranked'],
      }),
    });
  });

  test('takes a JSON Schema as it is, also from module.exports itself', async () => {
    const code = `module.exports = { skill_id: 'a', output: { type: 'object' }, run() {} }`;
    expect(await sandbox.describe(code)).toEqual({
      ok: true,
      manifest: { skill_id: 'a' },
      output: { type: 'object' },
    });
  });

  test.each([
    ['does not compile', 'module.exports = {', 'Unexpected'],
    ['has no default export', '', 'the file has no default export that is an object'],
    ['has no run', 'module.exports = { a: 1 }', 'no function `run`'],
    ['has no output', 'module.exports = { run() {} }', '`output` must be'],
    ['throws', 'throw new Error("at load")', 'at load'],
    ['reads a file', 'require("fs").readFileSync("/etc/passwd")', 'reaches for require (fs)'],
    ['fetches', 'fetch("http://127.0.0.1/x")', 'reaches for fetch (http://127.0.0.1/x)'],
    ['never ends', 'for (;;);', 'took longer than 300 ms'],
    ['exits', 'process.exit(0)', 'it ended its process'],
    [
      'has a manifest that is no JSON',
      'module.exports = { a: 1n, output: {}, run() {} }',
      'BigInt',
    ],
  ])('or why not: it %s', async (_name, code, problem) => {
    expect(await sandbox.describe(code, 300)).toEqual({
      ok: false,
      problem: expect.stringContaining(problem),
    });
  });
});

describe('what is left behind', () => {
  const folder = mkdtempSync(join(tmpdir(), 'harness-sandbox-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  test('nothing after close; runs in flight end STOPPED', async () => {
    const before = new Set(descendants(process.pid));
    const sandbox = await openSandbox({ spares: 3 });
    const { asked, perform, broker } = slowBroker();
    const body = `await ctx.effects.ranking_log(1); for (;;);`;
    const run = sandbox.run(invocationOf(body), broker);
    await asked;
    perform();
    const started = descendants(process.pid).filter((pid) => !before.has(pid));
    await sandbox.close();
    expect(await run).toEqual({ kind: 'STOPPED' });
    expect(started.length).toBeGreaterThan(0);
    expect(started.filter(isAlive)).toEqual([]);
    expect(await sandbox.run(invocationOf('return 1'), recorder())).toEqual({ kind: 'STOPPED' });
  });

  test.each(['strongest', 'process'])(
    'nothing when the harness is killed while a skill loops, walls: %s',
    async (walls) => {
      const options = walls === 'process' ? `{ isolation: 'process' }` : '{}';
      const program = `
        import { openSandbox } from './src/sandbox';
        const work = ${JSON.stringify(invocationOf('ctx.log("looping"); for (;;);', 60_000))};
        const broker = { effect: async () => null, log: (line) => console.log(line) };
        openSandbox(${options}).then((sandbox) => sandbox.run(work, broker));`;
      const outfile = join(folder, `${walls}.js`);
      const root = join(__dirname, '..', '..');
      const shared = { bundle: true, platform: 'node', format: 'cjs' } as const;
      buildSync({
        ...shared,
        stdin: { contents: program, resolveDir: root },
        outfile,
        external: ['esbuild'],
      });
      const main = join(root, 'src', 'sandbox', 'host', 'main.ts');
      buildSync({ ...shared, entryPoints: [main], outfile: join(folder, 'skill-host.js') });
      const env = { ...process.env, NODE_PATH: join(root, 'node_modules') };
      const worker = spawn(process.execPath, [outfile], {
        env,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await once(createInterface(worker.stdout), 'line');
      const left = descendants(worker.pid ?? 0);
      expect(left.length).toBeGreaterThan(0);
      worker.kill('SIGKILL');
      await once(worker, 'exit');
      // Nobody tells of the end of processes that are not one's own children: looked at until they are gone.
      while (left.some(isAlive)) await delay(20);
    },
  );
});
