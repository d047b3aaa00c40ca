import type { TaskDone } from '../core/answers';
import { filterBeliefs as filter, type RemovedBelief } from '../core/beliefs';
import type { JsonObject } from '../core/json';
import type { TaskCall } from './contract';
import type { Dependencies } from './dependencies';
import { runTask } from './task';

/** T3 (C6.T3): removes the beliefs that the factor layer, their own layer or the policy blocks. */
export function filterBeliefs(deps: Dependencies, call: TaskCall): Promise<TaskDone> {
  return runTask<TaskDone>(deps, call, async () => {
    const bundle = await deps.states.validBundle(call.hashes.input);
    const { kept, removed } = filter(bundle, await deps.states.policy(call.hashes.policy));
    return {
      output: {
        kept: kept.length,
        removed: removed.length,
        removed_by_reason: countByCode(removed),
      },
      lists: {
        survivors: await deps.states.list(kept),
        beliefs_removed: await deps.states.list(removed as unknown as JsonObject[]),
      },
    };
  });
}

function countByCode(removed: readonly RemovedBelief[]): JsonObject {
  const counts: Record<string, number> = {};
  for (const { reason } of removed) counts[reason.code] = (counts[reason.code] ?? 0) + 1;
  return counts;
}
