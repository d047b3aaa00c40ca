import { type Cycle, inputHashOf, type TaskState } from './cycle';
import { type Event, event } from './events';
import { countOf } from './json';
import {
  capReasons,
  type CycleOutcome,
  OUTCOMES,
  type Reason,
  type ReasonCode,
  REASONS,
} from './reasons';

/** FINALIZE (CA): what is still open is skipped with the reason that ended the cycle, and the one outcome is given. */
export function endOf(cycle: Cycle, now: string): Event[] {
  const because = endingReason(cycle);
  const open = cycle.planned ? cycle.tasks.filter((task) => task.status !== 'ENDED') : [];
  const skips = open.map((task) => {
    const reason = because ?? { code: 'CANCELLED' as const, detail: 'the cycle ended' };
    const data = {
      task_id: task.planned.task_id,
      reason,
      snapshot: inputHashOf(cycle),
      spreads: null,
    };
    return event('TASK_SKIPPED', REASONS[reason.code], now, data, { task: task.planned.name });
  });
  const outcome = outcomeOf(cycle);
  const reasons = capReasons([
    ...cycle.reasons,
    ...degradations(cycle),
    ...(cycle.ended_by ? [cycle.ended_by] : []),
  ]);
  const summary = summaryOf(cycle, outcome, reasons);
  return [...skips, event('CYCLE_ENDED', 'CA', now, { outcome, summary, reasons })];
}

function endingReason(cycle: Cycle): Reason | null {
  if (cycle.ended_by) return cycle.ended_by;
  return cycle.reasons.find((reason) => reason.code === 'CANCELLED') ?? null;
}

/** Exactly one outcome: the strongest of those that apply (readings, "Cycle outcomes"). */
export function outcomeOf(cycle: Cycle): CycleOutcome {
  const verdict = cycle.verdict;
  const applies: Partial<Record<CycleOutcome, boolean>> = {
    HALTED: verdict?.verdict === 'HALT' || cycle.refused || cycle.ended_by !== null,
    REJECTED: verdict?.verdict === 'REJECT' || cycle.stale,
    CANCELLED: cycle.cancelled,
    DEGRADED: verdict?.low_confidence === true || degradations(cycle).length > 0,
    SKIPPED: verdict?.no_beliefs === true || cycle.gate === 'CLOSED',
  };
  return OUTCOMES.find((outcome) => applies[outcome]) ?? 'COMPLETED';
}

const CANNOT_RUN = new Set(['DEPENDENCY_FAILED', 'SKILL_UNREGISTERED', 'SKILL_NOT_INVOCABLE']);

/** C3.F2, R20: a critical task that failed or could not run. */
function degradations(cycle: Cycle): Reason[] {
  return cycle.tasks.flatMap((task): Reason[] => {
    if (!task.planned.critical || task.reason === null) return [];
    const { code, detail } = task.reason;
    if (task.outcome === 'FAILED')
      return [{ code, detail: `critical task ${task.planned.name} FAILED: ${detail}` }];
    if (!CANNOT_RUN.has(code)) return [];
    return [{ code, detail: `critical task ${task.planned.name} could not run: ${detail}` }];
  });
}

/** What only one outcome comes of; every other code can end a cycle HALTED, or degrade it. */
const COMES_OF: Partial<Record<ReasonCode, CycleOutcome>> = {
  STATE_STALE: 'REJECTED',
  STATE_FROM_FUTURE: 'REJECTED',
  CANCELLED: 'CANCELLED',
  CONFIDENCE_TOO_LOW: 'DEGRADED',
  NO_BELIEFS: 'SKIPPED',
  REGIME_GATE: 'SKIPPED',
  FACTOR_BYPASSED: 'COMPLETED',
};

/** The reason that the outcome came of; none of COMPLETED. */
export function tellingReason(
  cycle: Cycle,
  outcome: CycleOutcome,
  reasons: readonly Reason[],
): Reason | undefined {
  if (outcome === 'COMPLETED') return undefined;
  return cycle.ended_by ?? reasons.find(({ code }) => (COMES_OF[code] ?? outcome) === outcome);
}

/** One plain sentence: what became of the cycle, for someone who reads nothing else. */
function summaryOf(cycle: Cycle, outcome: CycleOutcome, reasons: readonly Reason[]): string {
  const lead: Record<CycleOutcome, string> = {
    HALTED: 'Nothing went on',
    REJECTED: 'Refused to execute on this state',
    CANCELLED: 'Cancelled by an operator',
    DEGRADED: 'Ran with reduced scope',
    SKIPPED: 'Clean exit, nothing to do',
    COMPLETED: 'All tasks are done',
  };
  const telling = tellingReason(cycle, outcome, reasons);
  const why = telling === undefined ? '' : `: ${telling.code}, ${telling.detail}`;
  return `${lead[outcome]}${why}. ${countsOf(cycle)}`;
}

function countsOf(cycle: Cycle): string {
  const tasks = cycle.planned ? cycle.tasks : [];
  if (tasks.length === 0) return 'No graph was built.';
  const count = (outcome: TaskState['outcome']): number =>
    tasks.filter((task) => task.outcome === outcome).length;
  const actions = countOf(cycle.lists.actions);
  const open = tasks.filter((task) => task.status !== 'ENDED').length;
  const parts = [
    `${count('SUCCESS')} succeeded`,
    `${count('SKIPPED') + open} skipped`,
    `${count('FAILED')} failed`,
  ];
  return `Of ${tasks.length} tasks ${parts.join(', ')}; ${actions} ${actions === 1 ? 'action' : 'actions'}.`;
}
