import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalText } from '../../core/identity';
import { isObject, type JsonObject, type Sha256, valueOf } from '../../core/json';
import {
  EMPTY_REGISTRY,
  type RegistrySnapshot,
  type ViolationNote,
  withNotes,
} from '../../core/registry';
import { type DocumentStore, type RegistryPointer, type RegistryStore, StoreError } from '../store';
import { asStoreError, goneAsNull } from './errors';
import { appendDurably, markOf, readSettled, setTornTailAside, withLock } from './growing';
import type { Home } from './home';
import { linesForward } from './lines';
import { publish, syncFolder } from './publish';

const WHAT = 'the skill registry in HARNESS_HOME';

/**
 * `registry/current.json` points to the newest snapshot, `registry/violations.jsonl` holds the notes. Every task's activity
 * looks here just before its body, so what has not changed is not read again: a note is a larger file, a snapshot another one.
 */
export function fileRegistry(home: Home, documents: DocumentStore): RegistryStore {
  const folder = join(home.root, 'registry');
  const current = join(folder, 'current.json');
  const violations = join(folder, 'violations.jsonl');
  let pointerRead: Kept<RegistryPointer | null> | null = null;
  let snapshotRead: Kept<RegistrySnapshot> | null = null;
  let notesRead: Kept<readonly ViolationNote[]> | null = null;

  const pointer = async (): Promise<RegistryPointer | null> => {
    const mark = await markOf(current);
    if (pointerRead?.mark !== mark) {
      const text = await readFile(current, 'utf8').catch(goneAsNull);
      pointerRead = { mark, value: text === null ? null : parsePointer(text) };
    }
    return pointerRead.value;
  };

  const notes = async (): Promise<readonly ViolationNote[]> => {
    const mark = await markOf(violations);
    if (notesRead?.mark !== mark) {
      const value = await readSettled(violations, home.lockWaitMs, parseNotes, () => true).catch(
        goneAsNull,
      );
      notesRead = { mark, value: value ?? [] };
    }
    return notesRead.value;
  };

  const snapshot = async (hash: Sha256): Promise<RegistrySnapshot> => {
    if (snapshotRead?.mark !== hash) {
      const bytes = await documents.get(hash);
      if (bytes === null) throw damaged(`documents/…/${hash.slice(-64)}`);
      const value = JSON.parse(Buffer.from(bytes).toString('utf8')) as RegistrySnapshot;
      snapshotRead = { mark: hash, value };
    }
    return snapshotRead.value;
  };

  return {
    now() {
      return asStoreError('STORE_UNAVAILABLE', WHAT, async () => {
        const at = await pointer();
        const published = at === null ? null : await snapshot(at.hash);
        const registry = withNotes(published?.registry ?? EMPTY_REGISTRY, await notes());
        return { registry, pointer: at, snapshot: published };
      });
    },

    publish(from, next) {
      return asStoreError('STORE_UNAVAILABLE', WHAT, () =>
        withLock(join(folder, 'lock'), home.lockWaitMs, async () => {
          const stands = await pointer();
          if (stands?.version !== from?.version || stands?.hash !== from?.hash) return null;
          const text = canonicalText(next as unknown as JsonObject);
          const hash = await documents.put(Buffer.from(text));
          const to = { version: next.registry.version, hash };
          await publish(home, current, Buffer.from(canonicalText(to)));
          return to;
        }),
      );
    },

    note(id, make) {
      return asStoreError('STORE_UNAVAILABLE', WHAT, () =>
        withLock(violations, home.lockWaitMs, async (handle) => {
          const size = await setTornTailAside(home, handle, violations, 'violations');
          const earlier = parseNotes(handle.fd, size);
          const known = earlier.find((note) => note.id === id);
          if (known !== undefined) return known;
          const note: ViolationNote = { ...make(earlier), id, n: earlier.length + 1 };
          await appendDurably(handle, Buffer.from(`${canonicalText({ ...note })}\n`), size);
          if (size === 0) await syncFolder(folder);
          return note;
        }),
      );
    },
  };
}

interface Kept<T> {
  readonly mark: string;
  readonly value: T;
}

function parsePointer(text: string): RegistryPointer {
  const value = valueOf(text);
  const { version, hash } = isObject(value) ? value : {};
  if (typeof version === 'number' && typeof hash === 'string')
    return { version, hash: hash as RegistryPointer['hash'] };
  throw damaged('registry/current.json');
}

/** Fails closed: who cannot tell which skills are quarantined runs none. */
function parseNotes(fd: number, size: number): ViolationNote[] {
  const notes: ViolationNote[] = [];
  for (const { bytes, whole } of linesForward(fd, size)) {
    if (!whole) continue;
    const value = valueOf(bytes.toString());
    if (!isObject(value) || value['n'] !== notes.length + 1)
      throw damaged('registry/violations.jsonl');
    notes.push(value as unknown as ViolationNote);
  }
  return notes;
}

function damaged(file: string): StoreError {
  return new StoreError(
    'STORE_UNAVAILABLE',
    `${WHAT}, ${file}, is damaged: restore it from a copy, without it nobody can tell which skills may run`,
  );
}
