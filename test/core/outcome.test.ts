import { type Reason, type ReasonCode } from '../../src/core/reasons';
import {
  belief,
  at,
  bundleWith,
  gate,
  graphWith,
  permission,
  policyWith,
  task,
  v1With,
} from './samples';
import type { Cut, Script } from './script';
import { simulate, type Simulated } from './simulation';

const codes = (reasons: readonly Reason[]): ReasonCode[] => reasons.map(({ code }) => code);
/** Outcome and reasons, the warning of a bypassed factor layer left out. */
const told = ({ result }: Simulated): string =>
  [result.outcome, ...codes(result.reasons).filter((code) => code !== 'FACTOR_BYPASSED')].join(' ');

const low = { 'regime_state.confidence': 0.49 };
const noBeliefs = { active_beliefs: [] };
const locked = { 'regime_state.behavior': 'EVENT_LOCK' };
const undefinedRegime = { 'regime_state.behavior': 'UNDEFINED' };
const old = { timestamp: at(-300_001) };
const extra = (changes = {}): Script => ({ graph: graphWith([task('X', changes)]) });
const critical = (changes = {}): Script => extra({ critical: true, ...changes });
const halted = (...waits: readonly Cut[][]): Script => ({
  cuts: { 'TASK_STARTED T2': [{ halt: 'look' }] },
  waits,
});
const failing = { failed: 'TASK_ERROR' } as const;

describe('the table of outcomes, row by row', () => {
  test.each<[string, Script, string]>([
    [
      'C2.U1: required state is missing',
      { invalid: [{ code: 'STATE_MISSING', detail: 'regime_state' }] },
      'HALTED STATE_MISSING',
    ],
    [
      'C2.U1, R13: a state is invalid',
      { invalid: [{ code: 'STATE_INVALID', detail: 'confidence 1.2' }] },
      'HALTED STATE_INVALID',
    ],
    [
      'C3.D3: the graph cannot be built',
      extra({ depends_on: ['T3', 'nobody'] }),
      'HALTED GRAPH_INVALID',
    ],
    ['C3.F3: suspended, then aborted', halted([{ decide: 'ABORT' }]), 'HALTED OPERATOR_HALT'],
    [
      'R31: suspended, then started afresh',
      halted([{ decide: 'RESTART_FRESH' }]),
      'HALTED OPERATOR_HALT',
    ],
    ['C3.F3: suspended, then expired', halted(), 'HALTED HALT_EXPIRED'],
    ['C2.U5: a state is too old', { bundle: bundleWith(old) }, 'REJECTED STATE_STALE'],
    [
      'C2.U5: a state is from the future',
      { bundle: bundleWith({ 'regime_state.timestamp': at(2_001) }) },
      'REJECTED STATE_FROM_FUTURE',
    ],
    [
      'R4: the bundle goes stale before a later task',
      { cuts: { 'TASK_ENDED T2': [{ laterMs: 300_000 }] } },
      'REJECTED STATE_STALE',
    ],
    [
      'R29: the bundle is stale at resume',
      halted([{ laterMs: 300_000 }, { decide: 'RESUME' }]),
      'REJECTED STATE_STALE',
    ],
    [
      'CA: cancelled by an operator',
      { cuts: { 'TASK_STARTED T2': [{ cancel: 'enough' }] } },
      'CANCELLED CANCELLED',
    ],
    ['CA: cancelled while suspended', halted([{ cancel: 'enough' }]), 'CANCELLED CANCELLED'],
    ['C2.U2: low confidence', { bundle: bundleWith(low) }, 'DEGRADED CONFIDENCE_TOO_LOW'],
    [
      'C3.F2: a critical task fails',
      { ...critical(), ends: { X: [failing] } },
      'DEGRADED TASK_ERROR',
    ],
    ['C3.F2: T4 fails', { ends: { T4: [{ failed: 'WORKER_LOST' }] } }, 'DEGRADED WORKER_LOST'],
    [
      'R20: a critical task depends on one that failed',
      {
        graph: graphWith([task('F'), task('X', { depends_on: ['F'], critical: true })]),
        ends: { F: [failing] },
      },
      'DEGRADED DEPENDENCY_FAILED',
    ],
    [
      'R20: a critical task has no skill',
      critical({ skill_ref: 'acme.none' }),
      'DEGRADED SKILL_UNREGISTERED',
    ],
    [
      'R20: a critical task has a skill that is not invocable',
      critical({ output_schema: 'Another' }),
      'DEGRADED SKILL_NOT_INVOCABLE',
    ],
    ['C2.U4: no beliefs', { bundle: bundleWith(noBeliefs) }, 'SKIPPED NO_BELIEFS'],
    ['C6.T2: EVENT_LOCK', { bundle: bundleWith(locked) }, 'SKIPPED REGIME_GATE'],
    ['R2: UNDEFINED with enough confidence', { bundle: bundleWith(undefinedRegime) }, 'COMPLETED'],
    ['CA: everything else', {}, 'COMPLETED'],
    [
      'C6.T3: T3 removed every belief',
      { bundle: bundleWith({ active_beliefs: [belief('B-1', { is_stale: true })] }) },
      'COMPLETED',
    ],
    [
      'C3.F1: a task that is not critical fails',
      { ...extra(), ends: { X: [failing] } },
      'COMPLETED',
    ],
    [
      'R20: a task that is not critical has no skill',
      extra({ skill_ref: 'acme.none' }),
      'COMPLETED',
    ],
    [
      'R20: a critical task is skipped for another reason',
      critical({ required_state: ['macro_state'] }),
      'COMPLETED',
    ],
    [
      'R20: a gate skips T4',
      { graph: { ...v1With('T4', {}), gates: [gate('not regime.is_stable', 'T4')] } },
      'COMPLETED',
    ],
  ])('%s', (_, script, expected) => {
    expect(told(simulate(script))).toBe(expected);
  });
});

describe('of several outcomes the strongest', () => {
  test.each<[string, Script, string]>([
    [
      'no beliefs and low confidence: DEGRADED',
      { bundle: bundleWith({ ...noBeliefs, ...low }) },
      'DEGRADED NO_BELIEFS CONFIDENCE_TOO_LOW',
    ],
    [
      'UNDEFINED with low confidence: the gate closes, and DEGRADED',
      { bundle: bundleWith({ ...undefinedRegime, ...low }) },
      'DEGRADED CONFIDENCE_TOO_LOW REGIME_GATE',
    ],
    [
      'stale, no beliefs and low confidence: REJECTED, every finding listed in order',
      { bundle: bundleWith({ ...noBeliefs, ...low, ...old }) },
      'REJECTED STATE_STALE NO_BELIEFS CONFIDENCE_TOO_LOW',
    ],
    [
      'missing ends the tests: HALTED, though the bundle is old too',
      {
        bundle: bundleWith(old),
        invalid: [{ code: 'STATE_MISSING', detail: 'regime_state' }],
      },
      'HALTED STATE_MISSING',
    ],
    [
      'low confidence, then stale before a later task: REJECTED',
      { bundle: bundleWith(low), cuts: { 'TASK_ENDED T2': [{ laterMs: 300_000 }] } },
      'REJECTED CONFIDENCE_TOO_LOW STATE_STALE',
    ],
    [
      'stale before a later task, then cancelled: REJECTED',
      {
        ...extra(),
        cuts: {
          'TASK_ENDED T3': [{ laterMs: 300_000 }],
          'TASK_SKIPPED T4': [{ cancel: 'enough' }],
        },
      },
      'REJECTED STATE_STALE CANCELLED',
    ],
    [
      'low confidence and cancelled: CANCELLED',
      { bundle: bundleWith(low), cuts: { 'TASK_STARTED T2': [{ cancel: 'enough' }] } },
      'CANCELLED CONFIDENCE_TOO_LOW CANCELLED',
    ],
    [
      'aborted and cancelled: HALTED',
      halted([{ decide: 'ABORT' }, { cancel: 'enough' }]),
      'HALTED CANCELLED OPERATOR_HALT',
    ],
    [
      'stale at resume, halted again and aborted: HALTED',
      halted([{ laterMs: 300_000 }, { decide: 'RESUME' }, { halt: 'no' }], [{ decide: 'ABORT' }]),
      'HALTED STATE_STALE OPERATOR_HALT',
    ],
    [
      'a closed gate and a cancelled cycle: CANCELLED',
      { bundle: bundleWith(locked), cuts: { 'TASK_ENDED T2': [{ cancel: 'enough' }] } },
      'CANCELLED REGIME_GATE CANCELLED',
    ],
  ])('CA: %s', (_, script, expected) => {
    expect(told(simulate(script))).toBe(expected);
  });
});

describe('what stands beside the outcome', () => {
  test('C2.U3: that the factor layer is bypassed is a warning, never an outcome', () => {
    expect(codes(simulate().result.reasons)).toEqual(['FACTOR_BYPASSED']);
    const factor_permission = permission({ momentum_permitted: true });
    const { result } = simulate({ bundle: bundleWith({ factor_permission }) });
    expect([result.outcome, result.reasons]).toEqual(['COMPLETED', []]);
  });

  test('C6.T3: when T3 removed every belief, T4 succeeds with nothing to emit', () => {
    const factor_permission = permission({ size_multiplier: 0 });
    const { result, tasks } = simulate({ bundle: bundleWith({ factor_permission }) });
    expect(tasks).toEqual({ T1: 'SUCCESS', T2: 'SUCCESS', T3: 'SUCCESS', T4: 'SUCCESS' });
    expect([result.actions, result.beliefs_removed]).toEqual([
      [],
      [expect.objectContaining({ belief_id: 'B-1' })],
    ]);
  });

  test('CA: HALTED or REJECTED by T1 there is no graph, no plan hash, no task', () => {
    const missing: Reason = { code: 'STATE_MISSING', detail: 'regime_state' };
    for (const script of [{ invalid: [missing] }, { bundle: bundleWith(old) }]) {
      const { result, events } = simulate(script);
      expect([result.plan_hash, result.tasks, result.phase]).toEqual([null, [], 'IDLE']);
      expect(events.map(({ type }) => type)).not.toContain('GRAPH_BUILT');
    }
  });

  test('C3.D3: a graph that is refused leaves no task, and names every offender', () => {
    const { result } = simulate(extra({ depends_on: ['T3', 'X', 'nobody'] }));
    expect([result.outcome, result.plan_hash, result.tasks]).toEqual(['HALTED', null, []]);
    expect(result.reasons.filter(({ code }) => code === 'GRAPH_INVALID')).toHaveLength(2);
    expect(result.violations).toEqual([]);
  });

  test('R26, C5.O: a graph that goes round the gate is also a HARNESS_VIOLATION', () => {
    const { result, events } = simulate(extra({ depends_on: [] }));
    expect(result.violations).toMatchObject([
      { kind: 'HARNESS_VIOLATION', code: 'GRAPH_INVALID', response: ['REJECT', 'HALT'] },
    ]);
    expect(result.violations[0]?.detail).toContain('"X"');
    expect(events.at(-1)?.type).toBe('CYCLE_ENDED');
  });

  test('C3.F2: a critical failure is in the reasons, with the name of its task', () => {
    const { result } = simulate({ ...critical(), ends: { X: [{ failed: 'TIMEOUT' }] } });
    expect(result.reasons.at(-1)).toEqual({
      code: 'TIMEOUT',
      detail: 'critical task X FAILED: X broke',
    });
  });

  test('C4.S: of one code at most 20 reasons are listed, the last saying how many more', () => {
    const many = Array.from({ length: 25 }, (_, i) => task(`X${i}`, { critical: true }));
    const ends = Object.fromEntries(many.map(({ name }) => [name, [failing]]));
    const { events, result } = simulate({ graph: graphWith(many), ends });
    const reasons = result.reasons.filter(({ code }) => code === 'TASK_ERROR');
    expect(reasons).toHaveLength(20);
    expect(reasons.at(-1)?.detail).toBe('critical task X19 FAILED: X19 broke (and 5 more)');
    expect(events.at(-1)?.data).toMatchObject({ reasons: result.reasons });
  });

  test('C4.S: also while the cycle still runs', () => {
    const invalid = Array.from({ length: 25 }, (_, i): Reason => {
      return { code: 'STATE_INVALID', detail: `signals[${i}]` };
    });
    const cuts = { 'STATE_JUDGED T1': [{ halt: 'look' }] };
    const policy = policyWith({ halt_expiry_ms: null });
    const { result } = simulate({ invalid, cuts, policy });
    expect([result.phase, result.reasons.length]).toEqual(['HALTED', 20]);
    expect(result.reasons.at(-1)?.detail).toBe('signals[19] (and 5 more)');
  });
});

describe('the one plain sentence', () => {
  const policy = policyWith({ halt_expiry_ms: null });

  test.each<[string, Script, string]>([
    ['COMPLETED', {}, 'All tasks are done. Of 4 tasks 4 succeeded, 0 skipped, 0 failed; 1 action.'],
    ['C2.U4', { bundle: bundleWith(noBeliefs) }, 'Clean exit, nothing to do: NO_BELIEFS, '],
    [
      'C2.U2, though there are no beliefs either',
      { bundle: bundleWith({ ...low, ...noBeliefs }) },
      'Ran with reduced scope: CONFIDENCE_TOO_LOW, ',
    ],
    [
      'R4, though confidence was low before',
      { bundle: bundleWith(low), cuts: { 'TASK_ENDED T2': [{ laterMs: 300_000 }] } },
      'Refused to execute on this state: STATE_STALE, ',
    ],
    [
      'CA, cancelled, though confidence was low before',
      { bundle: bundleWith(low), cuts: { 'TASK_STARTED T2': [{ cancel: 'enough' }] } },
      'Cancelled by an operator: CANCELLED, enough. ',
    ],
    [
      'R31, aborted, though confidence was low before',
      { bundle: bundleWith(low), policy, ...halted([{ decide: 'ABORT' }]) },
      'Nothing went on: OPERATOR_HALT, look: ABORT by ada. ',
    ],
    [
      'C3.D3, though confidence was low before',
      { bundle: bundleWith(low), ...extra({ depends_on: ['nobody', 'T2'] }) },
      'Nothing went on: GRAPH_INVALID, ',
    ],
    [
      'C3.F2, though the gate is not the reason',
      { ...critical(), ends: { X: [failing] } },
      'Ran with reduced scope: TASK_ERROR, critical task X FAILED: X broke. ',
    ],
  ])('CA: it tells the cause of the outcome: %s', (_, script, start) => {
    expect(simulate(script).result.summary.slice(0, start.length)).toBe(start);
  });
});
