import type { GraphAnswer, TaskDone, TaskFailed, ValidateDone } from './answers';
import type { Clause } from './clauses';
import type { Cycle, TaskState } from './cycle';
import { type Event, event, type TaskLeft } from './events';
import { skillViolationEvents, violationEvent } from './halts';
import { type Reason, REASONS } from './reasons';
import { type CycleInput, HARNESS_VERSION } from './start';
import type { TickInput } from './tick';

/** What goes on record for each thing that the workflow sees. */

export function openingEvent(
  input: CycleInput,
  workflow: { readonly workflowId: string; readonly runId: string },
  now: string,
): Event {
  return event('CYCLE_OPENED', 'CA', now, {
    cycle_id: input.cycle_id,
    workflow_id: workflow.workflowId,
    run_id: workflow.runId,
    mode: input.mode,
    input_hash: input.input_hash,
    graph_hash: input.graph_hash,
    policy_hash: input.policy_hash,
    evaluated_at: now, // R4: read once, here
    policy: input.policy, // R6: echoed
    harness: HARNESS_VERSION,
    first_task: input.first_task,
    restarts: input.restarts ?? null,
    ...(input.tick === undefined ? {} : { tick: input.tick }),
  });
}

/** A scheduled cycle whose source gave no bundle. `failed` null: it was cancelled while it was read. */
export function sourcelessEvents(
  tick: TickInput,
  cycle: { readonly cycle_id: string; readonly nominal_time: string },
  workflow: { readonly workflowId: string; readonly runId: string },
  failed: string | null,
  now: string,
): Event[] {
  const { schedule, source, mode, graph_hash, policy_hash, policy } = tick;
  const { cycle_id, nominal_time } = cycle;
  const opened = event('CYCLE_OPENED', 'CA', now, {
    cycle_id,
    workflow_id: workflow.workflowId,
    run_id: workflow.runId,
    mode,
    input_hash: null,
    graph_hash,
    policy_hash,
    evaluated_at: now,
    policy,
    harness: HARNESS_VERSION,
    first_task: null,
    restarts: null,
    tick: { schedule, nominal_time, source },
  });
  if (failed === null) return [opened];
  return [opened, event('SOURCE_FAILED', REASONS.SOURCE_FAILED, now, { detail: failed })];
}

export function startedEvent({ planned }: TaskState, now: string): Event {
  const { name, task_id, task_type, skill_ref, skill } = planned;
  const data = { task_id, task_type, skill_ref, ...(skill === undefined ? {} : { skill }) };
  return event('TASK_STARTED', 'C4.O', now, data, { task: name });
}

/** SUCCESS; for T1 also its verdict, which decides whether a graph is built (C6.T1). */
export function endedEvents(
  { planned }: TaskState,
  done: TaskDone | ValidateDone,
  now: string,
): Event[] {
  const { output, attempt, lists, left } = done;
  const data = {
    task_id: planned.task_id,
    outcome: 'SUCCESS' as const,
    reason: null,
    output,
    attempt,
    ...(lists === undefined ? {} : { lists }),
    ...(left === undefined ? {} : { left }),
  };
  const ended = event('TASK_ENDED', clauseOf(planned.task_type), now, data, { task: planned.name });
  if (!('verdict' in done)) return [ended];
  const overrides = done.verdict.findings.filter(({ code }) => code === 'OVERRIDE_ATTEMPT');
  return [
    ended,
    event('STATE_JUDGED', 'C6.T1', now, done.verdict, { task: planned.name }),
    ...overrides.map(({ detail }) => violationEvent('OVERRIDE_ATTEMPT', detail, now)),
  ];
}

/** C3.F1, C3.F4; of a skill also what it did against the contract, which may halt the cycle (C7.V1–V5). */
export function failedEvents(
  cycle: Cycle,
  { planned }: TaskState,
  reason: Reason,
  failed: TaskFailed | null,
  now: string,
): Event[] {
  const data = {
    task_id: planned.task_id,
    outcome: 'FAILED' as const,
    reason,
    output: null,
    attempt: null,
    ...(failed === null ? {} : { left: failed.left }),
  };
  const ended = event('TASK_ENDED', REASONS[reason.code], now, data, { task: planned.name });
  if (failed === null) return [ended];
  const { violations, halt } = skillViolationEvents(cycle, failed.violations, planned.name, now);
  return [...violations, ended, ...halt];
}

/** R32: stopped, not FAILED. */
export function stoppedEvents(
  { planned }: TaskState,
  because: string,
  now: string,
  left?: TaskLeft,
): Event[] {
  const data = { task_id: planned.task_id, because, ...(left === undefined ? {} : { left }) };
  return [event('TASK_STOPPED', 'C3.F3', now, data, { task: planned.name })];
}

/** C3.P5: its skill may not be invoked any more; the engine then skips it for that reason. */
export function barredEvents({ planned }: TaskState, barred: Reason, now: string): Event[] {
  const data = { task_id: planned.task_id, because: barred.detail, barred };
  return [event('TASK_STOPPED', 'C3.P5', now, data, { task: planned.name })];
}

/** C4.I1; a graph that goes round the gate is also a violation (R26, C5.O). */
export function graphEvents(answer: GraphAnswer, now: string): Event[] {
  if (answer.built) return [event('GRAPH_BUILT', 'C4.I1', now, answer.plan)];
  const { problems, override } = answer;
  const refused = event('GRAPH_REFUSED', 'C3.D3', now, { problems, override });
  if (!override) return [refused];
  return [
    refused,
    violationEvent('GRAPH_INVALID', problems.map(({ detail }) => detail).join('; '), now),
  ];
}

const CLAUSE_OF: Readonly<Record<string, Clause>> = {
  validate_state: 'C6.T1',
  check_regime: 'C6.T2',
  filter_beliefs: 'C6.T3',
  emit_actions: 'C6.T4',
};

function clauseOf(taskType: string): Clause {
  return CLAUSE_OF[taskType] ?? 'C3.O';
}
