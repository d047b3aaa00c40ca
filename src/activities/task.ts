import { ApplicationFailure, CancelledFailure, Context } from '@temporalio/activity';
import type { TaskDone } from '../core/answers';
import type { AuditHead } from '../core/entry';
import { codeOf, messageOf } from '../core/invariant';
import { parseInstant } from '../core/time';
import type { TaskCall } from './contract';
import type { Dependencies } from './dependencies';
import { appendEntries } from './opening';

/** A task's body has until its declared time. What it does for good it does behind `commit`, and that then counts. */
export interface TimeLimit {
  /**
   * @throws TIMEOUT when the time is up, CancelledFailure when a halt or a cancellation has cut in, HARNESS_HALTED when the
   *   latch was set meanwhile: nothing is emitted after `halt --all` has returned
   */
  commit(): Promise<void>;
}

type Done<T extends TaskDone> = Omit<T, 'attempt' | 'audit'> & { audit?: AuditHead };

type Body<T extends TaskDone> = (limit: TimeLimit, audit: AuditHead) => Promise<Done<T>>;

/**
 * What every task has around its body: a heartbeat, so that a lost worker is told from a slow task (R24); the pending audit
 * entries made durable before the body; the last check of staleness (C3.P4); and the time limit (C3.F4).
 */
export function runTask<T extends TaskDone>(
  deps: Dependencies,
  call: TaskCall,
  body: Body<T>,
): Promise<T> {
  return frameTask<T>(deps, call, (audit, cancelled) =>
    withinTime(deps, call, cancelled, (limit) => body(limit, audit)),
  );
}

/** The same for a body that keeps its own time, and heeds `cancelled`: a skill's, which waits for a process first. */
export async function frameTask<T extends TaskDone>(
  deps: Dependencies,
  call: TaskCall,
  body: (audit: AuditHead, cancelled: AbortSignal) => Promise<Done<T>>,
): Promise<T> {
  const { info, cancellationSignal } = Context.current();
  const begunMs = Date.now();
  let code: string | null = null;
  try {
    return await beating(async () => {
      // Refused before its start is written, a task has not started at all. An attempt before this one may have written it.
      if (info.attempt === 1) await refuseLatched(deps, false);
      const audit = await appendEntries(deps.store, call.cycle_id, call.entries);
      refuseStale(call, info.currentAttemptScheduledTimestampMs);
      await refuseLatched(deps);
      await deps.checkpoint?.('before', call.task.name);
      const done = await body(audit, cancellationSignal);
      await deps.checkpoint?.('after', call.task.name);
      return { audit, ...done, attempt: info.attempt } as unknown as T;
    });
  } catch (error) {
    const failure = asFailure(error);
    code = failure instanceof ApplicationFailure ? (failure.type ?? 'HARNESS_ERROR') : 'CANCELLED';
    throw failure;
  } finally {
    const { scheduledTimestampMs, workflowExecution, activityType, attempt } = info;
    deps.watch?.taskRan({
      cycleId: call.cycle_id,
      runId: workflowExecution?.runId ?? '',
      task: call.task.name,
      activityType,
      attempt,
      seconds: (Date.now() - scheduledTimestampMs) / 1_000,
      waited: (begunMs - scheduledTimestampMs) / 1_000,
      code,
    });
  }
}

/** Heartbeats while `work` runs: how the server tells a lost worker (R24), and how a cancellation gets here. */
export async function beating<T>(work: () => Promise<T>): Promise<T> {
  const context = Context.current();
  const everyMs = (context.info.heartbeatTimeoutMs ?? 2_000) / 2;
  const pump = setInterval(() => context.heartbeat(), everyMs);
  try {
    return await work();
  } finally {
    clearInterval(pump);
  }
}

/**
 * C3.F3, the gate. The task's start is on record, then the latch is read, then the body runs: a task either is refused here, or
 * whoever sets the latch finds it among those in flight. Nothing lies between.
 */
export async function refuseLatched({ store }: Dependencies, begun = true): Promise<void> {
  const { halt } = await store.latch.now();
  if (halt === null) return;
  throw ApplicationFailure.create({
    message: `the whole harness is halted by ${halt.raised_by}: ${halt.detail}`,
    type: 'HARNESS_HALTED',
    nonRetryable: true,
    details: [{ begun }],
  });
}

/** The server's clock at this attempt's scheduling, never this worker's (R4). */
function refuseStale(call: TaskCall, scheduledMs: number): void {
  const until = call.fresh_until === null ? null : parseInstant(call.fresh_until);
  if (until === null || scheduledMs <= until) return;
  throw ApplicationFailure.nonRetryable(
    `this attempt was scheduled after the bundle went stale at ${call.fresh_until}`,
    'STATE_STALE',
  );
}

async function withinTime<T>(
  deps: Dependencies,
  call: TaskCall,
  cancelled: AbortSignal,
  body: (limit: TimeLimit) => Promise<T>,
): Promise<T> {
  const limitMs = call.task.timeout_ms;
  const startedMs = performance.now();
  const timeout = (): ApplicationFailure =>
    ApplicationFailure.nonRetryable(`it took longer than its ${limitMs} ms`, 'TIMEOUT');
  let committed = false;
  const assertInTime = (): void => {
    if (committed) return;
    if (performance.now() - startedMs > limitMs) throw timeout();
    if (cancelled.aborted) throw new CancelledFailure('a halt or a cancellation cut in');
  };
  const limit: TimeLimit = {
    async commit() {
      await refuseLatched(deps);
      assertInTime();
      committed = true;
    },
  };
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => committed || reject(timeout()), limitMs);
  });
  try {
    const done = await Promise.race([body(limit), late]);
    assertInTime(); // a body that never yields keeps the timer from firing
    return done;
  } finally {
    clearTimeout(timer);
  }
}

/** Two kinds of error reach Temporal: the contract's, by their code, and HARNESS_ERROR for everything that is our own. */
export function asFailure(error: unknown): Error {
  if (error instanceof ApplicationFailure || error instanceof CancelledFailure) return error;
  const code = codeOf(error);
  const what =
    code === undefined || code === 'HARNESS_ERROR'
      ? messageOf(error)
      : `${code}: ${messageOf(error)}`;
  return ApplicationFailure.create({
    message: what,
    type: 'HARNESS_ERROR',
    nonRetryable: true,
    ...(error instanceof Error ? { cause: error } : {}),
  });
}
