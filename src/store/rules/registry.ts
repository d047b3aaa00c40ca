import { canonicalText } from '../../core/identity';
import { isObject, type JsonObject, valueOf } from '../../core/json';
import {
  EMPTY_REGISTRY,
  type RegistrySnapshot,
  type ViolationNote,
  withNotes,
} from '../../core/registry';
import { StoreError, type RegistryNow, type RegistryPointer } from '../store';

type Damaged = (what: string) => StoreError;

export function registryOf(
  pointer: RegistryPointer | null,
  snapshot: RegistrySnapshot | null,
  notes: readonly ViolationNote[],
): RegistryNow {
  const registry = withNotes(snapshot?.registry ?? EMPTY_REGISTRY, notes);
  return { registry, pointer, snapshot };
}

/** Fails closed: who cannot tell which skills are quarantined runs none. `where`, as people know it: a file, a table. */
export function notesIn(lines: Iterable<string>, where: string, damaged: Damaged): ViolationNote[] {
  const notes: ViolationNote[] = [];
  for (const line of lines) {
    const value = valueOf(line);
    if (!isObject(value) || value['n'] !== notes.length + 1) throw damaged(where);
    notes.push(value as unknown as ViolationNote);
  }
  return notes;
}

export function pointerIn(text: string, where: string, damaged: Damaged): RegistryPointer {
  const value = valueOf(text);
  const { version, hash } = isObject(value) ? value : {};
  if (typeof version === 'number' && typeof hash === 'string')
    return { version, hash: hash as RegistryPointer['hash'] };
  throw damaged(where);
}

export function isAt(stands: RegistryPointer | null, from: RegistryPointer | null): boolean {
  return stands?.version === from?.version && stands?.hash === from?.hash;
}

export function snapshotText(snapshot: RegistrySnapshot): string {
  return canonicalText(snapshot as unknown as JsonObject);
}

export function snapshotIn(bytes: Uint8Array): RegistrySnapshot {
  return JSON.parse(Buffer.from(bytes).toString('utf8')) as RegistrySnapshot;
}

/** `what`, in a sentence: `the skill registry in …`. */
export function damagedRegistry(what: string): Damaged {
  return (where) =>
    new StoreError(
      'STORE_UNAVAILABLE',
      `${what}, ${where}, is damaged: restore it from a copy, without it nobody can tell which skills may run`,
    );
}
