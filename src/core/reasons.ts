import type { Clause } from './clauses';

/** Every reason code and the clause it rests on. Shape of the public interface: stable. */
export const REASONS = {
  STATE_MISSING: 'C2.U1',
  STATE_INVALID: 'C2.U1',
  STATE_STALE: 'C2.U5',
  STATE_FROM_FUTURE: 'C2.U5',
  NO_BELIEFS: 'C2.U4',
  CONFIDENCE_TOO_LOW: 'C2.U2',
  REGIME_GATE: 'C6.T2',
  GATE_SKIP: 'C4.G',
  FACTOR_BYPASSED: 'C2.U3',
  PERMISSION_DENIED: 'C3.P2',
  PERMISSION_UNDECLARED: 'C3.P2',
  BELIEF_STALE: 'C6.T3',
  BELIEF_CONFIDENCE_TOO_LOW: 'C6.T3',
  DEPENDENCY_FAILED: 'C3.P3',
  DUPLICATE_TASK: 'C4.I3',
  GRAPH_INVALID: 'C3.D3',
  SKILL_UNREGISTERED: 'C3.P5',
  SKILL_NOT_INVOCABLE: 'C3.P5',
  TIMEOUT: 'C3.F4',
  TASK_ERROR: 'C3.F1',
  OUTPUT_SCHEMA: 'C7.D',
  UNDECLARED_SIDE_EFFECT: 'C7.V1',
  PERMISSION_BYPASS: 'C7.V2',
  LAYER_BYPASS: 'C7.V3',
  OVERRIDE_ATTEMPT: 'C5.O',
  HARNESS_ERROR: 'C3.F3',
  WORKER_LOST: 'C4.I2',
  SOURCE_FAILED: 'C2.U1',
  OPERATOR_HALT: 'C3.F3',
  OPERATOR_SKIP: 'C3.F3',
  HALT_EXPIRED: 'C3.F3',
  CANCELLED: 'CA',
} as const satisfies Record<string, Clause>;
export type ReasonCode = keyof typeof REASONS;

/** Why something was skipped, failed, refused or degraded. `state` names the bundle's field, when one is meant. */
export interface Reason {
  readonly code: ReasonCode;
  readonly detail: string;
  readonly state?: string;
}

/** R25: a task is skipped for one reason, the first of these that applies. */
export const SKIP_ORDER = [
  'NO_BELIEFS',
  'STATE_STALE',
  'REGIME_GATE',
  'DEPENDENCY_FAILED',
  'GATE_SKIP',
  'DUPLICATE_TASK',
  'STATE_MISSING',
  'CONFIDENCE_TOO_LOW',
  'PERMISSION_DENIED',
  'SKILL_UNREGISTERED',
  'SKILL_NOT_INVOCABLE',
] as const satisfies readonly ReasonCode[];

/** The cycle outcomes, strongest first: of several that apply the first one stands. */
export const OUTCOMES = [
  'HALTED',
  'REJECTED',
  'CANCELLED',
  'DEGRADED',
  'SKIPPED',
  'COMPLETED',
] as const;
export type CycleOutcome = (typeof OUTCOMES)[number];

export type TaskOutcome = 'SUCCESS' | 'SKIPPED' | 'FAILED'; // C3.O: there is no fourth

/** Of one code at most this many are listed; the last one says how many more there are. */
export const REASONS_PER_CODE_MAX = 20;

/** `reasons` as the interface prints them: order kept, at most 20 of a code. */
export function capReasons(reasons: readonly Reason[]): Reason[] {
  const total = new Map<ReasonCode, number>();
  for (const { code } of reasons) total.set(code, (total.get(code) ?? 0) + 1);
  const seen = new Map<ReasonCode, number>();
  const kept: Reason[] = [];
  for (const reason of reasons) {
    const nth = (seen.get(reason.code) ?? 0) + 1;
    seen.set(reason.code, nth);
    if (nth > REASONS_PER_CODE_MAX) continue;
    const more = (total.get(reason.code) ?? 0) - REASONS_PER_CODE_MAX;
    kept.push(
      nth === REASONS_PER_CODE_MAX && more > 0
        ? { ...reason, detail: `${reason.detail} (and ${more} more)` }
        : reason,
    );
  }
  return kept;
}

/** C7.V1–V5 and C5.O as data: what is done about each violation. */
export const VIOLATIONS = {
  UNDECLARED_SIDE_EFFECT: {
    kind: 'SKILL_VIOLATION',
    clause: 'C7.V1',
    response: ['QUARANTINE', 'HALT'],
  },
  PERMISSION_BYPASS: { kind: 'SKILL_VIOLATION', clause: 'C7.V2', response: ['REJECT'] },
  LAYER_BYPASS: { kind: 'SKILL_VIOLATION', clause: 'C7.V3', response: ['QUARANTINE', 'REVIEW'] },
  TIMEOUT: { kind: 'SKILL_VIOLATION', clause: 'C7.V4', response: ['COUNT'] },
  OUTPUT_SCHEMA: { kind: 'SKILL_VIOLATION', clause: 'C7.V5', response: ['COUNT'] }, // R15
  OVERRIDE_ATTEMPT: { kind: 'HARNESS_VIOLATION', clause: 'C5.O', response: ['REJECT', 'HALT'] },
  GRAPH_INVALID: { kind: 'HARNESS_VIOLATION', clause: 'C5.O', response: ['REJECT', 'HALT'] },
} as const satisfies Partial<Record<ReasonCode, ViolationRule>>;
export type ViolationCode = keyof typeof VIOLATIONS;
export const RESPONSES = ['QUARANTINE', 'HALT', 'REJECT', 'REVIEW', 'COUNT', 'DEREGISTER'] as const;
export type ViolationResponse = (typeof RESPONSES)[number];
interface ViolationRule {
  readonly kind: 'SKILL_VIOLATION' | 'HARNESS_VIOLATION';
  readonly clause: Clause;
  readonly response: readonly ViolationResponse[];
}
