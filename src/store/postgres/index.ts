import { LATCH_CHAIN } from '../../core/identity';
import { latchOn } from '../rules/latch';
import type { Store } from '../store';
import { postgresChains } from './chains';
import { postgresClaims } from './claims';
import { postgresCycles } from './cycles';
import { openDatabase, type PostgresOptions } from './database';
import { postgresDocuments } from './documents';
import { postgresEffects } from './effects';
import { asStoreError } from './errors';
import { postgresLedger } from './ledger';
import { locksOn } from './locks';
import { postgresRegistry } from './registry';
import { requireSchema } from './schema';

export type { PostgresOptions } from './database';

/**
 * The store in PostgreSQL, for any number of processes on any number of machines. It inserts and reads rows, and changes none.
 * @param url `postgres://user:password@host:port/database`: it stands in no error and no log
 * @throws StoreError STORE_UNAVAILABLE when the database does not answer, or has not the schema of this version
 */
export async function openPostgresStore(
  url: string,
  options: PostgresOptions = {},
): Promise<Store> {
  const database = await asStoreError('STORE_UNAVAILABLE', 'the PostgreSQL store', async () => {
    const opened = await openDatabase(url, options);
    try {
      await requireSchema(opened);
      return opened;
    } catch (error) {
      await opened.close();
      throw error;
    }
  });
  const locks = locksOn(database);
  const documents = postgresDocuments(database);
  const audit = postgresChains(database);
  return {
    documents,
    audit,
    actions: postgresClaims(database, locks, audit),
    effects: postgresEffects(database, locks),
    cycles: postgresCycles(database),
    registry: postgresRegistry(database, documents),
    latch: latchOn(audit, () => audit.mark(LATCH_CHAIN)),
    ledger: postgresLedger(database),
    close: () => database.close(),
  };
}
