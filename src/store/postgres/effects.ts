import { effectLine, type Ledger, readLedger } from '../rules/effect-lines';
import { effectStore, effectWaitMs, type Held, intact } from '../rules/effects';
import { uuidOrThrow } from '../rules/ids';
import { type EffectStore, StoreError } from '../store';
import { type Book, bookOf, unbroken } from './book';
import type { Database } from './database';
import { asStoreError } from './errors';
import type { Locks } from './locks';

export function postgresEffects(database: Database, locks: Locks): EffectStore {
  const book = bookOf(database, 'effects');
  const waitMs = effectWaitMs(database.waitMs);
  const whatOf = (key: string): string => `the record of effects ${key} in ${database.where}`;
  const read = async (key: string): Promise<{ ledger: Ledger; count: number }> => {
    const rows = await book.all(key);
    const lines = unbroken(rows);
    const reading = readLedger(lines ?? []);
    const damaged = reading.damaged || lines === null;
    return { ledger: intact({ ...reading, damaged }, whatOf(key)), count: rows.length };
  };

  return effectStore({
    held: (cycleId, taskId, body) => {
      const key = keyOf(cycleId, taskId);
      return asStoreError('STORE_UNAVAILABLE', whatOf(key), () =>
        locks.hold(`effects ${key}`, waitMs, async () => {
          const { ledger, count } = await read(key);
          return body({ ledger, append: appender(book, key, count) });
        }),
      );
    },

    look: async (cycleId, taskId) => {
      const key = keyOf(cycleId, taskId);
      return asStoreError('STORE_UNAVAILABLE', whatOf(key), async () => (await read(key)).ledger);
    },
  });
}

/** R24: who is followed by another while it performs finds the place of its next line taken, and is fenced off. */
function appender(book: Book, key: string, count: number): Held['append'] {
  let end = count;
  return async (line) => {
    if (!(await book.add(key, end, [effectLine(line)]))) {
      throw new StoreError(
        'EFFECTS_FENCED',
        `the lock on the record of effects ${key} was lost, and another attempt has written since: this one must end`,
      );
    }
    end += 1;
  };
}

function keyOf(cycleId: string, taskId: string): string {
  return `${uuidOrThrow(cycleId)}/${uuidOrThrow(taskId)}`;
}
