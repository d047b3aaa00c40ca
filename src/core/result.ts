import { type Cycle, namesOf, openedOf, type TaskState } from './cycle';
import type { AuditHead } from './entry';
import type { Halt, Output, TaskLeft, Violation } from './events';
import type { Listed, Sha256 } from './json';
import type { HarnessPhase } from './phases';
import { capReasons, type CycleOutcome, type Reason, type TaskOutcome } from './reasons';

/**
 * The cycle result of the public interface, with long lists as references: what the query `cycle` answers and the workflow
 * returns. It begins with the outcome and one plain sentence, since that is what the Web UI shows first.
 */
export interface CycleResult {
  readonly outcome: CycleOutcome | null;
  readonly summary: string;
  readonly phase: HarnessPhase;
  readonly cycle_id: string;
  readonly workflow_id: string;
  readonly run_id: string;
  readonly mode: 'shadow';
  readonly deduplicated: boolean;
  readonly reasons: readonly Reason[];
  readonly input_hash: Sha256 | null;
  readonly graph_hash: Sha256;
  readonly plan_hash: Sha256 | null;
  readonly policy_hash: Sha256;
  readonly evaluated_at: string;
  readonly tasks: readonly TaskResult[];
  readonly actions: Listed;
  readonly beliefs_removed: Listed;
  readonly violations: readonly Violation[];
  readonly halt: Halt | null;
  readonly audit: { readonly entries: number; readonly head: Sha256 | null };
}

export interface TaskResult {
  readonly name: string;
  readonly task_id: string;
  readonly task_type: string;
  readonly skill_ref: string;
  readonly outcome: TaskOutcome | null;
  readonly reason: Reason | null;
  readonly output: Output;
  readonly started_at: string | null;
  readonly ended_at: string | null;
  /** Of a skill's task: the level of its isolation, and the receipts of its effects. */
  readonly isolation?: TaskLeft['isolation'];
  readonly effects?: TaskLeft['effects'];
  /** R28: it ran on a version that is deprecated. */
  readonly deprecated?: true;
}

export function resultOf(cycle: Cycle, runId: string, audit: AuditHead): CycleResult {
  const opened = openedOf(cycle);
  return {
    outcome: cycle.outcome,
    summary: cycle.summary ?? progressOf(cycle),
    phase: cycle.phase,
    cycle_id: opened.cycle_id,
    workflow_id: opened.workflow_id,
    run_id: runId,
    mode: opened.mode,
    deduplicated: false,
    reasons: capReasons(cycle.reasons),
    input_hash: opened.input_hash,
    graph_hash: opened.graph_hash,
    plan_hash: cycle.plan_hash,
    policy_hash: opened.policy_hash,
    evaluated_at: opened.evaluated_at,
    tasks: cycle.planned ? cycle.tasks.map(taskResult) : [],
    actions: cycle.lists.actions ?? [],
    beliefs_removed: cycle.lists.beliefs_removed ?? [],
    violations: cycle.violations,
    halt: cycle.halt,
    audit: { entries: audit.entries, head: audit.head },
  };
}

function taskResult(task: TaskState): TaskResult {
  const { name, task_id, task_type, skill_ref } = task.planned;
  return {
    name,
    task_id,
    task_type,
    skill_ref,
    outcome: task.outcome,
    reason: task.reason,
    output: task.output,
    started_at: task.started_at,
    ended_at: task.ended_at,
    ...task.left,
    ...(task.planned.skill?.state === 'DEPRECATED' ? { deprecated: true as const } : {}),
  };
}

/** The one plain sentence of a cycle that has not ended. */
export function progressOf(cycle: Cycle): string {
  if (cycle.haltOpen && cycle.halt) {
    const { code, detail, raised_by, choices, expires_at } = cycle.halt;
    const until =
      expires_at === null ? 'it does not expire' : `it expires ${expires_at} and then aborts`;
    return `HALTED by ${raised_by}, ${code}: ${detail}. A human decides: ${choices.join(', ')}; ${until}.`;
  }
  const running = cycle.tasks.filter((task) => task.status === 'RUNNING');
  const done = cycle.planned ? cycle.tasks.filter((task) => task.status === 'ENDED').length : 0;
  const what = running.length > 0 ? `${namesOf(running)} running` : 'between tasks';
  return `${cycle.phase}: ${done} of ${cycle.planned ? cycle.tasks.length : '?'} tasks done, ${what}.`;
}

/** Well under the 2 MiB that Temporal carries, whatever the encoding: characters of JSON. */
const RESULT_CHARS_MAX = 600_000;

/** Long enough for every hash and id; a thousand tasks with texts of this length fit. */
const BRIEF_CHARS_MAX = 80;

/** What the query answers and the workflow returns always fits: outputs go first, then long texts; the store has it whole. */
export function fitting(result: CycleResult): CycleResult {
  if (JSON.stringify(result).length <= RESULT_CHARS_MAX) return result;
  const tasks = result.tasks.map((task) => ({ ...task, output: null }));
  const smaller = { ...result, tasks, violations: result.violations.slice(0, 20) };
  if (JSON.stringify(smaller).length <= RESULT_CHARS_MAX) return smaller;
  const brief = JSON.stringify(smaller, (_, value: unknown) =>
    typeof value === 'string' && value.length > BRIEF_CHARS_MAX
      ? `${value.slice(0, BRIEF_CHARS_MAX - 1)}…`
      : value,
  );
  return JSON.parse(brief) as CycleResult;
}
