import type { Event } from '../../src/core/events';
import { at, bundleWith, gate, graphWith, task } from './samples';
import type { Script } from './script';
import { simulate } from './simulation';

const failing = { failed: 'TASK_ERROR' } as const;
const low = bundleWith({ 'regime_state.confidence': 0.3 });
const noBeliefs = bundleWith({ active_beliefs: [] });
const locked = bundleWith({ 'regime_state.behavior': 'EVENT_LOCK' });
const log = (script: Script): string[] =>
  simulate(script).events.flatMap(({ type, task: name }) =>
    type.startsWith('TASK_') ? [`${type.slice(5).toLowerCase()} ${name}`] : [],
  );

describe('the v1 graph', () => {
  test('C4.O, C6: T1 to T4 run one after the other, T1 before the graph is built', () => {
    const { events, result } = simulate();
    expect(events.map(({ type, task: name }) => (name ? `${type} ${name}` : type))).toEqual([
      'CYCLE_OPENED',
      'TASK_STARTED T1',
      'TASK_ENDED T1',
      'STATE_JUDGED T1',
      'GRAPH_BUILT',
      ...['T2', 'T3', 'T4'].flatMap((name) => [`TASK_STARTED ${name}`, `TASK_ENDED ${name}`]),
      'CYCLE_ENDED',
    ]);
    expect(result.tasks[0]?.skill_ref).toBe('harness.validate-state@1.0.0');
    expect(result.actions).toHaveLength(1);
  });

  test('C2.U4: with no beliefs T1 is SUCCESS and all else is SKIPPED NO_BELIEFS', () => {
    const { tasks } = simulate({ bundle: noBeliefs, graph: graphWith([task('X')]) });
    const skipped = 'SKIPPED NO_BELIEFS';
    expect(tasks).toEqual({ T1: 'SUCCESS', T2: skipped, T3: skipped, T4: skipped, X: skipped });
  });

  test('R2, C6.T2: the gate closed, T2 is SUCCESS and every task after it SKIPPED REGIME_GATE', () => {
    const graph = graphWith(
      [task('X'), task('barred', { skill_ref: 'acme.none' }), task('gated')],
      [gate('not regime.is_stable', 'gated')],
    );
    const { tasks } = simulate({ bundle: locked, graph });
    const { T1, T2, ...rest } = tasks;
    expect([T1, T2]).toEqual(['SUCCESS', 'SUCCESS']);
    expect(new Set(Object.values(rest))).toEqual(new Set(['SKIPPED REGIME_GATE']));
  });

  test('R1: with low confidence T1 to T3 and tasks that write nothing run, T4 and the others do not', () => {
    const graph = graphWith([
      task('reads'),
      task('writes', { side_effects: ['audit_log', 'ranking'] }),
    ]);
    const { tasks, result } = simulate({ bundle: low, graph });
    const skipped = 'SKIPPED CONFIDENCE_TOO_LOW';
    const [T1, T2, T3, reads] = ['SUCCESS', 'SUCCESS', 'SUCCESS', 'SUCCESS'];
    expect(tasks).toEqual({ T1, T2, T3, T4: skipped, reads, writes: skipped });
    expect(result.outcome).toBe('DEGRADED');
  });

  test('R8: T1 FAILED, the graph is built for the record, all else is DEPENDENCY_FAILED: DEGRADED', () => {
    const graph = graphWith([task('X')], [gate('not regime.is_stable', 'X')]);
    const { tasks, result, events } = simulate({ graph, ends: { T1: [{ failed: 'TIMEOUT' }] } });
    const skipped = 'SKIPPED DEPENDENCY_FAILED';
    expect(tasks).toEqual({
      T1: 'FAILED TIMEOUT',
      T2: skipped,
      T3: skipped,
      T4: skipped,
      X: skipped,
    });
    expect([result.outcome, result.phase]).toEqual(['DEGRADED', 'IDLE']);
    expect(events.filter(({ type }) => type === 'STATE_JUDGED')).toEqual([]);
  });

  test('C4.S, R25: each skip is on record with task id, reason and state snapshot', () => {
    const { events, result } = simulate({ bundle: locked });
    for (const { data, task: name } of events.filter(({ type }) => type === 'TASK_SKIPPED')) {
      const planned = result.tasks.find((each) => each.name === name);
      expect(data).toMatchObject({
        task_id: planned?.task_id,
        reason: { code: 'REGIME_GATE', detail: expect.stringMatching(/./), state: 'regime_state' },
        snapshot: result.input_hash,
      });
    }
  });

  test('R7: what a skip spreads is on record with it', () => {
    const spread = (script: Script, of: string) =>
      simulate(script).events.find((each) => each.type === 'TASK_SKIPPED' && each.task === of)
        ?.data;
    const aside = graphWith([task('X', { depends_on: ['T2'] })]);
    expect(spread({ bundle: locked, graph: aside }, 'X')).toMatchObject({
      spreads: { code: 'REGIME_GATE' },
    });
    const empty = { bundle: bundleWith({ active_beliefs: [] }) };
    expect(spread(empty, 'T2')).toMatchObject({ spreads: { code: 'NO_BELIEFS' } });
  });

  test('R24: a lost worker is no failure, and the record says that it took a second attempt', () => {
    const { tasks, events } = simulate({ ends: { T3: ['LOST'] } });
    expect(tasks['T3']).toBe('SUCCESS');
    expect(log({ ends: { T3: ['LOST'] } }).filter((line) => line.endsWith('T3'))).toHaveLength(2);
    const ended = events.find((each) => each.type === 'TASK_ENDED' && each.task === 'T3');
    expect(ended?.data).toMatchObject({ outcome: 'SUCCESS', attempt: 2 });
  });
});

describe('a bundle that goes stale on the way', () => {
  const late = (ms: number): Script => ({ cuts: { 'TASK_ENDED T2': [{ laterMs: ms }] } });

  test('R4, C3.P4: the rest is SKIPPED STATE_STALE and the cycle REJECTED, what ran before stands', () => {
    const { tasks, result } = simulate(late(300_000));
    expect(tasks).toEqual({
      T1: 'SUCCESS',
      T2: 'SUCCESS',
      T3: 'SKIPPED STATE_STALE',
      T4: 'SKIPPED STATE_STALE',
    });
    expect(result.outcome).toBe('REJECTED');
    expect(result.reasons.filter(({ code }) => code === 'STATE_STALE')).toHaveLength(1);
  });

  test('R4: a task may start at exactly the limit, and not a millisecond later', () => {
    const startOf = (ms: number): Event | undefined =>
      simulate(late(ms)).events.find(
        ({ type, task: name }) => type !== 'TASK_ENDED' && name === 'T3',
      );
    const limit = Array.from({ length: 20 }, (_, i) => 299_985 + i);
    const last = limit.findLast((ms) => startOf(ms)?.type === 'TASK_STARTED') ?? 0;
    expect(startOf(last)?.at).toBe(at(300_000));
    expect(startOf(last + 1)).toMatchObject({ type: 'TASK_SKIPPED', at: at(300_001) });
  });

  test('R4: once stale is stale for all, also for a task that was waiting for a worker', () => {
    const { tasks, events, result } = simulate({ ends: { T3: ['UNTAKEN'] } });
    expect([tasks['T3'], tasks['T4']]).toEqual(['SKIPPED STATE_STALE', 'SKIPPED STATE_STALE']);
    expect(result.outcome).toBe('REJECTED');
    expect(events.map(({ type }) => type)).toContain('TASK_STOPPED');
  });

  test('R4: what is running when the bundle goes stale runs to its end', () => {
    const { tasks, result } = simulate({ cuts: { 'TASK_STARTED T4': [{ laterMs: 900_000 }] } });
    expect([tasks['T4'], result.outcome]).toEqual(['SUCCESS', 'COMPLETED']);
  });

  test('R25: the first reason stands: NO_BELIEFS before STATE_STALE before REGIME_GATE', () => {
    const stale = { cuts: { 'STATE_JUDGED T1': [{ laterMs: 300_000 }] } };
    expect(simulate({ ...stale, bundle: noBeliefs }).tasks['T3']).toBe('SKIPPED NO_BELIEFS');
    const gated = { cuts: { 'TASK_ENDED T2': [{ laterMs: 300_000 }] } };
    expect(simulate({ ...gated, bundle: locked }).tasks['T3']).toBe('SKIPPED STATE_STALE');
  });
});

describe('a parallel graph', () => {
  const a = { side_effects: ['audit_log', 'a'] };
  const three = [task('X', a), task('Y', a), task('Z')];
  const graph = { ...graphWith(three), parallel: true };

  test('R23: independent tasks start together, in sequential order', () => {
    const free = { ...graphWith([task('X'), task('Y')]), parallel: true };
    expect(log({ graph: free }).slice(8, 10)).toEqual(['started X', 'started Y']);
  });

  test('C4.P: T4 runs alone: what it writes into the trail stands in causal order', () => {
    const free = { ...graphWith([task('X'), task('Y')]), parallel: true };
    expect(log({ graph: free }).slice(6, 9)).toEqual(['started T4', 'ended T4', 'started X']);
    const t4Last = {
      ...free,
      tasks: [
        ...free.tasks.filter(({ name }) => name !== 'T4'),
        ...free.tasks.filter(({ name }) => name === 'T4'),
      ],
    };
    expect(log({ graph: t4Last }).slice(6)).toEqual([
      'started X',
      'started Y',
      'ended X',
      'ended Y',
      'started T4',
      'ended T4',
    ]);
  });

  test('R23: a skip, too, is recorded in sequential order', () => {
    const skipped = graphWith([task('W'), task('X', { skill_ref: 'acme.none' }), task('Y')]);
    const lines = log({ graph: { ...skipped, parallel: true } }).slice(8);
    expect(lines).toEqual(['started W', 'skipped X', 'started Y', 'ended W', 'ended Y']);
  });

  test('R23, C7.D: a task waits for one that shares a side effect, and nothing overtakes it', () => {
    const tail = ['started X', 'ended X', 'started Y', 'started Z', 'ended Y', 'ended Z'];
    expect(log({ graph }).slice(8)).toEqual(tail);
  });

  test('R23: a failure beside others stops none of them', () => {
    const { tasks, result } = simulate({ graph, ends: { X: [failing] }, pick: (n) => n - 1 });
    expect(tasks).toMatchObject({
      T4: 'SUCCESS',
      X: 'FAILED TASK_ERROR',
      Y: 'SUCCESS',
      Z: 'SUCCESS',
    });
    expect(result.outcome).toBe('COMPLETED');
  });

  test('R32: a halt stops all that is in flight, and RESUME attempts all of it again, in order', () => {
    const cuts = { 'TASK_STARTED Z': [{ halt: 'look' }] };
    const free = { ...graphWith([task('Y'), task('Z')]), parallel: true };
    const script: Script = { graph: free, cuts, waits: [[{ decide: 'RESUME' }]] };
    expect(log(script).slice(8, 14)).toEqual([
      'started Y',
      'started Z',
      'stopped Y',
      'stopped Z',
      'started Y',
      'started Z',
    ]);
    expect(simulate(script).result.outcome).toBe('COMPLETED');
  });
});

test('R33, C4.I1: a task’s results change neither order nor ids nor gates', () => {
  const graph = graphWith([task('X')], [gate('regime.is_stable', 'X')]);
  const plans = [{}, { ends: { T2: [failing] } }, { ends: { T1: ['LOST' as const] } }].map(
    (script) => simulate({ ...script, graph }).events.find(({ type }) => type === 'GRAPH_BUILT'),
  );
  expect(plans[1]?.data).toEqual(plans[0]?.data);
  expect(plans[2]?.data).toEqual(plans[0]?.data);
});
