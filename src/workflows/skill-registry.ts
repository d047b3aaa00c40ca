import * as temporal from '@temporalio/workflow';
import type { RegistryActivities, RegistryAnswer, RegistryPosition } from '../activities/contract';
import { problemOfChange, type RegistryChange } from '../core/registry-change';
import { REGISTRY_CHANGE, REGISTRY_NEWS } from '../core/start';
import { changeOptions } from './options';
import { now } from './clock';

const changeUpdate = temporal.defineUpdate<RegistryAnswer, [unknown]>(REGISTRY_CHANGE);
const newsSignal = temporal.defineSignal(REGISTRY_NEWS);
const positionQuery = temporal.defineQuery<RegistryPosition | null>('position');

const CHANGE =
  '{"operation": "activate | deprecate | remove | release", "skill": "acme.rank@1.2.0", "ledger": "D010", "by": "your name", "change_id": "any new id", "registration": null}';

/**
 * The skill registry (C7.R, C7.L): the one authority for its changes. It takes them one at a time; its history is their record,
 * and an activity projects each into the store as the next snapshot, where every worker reads it. What it carries is the
 * snapshot's version and hash, so it stays small however many skills there are.
 */
export async function skillRegistry(carried: RegistryPosition | null): Promise<void> {
  let position = carried;
  let turn: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  let news = 0;

  const apply = async (change: RegistryChange | null): Promise<RegistryAnswer> => {
    const summary =
      change === null
        ? 'count violations in'
        : `${change.operation} ${change.skill} by ${change.ledger}`;
    const { changeRegistry } = temporal.proxyActivities<RegistryActivities>(changeOptions(summary));
    const answer = await changeRegistry({ position, change, at: now() });
    position = answer.position;
    temporal.setCurrentDetails(answer.report);
    return answer;
  };
  /** One after the other: each change is judged on the snapshot that the one before it has made. */
  const inTurn = async (change: RegistryChange | null): Promise<RegistryAnswer> => {
    waiting += 1;
    const mine = turn.then(() => apply(change));
    turn = mine.catch(() => undefined);
    try {
      return await mine;
    } finally {
      waiting -= 1;
    }
  };

  temporal.setHandler(positionQuery, () => position, {
    description: 'Version and hash of the newest snapshot.',
  });
  temporal.setHandler(newsSignal, () => void (news += 1), {
    description: 'A violation was noted: count it in. Nothing to paste.',
  });
  temporal.setHandler(changeUpdate, (change) => inTurn(change as RegistryChange), {
    description: `A change of the registry; \`harness skills\` sends it. Paste: ${CHANGE}`,
    validator: (change) => {
      const problem = problemOfChange(change);
      if (problem !== null) throw temporal.ApplicationFailure.nonRetryable(problem, 'USAGE');
    },
  });

  for (;;) {
    // While a change is being made it waits: a condition that holds already would turn this loop without end.
    await temporal.condition(() => news > 0 || (isFull() && waiting === 0));
    if (news > 0) {
      news = 0;
      // What could not be counted in now is in force all the same, and is counted in with the next change.
      await inTurn(null).catch(() => undefined);
      continue;
    }
    await temporal.condition(temporal.allHandlersFinished);
    if (news > 0 || waiting > 0) continue;
    await temporal.continueAsNew<typeof skillRegistry>(position);
  }
}

function isFull(): boolean {
  return temporal.workflowInfo().continueAsNewSuggested;
}
