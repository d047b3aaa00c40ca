import type { AuditHead } from './entry';
import type { Output, TaskLeft, TaskLists, Violation } from './events';
import type { PeopleTold } from './notice';
import type { Plan } from './plan';
import type { Reason } from './reasons';
import type { Verdict } from './validate';

/** What a task's activity answers when the task succeeded. */
export interface TaskDone {
  readonly output: Output;
  /** 2 or more: a worker was lost on the way (R24). */
  readonly attempt: number;
  readonly lists?: TaskLists;
  /** The chain's head after the entries that rode on the task, and what the task wrote: Temporal's history is its witness. */
  readonly audit: AuditHead;
  readonly left?: TaskLeft;
}

/** What goes with a skill's failure: its violations with the response that each of them has met, and what it left. */
export interface TaskFailed {
  readonly violations: readonly Violation[];
  readonly left: TaskLeft;
}

/** T1's answer: its verdict decides whether a graph is built. */
export interface ValidateDone extends TaskDone {
  readonly verdict: Verdict;
  /** BUILD_GRAPH's answer, made ahead where the verdict lets one be built: it saves a step of its own. */
  readonly graph?: GraphAnswer;
  /** Where notices or operators are configured. */
  readonly people?: PeopleTold;
}

export type GraphAnswer =
  | { readonly built: true; readonly plan: Plan }
  | { readonly built: false; readonly problems: readonly Reason[]; readonly override: boolean };
