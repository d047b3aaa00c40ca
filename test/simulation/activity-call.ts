import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  type RetryPolicy,
  RetryState,
  TimeoutFailure,
  type TimeoutType,
} from '@temporalio/common';
import { plain } from './plain';
import type { Scheduler } from './scheduler';
import { attempting } from './temporal-activity';
import type { WorkflowHost } from './workflow-host';

/** What may befall one attempt of an activity. FROZEN: its worker stops, is given up, and comes back later. */
export type Fate = 'WELL' | 'LOST_BEFORE' | 'LOST_AFTER' | 'LOST_WITHIN' | 'FROZEN' | 'TWICE';

/** What surrounds a workflow: the worker's activities, and chance. */
export interface Surroundings {
  readonly scheduler: Scheduler;
  readonly activities: Readonly<Record<string, (...args: never[]) => Promise<unknown>>>;
  fateOf(local: boolean): Fate;
  /** How long an attempt waits for a worker, in ms. */
  queueMs(type: string, local: boolean): number;
  isTask(type: string): boolean;
  /** A task's body is about to begin. */
  begins(type: string): void;
  breach(what: string): void;
}

/** As much of an activity's options as is heeded. */
export interface Options {
  readonly activityId?: string;
  readonly cancellationType?: string;
  readonly scheduleToStartTimeout?: number;
  readonly heartbeatTimeout?: number;
  readonly retry?: RetryPolicy;
}

/** One activity of a workflow: its attempts, until one of them counts. */
export class Call {
  readonly result: Promise<unknown>;
  private settle: { resolve(value: unknown): void; reject(error: Error): void } | null = null;
  private running: AbortController | null = null;
  private cancelled = false;
  private over = false;
  private readonly around: Surroundings;
  private readonly host: WorkflowHost;
  private readonly type: string;
  private readonly args: unknown[];
  private readonly options: Options;
  private readonly local: boolean;

  constructor(
    around: Surroundings,
    host: WorkflowHost,
    type: string,
    args: unknown[],
    options: Options,
    local: boolean,
  ) {
    this.around = around;
    this.host = host;
    this.type = type;
    this.args = args;
    this.options = options;
    this.local = local;
    this.result = new Promise((resolve, reject) => (this.settle = { resolve, reject }));
    void this.attempt(1);
  }

  cancel(): void {
    if (this.cancelled || this.over) return;
    this.cancelled = true;
    // What waits for a worker, or for its next attempt, is cancelled by the server itself.
    if (this.running === null || this.options.cancellationType === 'TRY_CANCEL')
      return this.fail(new CancelledFailure('cancelled'));
    const { running } = this;
    const { scheduler } = this.around;
    scheduler.after(scheduler.chance.below(1_500), () => running.abort());
  }

  private async attempt(n: number): Promise<void> {
    const { around, options, type } = this;
    const { scheduler } = around;
    const scheduledMs = scheduler.nowMs;
    const waits = around.queueMs(type, this.local);
    const limit = options.scheduleToStartTimeout ?? Number.POSITIVE_INFINITY;
    await new Promise<void>((resolve) => scheduler.after(Math.min(waits, limit), resolve));
    // Of a workflow that was cut off the server hands nothing out any more.
    if (this.over || this.host.terminated) return;
    if (waits >= limit) return this.fail(timeout('SCHEDULE_TO_START'));
    const fate = around.fateOf(this.local);
    const controller = new AbortController();
    this.running = controller;
    if (fate === 'LOST_BEFORE') return this.lost(n);
    const body = this.body(n, fate, scheduledMs, controller);
    if (fate === 'TWICE') {
      // Its worker had it done, and died before it could say so.
      await body().catch(() => undefined);
      return this.lost(n);
    }
    const frozen = fate === 'FROZEN' || fate === 'LOST_WITHIN' || fate === 'LOST_AFTER';
    if (frozen) this.lost(n);
    // A task's own gates hold it up where it is frozen (`at`); what has none comes back from wherever it was.
    if (fate === 'FROZEN' && !around.isTask(type)) await scheduler.pause(30_000);
    await body().then(
      (value) => frozen || this.done(value),
      (error: unknown) => frozen || this.failed(n, error),
    );
  }

  private body(n: number, fate: Fate, scheduledMs: number, controller: AbortController) {
    const { around, host, options, type } = this;
    const activity = around.activities[type] ?? around.activities['default'];
    if (activity === undefined) throw new Error(`no activity ${type}`);
    const attempt = {
      info: {
        attempt: n,
        workflowExecution: { workflowId: host.info.workflowId, runId: host.info.runId },
        currentAttemptScheduledTimestampMs: scheduledMs,
        heartbeatTimeoutMs: options.heartbeatTimeout ?? 2_000,
      },
      cancellationSignal: controller.signal,
      at: async (point: 'before' | 'after') => {
        if (point === 'before' && around.isTask(type)) around.begins(type);
        if (fate === 'LOST_WITHIN' && point === 'before') throw new Error('the worker is gone');
        if (fate === 'LOST_AFTER' && point === 'after') throw new Error('the worker is gone');
        if (fate === 'FROZEN' && point === 'before') await around.scheduler.pause(30_000);
      },
      heartbeat: () => undefined,
    };
    const args = plain(this.args) as never[];
    return async () => plain(await attempting(attempt, () => activity(...args)));
  }

  /** Its heartbeat stops, and the server notices. */
  private lost(n: number): void {
    this.around.scheduler.after(2_000, () => {
      if (this.over) return;
      if (this.cancelled) return this.fail(timeout('HEARTBEAT'));
      this.again(n, timeout('HEARTBEAT'));
    });
  }

  private failed(n: number, error: unknown): void {
    if (this.over) return;
    if (error instanceof CancelledFailure) return this.fail(error);
    const told = error instanceof ApplicationFailure ? error : asApplication(error);
    const fatal = this.options.retry?.nonRetryableErrorTypes ?? [];
    if (told.nonRetryable === true || fatal.includes(told.type ?? '')) return this.fail(told);
    this.again(n, told);
  }

  private again(n: number, error: Error): void {
    this.running = null;
    if (this.cancelled) return this.fail(new CancelledFailure('cancelled'));
    if (n >= (this.options.retry?.maximumAttempts ?? 3)) return this.fail(error);
    this.around.scheduler.after(100, () => {
      if (!this.over) void this.attempt(n + 1);
    });
  }

  private done(value: unknown): void {
    if (this.over) return;
    this.over = true;
    if (!this.host.terminated) this.settle?.resolve(value);
  }

  private fail(cause: Error): void {
    if (this.over) return;
    this.over = true;
    if (this.host.terminated) return;
    const told = crossed(cause);
    this.settle?.reject(
      new ActivityFailure('activity', this.type, '1', RetryState.NON_RETRYABLE_FAILURE, 'w', told),
    );
  }
}

function timeout(type: TimeoutType): TimeoutFailure {
  return new TimeoutFailure('timeout', undefined, type);
}

function asApplication(error: unknown): ApplicationFailure {
  return ApplicationFailure.create({ message: String(error), type: 'Error' });
}

/** A failure as it comes out of the wire. */
function crossed(cause: Error): Error {
  if (!(cause instanceof ApplicationFailure)) return cause;
  const { message, type, nonRetryable, details } = cause;
  return ApplicationFailure.create({
    message,
    ...(typeof type === 'string' ? { type } : {}),
    nonRetryable: nonRetryable === true,
    details: (plain(details ?? []) ?? []) as unknown[],
  });
}
