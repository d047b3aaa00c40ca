import {
  isGrpcDeadlineError,
  isGrpcServiceError,
  ServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { DecisionRequest } from '../core/halts';
import type { Choice } from '../core/events';
import { messageOf } from '../core/invariant';
import { Problem, type ProblemCode } from '../problem';
import type { CycleRecord } from '../store/store';
import type { Harness } from './context';
import { ring } from './latch';

/** How long a decision waits for a worker to answer it. */
const ANSWER_MS = 15_000;

/** Suspends a cycle. It works with no worker up: the cycle then halts before anything else runs. @throws Problem */
export async function haltCycle(
  harness: Harness,
  record: CycleRecord,
  reason: string,
  by: string,
): Promise<void> {
  await onRunning(record, () =>
    harness.client.workflow.getHandle(record.workflow_id).signal('halt', { reason, by }),
  );
}

/** Asks the cycle to end CANCELLED: it finalises and audits first. @throws Problem */
export async function cancelCycle(harness: Harness, record: CycleRecord): Promise<void> {
  await onRunning(record, () => harness.client.workflow.getHandle(record.workflow_id).cancel());
}

/**
 * A human's decision on an open halt, by the update `decide`; idempotent by `decision_id`.
 * @throws Problem REFUSED or OVERRIDE_ATTEMPT with the cycle's own sentence; NO_SERVER when no worker answers
 */
export async function decide(
  harness: Harness,
  record: CycleRecord,
  decision: DecisionRequest,
): Promise<{ choice: Choice | string; message: string }> {
  const handle = harness.client.workflow.getHandle(record.workflow_id);
  try {
    const deadline = Date.now() + ANSWER_MS;
    const ask = (): Promise<{ message: string }> =>
      harness.client.connection.withDeadline(deadline, () =>
        handle.executeUpdate<{ message: string }, [DecisionRequest]>('decide', {
          args: [decision],
          updateId: decision.decision_id,
        }),
      );
    const answer = await onRunning(record, () => whileItsTaskFails(ask, deadline));
    return { choice: decision.choice, message: answer.message };
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError) {
      const cause = error.cause;
      const code: ProblemCode =
        cause instanceof ApplicationFailure && cause.type === 'OVERRIDE_ATTEMPT'
          ? 'OVERRIDE_ATTEMPT'
          : 'REFUSED';
      throw new Problem(
        code,
        `the decision is refused: ${messageOf(cause)}`,
        decision.halt_id,
        error,
      );
    }
    // It may have been lost when it was taken already: the cycle looks at the record then, and ends if that says so.
    if (!(error instanceof Problem)) await rung(harness, record);
    if (isTaskFailed(error)) {
      const why = 'its worker runs other code than it began with, or an error of the harness';
      const hint = 'start a worker of that version, then decide again with the same --decision-id';
      throw new Problem(
        'NO_SERVER',
        `no worker can go on with cycle ${record.workflow_id} (${why}): ${hint}`,
        record.workflow_id,
        error,
      );
    }
    if (isGrpcDeadlineError(error) || /deadline|timed? ?out/i.test(messageOf(error))) {
      const hint = 'start one with `harness worker`, then decide again with the same --decision-id';
      throw new Problem(
        'NO_SERVER',
        `no worker answered the decision in ${ANSWER_MS / 1000} s: ${hint}`,
        record.workflow_id,
        error,
      );
    }
    throw error;
  }
}

const RING_MS = 2_000;

/** As well as it goes: what is told is why there was no answer. */
async function rung(harness: Harness, record: CycleRecord): Promise<void> {
  await harness.client.connection
    .withDeadline(Date.now() + RING_MS, () => ring(harness, [record]))
    .catch(() => undefined);
}

const FAILED_PRECONDITION = 9;
const TASK_FAILED = 'Workflow Task in failed state';

/** The server takes no update while a workflow task is to be tried again; a worker that can do it may just have come. */
function isTaskFailed(error: unknown): boolean {
  const cause = error instanceof ServiceError ? error.cause : error;
  return (
    isGrpcServiceError(cause) &&
    cause.code === FAILED_PRECONDITION &&
    cause.details.includes(TASK_FAILED)
  );
}

const AGAIN_MS = 500;

async function whileItsTaskFails<T>(ask: () => Promise<T>, deadline: number): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!isTaskFailed(error) || Date.now() + AGAIN_MS > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}

async function onRunning<T>(record: CycleRecord, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    const what = `cycle ${record.workflow_id} is not running`;
    throw new Problem(
      'REFUSED',
      `${what}: \`harness cycle show ${record.cycle_id}\` tells how it ended`,
      record.cycle_id,
      error,
    );
  }
}
