import { activityInfo } from '@temporalio/activity';
import { type Action, actionsFor } from '../core/actions';
import type { TaskDone } from '../core/answers';
import type { AuditHead, Draft, Entry } from '../core/entry';
import { invariant } from '../core/invariant';
import type { JsonObject } from '../core/json';
import type { TaskCall } from './contract';
import type { Dependencies } from './dependencies';
import { runTask } from './task';

type Claimant = { readonly cycle_id: string; readonly run_id: string };

/** T4 (C6.T4, R21): emits each surviving belief to the audit log; in shadow mode that is all that happens. */
export function emitActions(deps: Dependencies, call: TaskCall): Promise<TaskDone> {
  return runTask<TaskDone>(deps, call, async (limit, audit) => {
    invariant(call.survivors !== null, 'C6.T4', 'T3 has run before T4');
    const bundle = await deps.states.validBundle(call.hashes.input);
    const survivors = (await deps.states.items(call.survivors)).map(String);
    const actions = actionsFor(bundle, survivors, call.task.task_id);
    const claimant = {
      cycle_id: call.cycle_id,
      run_id: activityInfo().workflowExecution?.runId ?? '',
    };
    if (actions.length === 0) return { ...(await emission(deps, actions)), audit };
    const ids = actions.map((action) => action.action_id);
    // C4.I2: what is claimed here by nobody else is emitted here, and nowhere else ever again.
    return deps.store.actions.claim(call.task.task_id, claimant, ids, async (elsewhere) => {
      const listed = actions.map((action) => ({
        ...action,
        duplicate: elsewhere.has(action.action_id),
      }));
      const drafts = await draftsOf(deps, call, claimant, listed);
      const answer = await emission(deps, listed);
      await limit.commit();
      return { ...answer, audit: await append(deps, call.cycle_id, drafts, audit) };
    });
  });
}

function append(
  deps: Dependencies,
  cycleId: string,
  drafts: readonly Draft[],
  audit: AuditHead,
): Promise<AuditHead> {
  return drafts.length === 0 ? Promise.resolve(audit) : deps.store.audit.append(cycleId, drafts);
}

/**
 * One entry for each action, under T4's TASK_STARTED. An earlier attempt of this run that was stopped may have emitted some
 * under an earlier start: those stand already. What an earlier attempt wrote under the same start is written the same again.
 */
async function draftsOf(
  deps: Dependencies,
  call: TaskCall,
  { cycle_id, run_id }: Claimant,
  actions: readonly Action[],
): Promise<Draft[]> {
  const { seq, at } = call.started;
  const done = new Set(
    emittedIn((await deps.store.audit.read(cycle_id)) ?? [], run_id)
      .filter((entry) => entry.seq !== seq)
      .map((entry) => entry.data['action_id']),
  );
  return actions
    .filter((action) => !done.has(action.action_id))
    .map((action, i) => ({
      run_id,
      seq,
      part: i + 1,
      at,
      type: action.duplicate ? 'ACTION_KNOWN' : 'ACTION_EMITTED',
      clause: 'C6.T4',
      actor: 'harness',
      task: call.task.name,
      data: { ...action },
    }));
}

function emittedIn(entries: readonly Entry[], runId: string): Entry[] {
  return entries.filter(
    ({ run_id, type }) =>
      run_id === runId && (type === 'ACTION_EMITTED' || type === 'ACTION_KNOWN'),
  );
}

async function emission(
  { states }: Dependencies,
  actions: readonly Action[],
): Promise<Pick<TaskDone, 'output' | 'lists'>> {
  const duplicates = actions.filter((action) => action.duplicate).length;
  return {
    output: { mode: 'SHADOW', emitted: actions.length - duplicates, duplicates },
    lists: { actions: await states.list(actions as unknown as JsonObject[]) },
  };
}

/** What a T4 that was stopped without an answer had emitted under its start; null when nothing (R32). */
export async function settleEmission(
  deps: Dependencies,
  cycleId: string,
  runId: string,
  seq: number,
): Promise<TaskDone | null> {
  const entries = (await deps.store.audit.read(cycleId)) ?? [];
  const mine = emittedIn(entries, runId).filter((entry) => entry.seq === seq);
  if (mine.length === 0) return null;
  const audit = { entries: entries.length, head: entries.at(-1)?.hash ?? null };
  const actions = mine.map((entry) => entry.data as unknown as Action);
  return { ...(await emission(deps, actions)), attempt: 1, audit };
}
