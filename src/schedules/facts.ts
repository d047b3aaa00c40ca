import {
  type Client,
  type ScheduleDescription,
  ScheduleNotFoundError,
  WorkflowNotFoundError,
} from '@temporalio/client';
import type { Counters } from '../core/balance';
import { nominalOf } from '../core/nominal';
import type { Setup } from '../core/schedule';
import { EXECUTION_CYCLE } from '../core/start';
import { isTickInput, type TickInput, tickWorkflowPrefix } from '../core/tick';
import { formatInstant, parseInstant } from '../core/time';

/** What Temporal tells of one of the harness's schedules. */
export interface ScheduleFacts {
  readonly created_at: string;
  /** When it was set up as it is now, and by whom. */
  readonly setup: Setup;
  readonly set_by: string;
  readonly input: TickInput;
  readonly paused: boolean;
  readonly note: string;
  /** The first nominal time that the server has not dealt with yet; null: there is none any more. */
  readonly nextMs: number | null;
  readonly next_times: readonly string[];
  /** The last cycles that it started. */
  readonly started: ReadonlyMap<number, Started>;
  /** Workflow ids. */
  readonly running: ReadonlySet<string>;
  readonly counters: Counters;
  /** When the server had told this: epoch milliseconds. */
  readonly readMs: number;
}

export interface Started {
  readonly nominal_time: string;
  readonly workflow_id: string;
  readonly taken_at: string;
}

/** null: the server has no such schedule, or one that is not the harness's. */
export async function readFacts(client: Client, name: string): Promise<ScheduleFacts | null> {
  try {
    const described = await client.schedule.getHandle(name).describe();
    return factsIn(described, Date.now());
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return null;
    throw error;
  }
}

function factsIn(described: ScheduleDescription, readMs: number): ScheduleFacts | null {
  const { scheduleId, action, info, spec, policies, state } = described;
  const input: unknown = action.args?.[0];
  if (action.workflowType !== EXECUTION_CYCLE || !isTickInput(input)) return null;
  const every_ms = spec.intervals?.[0]?.every ?? 0;
  if (input.schedule !== scheduleId || !(every_ms > 0)) return null;
  const created_at = formatInstant(info.createdAt.getTime());
  const { source, mode, graph_hash, policy_hash, set_by } = input;
  const next = info.nextActionTimes[0]?.getTime();
  return {
    created_at,
    setup: {
      schedule: scheduleId,
      since:
        info.lastUpdatedAt === undefined ? created_at : formatInstant(info.lastUpdatedAt.getTime()),
      every_ms,
      jitter_ms: spec.jitter ?? 0,
      source,
      mode,
      graph_hash,
      policy_hash,
      catchup_window_ms: policies.catchupWindow,
    },
    set_by,
    input,
    paused: state.paused,
    note: state.note ?? '',
    nextMs: next === undefined ? null : nominalOf(every_ms, next),
    next_times: info.nextActionTimes.slice(0, 5).map((time) => formatInstant(time.getTime())),
    started: startedIn(described),
    running: new Set(info.runningActions.map(({ workflow }) => workflow.workflowId)),
    counters: {
      taken: info.numActionsTaken,
      skipped_overlap: info.numActionsSkippedOverlap,
      missed_catchup_window: info.numActionsMissedCatchupWindow,
    },
    readMs,
  };
}

/** By nominal time: with jitter the server names the instant, but its workflow id ends with the nominal time. */
function startedIn({ scheduleId, info }: ScheduleDescription): Map<number, Started> {
  const prefix = `${tickWorkflowPrefix(scheduleId)}-`;
  const known = info.recentActions.flatMap(({ takenAt, action }): [number, Started][] => {
    const workflow_id = action.workflow.workflowId;
    const nominal_time = workflow_id.slice(prefix.length);
    const ms = workflow_id.startsWith(prefix) ? parseInstant(nominal_time) : null;
    if (ms === null) return [];
    return [[ms, { nominal_time, workflow_id, taken_at: formatInstant(takenAt.getTime()) }]];
  });
  return new Map(known);
}

/** When the workflow was closed: epoch milliseconds; null while it is open; undefined when the server does not know it. */
export async function closedAt(
  client: Client,
  workflowId: string,
): Promise<number | null | undefined> {
  try {
    const { status, closeTime } = await client.workflow.getHandle(workflowId).describe();
    if (status.name === 'RUNNING') return null;
    return closeTime?.getTime();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
