import type { EventOf, EventType } from '../../src/core/events';
import { at, bundleWith, graphWith, policyWith, task } from './samples';
import type { Cut, Script } from './script';
import { type Simulated, simulate } from './simulation';

const ofType = <T extends EventType>({ events }: Simulated, type: T): EventOf<T>['data'][] =>
  events.flatMap((each) => (each.type === type ? [each.data as EventOf<T>['data']] : []));
const about = ({ events }: Simulated, name: string): string[] =>
  events.flatMap(({ type, task: of }) => (of === name ? [type] : []));
const halt: Cut = { halt: 'look', by: 'ada' };
/** Halted while T3 runs; then each list is what comes while it waits. */
const halted = (...waits: readonly Cut[][]): Script => ({
  cuts: { 'TASK_STARTED T3': [halt] },
  waits,
});
const never = policyWith({ halt_expiry_ms: null });

describe('the halt', () => {
  test('C3.F3: an operator’s halt suspends the cycle, with its authority, reason and choices', () => {
    const { result } = simulate({ ...halted(), policy: never });
    expect(result).toMatchObject({ phase: 'HALTED', outcome: null });
    expect(result.halt).toEqual({
      halt_id: `${result.cycle_id}-h1`,
      scope: 'cycle',
      code: 'OPERATOR_HALT',
      detail: 'look',
      raised_by: 'ada',
      since: expect.stringMatching(/Z$/),
      expires_at: null,
      choices: ['RESUME', 'RESTART_FRESH', 'ABORT'],
      decision: null,
    });
    expect(result.summary).toBe(
      'HALTED by ada, OPERATOR_HALT: look. A human decides: RESUME, RESTART_FRESH, ABORT; it does not expire.',
    );
  });

  test('R32: the task in flight is stopped, is not FAILED, and is attempted again on RESUME', () => {
    const simulated = simulate(halted([{ decide: 'RESUME' }]));
    expect(about(simulated, 'T3')).toEqual([
      'TASK_STARTED',
      'TASK_STOPPED',
      'TASK_STARTED',
      'TASK_ENDED',
    ]);
    expect(simulated.result).toMatchObject({ outcome: 'COMPLETED', phase: 'IDLE' });
    expect(simulated.result.halt?.decision).toMatchObject({ choice: 'RESUME', by: 'ada' });
  });

  test.each([
    ['while T1 runs', 'TASK_STARTED T1'],
    ['between T1 and the graph', 'STATE_JUDGED T1'],
    ['while the graph is built', 'BUILD_GRAPH'],
    ['between two tasks', 'TASK_ENDED T2'],
    ['before anything', '0'],
    ['when all tasks are done', 'TASK_ENDED T4'],
  ])('C3.F3: it is reachable from any state: %s', (_, when) => {
    const waiting = simulate({ cuts: { [when]: [halt] }, policy: never });
    expect(waiting.result).toMatchObject({ phase: 'HALTED', outcome: null });
    const { result, tasks } = simulate({
      cuts: { [when]: [halt] },
      waits: [[{ decide: 'RESUME' }]],
    });
    expect(result).toMatchObject({ outcome: 'COMPLETED', phase: 'IDLE' });
    expect(new Set(Object.values(tasks))).toEqual(new Set(['SUCCESS']));
  });

  test('CA: T1’s answer that crosses a halt counts, and the cycle goes on behind it on RESUME', () => {
    const cuts = { 'TASK_STARTED T1': [halt] };
    const script: Script = { cuts, unstoppable: ['T1'], waits: [[{ decide: 'RESUME' }]] };
    const simulated = simulate(script);
    expect(about(simulated, 'T1')).toEqual(['TASK_STARTED', 'TASK_ENDED', 'STATE_JUDGED']);
    expect(simulated.result.outcome).toBe('COMPLETED');
    expect(simulate({ ...script, waits: [[{ decide: 'ABORT' }]] }).result.tasks).toEqual([]);
  });

  test('CA: T1’s failure that crosses a halt still leads to a graph, for the record', () => {
    const ends = { T1: [{ failed: 'TIMEOUT' } as const] };
    const waits = [[{ decide: 'RESUME' }]];
    for (const when of ['TASK_STARTED T1', 'BUILD_GRAPH']) {
      const { result } = simulate({ ends, unstoppable: ['T1'], waits, cuts: { [when]: [halt] } });
      expect([result.outcome, result.tasks.length]).toEqual(['DEGRADED', 4]);
    }
  });

  test('CA: a verdict that crosses a halt ends the cycle once a human has cleared it', () => {
    const bundle = bundleWith({ timestamp: at(-300_001) });
    const cuts = { 'TASK_STARTED T1': [halt] };
    const { result } = simulate({
      bundle,
      cuts,
      unstoppable: ['T1'],
      waits: [[{ decide: 'RESUME' }]],
    });
    expect([result.outcome, result.tasks]).toEqual(['REJECTED', []]);
  });

  test('C3.F3: while a halt waits, a further one is a further cause of it, and the same one is none', () => {
    const simulated = simulate(
      halted([halt, { halt: 'look here too', by: 'bob' }, halt], [{ decide: 'RESUME' }]),
    );
    expect(ofType(simulated, 'HALT_RAISED')).toHaveLength(1);
    expect(ofType(simulated, 'HALT_REPEATED')).toMatchObject([{ detail: 'look here too' }]);
  });

  test('C3.F3: each halt has its own id, and only the one that waits can be decided', () => {
    const cuts = { 'TASK_STARTED T2': [halt], 'TASK_STARTED T4': [halt] };
    const first = { halt_id: '', choice: 'RESUME', decision_id: 'late' };
    const simulated = simulate({ cuts, waits: [[{ decide: 'RESUME' }], [{ decide: first }]] });
    expect(ofType(simulated, 'HALT_RAISED').map(({ halt_id }) => halt_id.slice(-3))).toEqual([
      '-h1',
      '-h2',
    ]);
    expect(simulated.answers[1]).toMatchObject({ accepted: false, code: 'REFUSED' });
    expect(simulated.result.reasons.at(-1)?.code).toBe('HALT_EXPIRED');
  });
});

describe('R31: what a halt allows', () => {
  const choices = (script: Script): readonly string[] =>
    simulate({ ...script, policy: never }).result.halt?.choices ?? [];
  const graph = graphWith([task('X')]);

  test.each<[string, Script, readonly string[]]>([
    ['an operator’s', halted(), ['RESUME', 'RESTART_FRESH', 'ABORT']],
    [
      'an override attempt’s',
      { cuts: { 'TASK_STARTED T3': [{ decide: 'IGNORE_STALENESS' }] } },
      ['RESUME', 'RESTART_FRESH', 'ABORT'],
    ],
    [
      'a harness-level error’s with no task open',
      { cuts: { 'TASK_ENDED T3': ['UNWRITABLE'] } },
      ['RESUME', 'RESTART_FRESH', 'ABORT'],
    ],
    [
      'a harness-level error’s that left a critical task open',
      { ends: { T3: ['HARNESS_ERROR'] } },
      ['RETRY_TASK', 'RESTART_FRESH', 'ABORT'],
    ],
    [
      'a harness-level error’s that left T1 open, before there is a plan',
      { ends: { T1: ['HARNESS_ERROR'] } },
      ['RETRY_TASK', 'RESTART_FRESH', 'ABORT'],
    ],
    [
      'a harness-level error’s that left another task open',
      { graph, ends: { X: ['HARNESS_ERROR'] } },
      ['RETRY_TASK', 'SKIP_TASK', 'RESTART_FRESH', 'ABORT'],
    ],
  ])('%s halt', (_, script, expected) => {
    expect(choices(script)).toEqual(expected);
  });

  test('RETRY_TASK attempts the open task again', () => {
    const simulated = simulate({
      ends: { T3: ['HARNESS_ERROR'] },
      waits: [[{ decide: 'RETRY_TASK' }]],
    });
    expect(about(simulated, 'T3')).toEqual([
      'TASK_STARTED',
      'TASK_STOPPED',
      'TASK_STARTED',
      'TASK_ENDED',
    ]);
    expect(simulated.result.outcome).toBe('COMPLETED');
  });

  test('SKIP_TASK skips it OPERATOR_SKIP by that operator’s word, and its dependants run', () => {
    const dependent = graphWith([task('X'), task('Y', { depends_on: ['X'] })]);
    const waits = [[{ decide: { choice: 'SKIP_TASK', by: 'bob', reason: 'not needed today' } }]];
    const simulated = simulate({ graph: dependent, ends: { X: ['HARNESS_ERROR'] }, waits });
    expect(simulated.tasks).toMatchObject({ X: 'SKIPPED OPERATOR_SKIP', Y: 'SUCCESS' });
    const skip = simulated.events.find(({ type }) => type === 'TASK_SKIPPED');
    expect(skip).toMatchObject({
      actor: 'bob',
      data: { reason: { detail: 'bob: not needed today' }, snapshot: simulated.result.input_hash },
    });
    expect(simulated.result.outcome).toBe('COMPLETED');
  });

  test('RESUME leaves a task that failed FAILED', () => {
    const cuts = { 'TASK_ENDED X': [halt] };
    const ends = { X: [{ failed: 'TASK_ERROR' } as const] };
    const { tasks } = simulate({ graph, ends, cuts, waits: [[{ decide: 'RESUME' }]] });
    expect(tasks['X']).toBe('FAILED TASK_ERROR');
  });

  test.each(['ABORT', 'RESTART_FRESH'])(
    '%s ends it HALTED, every open task skipped once',
    (choice) => {
      const simulated = simulate(halted([{ decide: choice }]));
      expect(simulated.tasks).toEqual({
        T1: 'SUCCESS',
        T2: 'SUCCESS',
        T3: 'SKIPPED OPERATOR_HALT',
        T4: 'SKIPPED OPERATOR_HALT',
      });
      expect(simulated.result).toMatchObject({ outcome: 'HALTED', phase: 'IDLE' });
      expect(simulated.result.halt?.decision?.choice).toBe(choice);
    },
  );

  test('a record that cannot be closed halts the ended cycle, and RESUME closes it once', () => {
    const simulated = simulate({
      unclosed: 2,
      waits: [[{ decide: 'RESUME' }], [{ decide: 'RESUME' }]],
    });
    expect(ofType(simulated, 'HALT_RAISED').map(({ code }) => code)).toEqual([
      'HARNESS_ERROR',
      'HARNESS_ERROR',
    ]);
    expect(ofType(simulated, 'CYCLE_ENDED')).toHaveLength(1);
    expect(simulated.result.outcome).toBe('COMPLETED');
  });

  test('C3.F3: a harness-level error behind an open halt is a further cause of it', () => {
    const script = { ...halted([{ decide: 'RESUME' }]), unstoppable: ['T3'] };
    const simulated = simulate({ ...script, ends: { T3: ['HARNESS_ERROR'] } });
    expect(ofType(simulated, 'HALT_REPEATED')).toMatchObject([{ detail: 'broken in T3' }]);
    expect(simulated.result.outcome).toBe('COMPLETED');
  });
});

describe('the end of a wait', () => {
  test('C3.F3: a halt that nobody decides on expires: HALTED, HALT_EXPIRED', () => {
    const simulated = simulate(halted());
    const [raised] = ofType(simulated, 'HALT_RAISED');
    const expired = simulated.events.find(({ type }) => type === 'HALT_EXPIRED');
    expect(expired?.at).toBe(raised?.expires_at);
    expect(simulated.tasks).toMatchObject({
      T3: 'SKIPPED HALT_EXPIRED',
      T4: 'SKIPPED HALT_EXPIRED',
    });
    expect(simulated.result).toMatchObject({ outcome: 'HALTED', phase: 'IDLE' });
    expect(simulated.result.halt?.decision).toBe(null);
  });

  test('C3.F3: a decision that comes with the expiry comes too late, and is on record', () => {
    const simulated = simulate(halted([{ laterMs: 3_600_000 }, { decide: 'RESUME' }]));
    expect(simulated.answers).toMatchObject([{ accepted: false, code: 'REFUSED' }]);
    expect(simulated.answers[0]?.message).toContain('expired');
    expect(ofType(simulated, 'DECISION_REFUSED')).toHaveLength(1);
    expect(simulated.result.reasons.at(-1)?.code).toBe('HALT_EXPIRED');
  });

  test('CA: a cancellation while halted ends the cycle CANCELLED, every open task skipped once', () => {
    const { result, tasks } = simulate(halted([{ cancel: 'enough' }]));
    expect(tasks).toMatchObject({ T3: 'SKIPPED CANCELLED', T4: 'SKIPPED CANCELLED' });
    expect(result).toMatchObject({ outcome: 'CANCELLED', phase: 'IDLE' });
  });

  test('CA: what a cancelled cycle still had in flight and finished stands', () => {
    const cuts = { 'TASK_STARTED T4': [{ cancel: 'enough' }] };
    const { result, tasks } = simulate({ cuts, unstoppable: ['T4'] });
    expect([tasks['T4'], result.outcome, result.actions]).toEqual([
      'SUCCESS',
      'CANCELLED',
      expect.any(Array),
    ]);
    expect(result.actions).toHaveLength(1);
  });
});
