import {
  ActivityCancellationType,
  ActivityFailure,
  ApplicationFailure,
  isCancellation,
  TimeoutFailure,
} from '@temporalio/workflow';
import type { ActivityOptions, LocalActivityOptions } from '@temporalio/workflow';
import type { TaskFailed } from '../core/answers';
import type { PeopleTold } from '../core/notice';
import type { PlannedTask } from '../core/plan';
import { type Reason, type ReasonCode, REASONS } from '../core/reasons';
import { BOOKS_QUEUE } from '../core/start';

/** Longer than any pause of a live worker's loop (a 16 MiB bundle blocks it for under a second), short enough for R24. */
const HEARTBEAT_MS = 2_000;

/** R24: a lost worker's task is attempted again this often in all. */
const ATTEMPTS = 3;

/**
 * How long a skill's task may wait in its worker for a free process, on top of its own time: the worker counts `timeout_ms`
 * from the moment the skill starts.
 */
const SKILL_QUEUE_MS = 60_000;

const CONTRACT_FAILURES: readonly string[] = Object.keys(REASONS);

/**
 * The one place where a task's activity options are made. The worker ends a task at `timeout_ms` itself; the declared
 * start-to-close is the backstop behind it, above the heartbeat, so that a dead worker is told from a slow task (R24).
 */
export function taskOptions(
  task: PlannedTask,
  summary: string,
  freshForMs: number | null,
): ActivityOptions {
  return {
    activityId: task.task_id, // C4.I3, and what makes a swapped task visible to replay
    summary,
    startToCloseTimeout:
      Math.max(task.timeout_ms, HEARTBEAT_MS) +
      (task.skill === undefined ? HEARTBEAT_MS : SKILL_QUEUE_MS),
    heartbeatTimeout: HEARTBEAT_MS,
    // C3.P4: a task that no worker takes while the bundle is fresh does not start at all; the server's clock decides.
    ...(freshForMs === null ? {} : { scheduleToStartTimeout: Math.max(freshForMs, 1) }),
    // The activity id is taken until the worker has let go: only then may the task be attempted again (R32).
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: {
      initialInterval: 100,
      backoffCoefficient: 2,
      maximumAttempts: ATTEMPTS,
      nonRetryableErrorTypes: [
        ...CONTRACT_FAILURES,
        'TemporalTimeout:StartToClose',
        'PayloadsTooLarge',
      ],
    },
  };
}

const REFUSALS = ['HARNESS_ERROR', 'USAGE', 'TemporalTimeout:StartToClose'];

/**
 * What cannot be put on record is said at once, so an attempt is lost only with its worker. A frozen one is sent as many as it
 * had asked for: a machine that stood still for some seconds is no reason to halt the harness.
 */
const BOOK_ATTEMPTS = 100;

/** For the harness's own bookkeeping: longer than the store waits for a lock. */
const BOOKKEEPING: Pick<LocalActivityOptions, 'startToCloseTimeout' | 'retry'> = {
  startToCloseTimeout: 30_000,
  retry: {
    initialInterval: 100,
    maximumInterval: 5_000,
    maximumAttempts: BOOK_ATTEMPTS,
    nonRetryableErrorTypes: REFUSALS,
  },
};

export const CLOSING_OPTIONS: LocalActivityOptions = BOOKKEEPING;

export function bookOptions(summary: string): ActivityOptions {
  return { ...BOOKKEEPING, taskQueue: BOOKS_QUEUE, heartbeatTimeout: HEARTBEAT_MS, summary };
}

/** A registration runs the skill some times before it is accepted (SK-4): minutes, at the most. */
export function changeOptions(summary: string): ActivityOptions {
  const { retry } = BOOKKEEPING;
  return {
    ...bookOptions(summary),
    startToCloseTimeout: '5m',
    retry: {
      ...retry,
      maximumAttempts: ATTEMPTS,
      nonRetryableErrorTypes: [...REFUSALS, 'REFUSED'],
    },
  };
}

/** The reading of a source: it ends by itself long before that. Tried again only for a lost worker, or in the harness's own trouble. */
export function sourceOptions(summary: string): ActivityOptions {
  return {
    ...BOOKKEEPING,
    heartbeatTimeout: HEARTBEAT_MS,
    // It has no effect, so nobody waits for its worker to let go.
    cancellationType: ActivityCancellationType.TRY_CANCEL,
    summary,
  };
}

/** About ten minutes of attempts, each sink for itself; time in which no worker runs does not count. */
export function noticeOptions(sink: string, kind: string, activityId: string): ActivityOptions {
  return {
    activityId,
    taskQueue: BOOKS_QUEUE,
    summary: `${kind === 'ENDED' ? 'tell of the end' : kind.toLowerCase()}: ${sink.slice(0, 100)}`,
    startToCloseTimeout: '15s',
    heartbeatTimeout: HEARTBEAT_MS,
    retry: {
      initialInterval: '1s',
      backoffCoefficient: 2,
      maximumInterval: '30s',
      maximumAttempts: 24,
      nonRetryableErrorTypes: ['SINK_GONE'],
    },
  };
}

/** How an activity ended, other than well. */
export type TaskFailure =
  /** `failed`: what a skill's run left behind and did against the contract; null when there was no answer to tell. */
  | { readonly kind: 'FAILED'; readonly reason: Reason; readonly failed: TaskFailed | null }
  /** C3.P5: it may not be invoked any more. */
  | { readonly kind: 'BARRED'; readonly reason: Reason }
  | { readonly kind: 'HARNESS_ERROR'; readonly detail: string }
  /** The start itself is refused: this run has no place in the record. */
  | { readonly kind: 'REFUSED'; readonly detail: string }
  /** The gate: the whole harness is halted. */
  | { readonly kind: 'LATCHED'; readonly detail: string; readonly begun: boolean }
  /** Stopped by a halt or a cancellation, or never started on a fresh bundle: it may be attempted again. */
  | { readonly kind: 'STOPPED'; readonly because: string };

/** `stopped`: the task had been told to stop. A worker that is lost then is not tried again by Temporal, and is no failure (R32). */
export function failureOf(error: unknown, stopped = false): TaskFailure {
  return failureIn(error, stopped, ATTEMPTS);
}

/** How the harness's own bookkeeping ended, other than well. */
export function bookFailureOf(error: unknown, stopped = false): TaskFailure {
  return failureIn(error, stopped, BOOK_ATTEMPTS);
}

/** In words for people. */
export function detailOf(failure: TaskFailure): string {
  if (failure.kind === 'FAILED' || failure.kind === 'BARRED') return failure.reason.detail;
  return failure.kind === 'STOPPED' ? failure.because : failure.detail;
}

function failureIn(error: unknown, stopped: boolean, attempts: number): TaskFailure {
  if (isCancellation(error)) return { kind: 'STOPPED', because: 'a halt or a cancellation cut in' };
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof TimeoutFailure) {
    return stopped
      ? { kind: 'STOPPED', because: 'a halt or a cancellation cut in, and its worker was lost' }
      : timeoutOf(cause, attempts);
  }
  if (!(cause instanceof ApplicationFailure))
    return { kind: 'HARNESS_ERROR', detail: String(cause ?? error) };
  const type = cause.type ?? '';
  if (type === 'USAGE') return { kind: 'REFUSED', detail: cause.message };
  if (type === 'HARNESS_HALTED')
    return { kind: 'LATCHED', detail: cause.message, begun: !isNotBegun(cause) };
  if (type === 'STATE_STALE') return { kind: 'STOPPED', because: cause.message };
  if (type === 'HARNESS_ERROR' || !isReasonCode(type))
    return { kind: 'HARNESS_ERROR', detail: cause.message };
  const reason: Reason = { code: type, detail: cause.message };
  if (type === 'SKILL_NOT_INVOCABLE' || type === 'SKILL_UNREGISTERED')
    return { kind: 'BARRED', reason };
  return { kind: 'FAILED', reason, failed: failedIn(cause) };
}

/** It was refused before its start was on record. */
function isNotBegun({ details }: ApplicationFailure): boolean {
  const [told] = details ?? [];
  return typeof told === 'object' && told !== null && 'begun' in told && told.begun === false;
}

function failedIn({ details }: ApplicationFailure): TaskFailed | null {
  const [failed] = details ?? [];
  const told = typeof failed === 'object' && failed !== null && 'violations' in failed;
  return told ? (failed as TaskFailed) : null;
}

/** What a worker that could not write the record has told along with the trouble. */
export function peopleIn(error: unknown): PeopleTold | null {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (!(cause instanceof ApplicationFailure)) return null;
  const [told] = cause.details ?? [];
  if (typeof told !== 'object' || told === null || !('people' in told)) return null;
  return told.people as PeopleTold;
}

function timeoutOf(timeout: TimeoutFailure, attempts: number): TaskFailure {
  switch (timeout.timeoutType) {
    case 'SCHEDULE_TO_START':
      return { kind: 'STOPPED', because: 'no worker took the task while the bundle was fresh' };
    case 'HEARTBEAT':
      return {
        kind: 'FAILED',
        reason: { code: 'WORKER_LOST', detail: `its worker was lost ${attempts} times` },
        failed: null,
      };
    default:
      return {
        kind: 'FAILED',
        reason: { code: 'TIMEOUT', detail: 'it did not end, and its worker did not stop it' },
        failed: null,
      };
  }
}

function isReasonCode(type: string): type is ReasonCode {
  return Object.hasOwn(REASONS, type);
}
