import { activityInfo, CancelledFailure } from '@temporalio/activity';
import type { TaskLeft } from '../core/events';
import type { JsonObject } from '../core/json';
import type { SkillManifest } from '../core/skills';
import { TaskEffects } from '../effects/task-effects';
import type { SkillCall } from './contract';
import type { Dependencies } from './dependencies';
import { refuseLatched } from './task';

/** The effects of this attempt of a skill's task (interface, "Effects"). */
export function effectsFor(
  deps: Dependencies,
  call: SkillCall,
  { layer, side_effects }: SkillManifest,
  cancelled: AbortSignal,
): TaskEffects {
  const { attempt, workflowExecution } = activityInfo();
  return new TaskEffects({
    store: deps.store.effects,
    documents: deps.store.documents,
    effects: deps.skills.effects(),
    holder: {
      cycle_id: call.cycle_id,
      task_id: call.task.task_id,
      run_id: workflowExecution?.runId ?? '',
      seq: call.started.seq,
      attempt,
    },
    mode: call.mode,
    layer,
    declared: side_effects,
    // R32, C3.F3: nothing is performed once a halt of the cycle or of the harness is on record.
    async commit() {
      await refuseLatched(deps);
      if (cancelled.aborted) throw new CancelledFailure('a halt or a cancellation cut in');
    },
  });
}

/** What a start whose worker gave no answer has done; from here on it does nothing more (R32). */
export async function settleEffects(
  { store, states }: Dependencies,
  cycleId: string,
  taskId: string,
  start: { readonly run_id: string; readonly seq: number },
): Promise<TaskLeft> {
  const receipts = await store.effects.close(cycleId, taskId, start);
  return { effects: await states.list(receipts as unknown as JsonObject[]) };
}
