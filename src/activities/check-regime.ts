import type { TaskDone } from '../core/answers';
import { checkRegime as judgeRegime } from '../core/regime';
import type { TaskCall } from './contract';
import type { Dependencies } from './dependencies';
import { runTask } from './task';

/** T2 (C6.T2): the regime gate. */
export function checkRegime(deps: Dependencies, call: TaskCall): Promise<TaskDone> {
  return runTask<TaskDone>(deps, call, async () => {
    const bundle = await deps.states.validBundle(call.hashes.input);
    const { gate, behavior, confidence, reason } = judgeRegime(
      bundle.regime_state,
      await deps.states.policy(call.hashes.policy),
    );
    return {
      output: { gate, behavior, confidence, reason: reason === null ? null : { ...reason } },
    };
  });
}
