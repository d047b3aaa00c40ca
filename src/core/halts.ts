import { type Cycle, inputHashOf, openedOf, policyOf, textOf } from './cycle';
import { type DecisionCheck, neededFor, notCounted } from './deciders';
import { type Choice, CHOICES, type Event, event, type Halt, type Violation } from './events';
import { invariant } from './invariant';
import type { JsonObject } from './json';
import { type Reason, type ReasonCode, REASONS, VIOLATIONS, type ViolationCode } from './reasons';
import { formatInstant, parseInstant } from './time';

/** What raises a suspended halt. `openTask`: the task that a harness-level error left open, by name. */
export interface HaltCause {
  readonly code: ReasonCode;
  readonly detail: string;
  readonly raisedBy: string;
  readonly openTask?: string | null;
}

/** C3.F3: suspends the cycle until a human decides, or the halt expires. */
export function raiseHalt(cycle: Cycle, cause: HaltCause, now: string): Event {
  const expiryMs = policyOf(cycle).halt_expiry_ms;
  const openTask = cause.openTask ?? null;
  const data: Halt & { open_task: string | null } = {
    halt_id: haltId(cycle),
    scope: 'cycle',
    code: cause.code,
    detail: cause.detail,
    raised_by: cause.raisedBy,
    since: now,
    expires_at: expiryMs === null ? null : formatInstant((parseInstant(now) ?? 0) + expiryMs),
    choices: choicesFor(cycle, openTask),
    decision: null,
    open_task: openTask,
  };
  return event('HALT_RAISED', REASONS[cause.code], now, data, { actor: cause.raisedBy });
}

/** Unique over the runs of a cycle (R36): a decision on an earlier run's halt never meets a later one's. */
function haltId(cycle: Cycle): string {
  const { cycle_id, run_id } = openedOf(cycle);
  return `${cycle_id}-${run_id.slice(-4)}-h${cycle.halts + 1}`;
}

/** R31. */
function choicesFor(cycle: Cycle, openTask: string | null): Choice[] {
  if (openTask === null) return ['RESUME', 'RESTART_FRESH', 'ABORT'];
  const task = cycle.tasks.find((candidate) => candidate.planned.name === openTask);
  const skippable = task !== undefined && !task.planned.critical;
  return [
    ...(skippable ? (['RETRY_TASK', 'SKIP_TASK'] as const) : (['RETRY_TASK'] as const)),
    'RESTART_FRESH',
    'ABORT',
  ];
}

/** An operator's halt. While a halt waits already, a further one is a further cause of the same halt. */
export function operatorHalt(
  cycle: Cycle,
  request: { reason: string; by: string },
  now: string,
): Event[] {
  if (cycle.outcome !== null) return [];
  if (!cycle.haltOpen) {
    return [
      raiseHalt(
        cycle,
        { code: 'OPERATOR_HALT', detail: request.reason, raisedBy: request.by },
        now,
      ),
    ];
  }
  const { halt } = cycle;
  if (halt === null || (halt.detail === request.reason && halt.raised_by === request.by)) return [];
  const data = { halt_id: halt.halt_id, detail: request.reason };
  return [event('HALT_REPEATED', 'C3.F3', now, data, { actor: request.by })];
}

/** A decision as it arrives: one choice on one halt, by a human, with its reasons. Any text may stand as the choice (R31). */
export interface DecisionRequest {
  readonly halt_id: string;
  readonly choice: string;
  readonly reason: string;
  readonly root_cause: string;
  readonly why_safe: string;
  readonly by: string;
  readonly decision_id: string;
  /** Ed25519, base64, over the seven texts: where operators are configured. */
  readonly signature?: string;
}

type Asked = DecisionRequest & { readonly extra?: readonly string[] };

export interface DecisionAnswer {
  readonly accepted: boolean;
  readonly code: 'ACCEPTED' | 'REFUSED' | 'OVERRIDE_ATTEMPT';
  /** One plain sentence for the person who decided. */
  readonly message: string;
  /** What goes on record. A refusal is on record too (R14). */
  readonly events: readonly Event[];
}

/** R14, R29, R31: judges a decision. The same `decision_id` with the same content gets the same answer again. */
export function judgeDecision(
  cycle: Cycle,
  request: DecisionRequest,
  extra: readonly string[],
  now: string,
  check: DecisionCheck | null = null,
): DecisionAnswer {
  const asked = { ...request, ...(extra.length === 0 ? {} : { extra }) };
  const known = cycle.decisions.get(request.decision_id);
  if (known !== undefined && known.text === textOf(asked)) return again(known.refusal);
  const override = overrideIn(cycle, request, extra);
  if (override !== null) return refuseOverride(cycle, asked, override, now);
  const why =
    refusalOf(cycle, request, known !== undefined, now) ?? whoProblem(cycle, request, check);
  if (why !== null) {
    const events = [refusedEvent(asked, why, false, now)];
    return { accepted: false, code: 'REFUSED', message: why, events };
  }
  invariant(cycle.halt !== null, 'C3.F3', 'a halt waits');
  const { halt_id, choice, reason, root_cause, why_safe, by, decision_id, signature } = request;
  invariant(isChoice(choice), 'C5.O', 'the choice is one that the halt allows');
  const texts = { halt_id, choice, reason, root_cause, why_safe, by, decision_id, at: now };
  const key = check?.ok === true ? check.key : null;
  const decision = {
    ...texts,
    ...(signature === undefined ? {} : { signature }),
    ...(key === null ? {} : { key }),
  };
  const seconds = cycle.approvals.filter((seen) => seen.choice === choice).map((seen) => seen.by);
  const needed = neededFor(cycle, choice);
  if (seconds.length + 1 < needed) {
    const seen = event('DECISION_SEEN', 'C3.F3', now, { ...decision, needed }, { actor: by });
    const message = `${choice} by ${by} is ${seconds.length + 1} of ${needed}: another person has to decide the same`;
    return { accepted: true, code: 'ACCEPTED', message, events: [seen] };
  }
  const taken = { ...decision, ...(seconds.length === 0 ? {} : { seconds }) };
  const events = [event('DECISION_TAKEN', 'C3.F3', now, taken, { actor: by })];
  if (choice === 'SKIP_TASK') events.push(...skipForOperator(cycle, request, now));
  return { accepted: true, code: 'ACCEPTED', message: `${choice} is decided by ${by}`, events };
}

function again(refusal: { why: string; override: boolean } | null): DecisionAnswer {
  if (refusal !== null) {
    const code = refusal.override ? 'OVERRIDE_ATTEMPT' : 'REFUSED';
    return { accepted: false, code, message: refusal.why, events: [] };
  }
  const message = 'this decision was taken before: nothing is done twice';
  return { accepted: true, code: 'ACCEPTED', message, events: [] };
}

function isChoice(choice: string): choice is Choice {
  return (CHOICES as readonly string[]).includes(choice);
}

/** C5.O: asking for what no halt ever allows, or for what this one does not. */
function overrideIn(
  cycle: Cycle,
  request: DecisionRequest,
  extra: readonly string[],
): string | null {
  if (extra.length > 0)
    return `a decision carries nothing but its seven texts and its signature, this one also ${extra.join(', ')}`;
  if (!isChoice(request.choice)) {
    return `${JSON.stringify(request.choice.slice(0, 80))} is no choice: a decision never relaxes a permission, staleness or confidence`;
  }
  const { halt } = cycle;
  if (!cycle.haltOpen || halt === null || halt.halt_id !== request.halt_id) return null;
  if (halt.choices.includes(request.choice) || halt.scope === 'harness') return null;
  return `${request.choice} is not allowed by this halt, which allows ${halt.choices.join(', ')}`;
}

function refusalOf(
  cycle: Cycle,
  request: DecisionRequest,
  idTaken: boolean,
  now: string,
): string | null {
  if (idTaken)
    return `decision id ${request.decision_id} was used for another decision: give a new one`;
  if (!cycle.haltOpen || cycle.halt === null) return 'no halt waits for a decision in this cycle';
  const { halt_id, expires_at, scope } = cycle.halt;
  if (scope === 'harness')
    return 'the whole harness is halted: `harness resume --all` clears it, and `harness cycle cancel` ends this cycle'; // R31
  if (halt_id !== request.halt_id)
    return `halt ${request.halt_id} does not wait: the one that waits is ${halt_id}`;
  // Time decides, not whether the decision or the timer is heard first: a halt that has expired aborts.
  const expired =
    expires_at !== null && (parseInstant(now) ?? 0) >= (parseInstant(expires_at) ?? 0);
  return expired ? `halt ${halt_id} expired at ${expires_at} and aborts the cycle` : null;
}

/** Where operators are configured nothing is decided that no worker has checked. */
function whoProblem(
  cycle: Cycle,
  { choice }: DecisionRequest,
  check: DecisionCheck | null,
): string | null {
  if (check !== null) return notCounted(cycle, choice, check);
  return cycle.deciders === null ? null : 'nobody has checked who decides: decide again';
}

/** R14: refused, HARNESS_VIOLATION, immediate halt; a halted cycle stays halted. */
function refuseOverride(cycle: Cycle, request: Asked, why: string, now: string): DecisionAnswer {
  const events = [
    refusedEvent(request, why, true, now),
    violationEvent('OVERRIDE_ATTEMPT', `${request.by}: ${why}`, now, request.by),
  ];
  if (!cycle.haltOpen) {
    events.push(
      raiseHalt(cycle, { code: 'OVERRIDE_ATTEMPT', detail: why, raisedBy: request.by }, now),
    );
  }
  return { accepted: false, code: 'OVERRIDE_ATTEMPT', message: why, events };
}

function refusedEvent(request: Asked, why: string, override: boolean, now: string): Event {
  const data = { decision: { ...request } as JsonObject, why, override };
  const clause = override ? 'C5.O' : 'C3.F3';
  return event('DECISION_REFUSED', clause, now, data, { actor: request.by });
}

/** What a skill has done against the contract, with the response it has met (C7.V1–V5); the halt, where that is one. */
export function skillViolationEvents(
  cycle: Cycle,
  violations: readonly Violation[],
  taskName: string,
  now: string,
): { readonly violations: Event[]; readonly halt: Event[] } {
  const halting = violations.find(({ response }) => response.includes('HALT'));
  return {
    violations: violations.map((violation) =>
      event('VIOLATION', VIOLATIONS[violation.code].clause, now, violation, { task: taskName }),
    ),
    halt: halting === undefined ? [] : haltFor(cycle, halting, now),
  };
}

/** C7.V1. What is ending already is not halted on top; a halt that waits gets one cause more. */
function haltFor(cycle: Cycle, { code, detail, skill_ref }: Violation, now: string): Event[] {
  const raisedBy = skill_ref ?? 'harness';
  if (cycle.haltOpen && cycle.halt !== null) {
    const data = { halt_id: cycle.halt.halt_id, code, detail };
    return [event('HALT_REPEATED', 'C7.V1', now, data, { actor: raisedBy })];
  }
  if (cycle.cancelled || cycle.ended_by !== null) return [];
  return [raiseHalt(cycle, { code, detail, raisedBy }, now)];
}

/** A violation as the record and the result show it, with the contract's response (C7.V1–V5, C5.O). */
export function violationEvent(
  code: ViolationCode,
  detail: string,
  now: string,
  actor = 'harness',
): Event {
  const { kind, clause, response } = VIOLATIONS[code];
  return event(
    'VIOLATION',
    clause,
    now,
    { kind, code, skill_ref: null, detail, response },
    { actor },
  );
}

/** R31: the open task is skipped by the operator's word. */
export function skipForOperator(
  cycle: Cycle,
  request: { readonly by: string; readonly reason: string },
  now: string,
): Event[] {
  const task = cycle.tasks.find((candidate) => candidate.planned.name === cycle.openTask);
  if (task === undefined || task.status === 'ENDED') return [];
  const reason: Reason = { code: 'OPERATOR_SKIP', detail: `${request.by}: ${request.reason}` };
  const data = {
    task_id: task.planned.task_id,
    reason,
    snapshot: inputHashOf(cycle),
    spreads: null,
  };
  return [
    event('TASK_SKIPPED', REASONS.OPERATOR_SKIP, now, data, {
      task: task.planned.name,
      actor: request.by,
    }),
  ];
}
