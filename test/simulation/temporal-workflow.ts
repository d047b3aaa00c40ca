import { AsyncLocalStorage } from 'node:async_hooks';
import {
  ActivityCancellationType,
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  TimeoutFailure,
} from '@temporalio/common';
import type { WorkflowHost } from './workflow-host';

/*
 * A stand-in for `@temporalio/workflow`: as much of it as src/workflows uses, over virtual time. It is no proof of what
 * Temporal does; test/faults asks the real server that.
 */

export {
  ActivityCancellationType,
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  TimeoutFailure,
};

interface Inside {
  readonly host: WorkflowHost;
  readonly scope: CancellationScope;
}

const inside = new AsyncLocalStorage<Inside>();

function here(): Inside {
  const found = inside.getStore();
  if (found === undefined) throw new Error('this is not inside a simulated workflow');
  return found;
}

/** Runs `body` as the workflow's own code, in its root scope. */
export function within<T>(host: WorkflowHost, scope: CancellationScope, body: () => T): T {
  return inside.run({ host, scope }, body);
}

export class CancellationScope {
  readonly cancellable: boolean;
  readonly cancelRequested: Promise<never>;
  private requested = false;
  private reject: (error: Error) => void = () => undefined;

  constructor(options: { cancellable?: boolean; root?: boolean } = {}) {
    this.cancellable = options.cancellable ?? true;
    this.cancelRequested = new Promise((_, reject) => (this.reject = reject));
    this.cancelRequested.catch(() => undefined);
    if (options.root === true) return;
    const { scope } = here();
    // A scope that cannot be cancelled shields what is inside it.
    if (scope.cancellable) scope.cancelRequested.catch(() => this.cancel());
    if (scope.consideredCancelled) this.cancel();
  }

  static current(): CancellationScope {
    return here().scope;
  }

  static nonCancellable<T>(body: () => Promise<T>): Promise<T> {
    return new CancellationScope({ cancellable: false }).run(body);
  }

  get consideredCancelled(): boolean {
    return this.requested && this.cancellable;
  }

  run<T>(body: () => Promise<T>): Promise<T> {
    return inside.run({ host: here().host, scope: this }, async () => body());
  }

  cancel(): void {
    this.requested = true;
    this.reject(new CancelledFailure('the scope was cancelled'));
  }
}

export function isCancellation(error: unknown): boolean {
  return (
    error instanceof CancelledFailure ||
    (error instanceof ActivityFailure && error.cause instanceof CancelledFailure)
  );
}

interface Options {
  readonly activityId?: string;
  readonly cancellationType?: string;
}

export function scheduleActivity(type: string, args: unknown[], options: Options) {
  return call(type, args, options, false);
}

type Activities = Record<string, (...args: unknown[]) => Promise<unknown>>;

export function proxyActivities(options: Options): Activities {
  return proxyOf((type, args) => call(type, args, options, false));
}

export function proxyLocalActivities(options: Options): Activities {
  return proxyOf((type, args) => call(type, args, options, true));
}

function proxyOf(make: (type: string, args: unknown[]) => Promise<unknown>): Activities {
  return new Proxy(
    {},
    {
      get:
        (_, type) =>
        (...args: unknown[]) =>
          make(String(type), args),
    },
  );
}

function call(type: string, args: unknown[], options: object, local: boolean): Promise<unknown> {
  const { host, scope } = here();
  if (scope.consideredCancelled)
    return Promise.reject(new CancelledFailure('the scope was cancelled before'));
  const { result, cancel } = host.schedule(type, args, options, local);
  if (scope.cancellable) scope.cancelRequested.catch(() => cancel());
  return result;
}

/** True when it holds; false when the time is up first. */
export function condition(holds: () => boolean, timeoutMs?: number): Promise<boolean> {
  const { host } = here();
  if (timeoutMs !== undefined && !(timeoutMs >= 1 && timeoutMs <= Number.MAX_SAFE_INTEGER))
    host.breach(`a timer of ${timeoutMs} ms is refused`);
  return host.blocked(holds, timeoutMs);
}

export async function sleep(ms: number): Promise<void> {
  await condition(() => false, ms);
}

type Definition = { readonly type: 'signal' | 'query' | 'update'; readonly name: string };

export const defineSignal = (name: string): Definition => ({ type: 'signal', name });
export const defineQuery = (name: string): Definition => ({ type: 'query', name });
export const defineUpdate = (name: string): Definition => ({ type: 'update', name });

export function setHandler(
  { type, name }: Definition,
  handler: (payload: unknown) => unknown,
  options: { validator?: (payload: unknown) => void } = {},
): void {
  here().host.handle(type, name, handler, options.validator);
}

export function allHandlersFinished(): boolean {
  return here().host.handling === 0;
}

export function workflowInfo(): WorkflowHost['info'] {
  return here().host.info;
}

export function setCurrentDetails(text: string): void {
  if (typeof text !== 'string') here().host.breach('the current details are no text');
}

export function upsertMemo(memo: object): void {
  JSON.stringify(memo);
}

export function upsertSearchAttributes(pairs: object): void {
  JSON.stringify(pairs);
}

export function startChild(): Promise<void> {
  return here().host.remote();
}

export function getExternalWorkflowHandle(): { signal(): Promise<void> } {
  const { host } = here();
  return { signal: () => host.remote() };
}
