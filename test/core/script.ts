import type { Bundle } from '../../src/core/bundle';
import type { Graph } from '../../src/core/graph';
import type { Cycle } from '../../src/core/cycle';
import { type Event, event } from '../../src/core/events';
import {
  type DecisionAnswer,
  type DecisionRequest,
  judgeDecision,
  operatorHalt,
  raiseHalt,
} from '../../src/core/halts';
import type { Policy } from '../../src/core/policy';
import type { Reason, ReasonCode } from '../../src/core/reasons';
import type { SkillsSnapshot } from '../../src/core/skills';

/** How an attempt ends. LOST: its worker was lost, the next one did it. UNTAKEN: no worker took it while it was fresh. */
export type TaskEnd = 'SUCCESS' | 'LOST' | 'UNTAKEN' | 'HARNESS_ERROR' | { failed: ReasonCode };
/** What cuts in from outside. UNWRITABLE: a harness-level error that leaves no task open. */
export type Cut =
  | { readonly halt: string; readonly by?: string }
  | { readonly decide: string | Partial<DecisionRequest>; readonly extra?: readonly string[] }
  | { readonly cancel: string }
  | { readonly laterMs: number }
  | 'UNWRITABLE';

export interface Script {
  readonly graph?: Graph;
  readonly bundle?: Bundle;
  readonly policy?: Policy;
  readonly skills?: SkillsSnapshot;
  /** What T1 finds missing or invalid, instead of judging the bundle. */
  readonly invalid?: readonly Reason[];
  /** By task: how its attempts end, one after the other; all further ones succeed. */
  readonly ends?: Readonly<Record<string, readonly TaskEnd[]>>;
  /** Tasks whose end is already on its way when they are stopped. */
  readonly unstoppable?: readonly string[];
  /** When: as soon as `TASK_STARTED T3` or `GRAPH_BUILT` is recorded, during `BUILD_GRAPH`, or before the step of a number. */
  readonly cuts?: Readonly<Record<string, readonly Cut[]>>;
  /** What happens each time that the cycle waits for a human; after the last one nothing does, but for the halt's expiry. */
  readonly waits?: readonly (readonly Cut[])[];
  /** Which of the running tasks ends first; the one that started first when left out. */
  readonly pick?: (running: number) => number;
  /** Milliseconds that each step takes; 1 when left out. */
  readonly stepMs?: number;
  /** How often the last entry cannot be written. */
  readonly unclosed?: number;
}

/** What the workflow's handlers record for a cut. A decision goes on, with all its texts, unless it says otherwise. */
export function hear(
  cycle: Cycle,
  cut: Exclude<Cut, { laterMs: number }>,
  now: string,
  decisionId: string,
): { events: readonly Event[]; answer?: DecisionAnswer } {
  if (cut === 'UNWRITABLE') {
    const detail = 'the audit cannot be written';
    return { events: cycle.haltOpen ? [] : [harnessError(cycle, detail, null, now)] };
  }
  if ('halt' in cut)
    return { events: operatorHalt(cycle, { reason: cut.halt, by: cut.by ?? 'ada' }, now) };
  if ('cancel' in cut) {
    const requested = event('CANCEL_REQUESTED', 'CA', now, { detail: cut.cancel });
    return { events: cycle.cancelled ? [] : [requested] };
  }
  const given = typeof cut.decide === 'string' ? { choice: cut.decide } : cut.decide;
  const request = {
    halt_id: cycle.halt?.halt_id ?? 'none',
    choice: cycle.halt?.choices[0] ?? 'RESUME',
    reason: 'seen',
    root_cause: 'known',
    why_safe: 'mended',
    by: 'ada',
    decision_id: decisionId,
    ...given,
  };
  const answer = judgeDecision(cycle, request, cut.extra ?? [], now);
  return { events: answer.events, answer };
}

/** C3.F3, as the workflow records it: while a halt waits already, a further cause of that one. */
export function harnessError(
  cycle: Cycle,
  detail: string,
  openTask: string | null,
  now: string,
): Event {
  return cycle.haltOpen && cycle.halt !== null
    ? event('HALT_REPEATED', 'C3.F3', now, { halt_id: cycle.halt.halt_id, detail })
    : raiseHalt(cycle, { code: 'HARNESS_ERROR', detail, raisedBy: 'harness', openTask }, now);
}
