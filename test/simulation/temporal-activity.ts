import { AsyncLocalStorage } from 'node:async_hooks';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';

/* A stand-in for `@temporalio/activity`: as much of it as src/activities uses. */

export { ApplicationFailure, CancelledFailure };

interface Info {
  readonly attempt: number;
  readonly workflowExecution: { readonly workflowId: string; readonly runId: string };
  readonly currentAttemptScheduledTimestampMs: number;
  readonly heartbeatTimeoutMs: number;
}

/** How a fault of an attempt is told: thrown where its worker is lost, or awaited where it is frozen for a while. */
export interface Attempt {
  readonly info: Info;
  readonly cancellationSignal: AbortSignal;
  /** Called before and behind the task's body. */
  readonly at: (point: 'before' | 'after', task: string) => Promise<void>;
  heartbeat(): void;
}

const attempts = new AsyncLocalStorage<Attempt>();

export function attempting<T>(attempt: Attempt, body: () => T): T {
  return attempts.run(attempt, body);
}

export const Context = {
  current(): Attempt {
    const found = attempts.getStore();
    if (found === undefined) throw new Error('this is not inside a simulated activity');
    return found;
  },
};

export function activityInfo(): Info {
  return Context.current().info;
}
