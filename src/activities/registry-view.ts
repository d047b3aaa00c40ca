import { EMPTY_REGISTRY, type Registry, withNotes } from '../core/registry';
import type { RegistryRead } from '../core/plan';
import type { RegistryPointer, Store } from '../store/store';
import type { States } from './states';

/** The registry as it stands at this moment: the newest snapshot, and every violation noted since. */
export interface RegistryNow {
  readonly registry: Registry;
  readonly pointer: RegistryPointer | null;
  readonly read: RegistryRead;
}

/**
 * The gate: read just before a task's body, after its start is on record, so that a quarantine takes effect at the next task
 * of every cycle on every worker (C7.V1). Two looks at files that have not changed cost a fraction of a millisecond.
 */
export async function registryNow(
  { registry: stored }: Pick<Store, 'registry'>,
  states: States,
): Promise<RegistryNow> {
  const pointer = await stored.pointer();
  const published =
    pointer === null ? EMPTY_REGISTRY : (await states.snapshot(pointer.hash)).registry;
  const notes = await stored.notesAfter(published.notes);
  return {
    registry: withNotes(published, notes),
    pointer,
    read: { version: published.version, hash: pointer?.hash ?? null },
  };
}
