import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { JsonObject } from '../../src/core/json';
import { until } from '../e2e/until';
import { graph, objects } from '../e2e/documents';
import { descendants } from '../sandbox/world';
import { act, chameleon, SkillDesk } from '../support/skills';
import type { StoppingWorker } from './stopping-worker';
import { kill, type Planned, World } from './world';

/** A skill that writes, and what kills, freezes, halts or cancels what it runs in: each of its effects happens once. */
let world: World;
let desk: SkillDesk;
let worker: StoppingWorker;
beforeAll(async () => {
  world = await World.open();
  desk = new SkillDesk(world.box, world.harness);
  const first = await world.worker();
  await desk.register(chameleon('acme.writer'));
  await kill(first);
});
beforeEach(async () => {
  worker = await world.stoppingWorker();
});
afterEach(async () => {
  await world.killWorkers();
  await world.expectSound();
});
afterAll(async () => {
  await desk.close();
  await world.close();
});

const note = (n: number) => ['note', { n }] as const;

function plan(steps: readonly unknown[], changes: JsonObject = {}): Planned {
  const task = act('writes', 'acme.writer', { steps: steps as never }, changes);
  return world.plan({ graph: graph([task]) });
}

const writes = async (cycle: Planned): Promise<JsonObject> =>
  objects((await world.show(cycle))['tasks']).find(({ name }) => name === 'writes') ?? {};

/** The effect's lines of one cycle. */
const written = (cycle: Planned): unknown[] =>
  desk.lines().flatMap((line) => (line['cycle_id'] === cycle.cycle_id ? [line.payload] : []));

const untilWritten = (cycle: Planned, count: number): Promise<void> =>
  until(`${count} lines are written`, async () => written(cycle).length === count);

const stopped = async (cycle: Planned) =>
  (await world.entries(cycle)).find(({ type }) => type === 'TASK_STOPPED');

function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !/^\d+ \(.*\) [ZX]/.test(stat);
  } catch {
    return false;
  }
}

describe('R24 a worker is killed', () => {
  it('while skills run, between their effects and behind them: each effect once, and no process is left', async () => {
    const cycles = {
      early: plan([['nap', 800], note(1)]),
      between: plan([note(1), ['nap', 3_000], note(2)]),
      behind: plan([note(1), note(2), ['nap', 3_000]]),
      returned: plan([note(1), note(2)]),
      spinning: plan([note(1), ['spin', null]], { timeout_ms: 3_000 }),
    };
    await worker.hold(cycles.early.workflow_id, 'before writes');
    await worker.hold(cycles.returned.workflow_id, 'after writes');
    for (const cycle of Object.values(cycles)) await world.start(cycle);
    await Promise.all([
      worker.held(cycles.early.workflow_id, 'before writes'),
      worker.held(cycles.returned.workflow_id, 'after writes'),
      untilWritten(cycles.between, 1),
      untilWritten(cycles.behind, 2),
      untilWritten(cycles.spinning, 1),
    ]);
    worker.release(cycles.early.workflow_id, 'before writes');
    const children = descendants(worker.process.pid ?? 0);
    expect(children.length).toBeGreaterThan(2);
    await kill(worker.process);
    await until('its children are gone', async () => !children.some(isAlive));

    await world.worker();
    for (const [name, cycle] of Object.entries(cycles)) {
      expect(await world.ended(cycle)).toMatchObject({ outcome: 'COMPLETED', halt: null });
      const spun = name === 'spinning';
      const reason = spun ? { code: 'TIMEOUT' } : null;
      expect(await writes(cycle)).toMatchObject({ outcome: spun ? 'FAILED' : 'SUCCESS', reason });
      const ns = spun || name === 'early' ? [{ n: 1 }] : [{ n: 1 }, { n: 2 }];
      expect([name, written(cycle)]).toEqual([name, ns]);
      const { effects } = await writes(cycle);
      expect(objects(effects)).toMatchObject(
        ns.map((payload) => ({ status: 'PERFORMED', payload })),
      );
      const ends = (await world.entries(cycle)).filter(({ type }) => type === 'TASK_ENDED');
      expect(ends.map(({ data }) => data['attempt'])).toEqual([1, 1, 1, 1, spun ? null : 2]);
    }
  });

  it('or frozen and given up: it may perform nothing more when it comes back', async () => {
    const cycle = plan([note(1), ['nap', 4_000], note(2)]);
    await world.start(cycle);
    await untilWritten(cycle, 1);
    await worker.freeze();
    // The halt's record closes what nobody answers for; the skill itself was never frozen, and asks meanwhile.
    await world.halt(cycle);
    await world.worker();
    await world.halted(cycle);
    await until('the task is stopped on record', async () => (await stopped(cycle)) !== undefined);
    expect((await stopped(cycle))?.data).toMatchObject({
      left: { effects: [{ status: 'PERFORMED', payload: { n: 1 } }] },
    });
    const gone = once(worker.process, 'exit');
    worker.process.disconnect();
    worker.thaw();
    await gone;
    expect(written(cycle)).toEqual([{ n: 1 }]);

    await world.decide(cycle, 'RESUME');
    expect(await world.ended(cycle)).toMatchObject({ outcome: 'COMPLETED' });
    expect(written(cycle)).toEqual([{ n: 1 }, { n: 2 }]);
    expect(await writes(cycle)).toMatchObject({ outcome: 'SUCCESS' });
  });
});

describe('R32 an operator cuts in', () => {
  it('with a halt: once it is on record no effect is performed, and RESUME runs the task again', async () => {
    const cycle = plan([note(1), ['nap', 4_000], note(2)]);
    await world.start(cycle);
    await untilWritten(cycle, 1);
    await world.halt(cycle);
    await world.halted(cycle);
    await until('the task is stopped on record', async () => (await stopped(cycle)) !== undefined);
    expect(written(cycle)).toEqual([{ n: 1 }]);
    expect((await stopped(cycle))?.data['left']).toMatchObject({
      effects: [{ effect: 'notes', status: 'PERFORMED', payload: { n: 1 } }],
    });
    expect(await writes(cycle)).toMatchObject({ outcome: null });

    await world.decide(cycle, 'RESUME');
    expect(await world.ended(cycle)).toMatchObject({ outcome: 'COMPLETED', violations: [] });
    expect(written(cycle)).toEqual([{ n: 1 }, { n: 2 }]);
    expect(objects((await writes(cycle))['effects'])).toHaveLength(2);
  });

  it('with a cancellation: what was done is on record, and the same cycle run again does the rest', async () => {
    const cycle = plan([note(1), ['nap', 4_000], note(2)]);
    await world.start(cycle);
    await untilWritten(cycle, 1);
    await world.handle(cycle).cancel();
    expect(await world.ended(cycle)).toMatchObject({ outcome: 'CANCELLED' });
    expect(written(cycle)).toEqual([{ n: 1 }]);
    expect(await writes(cycle)).toMatchObject({
      outcome: 'SKIPPED',
      reason: { code: 'CANCELLED' },
      effects: [{ status: 'PERFORMED', payload: { n: 1 } }],
    });
    await world.start(cycle);
    expect(await world.ended(cycle)).toMatchObject({ outcome: 'COMPLETED' });
    expect(written(cycle)).toEqual([{ n: 1 }, { n: 2 }]);
  });
});
