import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { HALT_NOTICE, type NoticeBody } from '../core/notice';
import { TASK_QUEUE } from '../core/start';
import type { Harness } from './context';

/**
 * Has the sinks told of the harness-wide halt, by a workflow of its own: at once where a worker runs, else as soon as one does.
 * Once for each halt and notice, however often it is asked for.
 */
export async function sendLatchNotice(
  { client }: Harness,
  sinks: readonly string[],
  notice: NoticeBody,
): Promise<void> {
  const { halt_id, since } = notice;
  const set = since.replace(/[^0-9T]/g, '');
  try {
    await client.workflow.start(HALT_NOTICE, {
      taskQueue: TASK_QUEUE,
      workflowId: `${halt_id}-${set}-notice-${notice.notice.toLowerCase()}`,
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      args: [{ sinks, notice }],
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}
