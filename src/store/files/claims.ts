import { dirname } from 'node:path';
import { canonicalText } from '../../core/identity';
import { isObject, type Json } from '../../core/json';
import { StoreError, type ActionStore, type Claimant } from '../store';
import { emittedActions } from './chains';
import { asStoreError, settle } from './errors';
import { appendDurably, setTornTailAside, withLock } from './growing';
import { idPath, type Home } from './home';
import { linesForward } from './lines';
import { syncFolder } from './publish';

/**
 * `actions/<task_id>.jsonl`: a line `{action_ids, cycle_id, run_id}` for each claim that got
 * something.
 */
export function fileClaims(home: Home): ActionStore {
  return {
    async claim(taskId, claimant, actionIds, commit) {
      const path = idPath(home, 'actions', taskId, '.jsonl');
      const what = `the record of emitted actions ${path}`;
      const outcome = await asStoreError('STORE_UNAVAILABLE', what, () =>
        withLock(path, home.lockWaitMs, async (handle) => {
          const size = await setTornTailAside(home, handle, path, taskId);
          const owners = readOwners(handle.fd, size, new Set(actionIds), what);
          const elsewhere = await emittedElsewhere(home, owners, claimant);
          const fresh = actionIds.filter(
            (id) => !elsewhere.has(id) && !isSame(owners.get(id), claimant),
          );
          await appendDurably(handle, claimLine(claimant, fresh), size);
          if (size === 0) await syncFolder(dirname(path));
          // An error of `commit` is the caller's own: it passes as it is.
          return settle(() => commit(elsewhere));
        }),
      );
      if (outcome.status === 'rejected') throw outcome.reason;
      return outcome.value;
    },
  };
}

/** Who claimed each of the wanted actions last: only that one can have emitted it, or may yet. */
function readOwners(
  fd: number,
  size: number,
  wanted: ReadonlySet<string>,
  what: string,
): ReadonlyMap<string, Claimant> {
  const owners = new Map<string, Claimant>();
  for (const { bytes } of linesForward(fd, size)) {
    const claim = parseClaim(bytes.toString());
    if (claim === null) {
      // At most once: who cannot tell what was emitted must not emit.
      throw new StoreError(
        'STORE_UNAVAILABLE',
        `${what} is damaged: restore it from a copy, without it an action might be emitted twice`,
      );
    }
    for (const id of claim.actionIds) {
      if (wanted.has(id)) owners.set(id, claim.claimant);
    }
  }
  return owners;
}

/**
 * C4.I2: the wanted actions that another claimant has on record as emitted, or may have, its chain
 * being gone.
 */
async function emittedElsewhere(
  home: Home,
  owners: ReadonlyMap<string, Claimant>,
  claimant: Claimant,
): Promise<ReadonlySet<string>> {
  const records = new Map<string, ReadonlySet<string> | null>();
  const elsewhere = new Set<string>();
  for (const [id, owner] of owners) {
    if (isSame(owner, claimant)) continue;
    const key = `${owner.cycle_id} ${owner.run_id}`;
    let emitted = records.get(key);
    if (emitted === undefined) {
      emitted = await emittedActions(home, owner);
      records.set(key, emitted);
    }
    if (emitted === null || emitted.has(id)) elsewhere.add(id);
  }
  return elsewhere;
}

function claimLine(claimant: Claimant, actionIds: readonly string[]): Uint8Array {
  if (actionIds.length === 0) return new Uint8Array();
  const { cycle_id, run_id } = claimant;
  return Buffer.from(`${canonicalText({ action_ids: actionIds, cycle_id, run_id })}\n`);
}

function parseClaim(
  line: string,
): { readonly claimant: Claimant; readonly actionIds: readonly string[] } | null {
  let value: Json;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  if (!isObject(value)) return null;
  const { action_ids, cycle_id, run_id } = value;
  if (typeof cycle_id !== 'string' || typeof run_id !== 'string') return null;
  if (!Array.isArray(action_ids)) return null;
  const actionIds: Json[] = action_ids;
  if (!actionIds.every((id) => typeof id === 'string')) return null;
  return { claimant: { cycle_id, run_id }, actionIds };
}

function isSame(owner: Claimant | undefined, claimant: Claimant): boolean {
  return owner?.cycle_id === claimant.cycle_id && owner.run_id === claimant.run_id;
}
