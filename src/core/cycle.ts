import { foldTask } from './cycle-tasks';
import type { Deciders } from './deciders';
import {
  type AnnouncedTask,
  DECISION_TEXTS,
  type Event,
  type EventOf,
  type Halt,
  type HaltDecision,
  type Output,
  type TaskLeft,
  type TaskLists,
  type Violation,
} from './events';
import { invariant } from './invariant';
import type { Sha256 } from './json';
import { type HarnessPhase, nextPhase, type PhaseEvent } from './phases';
import type { PlannedTask } from './plan';
import type { Policy } from './policy';
import { fromRanges } from './ranges';
import type { CycleOutcome, Reason, ReasonCode, TaskOutcome } from './reasons';
import { parseInstant } from './time';
import type { Verdict } from './validate';

/** A planned task and what has become of it. */
export interface TaskState {
  readonly planned: PlannedTask;
  /** Positions of its dependencies in execution order. */
  readonly after: readonly number[];
  /** WAITING: not started, or stopped and to be attempted again. */
  status: 'WAITING' | 'RUNNING' | 'ENDED';
  outcome: TaskOutcome | null;
  reason: Reason | null;
  spreads: Reason | null;
  /** C3.P1, P2, P5: by the plan, or by what a later look at the registry found. */
  barred: Reason | null;
  output: Output;
  left: TaskLeft | null;
  started_at: string | null;
  ended_at: string | null;
}

/**
 * One cycle as its record tells it. There is no other source: the workflow folds each event as it records it, and whoever
 * reads the audit trail folds the same events to the same state.
 */
export interface Cycle {
  readonly opened: EventOf<'CYCLE_OPENED'>['data'] | null;
  phase: HarnessPhase;
  /** The phase that the open halt interrupted. */
  interrupted: HarnessPhase;
  outcome: CycleOutcome | null;
  summary: string | null;
  reasons: Reason[];
  verdict: Verdict | null;
  plan_hash: Sha256 | null;
  parallel: boolean;
  /** In execution order; before the plan is built, T1 alone. */
  tasks: TaskState[];
  planned: boolean;
  gate: 'OPEN' | 'CLOSED' | null;
  /** R4, R29: a later task, or a decision to go on, met a bundle that had gone stale. */
  stale: boolean;
  /** When a human last decided to go on (R29). */
  resumed_at: string | null;
  refused: boolean;
  cancelled: boolean;
  /** The last halt: open while `decision` is null and it has not expired. */
  halt: Halt | null;
  haltOpen: boolean;
  /** While the harness-wide halt suspends the cycle: a halt of its own that came meanwhile, and then stays. */
  ownCause: {
    readonly code: ReasonCode;
    readonly detail: string;
    readonly raisedBy: string;
  } | null;
  openTask: string | null;
  /** How the last halt ended the cycle, if it did: ABORT and RESTART_FRESH, or expiry. */
  ended_by: Reason | null;
  halts: number;
  /** By `decision_id`: what was decided or asked, and why it was refused, if it was. */
  decisions: Map<string, { text: string; refusal: { why: string; override: boolean } | null }>;
  /** What else has come to the last halt since it was raised, and whether that was a violation that halts. */
  causes: string[];
  violated: boolean;
  /** Decisions on the open halt that wait for another person to decide the same. */
  approvals: HaltDecision[];
  /** null: no operators are configured, as far as the cycle has heard. */
  deciders: Deciders | null;
  violations: Violation[];
  lists: TaskLists;
  last_at: string;
}

export function newCycle(): Cycle {
  return {
    opened: null,
    phase: 'IDLE',
    interrupted: 'IDLE',
    outcome: null,
    summary: null,
    reasons: [],
    verdict: null,
    plan_hash: null,
    parallel: false,
    tasks: [],
    planned: false,
    gate: null,
    stale: false,
    resumed_at: null,
    refused: false,
    cancelled: false,
    halt: null,
    haltOpen: false,
    ownCause: null,
    openTask: null,
    ended_by: null,
    halts: 0,
    decisions: new Map(),
    causes: [],
    violated: false,
    approvals: [],
    deciders: null,
    violations: [],
    lists: {},
    last_at: '',
  };
}

/** The policy echoed in the record; every rule after VALIDATE reads it from here. */
export function policyOf(cycle: Cycle): Policy {
  return openedOf(cycle).policy;
}

export function openedOf(cycle: Cycle): EventOf<'CYCLE_OPENED'>['data'] {
  invariant(cycle.opened !== null, 'CA', 'the cycle has not been opened');
  return cycle.opened;
}

const NAMES_MAX = 5;

/** Task names in a sentence that a graph of a thousand tasks cannot make long. */
export function namesOf(tasks: readonly TaskState[]): string {
  const names = tasks.slice(0, NAMES_MAX).map((task) => task.planned.name);
  const more = tasks.length - names.length;
  return more > 0 ? `${names.join(', ')} and ${more} more` : names.join(', ');
}

/** The bundle that the cycle runs on: a cycle that got none runs no task, so nobody asks. */
export function inputHashOf(cycle: Cycle): Sha256 {
  const { input_hash } = openedOf(cycle);
  invariant(input_hash !== null, 'C2.U1', 'the cycle has a bundle');
  return input_hash;
}

/** Takes one event into the cycle's state. The only function that changes it. @throws HARNESS_ERROR on an impossible one. */
export function fold(cycle: Cycle, event: Event): void {
  cycle.last_at = event.at;
  switch (event.type) {
    case 'CYCLE_OPENED':
      Object.assign(cycle, newCycle(), { opened: event.data, last_at: event.at });
      cycle.tasks = announced(event.data.first_task).map(stateOf);
      move(cycle, 'INPUT_RECEIVED');
      return;
    case 'STATE_JUDGED':
      cycle.verdict = event.data;
      cycle.reasons.push(...event.data.findings);
      if (event.data.verdict === 'PROCEED') move(cycle, 'STATE_VALID');
      checkAge(cycle);
      return;
    case 'GRAPH_BUILT':
      return foldPlan(cycle, event.data);
    case 'SOURCE_FAILED':
      cycle.refused = true;
      cycle.reasons.push({ code: 'SOURCE_FAILED', detail: event.data.detail });
      return;
    case 'GRAPH_REFUSED':
      cycle.refused = true;
      cycle.tasks = [];
      cycle.reasons.push(...event.data.problems);
      return;
    case 'TASK_STARTED':
    case 'TASK_STOPPED':
    case 'TASK_ENDED':
    case 'TASK_SKIPPED':
      return foldTask(cycle, event);
    case 'HALT_RAISED':
    case 'HALT_REPEATED':
    case 'HALT_EXPIRED':
    case 'DECISION_SEEN':
    case 'DECISION_TAKEN':
    case 'DECISION_REFUSED':
      return foldHalt(cycle, event);
    case 'VIOLATION':
      cycle.violations.push(event.data);
      if (cycle.haltOpen && event.data.response.includes('HALT')) cycle.violated = true;
      return;
    case 'CANCEL_REQUESTED':
      cycle.cancelled = true;
      cycle.haltOpen = false;
      cycle.reasons.push({ code: 'CANCELLED', detail: event.data.detail });
      return;
    case 'CYCLE_ENDED':
      move(cycle, 'FINALIZING');
      move(cycle, 'ENDED');
      cycle.outcome = event.data.outcome;
      cycle.summary = event.data.summary;
      cycle.reasons = [...event.data.reasons];
      return;
    case 'DECIDERS_NAMED':
      cycle.deciders = event.data;
      return;
    case 'SIGNALS_IGNORED':
    case 'NOTICE_SENT':
    case 'NOTICE_FAILED':
    case 'NOTICE_HANDED_OVER':
    case 'ACTION_EMITTED':
    case 'ACTION_KNOWN':
      return; // on record for the reader; nothing depends on them
  }
}

/** What still ends behind a halt (T1, the building of the graph) moves the phase that the halt interrupted. */
function move(cycle: Cycle, event: PhaseEvent): void {
  const { phase, interrupted } = cycle;
  const behind = phase === 'HALTED' && (event === 'STATE_VALID' || event === 'GRAPH_BUILT');
  if (behind) cycle.interrupted = nextPhase(interrupted, event, interrupted);
  else cycle.phase = nextPhase(phase, event, interrupted);
}

/** R29: the bundle's age is checked again when a human decides to go on, also when no task is left to start. */
function checkAge(cycle: Cycle): void {
  const until = cycle.verdict?.verdict === 'PROCEED' ? cycle.verdict.fresh_until : null;
  if (cycle.stale || until === null || cycle.resumed_at === null) return;
  const lateMs = (parseInstant(cycle.resumed_at) ?? 0) - (parseInstant(until) ?? 0);
  if (lateMs <= 0) return;
  cycle.stale = true;
  const detail = `the bundle was fresh until ${until}, ${lateMs} ms before the decision to go on`;
  cycle.reasons.push({ code: 'STATE_STALE', detail });
}

/** Without a bundle there is none. */
function announced(task: AnnouncedTask | null): PlannedTask[] {
  if (task === null) return [];
  return [{ ...task, after: '', critical: true, effects: [], barred: null }];
}

function stateOf(planned: PlannedTask): TaskState {
  return {
    planned,
    after: fromRanges(planned.after),
    status: 'WAITING',
    outcome: null,
    reason: null,
    spreads: null,
    barred: planned.barred,
    output: null,
    left: null,
    started_at: null,
    ended_at: null,
  };
}

/** The plan takes the place of the announced T1, which stands done in it (readings, "T1 is VALIDATE"). */
function foldPlan(cycle: Cycle, plan: EventOf<'GRAPH_BUILT'>['data']): void {
  const [t1] = cycle.tasks;
  invariant(
    t1 !== undefined && t1.status === 'ENDED',
    'CA',
    'the graph is built after T1 has ended',
  );
  cycle.tasks = plan.tasks.map(stateOf);
  const [first] = cycle.tasks;
  invariant(
    first?.planned.task_id === t1.planned.task_id,
    'C4.I3',
    'T1 ran under the id that the plan gives it',
  );
  cycle.tasks[0] = { ...t1, planned: first.planned };
  cycle.planned = true;
  cycle.plan_hash = plan.plan_hash;
  cycle.parallel = plan.parallel;
  // T1 failed: there is no verdict that moved the phase, and the graph is built only so that its tasks are on record.
  if (t1.outcome === 'FAILED') move(cycle, 'STATE_VALID');
  move(cycle, 'GRAPH_BUILT');
}

type HaltEvent = Extract<
  Event,
  {
    type:
      | 'HALT_RAISED'
      | 'HALT_REPEATED'
      | 'HALT_EXPIRED'
      | 'DECISION_SEEN'
      | 'DECISION_TAKEN'
      | 'DECISION_REFUSED';
  }
>;

function foldHalt(cycle: Cycle, event: HaltEvent): void {
  switch (event.type) {
    case 'HALT_RAISED': {
      const { open_task, ...halt } = event.data;
      invariant(!cycle.haltOpen, 'C3.F3', 'one halt waits at a time');
      // A cycle that was ending when its record could not be written is HALTED once more: it goes on from where it was.
      if (cycle.phase !== 'HALTED') cycle.interrupted = cycle.phase;
      move(cycle, 'HALT_RAISED');
      Object.assign(cycle, { halt, haltOpen: true, openTask: open_task, ownCause: null });
      Object.assign(cycle, { causes: [], violated: false, approvals: [] });
      cycle.halts += 1;
      return;
    }
    case 'HALT_EXPIRED':
      cycle.haltOpen = false;
      cycle.ended_by = {
        code: 'HALT_EXPIRED',
        detail: `nobody decided on ${cycle.halt?.code ?? 'the halt'} in time`,
      };
      return;
    case 'DECISION_SEEN': {
      const { halt_id: _, needed: __, ...decision } = event.data;
      invariant(cycle.haltOpen, 'C3.F3', 'a decision is seen on an open halt');
      cycle.approvals.push(decision);
      cycle.decisions.set(decision.decision_id, { text: textOf(event.data), refusal: null });
      return;
    }
    case 'DECISION_TAKEN': {
      const { halt_id: _, ...decision } = event.data;
      invariant(
        cycle.halt !== null && cycle.haltOpen,
        'C3.F3',
        'a decision is taken on an open halt',
      );
      cycle.halt = { ...cycle.halt, decision };
      cycle.haltOpen = false;
      cycle.decisions.set(decision.decision_id, { text: textOf(event.data), refusal: null });
      if (decision.choice === 'ABORT' || decision.choice === 'RESTART_FRESH') {
        cycle.ended_by = {
          code: cycle.halt.code,
          detail: `${cycle.halt.detail}: ${decision.choice} by ${decision.by}`,
        };
        return;
      }
      move(cycle, 'HALT_CLEARED');
      cycle.resumed_at = event.at;
      checkAge(cycle);
      return;
    }
    case 'DECISION_REFUSED': {
      const { decision, why, override } = event.data;
      const id = decision['decision_id'];
      if (typeof id !== 'string' || cycle.decisions.has(id)) return;
      cycle.decisions.set(id, { text: textOf(decision), refusal: { why, override } });
      return;
    }
    case 'HALT_REPEATED': {
      if (cycle.causes.length < CAUSES_MAX) cycle.causes.push(event.data.detail);
      if (cycle.halt?.scope !== 'harness') return;
      const { code = 'OPERATOR_HALT', detail } = event.data;
      cycle.ownCause ??= { code, detail, raisedBy: event.actor };
      return;
    }
  }
}

/** Of what a storm of halts says a card keeps this much. */
const CAUSES_MAX = 100;

/** What makes two decisions the same decision: all its texts, its signature, and what was asked for beyond them. */
export function textOf(decision: object): string {
  const fields = [...DECISION_TEXTS, 'signature', 'extra'];
  return JSON.stringify(
    fields.map((field) => (decision as Record<string, unknown>)[field] ?? null),
  );
}
