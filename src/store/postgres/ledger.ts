import { LEDGER_CHAIN } from '../../core/identity';
import { tailEntry } from '../rules/append';
import { gatheringLedger, ledgerLines } from '../rules/ledger';
import { type LedgerStore, StoreError } from '../store';
import { bookOf } from './book';
import type { Database } from './database';
import { asStoreError } from './errors';

/** How often another process may write first: each time there is one fewer that can. */
const TRIES = 1_000;

/** The ledger's chain, by its last entry alone; every worker on every machine writes to it. */
export function postgresLedger(database: Database): LedgerStore {
  const book = bookOf(database, 'entries');
  const what = `the ledger of cycles in ${database.where}`;
  return gatheringLedger((notes) =>
    asStoreError('AUDIT_UNAVAILABLE', what, async () => {
      for (let tries = 0; tries < TRIES; tries += 1) {
        const row = await book.last(LEDGER_CHAIN);
        const tail = row === null ? null : tailEntry(LEDGER_CHAIN, LEDGER_CHAIN, row.line);
        const lines = ledgerLines(tail, notes, new Date().toISOString());
        if (await book.add(LEDGER_CHAIN, row?.n ?? 0, lines)) return;
      }
      throw new StoreError('AUDIT_UNAVAILABLE', `${what} is written to without end: try again`);
    }),
  );
}
