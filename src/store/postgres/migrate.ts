import type { Client } from 'pg';
import { quote } from '../../core/construct';
import { StoreError } from '../store';
import { placeOf } from './database';
import { asStoreError, troubleOf } from './errors';
import { MIGRATIONS, MIGRATIONS_TABLE } from './schema';

export interface Migrated {
  /** Host, port and database. */
  readonly where: string;
  /** What was carried out now; empty: the schema was up to date. */
  readonly migrations: readonly string[];
  readonly granted_to: string | null;
}

/** An ordinary name of a role: what has to be quoted is quoted, what would end the quotes is refused. */
const ROLE = /^[^"\0]{1,63}$/;

/**
 * Brings the database's schema up to this version, and gives `grantTo` the right to read and to insert, and no other. The
 * migrations are carried out all or none; who comes second waits for the first.
 * @param url of the role that owns the schema, or is to own it
 * @throws StoreError STORE_UNAVAILABLE
 */
export async function migrateDatabase(url: string, grantTo: string | null): Promise<Migrated> {
  if (grantTo !== null && !ROLE.test(grantTo))
    throw new StoreError('STORE_UNAVAILABLE', `${quote(grantTo)} is no name of a role`);
  return asStoreError('STORE_UNAVAILABLE', 'the PostgreSQL store', async () => {
    const where = await placeOf(url);
    const client = await connected(url, where);
    try {
      await requireUtf8(client, where);
      if (grantTo !== null) await requireRole(client, grantTo, where);
      const migrations = await migrate(client);
      if (grantTo !== null) await grant(client, grantTo);
      return { where, migrations, granted_to: grantTo };
    } catch (error) {
      throw error instanceof StoreError ? error : troubleOf(error, where);
    } finally {
      await client.end();
    }
  });
}

async function connected(url: string, where: string): Promise<Client> {
  const pg = await import('pg');
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return client;
  } catch (error) {
    throw troubleOf(error, where);
  }
}

/** An entry's text holds any character there is. */
async function requireUtf8(client: Client, where: string): Promise<void> {
  const { rows } = await client.query<{ encoding: string }>(
    "SELECT current_setting('server_encoding') AS encoding",
  );
  const encoding = rows[0]?.encoding ?? '';
  if (encoding === 'UTF8') return;
  throw new StoreError(
    'STORE_UNAVAILABLE',
    `the database ${where} has the encoding ${encoding}: create one with UTF8`,
  );
}

async function requireRole(client: Client, role: string, where: string): Promise<void> {
  const { rowCount } = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [role]);
  if (rowCount === 1) return;
  throw new StoreError(
    'STORE_UNAVAILABLE',
    `the server of ${where} has no role ${role}: create it first`,
  );
}

async function migrate(client: Client): Promise<string[]> {
  const { runner } = await import('node-pg-migrate');
  const silent = () => undefined;
  const done = await runner({
    dbClient: client,
    dir: MIGRATIONS,
    direction: 'up',
    schema: 'harness',
    createSchema: true,
    migrationsTable: MIGRATIONS_TABLE,
    singleTransaction: true,
    advisoryLockMode: 'wait',
    logger: { debug: silent, info: silent, warn: silent, error: silent },
  });
  return done.map(({ name }) => name);
}

async function grant(client: Client, role: string): Promise<void> {
  const to = `TO "${role}"`;
  await client.query(`GRANT USAGE ON SCHEMA harness ${to}`);
  await client.query(`GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA harness ${to}`);
  // Which migrations there were is for the owner to say.
  await client.query(`REVOKE INSERT ON harness.${MIGRATIONS_TABLE} FROM "${role}"`);
}
