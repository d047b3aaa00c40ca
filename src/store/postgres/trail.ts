import { hashBytes } from '../../core/identity';
import { resultIn } from '../rules/cycle-record';
import { uuidOrThrow } from '../rules/ids';
import type { DocumentStore } from '../store';
import type { Lines, Trail } from '../trail';
import type { Row } from './book';
import { chainIds } from './chains';
import { postgresCycles } from './cycles';
import { type Database, LISTING_MS, openDatabase, type PostgresOptions } from './database';
import { addressOf, damagedDocument, postgresDocuments } from './documents';
import { asStoreError } from './errors';
import { gathered } from './gather';
import { requireSchema } from './schema';

/** How many chains are looked at at once, and asked for in one query: few queries, and not too much in memory. */
const AT_ONCE = 32;

/**
 * The record in PostgreSQL, read and nothing else.
 * @throws StoreError STORE_UNAVAILABLE
 */
export async function openPostgresTrail(
  url: string,
  options: PostgresOptions = {},
): Promise<Trail> {
  return asStoreError('STORE_UNAVAILABLE', 'the PostgreSQL store', async () => {
    const database = await openDatabase(url, options);
    try {
      await requireSchema(database);
      return trailIn(database);
    } catch (error) {
      await database.close();
      throw error;
    }
  });
}

function trailIn(database: Database): Trail {
  const { where } = database;
  const cycles = postgresCycles(database);
  const rowsOf = gathered((ids) => chainsOf(database, ids));
  const resultOf = gathered((ids) => newestOf(database, 'results', ids));
  const recordOf = gathered((ids) => newestOf(database, 'cycles', ids));
  const named = <T>(chainId: string, body: () => Promise<T>): Promise<T> =>
    asStoreError('AUDIT_UNAVAILABLE', `the audit chain ${chainId}`, body);

  return {
    where,
    atOnce: AT_ONCE,
    documents: gatheredDocuments(database),
    chains: () =>
      asStoreError('AUDIT_UNAVAILABLE', 'the audit trail', async () => ({
        ids: await chainIds(database),
        aliens: [],
      })),
    idsOf: (what) =>
      asStoreError('STORE_UNAVAILABLE', 'the record of cycles', () => idsIn(database, what)),
    find: (id) => cycles.find(id),

    async result(cycleId) {
      const key = uuidOrThrow(cycleId);
      const what = `the record of cycle ${key} in ${where}`;
      const line = await asStoreError('STORE_UNAVAILABLE', what, () => resultOf(key));
      return line === undefined ? null : resultIn(line, what);
    },

    look(chainId, see) {
      const key = uuidOrThrow(chainId);
      // A batch is committed as one: no reading meets a writer in the middle.
      return named(key, async () => {
        const rows = await rowsOf(key);
        return rows === undefined ? null : see(linesOf(rows));
      });
    },

    bytes(what, id) {
      const key = uuidOrThrow(id);
      return named(key, async () => {
        if (what === 'audit') return textOf((await rowsOf(key))?.map(({ line }) => line));
        const line = await (what === 'results' ? resultOf(key) : recordOf(key));
        return textOf(line === undefined ? undefined : [line]);
      });
    },

    close: () => database.close(),
  };
}

function textOf(lines: readonly string[] | undefined): Uint8Array | null {
  if (lines === undefined) return null;
  return Buffer.from(lines.map((line) => `${line}\n`).join(''));
}

function linesOf(rows: readonly Row[]): Lines {
  const at = rows.findIndex(({ n }, i) => n !== i + 1);
  const row = rows[at];
  const problem = `its row is number ${row?.n ?? 0} in the table harness.entries: a row is gone, or was given another number`;
  return {
    all: rows.map(({ line }) => line),
    torn: () => false,
    fault: () => (row === undefined ? null : { line: at + 1, problem }),
  };
}

async function chainsOf(
  { read }: Database,
  ids: readonly string[],
): Promise<ReadonlyMap<string, readonly Row[]>> {
  const text =
    'SELECT key, n, line FROM harness.entries WHERE key = ANY($1::uuid[]) ORDER BY key, n';
  const chains = new Map<string, Row[]>();
  for (const { key, n, line } of await read<{ key: string; n: number; line: string }>(text, [
    ids,
  ])) {
    const rows = chains.get(key);
    if (rows === undefined) chains.set(key, [{ n, line }]);
    else rows.push({ n, line });
  }
  return chains;
}

/** The newest line of each that has one. */
async function newestOf(
  { read }: Database,
  table: 'cycles' | 'results',
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const text =
    `SELECT DISTINCT ON (key) key, line FROM harness.${table} ` +
    'WHERE key = ANY($1::uuid[]) ORDER BY key, n DESC';
  const rows = await read<{ key: string; line: string | null }>(text, [ids], LISTING_MS);
  return new Map(rows.flatMap(({ key, line }) => (line === null ? [] : [[key, line]])));
}

async function idsIn({ read }: Database, table: 'cycles' | 'results'): Promise<string[]> {
  const newest = `SELECT DISTINCT ON (key) key, line FROM harness.${table} ORDER BY key, n DESC`;
  const text = `SELECT key FROM (${newest}) AS newest WHERE line IS NOT NULL ORDER BY key`;
  return (await read<{ key: string }>(text, [], LISTING_MS)).map(({ key }) => key);
}

/** Cycles stand on many documents: those that are asked for at once are read at once. */
function gatheredDocuments(database: Database): DocumentStore {
  const bytesOf = gathered(async (refs) => {
    const text =
      'SELECT DISTINCT ON (hash) hash, bytes FROM harness.documents ' +
      'WHERE hash = ANY($1::bytea[]) ORDER BY hash, n DESC';
    const rows = await database.read<{ hash: Buffer; bytes: Buffer }>(
      text,
      [refs.map(addressOf)],
      LISTING_MS,
    );
    return new Map(rows.map(({ hash, bytes }) => [`sha256:${hash.toString('hex')}`, bytes]));
  });
  return {
    put: postgresDocuments(database).put,
    get: (ref) =>
      asStoreError('STORE_UNAVAILABLE', `the stored document ${ref}`, async () => {
        const bytes = await bytesOf(ref);
        if (bytes !== undefined && hashBytes(bytes) !== ref)
          throw damagedDocument(ref, database.where);
        return bytes ?? null;
      }),
  };
}
