import { canonicalText } from '../../core/identity';
import { isDigest, isObject, type Json, type JsonObject } from '../../core/json';
import {
  EMPTY_REGISTRY,
  type RegistrySnapshot,
  type ViolationNote,
  withNotes,
} from '../../core/registry';
import { RESPONSES } from '../../core/reasons';
import { StoreError, type RegistryNow, type RegistryPointer } from '../store';
import { isAll, isCount, isText, storedIn } from './stored';

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
    const value = storedIn(line);
    if (!isNote(value) || value.n !== notes.length + 1) throw damaged(where);
    notes.push(value);
  }
  return notes;
}

const NOTE_TEXTS = ['id', 'skill_id', 'skill_ref', 'code', 'detail', 'cycle_id', 'task', 'at'];
const NOTE_COUNTS = ['n', 'tenure', 'count'];

function isNote(value: Json | undefined): value is JsonObject & ViolationNote {
  if (!isObject(value)) return false;
  const { response } = value;
  return (
    Object.keys(value).length === NOTE_TEXTS.length + NOTE_COUNTS.length + 1 &&
    NOTE_TEXTS.every((key) => isText(value[key])) &&
    NOTE_COUNTS.every((key) => isCount(value[key])) &&
    Array.isArray(response) &&
    response.every((each: Json) => RESPONSES.some((known) => known === each))
  );
}

export function pointerIn(text: string, where: string, damaged: Damaged): RegistryPointer {
  const value = storedIn(text);
  const { version, hash } = isObject(value) ? value : {};
  if (isCount(version) && isDigest(hash) && isAll(text, { version, hash }))
    return { version, hash };
  throw damaged(where);
}

export function isAt(stands: RegistryPointer | null, from: RegistryPointer | null): boolean {
  return stands?.version === from?.version && stands?.hash === from?.hash;
}

export function snapshotText(snapshot: RegistrySnapshot): string {
  return canonicalText(snapshot as unknown as JsonObject);
}

/** The document that the pointer names, which hashes to its name: is it a snapshot, and the one that is meant? */
export function snapshotIn(
  bytes: Uint8Array | null,
  { version, hash }: RegistryPointer,
  damaged: Damaged,
): RegistrySnapshot {
  const value = bytes === null ? undefined : storedIn(Buffer.from(bytes).toString('utf8'));
  const registry = isObject(value) ? value['registry'] : undefined;
  if (isObject(registry) && registry['version'] === version)
    return value as unknown as RegistrySnapshot;
  throw damaged(`document ${hash}`);
}

/** `what`, in a sentence: `the skill registry in …`. */
export function damagedRegistry(what: string): Damaged {
  return (where) =>
    new StoreError(
      'STORE_UNAVAILABLE',
      `${what}, ${where}, is damaged: restore it from a copy, without it nobody can tell which skills may run`,
    );
}
