import { canonicalText } from '../../core/identity';
import type { Sha256 } from '../../core/json';
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
import { type DocumentStore, type RegistryPointer, type RegistryStore, StoreError } from '../store';
import { bookOf, unbroken } from './book';
import type { Database } from './database';
import { asStoreError } from './errors';

/** The one key of either book. */
const KEY = 'harness';
/** Both ends in one question: every task's activity looks here just before its body. */
const ENDS =
  'SELECT (SELECT max(n) FROM harness.violations WHERE key = $1) AS notes, ' +
  '(SELECT n FROM harness.registry WHERE key = $1 ORDER BY n DESC LIMIT 1) AS n, ' +
  '(SELECT line FROM harness.registry WHERE key = $1 ORDER BY n DESC LIMIT 1) AS line';

interface Ends {
  readonly notes: number | null;
  readonly n: number | null;
  readonly line: string | null;
}

/** How often a note, or a snapshot, may find another one in its place. */
const TRIES = 100;

export function postgresRegistry(database: Database, documents: DocumentStore): RegistryStore {
  const what = `the skill registry in ${database.where}`;
  const damaged = damagedRegistry(what);
  const published = bookOf(database, 'registry');
  const violations = bookOf(database, 'violations');
  let notesRead: readonly ViolationNote[] = [];
  let snapshotRead: { readonly hash: Sha256; readonly value: RegistrySnapshot } | null = null;

  const named = <T>(body: () => Promise<T>): Promise<T> =>
    asStoreError('STORE_UNAVAILABLE', what, body);
  const ends = async (): Promise<Ends> => {
    const [row] = await database.read<Ends & Record<string, unknown>>(ENDS, [KEY]);
    return row ?? { notes: null, n: null, line: null };
  };
  const pointerOf = ({ line }: Ends) =>
    line === null ? null : pointerIn(line, 'table harness.registry', damaged);
  const readNotes = async (): Promise<readonly ViolationNote[]> => {
    const lines = unbroken(await violations.all(KEY));
    if (lines === null) throw damaged('table harness.violations');
    return notesIn(lines, 'table harness.violations', damaged);
  };
  const snapshot = async (pointer: RegistryPointer): Promise<RegistrySnapshot> => {
    const { hash } = pointer;
    if (snapshotRead?.hash !== hash) {
      snapshotRead = { hash, value: snapshotIn(await documents.get(hash), pointer, damaged) };
    }
    return snapshotRead.value;
  };

  return {
    now() {
      return named(async () => {
        const at = await ends();
        // Rows are never changed: where the last number is the same, they are.
        if ((at.notes ?? 0) !== notesRead.length) notesRead = await readNotes();
        const pointer = pointerOf(at);
        return registryOf(pointer, pointer && (await snapshot(pointer)), notesRead);
      });
    },

    publish(from, next) {
      return named(async () => {
        const at = await ends();
        if (!isAt(pointerOf(at), from)) return null;
        const hash = await documents.put(Buffer.from(snapshotText(next)));
        const to = { version: next.registry.version, hash };
        return (await published.add(KEY, at.n ?? 0, [canonicalText(to)])) ? to : null;
      });
    },

    note(id, make) {
      return named(async () => {
        for (let tries = 0; tries < TRIES; tries += 1) {
          const earlier = await readNotes();
          const known = earlier.find((note) => note.id === id);
          if (known !== undefined) return known;
          const note: ViolationNote = { ...make(earlier), id, n: earlier.length + 1 };
          if (await violations.add(KEY, earlier.length, [canonicalText({ ...note })])) return note;
        }
        throw new StoreError('STORE_UNAVAILABLE', `${what} is written to without end: try again`);
      });
    },
  };
}
