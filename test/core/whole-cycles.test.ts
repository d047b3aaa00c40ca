import { CLAUSES } from '../../src/core/clauses';
import { bundleWith, graphWith, task } from './samples';
import { simulate } from './simulation';

/** Clauses that speak of a cycle as a whole, held by the engine alone. */
describe('one cycle from its bundle to its outcome', () => {
  test('C1.1: it consumes the state, builds the graph, executes, and each step is on record with its clause', () => {
    const { events } = simulate();
    expect(events.map(({ type }) => type)).toEqual([
      'CYCLE_OPENED',
      'TASK_STARTED',
      'TASK_ENDED',
      'STATE_JUDGED',
      'GRAPH_BUILT',
      'TASK_STARTED',
      'TASK_ENDED',
      'TASK_STARTED',
      'TASK_ENDED',
      'TASK_STARTED',
      'TASK_ENDED',
      'CYCLE_ENDED',
    ]);
    expect(events.filter(({ clause }) => !Object.hasOwn(CLAUSES, clause))).toEqual([]);
  });

  test('C2.U2, R1: low regime confidence degrades the cycle, warns, and nothing is emitted', () => {
    const { result, tasks } = simulate({
      bundle: bundleWith({ 'regime_state.confidence': 0.49 }),
    });
    expect(result).toMatchObject({
      outcome: 'DEGRADED',
      reasons: [{ code: 'CONFIDENCE_TOO_LOW' }, { code: 'FACTOR_BYPASSED' }],
      actions: [],
    });
    expect(tasks).toEqual({
      T1: 'SUCCESS',
      T2: 'SUCCESS',
      T3: 'SUCCESS',
      T4: 'SKIPPED CONFIDENCE_TOO_LOW',
    });
  });

  const failing = graphWith([
    task('A'),
    task('B', { depends_on: ['A'] }),
    task('C', { depends_on: ['B'] }),
    task('D'),
  ]);

  test('C3.O, C3.F1, C3.F4, R8: a task that runs out of time is FAILED, its descendants SKIPPED, others go on', () => {
    const { result, tasks } = simulate({ graph: failing, ends: { A: [{ failed: 'TIMEOUT' }] } });
    expect(tasks).toMatchObject({
      A: 'FAILED TIMEOUT',
      B: 'SKIPPED DEPENDENCY_FAILED',
      C: 'SKIPPED DEPENDENCY_FAILED',
      D: 'SUCCESS',
    });
    expect(result.outcome).toBe('COMPLETED');
  });

  test('C3.F2, R20: a critical task that fails degrades the cycle, and the reason names it', () => {
    const { result } = simulate({ ends: { T3: [{ failed: 'TASK_ERROR' }] } });
    expect(result.outcome).toBe('DEGRADED');
    expect(result.reasons.map(({ detail }) => detail)).toContainEqual(
      expect.stringContaining('critical task T3 FAILED'),
    );
  });

  test('C4.P: in a parallel graph a start is on record after the ends that it depends on', () => {
    const tasks = [task('A'), task('D'), task('B', { depends_on: ['A'] })];
    const { events } = simulate({ graph: { ...graphWith(tasks), parallel: true } });
    const at = (type: string, name: string): number =>
      events.findIndex((each) => each.type === type && each.task === name);
    expect(at('TASK_STARTED', 'D')).toBeLessThan(at('TASK_ENDED', 'A'));
    expect(at('TASK_STARTED', 'B')).toBeGreaterThan(at('TASK_ENDED', 'A'));
  });

  test('R24: a task whose worker was lost is attempted again, and has not failed', () => {
    const { result, tasks, events } = simulate({ ends: { T2: ['LOST'] } });
    expect([result.outcome, tasks['T2']]).toEqual(['COMPLETED', 'SUCCESS']);
    const end = events.find(({ type, task: name }) => type === 'TASK_ENDED' && name === 'T2');
    expect(end?.data).toMatchObject({ outcome: 'SUCCESS', attempt: 2 });
  });

  test('R7, R2: a closed regime gate reaches every task behind it, each with its own record', () => {
    const { result, tasks, events } = simulate({
      graph: failing,
      bundle: bundleWith({ 'regime_state.behavior': 'EVENT_LOCK' }),
    });
    expect(result.outcome).toBe('SKIPPED');
    for (const name of ['T3', 'A', 'B', 'C', 'D', 'T4'])
      expect(tasks[name]).toBe('SKIPPED REGIME_GATE');
    expect(events.filter(({ type }) => type === 'TASK_SKIPPED')).toHaveLength(6);
  });
});
