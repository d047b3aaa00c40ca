import { join } from 'node:path';
import { canonicalText } from '../../core/identity';
import type { RegistrySnapshot, ViolationNote } from '../../core/registry';
import {
  damagedRegistry,
  isAt,
  notesIn,
  pointerIn,
  registryOf,
  snapshotIn,
  snapshotText,
} from '../rules/registry';
import type { DocumentStore, RegistryPointer, RegistryStore } from '../store';
import { asStoreError, goneAsNull } from './errors';
import { appendDurably, markOf, readSettled, setTornTailAside, withLock } from './growing';
import type { Home } from './home';
import { textOf, wholeTexts } from './lines';
import { readWhole, syncFolder } from './disk';
import { publish } from './publish';

const WHAT = 'the skill registry in HARNESS_HOME';
const CURRENT = 'registry/current.json';
const damaged = damagedRegistry(WHAT);

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
    const mark = markOf(current);
    if (pointerRead?.mark !== mark) {
      const bytes = readWhole(current);
      const value = bytes === null ? null : pointerIn(textOf(bytes), CURRENT, damaged);
      pointerRead = { mark, value };
    }
    return pointerRead.value;
  };

  const notes = async (): Promise<readonly ViolationNote[]> => {
    const mark = markOf(violations);
    if (notesRead?.mark !== mark) {
      const value = await readSettled(violations, home.lockWaitMs, read, () => true).catch(
        goneAsNull,
      );
      notesRead = { mark, value: value ?? [] };
    }
    return notesRead.value;
  };

  const snapshot = async (at: RegistryPointer): Promise<RegistrySnapshot> => {
    if (snapshotRead?.mark !== at.hash) {
      const value = snapshotIn(await documents.get(at.hash), at, damaged);
      snapshotRead = { mark: at.hash, value };
    }
    return snapshotRead.value;
  };

  const read = (fd: number, size: number): ViolationNote[] =>
    notesIn(wholeTexts(fd, size), 'registry/violations.jsonl', damaged);

  return {
    now() {
      return asStoreError('STORE_UNAVAILABLE', WHAT, async () => {
        const at = await pointer();
        const published = at === null ? null : await snapshot(at);
        return registryOf(at, published, await notes());
      });
    },

    publish(from, next) {
      return asStoreError('STORE_UNAVAILABLE', WHAT, () =>
        withLock(join(folder, 'lock'), home.lockWaitMs, async () => {
          if (!isAt(await pointer(), from)) return null;
          const hash = await documents.put(Buffer.from(snapshotText(next)));
          const to = { version: next.registry.version, hash };
          await publish(home, current, Buffer.from(canonicalText(to)));
          return to;
        }),
      );
    },

    note(id, make) {
      return asStoreError('STORE_UNAVAILABLE', WHAT, () =>
        withLock(violations, home.lockWaitMs, async (fd) => {
          const size = await setTornTailAside(home, fd, violations, 'violations');
          const earlier = read(fd, size);
          const known = earlier.find((note) => note.id === id);
          if (known !== undefined) return known;
          const note: ViolationNote = { ...make(earlier), id, n: earlier.length + 1 };
          await appendDurably(fd, Buffer.from(`${canonicalText({ ...note })}\n`), size);
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
