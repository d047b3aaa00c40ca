import { setTimeout as pause } from 'node:timers/promises';
import type { Pool, PoolClient, QueryConfig, QueryResultRow } from 'pg';
import { isTrouble, Trouble, troubleOf } from './errors';

/**
 * How long to wait for a lock, or for a database that does not answer. As with files: longer than a batch takes on a slow disk,
 * shorter than a built-in task's time.
 */
const WAIT_MS = 3_000;
/** For a connection, of the server or of the pool. */
const CONNECT_MS = 3_000;
/** Who hears nothing for so long takes the connection for dead: within a built-in task's time, so that it is not the task's fault. */
const ANSWER_MS = 3_500;
/** Of a question about everything there is. */
export const LISTING_MS = 60_000;
const CONNECTIONS_MAX = 10;
const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 250;

export interface PostgresOptions {
  /** How long to wait for what another process holds, and for a database that is away. Default 3 000 ms. */
  readonly waitMs?: number;
  /** Connections for statements; one more is opened while a lock is held. Default 10. */
  readonly connectionsMax?: number;
}

type Values = readonly unknown[];

/** One statement on a connection of its own or of a transaction; `answerMs`: how long it may take. @throws Trouble */
export type Ask = <R extends QueryResultRow>(
  text: string,
  values?: Values,
  answerMs?: number,
) => Promise<R[]>;

/** Connections to one database, and the words for it. */
export interface Database {
  /** Host, port and database: never the user or the password. */
  readonly where: string;
  readonly waitMs: number;
  /** A statement that only reads: it is asked again, for `waitMs`, when the connection fails. */
  readonly read: Ask;
  /** A statement that writes, once: after trouble that is `cut` it may stand or not. */
  readonly write: Ask;
  /** Like `write`, for several statements that stand together or not at all. */
  transaction<T>(body: (ask: Ask) => Promise<T>): Promise<T>;
  /** A connection for its taker alone, until it is given back; `broken`: it is not used again. */
  take(): Promise<Taken>;
  close(): Promise<void>;
}

export interface Taken {
  readonly ask: Ask;
  give(broken: boolean): void;
}

/** @param url with user and password: it stands in no error and no log */
export async function openDatabase(url: string, options: PostgresOptions = {}): Promise<Database> {
  const { waitMs = WAIT_MS, connectionsMax = CONNECTIONS_MAX } = options;
  const where = await placeOf(url);
  const newPool = await poolsOf(url);
  const statements = newPool(connectionsMax, waitMs);
  const apart = newPool(1, waitMs);

  const connect = async (pool: Pool): Promise<PoolClient> => {
    try {
      return await pool.connect();
    } catch (error) {
      throw troubleOf(error, where);
    }
  };
  const asking = (client: PoolClient): Ask => {
    return async <R extends QueryResultRow>(
      text: string,
      values: Values = [],
      query_timeout = ANSWER_MS,
    ) => {
      const asked: QueryConfig & { readonly query_timeout: number } = {
        text,
        values: [...values],
        query_timeout,
      };
      try {
        return (await client.query<R>(asked)).rows;
      } catch (error) {
        throw troubleOf(error, where);
      }
    };
  };
  const withClient = async <T>(body: (ask: Ask) => Promise<T>): Promise<T> => {
    const client = await connect(statements);
    let broken = true;
    try {
      const done = await body(asking(client));
      broken = false;
      return done;
    } catch (error) {
      broken = !isTrouble(error) || error.cut;
      throw error;
    } finally {
      client.release(broken);
    }
  };
  const write: Ask = (text, values, answerMs) => withClient((ask) => ask(text, values, answerMs));

  return {
    where,
    waitMs,
    write,
    read: (text, values, answerMs) => patiently(waitMs, () => write(text, values, answerMs)),
    transaction: (body) =>
      withClient(async (ask) => {
        await ask('BEGIN');
        try {
          const done = await body(ask);
          await ask('COMMIT');
          return done;
        } catch (error) {
          // Where this fails the connection is gone, and the transaction with it: the first error is the one to tell.
          await ask('ROLLBACK').catch(() => undefined);
          throw error;
        }
      }),
    async take() {
      const client = await connect(apart);
      return { ask: asking(client), give: (broken) => client.release(broken) };
    },
    async close() {
      await Promise.all([statements, apart].map((pool) => (pool.ending ? undefined : pool.end())));
    },
  };
}

/** Tries again while the connection fails, for `waitMs`: a database that restarts is soon back. */
export async function patiently<T>(waitMs: number, body: () => Promise<T>): Promise<T> {
  const until = performance.now() + waitMs;
  for (let ms = FIRST_PAUSE_MS; ; ms = Math.min(2 * ms, LONGEST_PAUSE_MS)) {
    try {
      return await body();
    } catch (error) {
      if (!isTrouble(error) || !error.cut || performance.now() + ms > until) throw error;
      await pause(ms);
    }
  }
}

/** A process that keeps its things in files does not load the client. */
async function poolsOf(url: string): Promise<(max: number, waitMs: number) => Pool> {
  const pg = await import('pg');
  return (max, waitMs) => {
    const pool = new pg.Pool({
      connectionString: url,
      max,
      connectionTimeoutMillis: CONNECT_MS,
      query_timeout: ANSWER_MS,
      keepAlive: true,
      allowExitOnIdle: true,
      application_name: 'execution-harness',
      onConnect: async (client) => {
        await client.query(settings(waitMs));
      },
    });
    // A connection that ends is found at its next use, or by the query in flight; without listeners it would end the process.
    pool.on('error', () => undefined);
    pool.on('connect', (client) => client.on('error', () => undefined));
    return pool;
  };
}

/**
 * What the store's promises rest on, whatever the database is set to: what is acknowledged is on disk, a statement sees what
 * was committed before it, and the locks of a machine that lost its power do not stand for hours.
 */
const settings = (waitMs: number): string =>
  [
    'SET synchronous_commit = on',
    "SET default_transaction_isolation = 'read committed'",
    `SET lock_timeout = ${waitMs}`,
    `SET statement_timeout = ${LISTING_MS}`,
    `SET idle_in_transaction_session_timeout = ${ANSWER_MS}`,
    'SET tcp_keepalives_idle = 10',
    'SET tcp_keepalives_interval = 5',
    'SET tcp_keepalives_count = 3',
  ].join('; ');

/**
 * Host, port and database of an address.
 * @throws Trouble for what is none; its text is not shown, it may hold a password
 */
export async function placeOf(url: string): Promise<string> {
  const pg = await import('pg');
  try {
    const { host, port, database = '' } = new pg.Client({ connectionString: url });
    return `${host}:${port}/${database}`;
  } catch {
    const form = 'postgres://user:password@host:port/database';
    throw new Trouble(`its address cannot be read: it has the form ${form}`, null, false, null);
  }
}
