import { canonicalText } from '../../core/identity';
import { isObject, type Json } from '../../core/json';
import { StoreError, type Claimant } from '../store';
import { isAll, isText, storedIn } from './stored';

/**
 * Who claimed each of the wanted actions last, by the lines `{action_ids, cycle_id, run_id}` of their task: only that one can
 * have emitted it, or may yet.
 * @throws StoreError STORE_UNAVAILABLE for a damaged line: who cannot tell what was emitted must not emit (C4.I2)
 */
export function readOwners(
  lines: Iterable<string>,
  wanted: ReadonlySet<string>,
  what: string,
): ReadonlyMap<string, Claimant> {
  const owners = new Map<string, Claimant>();
  for (const line of lines) {
    const claim = parseClaim(line);
    if (claim === null) throw damagedClaims(what);
    for (const id of claim.actionIds) {
      if (wanted.has(id)) owners.set(id, claim.claimant);
    }
  }
  return owners;
}

/** `what`, in a sentence: `the record of emitted actions …`. */
export function damagedClaims(what: string): StoreError {
  return new StoreError(
    'STORE_UNAVAILABLE',
    `${what} is damaged: restore it from a copy, without it an action might be emitted twice`,
  );
}

/**
 * C4.I2: the wanted actions that another claimant has on record as emitted, or may have, its chain being gone. `emittedOf` is
 * null for a chain that is missing or damaged, so that nobody can tell.
 */
export async function emittedElsewhere(
  owners: ReadonlyMap<string, Claimant>,
  claimant: Claimant,
  emittedOf: (owner: Claimant) => Promise<ReadonlySet<string> | null>,
): Promise<ReadonlySet<string>> {
  const records = new Map<string, ReadonlySet<string> | null>();
  const elsewhere = new Set<string>();
  for (const [id, owner] of owners) {
    if (isSame(owner, claimant)) continue;
    const key = `${owner.cycle_id} ${owner.run_id}`;
    let emitted = records.get(key);
    if (emitted === undefined) {
      emitted = await emittedOf(owner);
      records.set(key, emitted);
    }
    if (emitted === null || emitted.has(id)) elsewhere.add(id);
  }
  return elsewhere;
}

/** The line of what the claimant gets that it had not yet; null when that is nothing. */
export function claimLine(
  claimant: Claimant,
  actionIds: readonly string[],
  owners: ReadonlyMap<string, Claimant>,
  elsewhere: ReadonlySet<string>,
): string | null {
  const { cycle_id, run_id } = claimant;
  const action_ids = actionIds.filter(
    (id) => !elsewhere.has(id) && !isSame(owners.get(id), claimant),
  );
  return action_ids.length === 0 ? null : canonicalText({ action_ids, cycle_id, run_id });
}

function parseClaim(
  line: string,
): { readonly claimant: Claimant; readonly actionIds: readonly string[] } | null {
  const value = storedIn(line);
  if (!isObject(value)) return null;
  const { action_ids, cycle_id, run_id } = value;
  if (!isText(cycle_id) || !isText(run_id)) return null;
  if (!Array.isArray(action_ids)) return null;
  const actionIds: Json[] = action_ids;
  if (!actionIds.every(isText)) return null;
  if (!isAll(line, { action_ids: actionIds, cycle_id, run_id })) return null;
  return { claimant: { cycle_id, run_id }, actionIds };
}

function isSame(owner: Claimant | undefined, claimant: Claimant): boolean {
  return owner?.cycle_id === claimant.cycle_id && owner.run_id === claimant.run_id;
}
