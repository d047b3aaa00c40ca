import { activityInfo } from '@temporalio/activity';
import type { Output } from '../core/events';
import type { AuditStore } from '../store/store';
import type { TaskCall } from './contract';

/** Outputs of tasks of this run, by name, as the record has them; null where a task was not SUCCESS. */
export async function taskOutput(
  audit: AuditStore,
  call: TaskCall,
  names: readonly string[],
): Promise<Record<string, Output>> {
  const runId = activityInfo().workflowExecution?.runId;
  const outputs: Record<string, Output> = Object.fromEntries(names.map((name) => [name, null]));
  for (const { run_id, type, task, data } of (await audit.read(call.cycle_id)) ?? []) {
    if (run_id !== runId || type !== 'TASK_ENDED' || task === null) continue;
    if (Object.hasOwn(outputs, task)) outputs[task] = data['output'] ?? null;
  }
  return outputs;
}
