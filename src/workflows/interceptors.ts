import { CancellationScope, type WorkflowInterceptors, workflowInfo } from '@temporalio/workflow';

/** Where in its history a workflow is woken. */
export interface Waking {
  /** Events that were applied. */
  readonly historyLength: number;
  /** As the newest workflow task told it, in bytes. */
  readonly historySize: number;
  /** Workflow time, to the nanosecond. */
  readonly time: string;
  readonly isReplaying: boolean;
}

/**
 * A query of a workflow that its worker does not know makes Temporal's core apply all there is of its history, also what no workflow
 * task has begun with yet: a message, the end of an activity, of which the workflow would hear at the time of the task before, hours
 * ago perhaps. What it then records, and whether it holds a bundle for fresh, no replay would agree with. Such a waking has more
 * events, and neither another time nor another size: those come with a workflow task.
 */
export function isAhead(last: Waking | null, now: Waking): boolean {
  return (
    last !== null &&
    !now.isReplaying &&
    now.historyLength > last.historyLength &&
    now.historySize === last.historySize &&
    now.time === last.time
  );
}

/**
 * R4: a workflow goes on with its workflow tasks alone. Where it would go ahead of them the query fails, the worker forgets the
 * workflow, and its next task replays it from the beginning, in the times of history.
 * And it is woken in no scope but its own: a worker in which the code of another one was stopped in the middle (worker.ts) would
 * have it hear that one's cancellation instead of its own. Its tasks fail there, and another worker takes them.
 */
export function interceptors(): WorkflowInterceptors {
  let last: Waking | null = null;
  return {
    internals: [
      {
        activate(input, next) {
          if (CancellationScope.current().parent !== undefined)
            throw new Error('this worker has lost track of whose cycle it runs: start it again');
          const { jobs } = input.activation;
          // A query by itself changes nothing, and has no time.
          if (jobs?.every(({ queryWorkflow }) => queryWorkflow != null) === true)
            return next(input);
          const { historyLength, historySize, unsafe } = workflowInfo();
          const { seconds, nanos } = input.activation.timestamp ?? {};
          const time = `${String(seconds)} ${String(nanos)}`;
          const now = { historyLength, historySize, time, isReplaying: unsafe.isReplaying };
          if (isAhead(last, now))
            throw new Error('the cycle was asked ahead of its next workflow task: ask again');
          last = now;
          return next(input);
        },
      },
    ],
  };
}
