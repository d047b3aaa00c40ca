import type { GraphAnswer, TaskDone, ValidateDone } from '../core/answers';
import type { DecisionCheck, Deciders } from '../core/deciders';
import type { AuditHead, Draft } from '../core/entry';
import type { DecisionRequest } from '../core/halts';
import type { Output, TaskLeft } from '../core/events';
import type { Listed, Sha256 } from '../core/json';
import type { Latch, LatchCause } from '../core/latch';
import type { NoticeBody, PeopleTold } from '../core/notice';
import type { RegistryChange } from '../core/registry-change';
import type { CycleResult } from '../core/result';
import type { CycleInput } from '../core/start';
import type { TickInput } from '../core/tick';

/** What the workflow hands to every task's activity: references and facts, never a state itself. */
export interface TaskCall {
  readonly cycle_id: string;
  readonly task: { readonly name: string; readonly task_id: string; readonly timeout_ms: number };
  readonly hashes: { readonly input: Sha256; readonly graph: Sha256; readonly policy: Sha256 };
  readonly evaluated_at: string;
  /** C3.P4: an attempt that Temporal's server scheduled after this moment does not start; null before T1's verdict. */
  readonly fresh_until: string | null;
  /** Ids of the surviving beliefs, once T3 has run (SK-2). */
  readonly survivors: Listed | null;
  /** Audit entries that are made durable before the body runs: this task's TASK_STARTED is among them, or was flushed. */
  readonly entries: readonly Draft[];
  /** Position and time of this task's TASK_STARTED: what its activity writes itself goes under it. */
  readonly started: { readonly seq: number; readonly at: string };
}

/** What a skill's activity gets besides; its activity type is the skill's reference with its version. */
export interface SkillCall extends TaskCall {
  readonly skill: {
    readonly ref: string;
    readonly registration: Sha256;
    /** SK-2: its `active_beliefs` are the surviving ones. */
    readonly behind_filter: boolean;
  };
  readonly mode: 'shadow';
  /** By name, of its dependencies; null: too long to carry, they are on record. */
  readonly outputs: Readonly<Record<string, Output>> | null;
}

/** The four tasks as activity types, named as their task types. */
export interface TaskActivities {
  validate_state(call: TaskCall, start: CycleInput): Promise<ValidateDone>;
  check_regime(call: TaskCall): Promise<TaskDone>;
  filter_beliefs(call: TaskCall): Promise<TaskDone>;
  emit_actions(call: TaskCall): Promise<TaskDone>;
}

/**
 * The harness's own bookkeeping. What writes the record is a regular activity: its input is history, and what goes on record behind
 * any of these bears a time that is history, too. Each may be done again.
 */
export interface BookActivities {
  /** Makes entries durable before a wait or beside parallel tasks. */
  recordEntries(cycleId: string, entries: readonly Draft[]): Promise<Recorded>;
  /** CA, BUILD_GRAPH. `judged` false: T1 failed, so no state is read. */
  buildGraph(start: CycleInput, judged: boolean): Promise<GraphAnswer>;
  /** A scheduled cycle's start, as a client would have made it; `input` null without a snapshot. Documents by their hash only. */
  openTick(call: TickCall, snapshot: Snapshot | null, evaluatedAt: string): Promise<OpenedTick>;
  /** After a T4 that was stopped without an answer: what it had emitted under `seq`, null if nothing. */
  settleEmission(cycleId: string, runId: string, seq: number): Promise<TaskDone | null>;
  /** Fences a skill's start off and tells which effects it, and those before it, have left. */
  settleEffects(
    cycleId: string,
    taskId: string,
    start: { readonly run_id: string; readonly seq: number },
  ): Promise<TaskLeft>;
  /** The record as it stands, whatever the cycle has heard of it. */
  lookAtRecord(cycleId: string, runId: string): Promise<Looked>;
  /** C3.F3: every harness-level error halts the whole harness. Set already for the same cause: one cause more, once. */
  raiseLatch(cause: LatchCause, at: string): Promise<void>;
  /** Who it is that decides; it only reads. */
  checkDecision(call: CheckCall): Promise<Checked>;
}

/**
 * The one local activity, which adds no workflow task. The workflow task of a worker that dies is done again, at another time and
 * with messages that came since: so it lets what stands already stand, and nothing is recorded behind it.
 */
export interface ClosingActivities {
  /** Appends the last entries and stores the result, whose `audit` it fills in. */
  closeCycle(close: Closing): Promise<Closed>;
}

/** A scheduled cycle at its nominal time. */
export interface TickCall {
  readonly tick: TickInput;
  readonly nominal_time: string;
  /** When Temporal started it. */
  readonly actual_time: string;
  readonly workflow_id: string;
  /** Workflow time. */
  readonly at: string;
}

/** What was read from the source: a stored document. `dated` false: its `timestamp` is the evaluation time. */
export interface Snapshot {
  readonly document: Sha256;
  readonly dated: boolean;
  /** By the server's clock: not before the reading began, and about when it was done. */
  readonly read_at: string;
}

export type SnapshotAnswer =
  | { readonly found: 'SNAPSHOT'; readonly snapshot: Snapshot }
  | { readonly found: 'NOTHING'; readonly problem: string }
  /** This nominal time was run before, and its end stands (R36). */
  | { readonly found: 'ENDED'; readonly result: CycleResult };

export interface OpenedTick {
  readonly cycle_id: string;
  readonly input: CycleInput | null;
}

/** The first step of a scheduled cycle: the account of the times before it, then the source, read fresh. */
export interface SourceActivities {
  readSnapshot(call: TickCall): Promise<SnapshotAnswer>;
}

export interface CheckCall {
  readonly decision: DecisionRequest;
  readonly raised_by: string | null;
  /** The cycle has heard of operators. */
  readonly expected: boolean;
}

export interface Checked {
  /** null: none are configured, or that could not be told. */
  readonly deciders: Deciders | null;
  /** null: there is nothing to check. */
  readonly check: DecisionCheck | null;
}

export interface Closing {
  readonly cycle_id: string;
  readonly run_id: string;
  readonly entries: readonly Draft[];
  readonly result: CycleResult;
}

export interface Closed {
  readonly audit: AuditHead;
  /** The result as the trail tells it, when an earlier try of this step had closed the run already; null when this one did. */
  readonly stood: CycleResult | null;
}

export interface Looked {
  /** The harness-wide halt. */
  readonly latch: Latch;
  /** The run is closed on record: what closed it was lost with its workflow task. */
  readonly closed: boolean;
}

export interface Recorded {
  readonly audit: AuditHead;
  /** The run is closed on record: an earlier try of the workflow task that closed it was lost with its worker. */
  readonly closed: boolean;
  /** Where notices or operators are configured. */
  readonly people?: PeopleTold;
}

/** One notice for one sink. */
export interface Notify {
  readonly label: string;
  /** Of several sinks with this label, which one, from 0. */
  readonly position: number;
  readonly notice: NoticeBody;
}

export interface Notified {
  readonly attempt: number;
}

/** Beside the cycle: nothing waits for it. */
export interface NoticeActivities {
  notify(call: Notify): Promise<Notified>;
}

/** Which snapshot the registry stands at. */
export interface RegistryPosition {
  readonly version: number;
  readonly hash: Sha256;
}

export interface RegistryAsk {
  /** Where the registry's workflow knows it to stand; null: nowhere yet. */
  readonly position: RegistryPosition | null;
  /** null: only count in the violations that were noted. */
  readonly change: RegistryChange | null;
  readonly at: string;
}

export interface RegistryAnswer {
  readonly position: RegistryPosition | null;
  readonly changed: boolean;
  /** One plain sentence. */
  readonly message: string;
  /** Markdown for the Web UI: what is registered. */
  readonly report: string;
}

/** A change of the skill registry, asked for by its workflow alone. */
export interface RegistryActivities {
  changeRegistry(ask: RegistryAsk): Promise<RegistryAnswer>;
}

/** Skills, by their references: `acme.rank-beliefs@1.2.0`. Where a type has no activity of its own, this one runs. */
export interface SkillActivities {
  default(call: SkillCall): Promise<TaskDone>;
}

export type HarnessActivities = TaskActivities &
  BookActivities &
  ClosingActivities &
  NoticeActivities &
  RegistryActivities &
  SourceActivities;
