import type { Clause } from './clauses';
import type { Deciders } from './deciders';
import type { Json, JsonObject, Listed, Ref, Sha256 } from './json';
import type { Plan, PlannedSkill } from './plan';
import type { Policy } from './policy';
import type { CycleOutcome, Reason, ReasonCode, ViolationCode, ViolationResponse } from './reasons';
import type { Isolation } from './skills';
import type { Tick } from './tick';
import type { Verdict } from './validate';

/** What a person may decide on a halt (R31). */
export const CHOICES = ['RESUME', 'RETRY_TASK', 'SKIP_TASK', 'RESTART_FRESH', 'ABORT'] as const;
export type Choice = (typeof CHOICES)[number];

/** A suspended halt: the cycle waits for a human (C3.F3). Shape of the public interface. */
export interface Halt {
  readonly halt_id: string;
  readonly scope: 'cycle' | 'harness';
  readonly code: ReasonCode;
  readonly detail: string;
  readonly raised_by: string;
  readonly since: string;
  readonly expires_at: string | null;
  readonly choices: readonly Choice[];
  readonly decision: HaltDecision | null;
}

/** The texts of a decision, all required. */
export const DECISION_TEXTS = [
  'halt_id',
  'choice',
  'reason',
  'root_cause',
  'why_safe',
  'by',
  'decision_id',
] as const;

export interface HaltDecision {
  readonly choice: Choice;
  readonly reason: string;
  readonly root_cause: string;
  readonly why_safe: string;
  readonly by: string;
  readonly decision_id: string;
  readonly at: string;
  /** Where operators are configured: the decision's signature, the fingerprint of its key, and who decided the same before. */
  readonly signature?: string;
  readonly key?: string;
  readonly seconds?: readonly string[];
}

/** What people are told of a halt: that it was raised, that its time runs out, that it has ended. */
export type NoticeKind = 'RAISED' | 'REMINDER' | 'ENDED';

export interface Violation {
  readonly kind: 'SKILL_VIOLATION' | 'HARNESS_VIOLATION';
  readonly code: ViolationCode;
  readonly skill_ref: string | null;
  readonly detail: string;
  readonly response: readonly ViolationResponse[];
}

/** T1 as the starter announced it: it runs before there is a plan, and its activity checks this against the graph. */
export interface AnnouncedTask {
  readonly name: string;
  readonly task_id: string;
  readonly task_type: string;
  readonly skill_ref: string;
  readonly timeout_ms: number;
}

/** A task's output as the record carries it: the value itself, or a reference when it is over 1 KiB. */
export type Output = Json | Ref;

interface Body {
  CYCLE_OPENED: {
    readonly cycle_id: string;
    readonly workflow_id: string;
    readonly run_id: string;
    readonly mode: 'shadow';
    /** null: the source of a scheduled cycle gave no bundle. */
    readonly input_hash: Sha256 | null;
    readonly graph_hash: Sha256;
    readonly policy_hash: Sha256;
    readonly evaluated_at: string;
    readonly policy: Policy;
    readonly harness: string;
    /** null: there is no bundle, so no task has an id. */
    readonly first_task: AnnouncedTask | null;
    /** The cycle that this one restarts on a fresh bundle, when a halt's decision asked for that. */
    readonly restarts: string | null;
    /** Where a scheduled cycle comes from. */
    readonly tick?: Tick;
  };
  SOURCE_FAILED: { readonly detail: string };
  TASK_STARTED: {
    readonly task_id: string;
    readonly task_type: string;
    readonly skill_ref: string;
    /** What the plan holds of it; absent for a built-in. DEPRECATED is invoked, and flagged here (R28). */
    readonly skill?: PlannedSkill;
  };
  TASK_ENDED: {
    readonly task_id: string;
    readonly outcome: 'SUCCESS' | 'FAILED';
    readonly reason: Reason | null;
    readonly output: Output;
    /** 2 or more: a worker was lost and the task was attempted again (R24). Null for a failure. */
    readonly attempt: number | null;
    readonly lists?: TaskLists;
    readonly left?: TaskLeft;
  };
  TASK_SKIPPED: {
    readonly task_id: string;
    readonly reason: Reason;
    /** C4.S: the state at skip time; the bundle is immutable, so its hash is the whole snapshot. */
    readonly snapshot: Sha256;
    /** R7: the skip that descendants inherit, when it spreads. */
    readonly spreads: Reason | null;
  };
  TASK_STOPPED: {
    readonly task_id: string;
    readonly because: string;
    /** C3.P5: what has come to bar it since the plan was built; it is then skipped for it. */
    readonly barred?: Reason;
    readonly left?: TaskLeft;
  };
  STATE_JUDGED: Verdict;
  GRAPH_BUILT: Plan;
  GRAPH_REFUSED: { readonly problems: readonly Reason[]; readonly override: boolean };
  HALT_RAISED: Halt & { readonly open_task: string | null };
  HALT_REPEATED: {
    readonly halt_id: string;
    readonly detail: string;
    readonly code?: ReasonCode;
  };
  DECISION_TAKEN: HaltDecision & { readonly halt_id: string };
  DECISION_REFUSED: {
    /** The seven texts; under `extra` the names of what else was sent. */
    readonly decision: JsonObject;
    readonly why: string;
    readonly override: boolean;
  };
  HALT_EXPIRED: { readonly halt_id: string };
  /** A valid decision that waits for another person to decide the same. */
  DECISION_SEEN: HaltDecision & { readonly halt_id: string; readonly needed: number };
  DECIDERS_NAMED: Deciders;
  NOTICE_SENT: Notice & { readonly attempt: number };
  NOTICE_FAILED: Notice & { readonly detail: string };
  /** The last notice of a halt is sent by a workflow of its own, which may outlive the cycle. */
  NOTICE_HANDED_OVER: Omit<Notice, 'sink'> & { readonly workflow_id: string };
  VIOLATION: Violation;
  CANCEL_REQUESTED: { readonly detail: string };
  SIGNALS_IGNORED: { readonly count: number; readonly detail: string };
  ACTION_EMITTED: JsonObject;
  ACTION_KNOWN: JsonObject;
  CYCLE_ENDED: {
    readonly outcome: CycleOutcome;
    readonly summary: string;
    readonly reasons: readonly Reason[];
  };
}

interface Notice {
  readonly halt_id: string;
  readonly kind: NoticeKind;
  /** Without what may be secret in it: an address's host, a command's program. */
  readonly sink: string;
}

/** What a skill's run leaves behind, however it ended. */
export interface TaskLeft {
  /** The level that its isolation reached; absent when no attempt got so far. */
  readonly isolation?: Isolation;
  /** Receipts of its effects, in the order of the calls (interface, "Effects"). */
  readonly effects: Listed;
}

/** What T3 and T4 leave behind that grows with the beliefs: references to lists in the store. */
export interface TaskLists {
  readonly actions?: Listed;
  readonly beliefs_removed?: Listed;
  /** Ids of the beliefs that survive T3: what everything behind it reads (SK-2, R33). */
  readonly survivors?: Listed;
}

export type EventType = keyof Body;

const TYPES: Readonly<Record<EventType, null>> = {
  CYCLE_OPENED: null,
  SOURCE_FAILED: null,
  TASK_STARTED: null,
  TASK_ENDED: null,
  TASK_SKIPPED: null,
  TASK_STOPPED: null,
  STATE_JUDGED: null,
  GRAPH_BUILT: null,
  GRAPH_REFUSED: null,
  HALT_RAISED: null,
  HALT_REPEATED: null,
  DECISION_TAKEN: null,
  DECISION_REFUSED: null,
  HALT_EXPIRED: null,
  DECISION_SEEN: null,
  DECIDERS_NAMED: null,
  NOTICE_SENT: null,
  NOTICE_FAILED: null,
  NOTICE_HANDED_OVER: null,
  VIOLATION: null,
  CANCEL_REQUESTED: null,
  SIGNALS_IGNORED: null,
  ACTION_EMITTED: null,
  ACTION_KNOWN: null,
  CYCLE_ENDED: null,
};

/** What a reader of this version knows of a cycle's trail. Another type was written by a newer harness, or by none. */
export function isEventType(type: string): type is EventType {
  return Object.hasOwn(TYPES, type);
}

export type EventOf<T extends EventType> = {
  readonly type: T;
  readonly clause: Clause;
  readonly actor: string;
  readonly task: string | null;
  readonly at: string;
  readonly data: Body[T];
};
/** Everything that can happen in a cycle. The audit trail is these, chained; the cycle's state is their fold. */
export type Event = { [T in EventType]: EventOf<T> }[EventType];

/** Builds an event; the harness is the actor unless another one is given. */
export function event<T extends EventType>(
  type: T,
  clause: Clause,
  at: string,
  data: Body[T],
  about: { task?: string | null; actor?: string } = {},
): Event {
  // The union of EventOf over T is what this builds; TypeScript cannot see that for a generic T.
  return {
    type,
    clause,
    at,
    data,
    task: about.task ?? null,
    actor: about.actor ?? 'harness',
  } as Event;
}
