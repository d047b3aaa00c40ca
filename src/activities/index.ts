import { ApplicationFailure } from '@temporalio/activity';
import type { Logger } from 'pino';
import type { People } from '../people/host';
import type { Store } from '../store/store';
import { changeRegistry } from './change-registry';
import { checkDecision } from './check-decision';
import { checkRegime } from './check-regime';
import type { HarnessActivities, Recorded, SkillActivities } from './contract';
import type { Dependencies, SkillHost } from './dependencies';
import { emitActions, settleEmission } from './emit-actions';
import { filterBeliefs } from './filter-beliefs';
import { notify } from './notify';
import { buildGraph, closeCycle, lookAtRecord, recordEntries } from './record';
import { runSkill } from './run-skill';
import { settleEffects } from './skill-effects';
import { openTick, readSnapshot } from './source';
import { States } from './states';
import { asFailure, beating } from './task';
import { validateState } from './validate-state';

/** The activities of one worker, over one store. */
export function createActivities(
  store: Store,
  log: Logger,
  skills: SkillHost,
  people: People,
  extras: Pick<Dependencies, 'checkpoint' | 'watch'> = {},
): HarnessActivities & SkillActivities {
  const states = new States(store.documents);
  const deps: Dependencies = {
    store,
    states,
    log,
    skills,
    people,
    ...extras,
  };
  return {
    validate_state: (call, start) => validateState(deps, call, start),
    check_regime: (call) => checkRegime(deps, call),
    filter_beliefs: (call) => filterBeliefs(deps, call),
    emit_actions: (call) => emitActions(deps, call),
    buildGraph: (start, judged) => kept(() => buildGraph(deps, start, judged)),
    settleEmission: (cycleId, runId, seq) => kept(() => settleEmission(deps, cycleId, runId, seq)),
    lookAtRecord: (cycleId, runId) => kept(() => lookAtRecord(deps, cycleId, runId)),
    raiseLatch: (cause, at) => kept(() => store.latch.set(cause, at).then(() => undefined)),
    settleEffects: (cycleId, taskId, start) =>
      kept(() => settleEffects(deps, cycleId, taskId, start)),
    checkDecision: (call) => kept(() => checkDecision(deps, call)),
    changeRegistry: (ask) => kept(() => changeRegistry(deps, ask)),
    // Every activity type that has no name here is a skill's reference, also one registered while this worker runs.
    default: (call) => runSkill(deps, call),
    recordEntries: (cycleId, entries) =>
      telling(
        people,
        kept(() => recordEntries(deps, cycleId, entries)),
      ),
    notify: (call) => notify(deps, call),
    readSnapshot: (call) => kept(() => readSnapshot(deps, call)),
    openTick: (call, snapshot, at) => kept(() => openTick(deps, call, snapshot, at)),
    closeCycle: (close) => plainly(closeCycle(deps, close)),
  };
}

async function plainly<T>(work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    throw asFailure(error);
  });
}

/** The harness's own bookkeeping: its worker may be lost as any other, and the server is to notice. */
function kept<T>(work: () => Promise<T>): Promise<T> {
  return plainly(beating(work));
}

/** With the answer, or with the trouble, the cycle hears whom it may tell of a halt, and who may decide. */
async function telling(people: People, work: Promise<Recorded>): Promise<Recorded> {
  const told = people.told();
  if (told === undefined) return work;
  try {
    return { ...(await work), people: told };
  } catch (error) {
    if (!(error instanceof ApplicationFailure)) throw error;
    const { message, type, nonRetryable, cause } = error;
    throw ApplicationFailure.create({
      message,
      ...(typeof type === 'string' ? { type } : {}),
      nonRetryable: nonRetryable === true,
      details: [{ people: told }],
      ...(cause === undefined ? {} : { cause }),
    });
  }
}
