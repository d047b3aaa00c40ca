import type { Belief } from '../../src/core/bundle';
import type { Task } from '../../src/core/graph';
import type { JsonObject } from '../../src/core/json';
import type { Policy } from '../../src/core/policy';
import type { CycleOutcome, ReasonCode, ViolationResponse } from '../../src/core/reasons';
import type { SkillFacts } from '../../src/core/skills';
import { at, entriesOf, isAbsent, listOf } from './document';
import { BUNDLE, msOf } from './vocabulary';

/*
 * The contract as a table, read once more from its text and its readings: slow, obvious, and without a line of the product's.
 * Every list is in the order in which its rows are asked; the first column is where a row is read.
 */

export interface Row<Says, Seen> {
  readonly from: string;
  readonly says: Says;
  readonly when: (seen: Seen) => boolean;
}

const row = <Says, Seen>(
  from: string,
  says: Says,
  when: (seen: Seen) => boolean,
): Row<Says, Seen> => ({ from, says, when });

/** What T1 looks at. */
export interface Judged {
  readonly bundle: JsonObject;
  readonly policy: Policy;
  readonly nowMs: number;
}

/** A finding of T1, and the bundle's field that it is found in. */
export interface Finding {
  readonly from: string;
  readonly code: ReasonCode;
  readonly ends: 'HALTED' | 'REJECTED' | null;
  readonly in: (judged: Judged) => readonly string[];
}

const found = (when: boolean, state: string): readonly string[] => (when ? [state] : []);

/** C2.U1–U5 in the order of VALIDATE's tests; missing or invalid ends them. */
export const FINDINGS: readonly Finding[] = [
  {
    from: 'C2.U1, R10: required and not there',
    code: 'STATE_MISSING',
    ends: 'HALTED',
    in: ({ bundle }) =>
      ['timestamp', 'regime_state', 'active_beliefs'].filter((name) =>
        isAbsent(at(bundle, [name])),
      ),
  },
  {
    from: 'C2.U1, R13: there, but not as the vocabulary has it',
    code: 'STATE_INVALID',
    ends: 'HALTED',
    in: ({ bundle }) =>
      entriesOf(bundle).flatMap(([name, state]) => {
        const form = BUNDLE[name];
        return found(form === undefined || (!isAbsent(state) && !form(state)), name);
      }),
  },
  {
    from: 'C2.U5, R4: older than its limit',
    code: 'STATE_STALE',
    ends: 'REJECTED',
    in: (judged) =>
      agesOf(judged).flatMap(({ state, ageMs, limitMs }) => found(ageMs > limitMs, state)),
  },
  {
    from: 'C2.U5, R4: from the future',
    code: 'STATE_FROM_FUTURE',
    ends: 'REJECTED',
    in: (judged) =>
      agesOf(judged).flatMap(({ state, ageMs }) =>
        found(-ageMs > judged.policy.future_tolerance_ms, state),
      ),
  },
  {
    from: 'C2.U4: nothing to execute',
    code: 'NO_BELIEFS',
    ends: null,
    in: ({ bundle }) => found(hasNoBeliefs(bundle), 'active_beliefs'),
  },
  {
    from: 'C2.U2, R1: below the threshold',
    code: 'CONFIDENCE_TOO_LOW',
    ends: null,
    in: ({ bundle, policy }) => found(isUnsure(bundle, policy), 'regime_state'),
  },
  {
    from: 'C2.U3, R3: the factor layer is latent and gave nothing',
    code: 'FACTOR_BYPASSED',
    ends: null,
    in: ({ bundle, policy }) => found(isBypassed(bundle, policy), 'factor_permission'),
  },
];

/** R4: what has an age, by whose limit. Nested context goes by its own state's. */
const AGES: readonly (readonly [path: string, limit: keyof Policy['max_staleness_ms']])[] = [
  ['timestamp', 'bundle'],
  ['regime_state.timestamp', 'regime_state'],
  ['regime_state.macro_state.timestamp', 'macro_state'],
  ['factor_permission.timestamp', 'factor_permission'],
  ['signals.*.signal.trigger_timestamp', 'signals'],
  ['signals.*.regime_context.timestamp', 'regime_state'],
  ['signals.*.regime_context.macro_state.timestamp', 'macro_state'],
  ['signals.*.factor_permission.timestamp', 'factor_permission'],
  ['signals.*.macro_state.timestamp', 'macro_state'],
  ['signals.*.flow_state.timestamp', 'flow_state'],
  ['active_beliefs.*.timestamp', 'active_beliefs'],
  ['macro_state.timestamp', 'macro_state'],
  ['flow_state.timestamp', 'flow_state'],
];

function agesOf({ bundle, policy, nowMs }: Judged) {
  return AGES.flatMap(([path, key]) => {
    const [state = '', ...rest] = path.split('.');
    const [first, ...inside] = rest;
    const top = at(bundle, [state]);
    const held =
      first === '*' ? listOf(top).map((item) => at(item, inside)) : [at(top ?? null, rest)];
    const times = rest.length === 0 ? [top] : held;
    const limitMs = policy.max_staleness_ms[key] ?? policy.max_staleness_ms.default;
    return times.flatMap((time) => {
      const ms = msOf(time);
      return ms === null ? [] : [{ state, ageMs: nowMs - ms, limitMs }];
    });
  });
}

export const hasNoBeliefs = (bundle: JsonObject): boolean =>
  listOf(at(bundle, ['active_beliefs'])).length === 0;

/** R1: strictly. */
export const isUnsure = (bundle: JsonObject, policy: Policy): boolean =>
  Number(at(bundle, ['regime_state', 'confidence'])) < policy.min_regime_confidence;

const gaveNone = (bundle: JsonObject): boolean => isAbsent(at(bundle, ['factor_permission']));

export const isBypassed = (bundle: JsonObject, policy: Policy): boolean =>
  gaveNone(bundle) && policy.factor_layer === 'LATENT';

/** R3: the layer is active and gave nothing, or gave a size of 0 (EXE-4). */
const isAllDenied = (bundle: JsonObject, policy: Policy): boolean =>
  gaveNone(bundle)
    ? policy.factor_layer === 'ACTIVE'
    : at(bundle, ['factor_permission', 'size_multiplier']) === 0;

/** R9. */
const isGranted = (bundle: JsonObject, policy: Policy, name: string): boolean =>
  isBypassed(bundle, policy) ||
  (!isAllDenied(bundle, policy) && at(bundle, ['factor_permission', `${name}_permitted`]) === true);

/** C6.T2, R2: EVENT_LOCK always, UNDEFINED when one is not sure. */
export const isGateClosed = (bundle: JsonObject, policy: Policy): boolean => {
  const behavior = at(bundle, ['regime_state', 'behavior']);
  return behavior === 'EVENT_LOCK' || (behavior === 'UNDEFINED' && isUnsure(bundle, policy));
};

/** What is looked at just before a task would start. */
export interface Due {
  readonly bundle: JsonObject;
  readonly policy: Policy;
  readonly task: Task;
  /** Of its skill reference in the registry, when the plan was built; absent: none. */
  readonly skill: SkillFacts | undefined;
  /** The skill has been quarantined or deregistered since. */
  readonly isBanned: boolean;
  /** T1 judged the bundle: it has not failed. */
  readonly isJudged: boolean;
  readonly isStale: boolean;
  readonly isShut: boolean;
  readonly isGated: boolean;
  readonly isTwin: boolean;
  /** `SUCCESS`, `FAILED CODE`, `SKIPPED CODE` of all that it descends from, and of what it depends on. */
  readonly above: readonly string[];
  readonly on: readonly string[];
}

/** C4.S, R25: one reason, the first that applies. Its rows are also those that a skip of T1–T3 passes on (R7). */
export const SKIPPED: readonly Row<ReasonCode, Due>[] = [
  row('C2.U4', 'NO_BELIEFS', ({ bundle, isJudged }) => isJudged && hasNoBeliefs(bundle)),
  row('C3.P4, R4', 'STATE_STALE', ({ isJudged, isStale }) => isJudged && isStale),
  row('C6.T2, R2', 'REGIME_GATE', ({ isShut }) => isShut),
  row('C3.P3, R8', 'DEPENDENCY_FAILED', ({ above }) =>
    above.some((told) => told.startsWith('FAILED')),
  ),
  row(
    'C4.G, R7, R34',
    'GATE_SKIP',
    ({ isGated, on }) =>
      isGated || (on.length > 0 && on.every((told) => told === 'SKIPPED GATE_SKIP')),
  ),
  row('C4.I3, R19', 'DUPLICATE_TASK', ({ isTwin }) => isTwin),
  row('C3.P1, R10', 'STATE_MISSING', ({ bundle, task, skill }) =>
    [...task.required_state, ...(skill?.required_inputs ?? [])].some((name) =>
      isAbsent(at(bundle, [name])),
    ),
  ),
  row(
    'R1, EXE-4',
    'CONFIDENCE_TOO_LOW',
    ({ bundle, policy, task }) =>
      isUnsure(bundle, policy) && (emits(task) || writesOf(task).length > 0),
  ),
  row(
    'C3.P2, R3',
    'PERMISSION_DENIED',
    ({ bundle, policy, task }) =>
      task.required_permissions.some((name) => !isGranted(bundle, policy, name)) ||
      (isAllDenied(bundle, policy) && writesOf(task).length > 0),
  ),
  row(
    'C3.P5, R35',
    'SKILL_UNREGISTERED',
    ({ task, skill }) => !isBuiltIn(task) && skill === undefined,
  ),
  row(
    'C3.P5, R35, R28',
    'SKILL_NOT_INVOCABLE',
    ({ task, skill, isBanned }) =>
      skill !== undefined &&
      (isBanned ||
        !['ACTIVE', 'DEPRECATED'].includes(skill.state) ||
        !skill.task_types.includes(task.task_type) ||
        skill.output_schema !== task.output_schema ||
        skill.side_effects.some((name) => !['audit_log', ...task.side_effects].includes(name))),
  ),
];

export const isBuiltIn = ({ skill_ref }: Task): boolean => skill_ref.startsWith('harness.');
export const emits = ({ skill_ref }: Task): boolean => skill_ref === 'harness.emit-actions';
export const writesOf = ({ side_effects }: Task): readonly string[] =>
  side_effects.filter((name) => name !== 'audit_log');

/** T3's reasons to remove a belief (C6.T3, R30): one, the first that applies. */
export const REMOVED: readonly Row<
  ReasonCode,
  { readonly bundle: JsonObject; readonly policy: Policy; readonly belief: Belief }
>[] = [
  row('R5', 'BELIEF_STALE', ({ belief }) => belief.is_stale === true),
  row(
    'R30',
    'BELIEF_CONFIDENCE_TOO_LOW',
    ({ belief, policy }) => belief.confidence < (policy.min_belief_confidence ?? 0),
  ),
  row(
    'R9',
    'PERMISSION_UNDECLARED',
    ({ bundle, policy, belief }) =>
      !isBypassed(bundle, policy) && isAbsent(belief.required_permissions),
  ),
  row(
    'C3.P2, R3, R9',
    'PERMISSION_DENIED',
    ({ bundle, policy, belief }) =>
      isAllDenied(bundle, policy) ||
      (belief.required_permissions ?? []).some((name) => !isGranted(bundle, policy, name)),
  ),
];

/** C7.V1–V5: what a skill's failure is beyond a failure. TASK_ERROR and WORKER_LOST are none. */
export const VIOLATIONS: readonly (readonly [
  from: string,
  code: ReasonCode,
  response: readonly ViolationResponse[],
])[] = [
  ['C7.V1, R15', 'UNDECLARED_SIDE_EFFECT', ['QUARANTINE', 'HALT']],
  ['C7.V2, R14', 'PERMISSION_BYPASS', ['REJECT']],
  ['C7.V3, R16', 'LAYER_BYPASS', ['QUARANTINE', 'REVIEW']],
  ['C7.V4', 'TIMEOUT', ['COUNT']],
  ['R15', 'OUTPUT_SCHEMA', ['COUNT']],
];

/** R20: a skip that degrades the cycle where the task is critical, as its failure does (C3.F2). */
export const COULD_NOT_RUN: readonly ReasonCode[] = [
  'DEPENDENCY_FAILED',
  'SKILL_UNREGISTERED',
  'SKILL_NOT_INVOCABLE',
];

/** What has become of a cycle when nothing more will. */
export interface Over {
  readonly verdict: 'HALTED' | 'REJECTED' | null;
  readonly isRefused: boolean;
  readonly isAborted: boolean;
  readonly wentStale: boolean;
  readonly isCancelled: boolean;
  readonly isUnsure: boolean;
  readonly isCrippled: boolean;
  readonly hasNoBeliefs: boolean;
  readonly isShut: boolean;
}

/** Cycle outcomes, strongest first. */
export const OUTCOMES: readonly Row<CycleOutcome, Over>[] = [
  row(
    'C2.U1, C3.D3, C3.F3',
    'HALTED',
    ({ verdict, isRefused, isAborted }) => verdict === 'HALTED' || isRefused || isAborted,
  ),
  row('C2.U5, C3.P4, R29', 'REJECTED', ({ verdict, wentStale }) => verdict !== null || wentStale),
  row('CA', 'CANCELLED', ({ isCancelled }) => isCancelled),
  row('C2.U2, C3.F2, R20', 'DEGRADED', ({ isUnsure, isCrippled }) => isUnsure || isCrippled),
  row('C2.U4, C6.T2', 'SKIPPED', ({ hasNoBeliefs, isShut }) => hasNoBeliefs || isShut),
  row('readings, "Cycle outcomes"', 'COMPLETED', () => true),
];
