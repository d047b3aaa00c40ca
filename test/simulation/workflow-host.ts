import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  type RetryPolicy,
  RetryState,
  TimeoutFailure,
  type TimeoutType,
} from '@temporalio/common';
import type { Scheduler } from './scheduler';
import { attempting } from './temporal-activity';
import { CancellationScope, within } from './temporal-workflow';

/** What may befall one attempt of an activity. FROZEN: its worker stops, is given up, and comes back later. */
export type Fate = 'WELL' | 'LOST_BEFORE' | 'LOST_AFTER' | 'LOST_WITHIN' | 'FROZEN' | 'TWICE';

/** What surrounds a workflow: the worker's activities, and chance. */
export interface Surroundings {
  readonly scheduler: Scheduler;
  readonly activities: Readonly<Record<string, (...args: never[]) => Promise<unknown>>>;
  fateOf(type: string, local: boolean): Fate;
  /** How long an attempt waits for a worker, in ms. */
  queueMs(type: string, local: boolean): number;
  /** A task's body is about to begin. */
  begins(type: string): void;
  breach(what: string): void;
}

/** As much of an activity's options as is heeded. */
interface Options {
  readonly activityId?: string;
  readonly cancellationType?: string;
  readonly scheduleToStartTimeout?: number;
  readonly heartbeatTimeout?: number;
  readonly retry?: RetryPolicy;
}

interface Blocked {
  readonly holds: () => boolean;
  readonly resolve: (holds: boolean) => void;
}

type Handler = (payload: unknown) => unknown;

/** The server and the worker as one run of a workflow sees them: its messages, timers and activities, over virtual time. */
export class WorkflowHost {
  readonly root: CancellationScope;
  readonly info;
  /** Message handlers that have not returned yet. */
  handling = 0;
  /** null while it runs. */
  end: { readonly result: unknown } | { readonly failure: unknown } | null = null;
  /** Cut off by the server: it hears and does nothing any more. */
  terminated = false;
  private blockers: Blocked[] = [];
  private readonly handlers = new Map<string, { handler: Handler; validator?: Handler }>();
  private readonly buffered: { readonly name: string; readonly payload: unknown }[] = [];
  private readonly openIds = new Set<string>();
  private readonly around: Surroundings;

  constructor(around: Surroundings, workflowId: string, runId: string) {
    this.around = around;
    this.root = new CancellationScope({ root: true });
    const startTime = new Date(around.scheduler.nowMs);
    const typedSearchAttributes = { get: () => undefined };
    this.info = { workflowId, runId, startTime, typedSearchAttributes };
  }

  start(body: () => Promise<unknown>): void {
    this.enter(() =>
      body().then(
        (result) => void (this.end ??= { result: plain(result) }),
        (failure: unknown) => void (this.end ??= { failure }),
      ),
    );
  }

  breach(what: string): void {
    this.around.breach(`${this.info.workflowId}: ${what}`);
  }

  get closed(): boolean {
    return this.end !== null || this.terminated;
  }

  terminate(): void {
    this.terminated = true;
  }

  cancel(): void {
    if (!this.closed) this.enter(() => this.root.cancel());
  }

  signal(name: string, payload?: unknown): void {
    if (this.closed) return;
    const known = this.handlers.get(`signal ${name}`);
    if (known === undefined) return void this.buffered.push({ name, payload });
    this.enter(() => this.handled(`signal ${name}`, () => known.handler(plain(payload))));
  }

  /** The answer; a rejection is what the client gets. */
  update(name: string, payload: unknown): Promise<unknown> {
    const known = this.handlers.get(`update ${name}`);
    if (this.closed || known === undefined) return Promise.reject(new Error('nobody answers'));
    return this.enter(async () => {
      known.validator?.(plain(payload));
      this.handling += 1;
      try {
        return plain(await known.handler(plain(payload)));
      } finally {
        this.handling -= 1;
      }
    });
  }

  query(name: string): unknown {
    const known = this.handlers.get(`query ${name}`);
    return known === undefined ? null : this.enter(() => plain(known.handler(undefined)));
  }

  handle(type: string, name: string, handler: Handler, validator?: Handler): void {
    const key = `${type} ${name}`;
    this.handlers.set(key, { handler, ...(validator === undefined ? {} : { validator }) });
    if (type !== 'signal') return;
    for (const each of this.buffered.splice(0)) {
      if (each.name === name) this.handled(key, () => handler(plain(each.payload)));
      else this.buffered.push(each);
    }
  }

  blocked(holds: () => boolean, timeoutMs?: number): Promise<boolean> {
    if (holds()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const blocker = { holds, resolve };
      this.blockers.push(blocker);
      if (timeoutMs === undefined) return;
      this.around.scheduler.after(timeoutMs, () => {
        if (this.terminated || !this.blockers.includes(blocker)) return;
        this.blockers = this.blockers.filter((each) => each !== blocker);
        resolve(false);
      });
    });
  }

  /** After each activation: what waited for what holds now goes on. True when something did. */
  settled(): boolean {
    if (this.terminated) return false;
    const free = this.blockers.filter(({ holds }) => this.enter(holds));
    this.blockers = this.blockers.filter((each) => !free.includes(each));
    for (const { resolve } of free) resolve(true);
    return free.length > 0;
  }

  /** Something that another workflow answers: mostly well. */
  remote(): Promise<void> {
    const { scheduler } = this.around;
    return new Promise((resolve, reject) =>
      scheduler.after(scheduler.chance.below(50), () => {
        if (this.terminated) return;
        if (scheduler.chance.is(0.2)) reject(new Error('no such workflow'));
        else resolve();
      }),
    );
  }

  schedule(type: string, args: unknown[], options: object, local: boolean) {
    const given: Options = options;
    const id = given.activityId;
    if (id !== undefined && this.openIds.has(id)) this.breach(`activity id ${id} is taken (R32)`);
    if (id !== undefined) this.openIds.add(id);
    const call = new Call(this.around, this, type, plain(args), given, local);
    const result = call.result.finally(() => id !== undefined && this.openIds.delete(id));
    result.catch(() => undefined);
    return { result, cancel: () => call.cancel() };
  }

  private enter<T>(body: () => T): T {
    return within(this, this.root, body);
  }

  private handled(name: string, body: () => unknown): void {
    this.handling += 1;
    const trouble = (error: unknown): void => this.breach(`${name} threw ${String(error)}`);
    const over = (): void => void (this.handling -= 1);
    try {
      void Promise.resolve(body()).catch(trouble).finally(over);
    } catch (error) {
      trouble(error);
      over();
    }
  }
}

/** One activity of a workflow: its attempts, until one of them counts. */
class Call {
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
    const fate = around.fateOf(type, this.local);
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
        if (point === 'before') around.begins(type);
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

/** Through JSON, as everything between workflow, server and worker goes. */
export function plain<T>(value: T): T {
  return value === undefined ? value : JSON.parse(JSON.stringify(value));
}
