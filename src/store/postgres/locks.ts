import { setTimeout as pause } from 'node:timers/promises';
import type { Database, Taken } from './database';
import { isTrouble, Trouble } from './errors';

const LONGEST_PAUSE_MS = 25;

/** Locks against every other process on the database, by name. */
export interface Locks {
  /**
   * Holds the lock until `body` is done. The database drops it with its process, or with the connection; then the rows'
   * constraints alone decide. @throws Trouble 55P03 when another keeps it for longer than `waitMs`
   */
  hold<T>(name: string, waitMs: number, body: () => Promise<T>): Promise<T>;
}

/** The one connection on which all locks of this process are held at a moment. */
interface Session {
  readonly taken: Promise<Taken>;
  /** Who holds a lock on it, or is just asking for one. */
  users: number;
  lost: boolean;
  /** The end of what it was asked last: a connection is asked one thing at a time. */
  turn: Promise<unknown>;
}

/**
 * Any number of locks take one connection, and none of those that statements need: however many claims are held at once, what
 * is written inside them finds a connection. Asked again and again, since a waiting call would keep the others from asking.
 */
export function locksOn(database: Database): Locks {
  /** A session holds a lock as often as it asks: so that two of this process exclude each other too. */
  const held = new Set<string>();
  let current: Session | null = null;

  const enter = (): Session => {
    current ??= { taken: database.take(), users: 0, lost: false, turn: Promise.resolve() };
    current.users += 1;
    return current;
  };
  const lose = async (session: Session): Promise<void> => {
    if (session.lost) return;
    session.lost = true;
    if (current === session) current = null;
    const taken = await session.taken.catch(() => null);
    taken?.give(true);
  };
  const leave = async (session: Session): Promise<void> => {
    session.users -= 1;
    if (session.users > 0 || session.lost) return;
    if (current === session) current = null;
    (await session.taken).give(false);
  };
  const ask = async (session: Session, call: string, name: string): Promise<boolean> => {
    const before = session.turn;
    const answer = (async () => {
      await before;
      const taken = await session.taken;
      const text = `SELECT ${call}(hashtextextended($1, 0)) AS done`;
      const [row] = await taken.ask<{ done: boolean }>(text, [name]);
      return row?.done === true;
    })();
    session.turn = answer.catch(() => undefined);
    try {
      return await answer;
    } catch (error) {
      await lose(session);
      throw error;
    }
  };
  const tryLock = async (name: string): Promise<Session | Refusal> => {
    if (held.has(name)) return { lost: null };
    held.add(name);
    const session = enter();
    try {
      if (await ask(session, 'pg_try_advisory_lock', name)) return session;
    } catch (error) {
      held.delete(name);
      await leave(session);
      if (!isTrouble(error) || !error.cut) throw error;
      return { lost: error };
    }
    held.delete(name);
    await leave(session);
    return { lost: null };
  };
  const unlock = async (session: Session, name: string): Promise<void> => {
    // Where this fails the connection is lost, and the lock with it.
    if (!session.lost) await ask(session, 'pg_advisory_unlock', name).catch(() => undefined);
    held.delete(name);
    await leave(session);
  };

  return {
    async hold(name, waitMs, body) {
      const full = `harness ${name}`;
      const since = performance.now();
      let session = await tryLock(full);
      for (let ms = 1; !('turn' in session); ms = Math.min(2 * ms, LONGEST_PAUSE_MS)) {
        // For a holder it may wait longer than for a database that is away.
        const waited = performance.now() - since;
        if (session.lost !== null && waited > database.waitMs) throw session.lost;
        if (waited > waitMs) throw kept(database.where);
        await pause(ms);
        session = await tryLock(full);
      }
      try {
        return await body();
      } finally {
        await unlock(session, full);
      }
    },
  };
}

/** Why a lock was not given: the connection failed, or somebody holds it (null). */
interface Refusal {
  readonly lost: Trouble | null;
}

function kept(where: string): Trouble {
  const why = `another process holds it in the database ${where} and does not let go`;
  return new Trouble(`${why}: end that process`, '55P03', false, null);
}
