import type { Entry } from '../../src/core/entry';
import type { JsonObject } from '../../src/core/json';
import type { StoppingWorker } from './stopping-worker';
import { COMPLETED, decision, kill, type Planned, World } from './world';

const BEFORE_AND_AFTER = ['T1', 'T2', 'T3', 'T4'].flatMap((task) => [
  `before ${task}`,
  `after ${task}`,
]);
const POINTS = [
  ...BEFORE_AND_AFTER,
  'append ACTION_EMITTED', // T4 has claimed its actions, and not recorded them
  'append CYCLE_ENDED', // FINALIZE: nothing of the end is written
  'appended CYCLE_ENDED', // FINALIZE: the chain is closed, the result is not stored
];

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterEach(() => world.killWorkers());
afterAll(() => world.close());

describe('R24 a killed worker is no task failure', () => {
  const cycles = new Map<
    string,
    { cycle: Planned; result: JsonObject; entries: readonly Entry[] }
  >();

  /** One kill serves all points: each cycle is held at its own, then the worker dies and another one takes over. */
  beforeAll(async () => {
    const worker = await world.stoppingWorker();
    const planned = POINTS.map((point) => ({ point, cycle: world.plan() }));
    for (const { point, cycle } of planned) await worker.hold(cycle.workflow_id, point);
    for (const { cycle } of planned) await world.start(cycle);
    const held = planned.map(({ point, cycle }) => worker.held(cycle.workflow_id, point));
    expect(await Promise.all(held)).toEqual(POINTS.map(() => 1));
    await kill(worker.process);
    await world.worker();
    await Promise.all(
      planned.map(async ({ point, cycle }) => {
        const result = await world.ended(cycle);
        cycles.set(point, { cycle, result, entries: await world.entries(cycle) });
      }),
    );
  });

  it.each(POINTS)('killed %s: COMPLETED, every action emitted once', (point) => {
    const { result, entries } = cycles.get(point) ?? {};
    expect(result).toMatchObject(COMPLETED);
    const types = entries?.map(({ type }) => type) ?? [];
    expect(types.filter((type) => type === 'ACTION_EMITTED')).toHaveLength(1);
    expect(types.filter((type) => type === 'TASK_STARTED')).toHaveLength(4);
    expect(types.filter((type) => type === 'CYCLE_ENDED')).toHaveLength(1);
  });

  it.each(BEFORE_AND_AFTER)('killed %s: that task, and no other, was attempted twice', (point) => {
    const killed = point.split(' ')[1];
    const ends = cycles.get(point)?.entries.filter(({ type }) => type === 'TASK_ENDED') ?? [];
    expect(ends.map(({ task, data }) => [task, data['attempt']])).toEqual(
      ['T1', 'T2', 'T3', 'T4'].map((task) => [task, task === killed ? 2 : 1]),
    );
  });

  it('INV-3 leaves every trail whole', () => world.expectSound());
});

describe('C3.F3 a killed worker and a halt', () => {
  let worker: StoppingWorker;
  let cycle: Planned;

  /** Halted while T2 was in flight. */
  beforeEach(async () => {
    worker = await world.stoppingWorker();
    cycle = world.plan();
    await worker.hold(cycle.workflow_id, 'before T2');
    await world.start(cycle);
    await worker.held(cycle.workflow_id, 'before T2');
    await world.halt(cycle);
  });

  it('killed while HALTED: the halt still waits, and a decision goes on', async () => {
    const { halt_id } = await world.halted(cycle);
    await kill(worker.process);
    await world.worker();
    expect(await world.halted(cycle)).toMatchObject({ halt_id, decision: null });
    await world.decide(cycle, 'RESUME');
    await expectOneDecision(cycle);
  });

  it('a decision that is signalled while no worker lives is taken once, by the next worker', async () => {
    const { halt_id } = await world.halted(cycle);
    await kill(worker.process);
    const resume = decision(halt_id, 'RESUME');
    await world.handle(cycle).signal('resume', resume);
    await world.handle(cycle).signal('resume', resume);
    await world.worker();
    await expectOneDecision(cycle);
  });

  it('killed between a decision and what it resumes: the decision is not lost, and not taken twice', async () => {
    await world.halted(cycle);
    await worker.hold(cycle.workflow_id, 'append TASK_STARTED');
    await world.decide(cycle, 'RESUME');
    await worker.held(cycle.workflow_id, 'append TASK_STARTED');
    await kill(worker.process);
    await world.worker();
    await expectOneDecision(cycle);
  });

  async function expectOneDecision(decided: Planned): Promise<void> {
    expect(await world.ended(decided)).toMatchObject(COMPLETED);
    const types = (await world.entries(decided)).map(({ type }) => type);
    for (const type of ['HALT_RAISED', 'TASK_STOPPED', 'DECISION_TAKEN', 'ACTION_EMITTED'])
      expect(types.filter((each) => each === type)).toEqual([type]);
    const { events } = await world.handle(decided).fetchHistory();
    expect(events?.filter((each) => each.workflowTaskFailedEventAttributes)).toEqual([]);
    await world.expectSound();
  }
});

describe('C4.I2 a cycle that is closed on record stays closed', () => {
  const late: readonly [string, (cycle: Planned) => Promise<unknown>][] = [
    ['nothing', async () => undefined],
    ['a halt', (cycle) => world.halt(cycle)],
    ['a cancellation', (cycle) => world.handle(cycle).cancel()],
  ];

  it.each(late)(
    'killed as soon as the last entry stood, %s comes too late',
    async (_, interfere) => {
      const worker = await world.stoppingWorker();
      const cycle = world.plan();
      await worker.hold(cycle.workflow_id, 'appended CYCLE_ENDED');
      await world.start(cycle);
      await worker.held(cycle.workflow_id, 'appended CYCLE_ENDED');
      await kill(worker.process);
      await interfere(cycle);
      await world.worker();
      expect(await world.ended(cycle)).toMatchObject(COMPLETED);
      const result = (await world.handle(cycle).result()) as { tasks: { ended_at: string }[] };
      expect(result).toMatchObject({ outcome: 'COMPLETED' });
      // The end was told again, at another moment: the one on record counts.
      const ends = (await world.entries(cycle)).filter(({ type }) => type === 'TASK_ENDED');
      expect(result.tasks.map(({ ended_at }) => ended_at)).toEqual(ends.map(({ at }) => at));
      await world.expectSound();
    },
  );
});
