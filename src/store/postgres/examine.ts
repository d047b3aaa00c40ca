import { openDatabase } from './database';
import { asStoreError } from './errors';
import { type SchemaState, schemaState } from './schema';

/** What a database and its user are like, for whoever runs it. */
export interface Examined extends SchemaState {
  /** Host, port and database. */
  readonly where: string;
  /** Of the server: `15.4`. */
  readonly version: string;
  readonly user: string;
  /** The connection is encrypted, or leaves no machine. */
  readonly private: boolean;
  /** What it acknowledges is on disk. */
  readonly durable: boolean;
  /** Rights of this user that no worker needs: `DELETE on entries`. */
  readonly excess: readonly string[];
}

const ABOUT =
  "SELECT current_setting('server_version') AS version, current_user AS user, " +
  "current_setting('fsync') = 'on' AS durable, inet_server_addr() IS NULL OR inet_server_addr() <<= '127.0.0.0/8' " +
  "OR inet_server_addr() = '::1' OR coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false) AS private";
const EXCESS =
  "SELECT p.privilege || ' on ' || c.relname AS excess FROM pg_class c " +
  "JOIN pg_namespace s ON s.oid = c.relnamespace AND s.nspname = 'harness', " +
  "unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE']) AS p (privilege) " +
  "WHERE c.relkind = 'r' AND has_table_privilege(c.oid, p.privilege) ORDER BY 1";

interface About {
  readonly version: string;
  readonly user: string;
  readonly durable: boolean;
  readonly private: boolean;
}

/** Looks, and changes nothing. @throws StoreError STORE_UNAVAILABLE when the database does not answer */
export function examineDatabase(url: string): Promise<Examined> {
  return asStoreError('STORE_UNAVAILABLE', 'the PostgreSQL store', async () => {
    const database = await openDatabase(url);
    try {
      const state = await schemaState(database);
      const [about] = await database.write<About & Record<string, unknown>>(ABOUT);
      if (about === undefined) throw new Error('a SELECT without a row');
      const excess = await database.write<{ excess: string }>(EXCESS);
      const { where } = database;
      return { where, ...about, ...state, excess: excess.map((row) => row.excess) };
    } finally {
      await database.close();
    }
  });
}
