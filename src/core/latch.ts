import type { Cycle } from './cycle';
import { type DecisionCheck, samePerson } from './deciders';
import type { Draft, Entry } from './entry';
import { type Event, event, type Halt, type HaltDecision } from './events';
import { type DecisionRequest, raiseHalt } from './halts';
import type { JsonObject } from './json';
import type { ReasonCode } from './reasons';

/**
 * The harness-wide halt (C3.F3): a latch. While it is set no task starts in any cycle on any worker, and no cycle is admitted;
 * time never clears it. It is the last word of an audit chain of its own: what is on record is what is in force.
 */
export interface Latch {
  /** The open halt, scope `harness`; null when the harness is not halted. */
  readonly halt: Halt | null;
  /** How the last one was cleared; null when none ever was. */
  readonly cleared: (HaltDecision & { readonly halt_id: string }) | null;
  /** How often it was set. */
  readonly sets: number;
  /** Position of the last entry; null: the chain is empty. */
  readonly last: { readonly run_id: string; readonly seq: number } | null;
}

export const NO_LATCH: Latch = { halt: null, cleared: null, sets: 0, last: null };

export interface LatchCause {
  readonly code: ReasonCode;
  readonly detail: string;
  readonly raised_by: string;
}

/** What the chain tells. */
export function latchOf(entries: readonly Entry[]): Latch {
  let { halt, cleared, sets, last } = NO_LATCH;
  for (const { run_id, seq, type, data } of entries) {
    last = { run_id, seq };
    if (type === 'LATCH_SET') {
      halt = data as unknown as Halt;
      sets += 1;
    }
    if (type === 'LATCH_CLEARED') {
      halt = null;
      cleared = data as unknown as Latch['cleared'];
    }
  }
  return { halt, cleared, sets, last };
}

/**
 * What setting the latch puts behind these entries; null: this very cause, of that instant, was told before. Whoever tells it again
 * has not heard that it was done, and must not halt again what a human has cleared meanwhile.
 */
export function settingDraft(
  entries: readonly Entry[],
  cause: LatchCause,
  at: string,
): Draft | null {
  return isOnRecord(entries, cause, at) ? null : latchDraft(latchOf(entries), cause, at);
}

function isOnRecord(entries: readonly Entry[], cause: LatchCause, at: string): boolean {
  const { code, detail, raised_by } = cause;
  return entries.some(
    ({ type, actor, data, ...entry }) =>
      (type === 'LATCH_SET' || type === 'LATCH_REPEATED') &&
      entry.at === at &&
      actor === raised_by &&
      data['code'] === code &&
      data['detail'] === detail,
  );
}

/** The entry that sets the latch; while it is set, one cause more of the same halt. */
export function latchDraft(latch: Latch, cause: LatchCause, at: string): Draft {
  const { code, detail, raised_by } = cause;
  if (latch.halt !== null && latch.last !== null) {
    const data = { halt_id: latch.halt.halt_id, code, detail };
    return draft({ ...latch.last, seq: latch.last.seq + 1 }, 'LATCH_REPEATED', at, raised_by, data);
  }
  const halt_id = `harness-h${latch.sets + 1}`;
  const halt: Halt = {
    halt_id,
    scope: 'harness',
    code,
    detail,
    raised_by,
    since: at,
    expires_at: null,
    choices: ['RESUME'],
    decision: null,
  };
  return draft({ run_id: halt_id, seq: 1 }, 'LATCH_SET', at, raised_by, {
    ...halt,
    decision: null,
  });
}

export interface LatchAnswer {
  readonly accepted: boolean;
  readonly message: string;
  /** What goes on record; null: nothing to record. */
  readonly draft: Draft | null;
}

/**
 * R31: of the latch RESUME only. A refusal is on record too (R14).
 * @param check who decides, by the operators file; null: none is configured
 */
export function judgeClearing(
  latch: Latch,
  request: DecisionRequest,
  at: string,
  check: DecisionCheck | null = null,
): LatchAnswer {
  const { halt, last, cleared } = latch;
  if (halt === null || last === null) {
    if (cleared?.decision_id === request.decision_id)
      return { accepted: true, message: 'this decision was taken before', draft: null };
    return { accepted: false, message: 'the harness is not halted', draft: null };
  }
  const next = { ...last, seq: last.seq + 1 };
  const { choice, reason, root_cause, why_safe, by, decision_id } = request;
  const why =
    choice !== 'RESUME'
      ? `${choice.slice(0, 80)} is not allowed by this halt, which allows RESUME`
      : request.halt_id !== halt.halt_id
        ? `halt ${request.halt_id} does not wait: the one that waits is ${halt.halt_id}`
        : uncounted(halt, check);
  if (why !== null) {
    // C5.O: whoever asks for more than a halt allows asks the harness to relax itself.
    const violation = choice === 'RESUME' ? null : 'HARNESS_VIOLATION';
    const data = { decision: { ...request } as unknown as JsonObject, why, violation };
    return { accepted: false, message: why, draft: draft(next, 'LATCH_REFUSED', at, by, data) };
  }
  const decision = {
    halt_id: halt.halt_id,
    choice,
    reason,
    root_cause,
    why_safe,
    by,
    decision_id,
    at,
  };
  return {
    accepted: true,
    message: `the halt of the whole harness is cleared by ${by}`,
    draft: draft(next, 'LATCH_CLEARED', at, by, {
      ...decision,
      ...(check?.ok === true ? { key: check.key } : {}),
    }),
  };
}

/** Where operators are configured: one of them decides, and never who raised the halt. */
function uncounted({ raised_by }: Halt, check: DecisionCheck | null): string | null {
  if (check === null) return null;
  if (!check.ok) return check.why;
  return samePerson(raised_by, check.person)
    ? `${check.person} has raised this halt: another person clears it`
    : null;
}

function draft(
  position: { readonly run_id: string; readonly seq: number },
  type: string,
  at: string,
  actor: string,
  data: JsonObject,
): Draft {
  return { ...position, part: 0, at, type, clause: 'C3.F3', actor, task: null, data };
}

/**
 * What a cycle records when it looks at the latch. Set: it suspends, unless a halt of its own waits already, which it keeps.
 * Cleared: a cycle that the latch suspended goes on; R29 is checked as after any decision to go on. A halt of its own that came
 * meanwhile stays.
 */
export function latchEvents(cycle: Cycle, { halt, cleared }: Latch, now: string): Event[] {
  const open = cycle.haltOpen ? cycle.halt : null;
  if (halt !== null) {
    const ending = cycle.outcome !== null || cycle.cancelled || cycle.ended_by !== null;
    if (open !== null || ending) return [];
    const data = { ...halt, open_task: null };
    return [event('HALT_RAISED', 'C3.F3', now, data, { actor: halt.raised_by })];
  }
  if (open?.scope !== 'harness' || cleared === null) return [];
  const { choice, reason, root_cause, why_safe, by, decision_id } = cleared;
  const decision = { choice, reason, root_cause, why_safe, by, decision_id };
  const data = { ...decision, at: now, halt_id: open.halt_id };
  const taken = event('DECISION_TAKEN', 'C3.F3', now, data, { actor: cleared.by });
  return cycle.ownCause === null ? [taken] : [taken, raiseHalt(cycle, cycle.ownCause, now)];
}
