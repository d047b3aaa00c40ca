import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { EXECUTION_CYCLE, TASK_QUEUE } from '../../src/core/start';
import type { JsonObject } from '../../src/core/json';
import type { Stage } from './stage';
import type { Planned, World } from './world';

export type Played = string | { readonly workflow_id: string; readonly run_id?: string };

/** Plays a workflow to its end. @returns which it is */
export type Play = (stage: Stage) => Promise<Played>;

export async function end(world: World, cycle: Planned): Promise<Planned> {
  await world.ended(cycle);
  return cycle;
}

/** A start by another client than ours. */
export function rawStart({ harness }: World, input: JsonObject): Promise<WorkflowHandle> {
  return harness.client.workflow.start(EXECUTION_CYCLE, {
    workflowId: `raw-${randomUUID()}`,
    taskQueue: TASK_QUEUE,
    args: [input],
  });
}

/** To its first workflow task, as the Web UI offers it. */
export async function reset(world: World, workflowId: string): Promise<void> {
  const { client, namespace } = world.harness;
  const handle = client.workflow.getHandle(workflowId);
  const { events } = await handle.fetchHistory();
  const first = events?.find((event) => event.workflowTaskCompletedEventAttributes);
  const { runId } = await handle.describe();
  await client.workflowService.resetWorkflowExecution({
    namespace,
    workflowExecution: { workflowId, runId },
    reason: 'a shape',
    workflowTaskFinishEventId: first?.eventId ?? null,
    requestId: randomUUID(),
  });
}
