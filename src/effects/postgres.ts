import type { Pool, PoolClient } from 'pg';
import { canonicalText } from '../core/identity';
import { type Adapter, type EffectCall, failed, type Outcome, PERFORMED, unknown } from './adapter';

/** Twice connecting and inserting stay within the time of an effect. */
const CONNECT_MS = 2_500;
const STATEMENT_MS = 2_000;
/** The server ends a slow statement first. */
const ANSWER_MS = 2_500;
const CONNECTIONS_MAX = 2;

/** What is looked up and told of an error: its text may hold values and names, so it is never shown. */
interface Refusal {
  readonly done: false;
  /** Nobody can tell whether the row was inserted. */
  readonly cut: boolean;
  readonly why: string;
}
type Try = { readonly done: true } | Refusal;

/** Inserts one row; the table has to exist, with `key` unique (docs/operations.md). */
export function postgresAdapter(table: string, urlEnv: string, url: string | undefined): Adapter {
  let opening: Promise<Pool> | null = null;
  const pool = (connectionString: string): Promise<Pool> =>
    (opening ??= openPool(connectionString));
  return {
    target: table,
    repeatable: true,
    async perform(call) {
      if (url === undefined || url === '') {
        return failed(
          `the environment variable ${urlEnv}, the address of the database, is not set for this worker: set it`,
        );
      }
      const first = await insert(() => pool(url), table, urlEnv, call);
      if (first.done) return PERFORMED;
      if (!first.cut) return failed(first.why);
      // The key makes a second insert harmless: an idle connection may just have been closed.
      const second = await insert(() => pool(url), table, urlEnv, call);
      return second.done ? PERFORMED : unsure(table, first.why);
    },
    async close() {
      await (await opening)?.end();
    },
  };
}

/** A worker that writes to no database does not load the client. */
async function openPool(connectionString: string): Promise<Pool> {
  const pg = await import('pg');
  const pool = new pg.Pool({
    connectionString,
    max: CONNECTIONS_MAX,
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: STATEMENT_MS,
    query_timeout: ANSWER_MS,
    allowExitOnIdle: true,
    application_name: 'execution-harness',
  });
  // A connection that ends is found at its next use, or by the query in flight; without listeners it would end the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

async function insert(
  pool: () => Promise<Pool>,
  table: string,
  urlEnv: string,
  call: EffectCall,
): Promise<Try> {
  let client: PoolClient;
  try {
    client = await (await pool()).connect();
  } catch (error) {
    return { done: false, cut: false, why: unreached(urlEnv, sqlState(error)) };
  }
  try {
    await client.query(statement(table), valuesOf(call));
    client.release();
    return { done: true };
  } catch (error) {
    const state = sqlState(error);
    const cut = state === null || /^(08|57P)/.test(state);
    client.release(cut);
    return { done: false, cut, why: cut ? 'the connection was cut' : refused(table, state) };
  }
}

function statement(table: string): string {
  // The configuration allows letters, digits and _ alone, with at most one dot: quoting is for words such as "order".
  const quoted = table
    .split('.')
    .map((part) => `"${part}"`)
    .join('.');
  return (
    `INSERT INTO ${quoted} (key, at, cycle_id, task_id, effect, ordinal, payload) ` +
    'VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (key) DO NOTHING'
  );
}

function valuesOf({ key, at, cycle_id, task_id, effect, ordinal, payload }: EffectCall) {
  return [key, at, cycle_id, task_id, effect, ordinal, canonicalText(payload)];
}

/** The five characters of an error that the database itself reports. */
function sqlState(error: unknown): string | null {
  if (typeof error !== 'object' || error === null || !('code' in error)) return null;
  const { code } = error;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !/^E[A-Z]{4}$/.test(code)
    ? code
    : null;
}

function unreached(urlEnv: string, state: string | null): string {
  const of = `the database of ${urlEnv}`;
  if (state === null) return `${of} cannot be reached: check the address, and that it is up`;
  if (state.startsWith('28')) return `${of} refuses the login: check the user and the password`;
  if (state === '3D000') return `${of} does not exist on its server: check the address`;
  return `${of} takes no connection (SQLSTATE ${state}): see its log`;
}

function refused(table: string, state: string): string {
  const create = 'create it as docs/operations.md shows';
  switch (state) {
    case '42P01':
    case '3F000':
      return `the table ${table} does not exist: ${create}`;
    case '42703':
    case '42P10':
    case '42804':
      return `the table ${table} has not the columns that an effect writes (SQLSTATE ${state}): ${create}`;
    case '42501':
      return `the database's user may not insert into the table ${table}: grant it the right to`;
    case '25006':
      return `the database of the table ${table} is read-only: write to its primary`;
    case '22P05':
      return `the table ${table} takes no payload with a NUL character in it: leave it out`;
    case '57014':
      return `the table ${table} took no row in ${STATEMENT_MS} ms: look for what locks it`;
    default:
      return `the table ${table} refuses the row (SQLSTATE ${state}): see the database's log`;
  }
}

function unsure(table: string, why: string): Outcome {
  return unknown(
    `${why} while the row was inserted into the table ${table}: look there for its key`,
  );
}
