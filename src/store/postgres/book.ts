import { type Ask, type Database, patiently } from './database';
import { isTaken, isTrouble } from './errors';

/** A line and its number under its key. */
export interface Row {
  readonly n: number;
  readonly line: string;
}

type Table = 'entries' | 'claims' | 'effects' | 'violations' | 'registry' | 'cycles' | 'results';

const KEY_TYPE: Readonly<Record<Table, 'uuid' | 'text'>> = {
  entries: 'uuid',
  claims: 'uuid',
  effects: 'text',
  violations: 'text',
  registry: 'text',
  cycles: 'uuid',
  results: 'uuid',
};

/** Rows that go into another table with the lines, in the same statement. */
export interface Along {
  /** A `WITH` query that inserts them, of the parameter `$4`. */
  readonly query: string;
  readonly value: readonly string[];
}

/**
 * One table of lines, numbered from 1 under each key and never changed. Whoever adds lines says behind which number: of two
 * that add behind the same one, the primary key refuses the second.
 */
export interface Book {
  all(key: string): Promise<Row[]>;
  last(key: string): Promise<Row | null>;
  /**
   * Makes the lines durable behind line `after`, all or none.
   * @returns false when that place is taken by other lines: nothing is written then
   */
  add(key: string, after: number, lines: readonly string[], along?: Along): Promise<boolean>;
}

export function bookOf(database: Database, table: Table): Book {
  const { waitMs, read, write } = database;
  const last = lastIn(table);

  const stands = async (key: string, after: number, lines: readonly string[]): Promise<boolean> => {
    const text = `SELECT line FROM harness.${table} WHERE key = $1 AND n > $2 ORDER BY n LIMIT $3`;
    const rows = await read<{ line: string }>(text, [key, after, lines.length]);
    return rows.length === lines.length && rows.every(({ line }, i) => line === lines[i]);
  };

  return {
    all(key) {
      return allIn(table)(read, key);
    },

    async last(key) {
      return (await last(read, key)) ?? null;
    },

    async add(key, after, lines, along) {
      if (lines.length === 0) return true;
      let unsure = false;
      try {
        await patiently(waitMs, async () => {
          try {
            await insertInto(table, write, key, after, lines, along);
          } catch (error) {
            unsure ||= isTrouble(error) && error.cut;
            throw error;
          }
        });
        return true;
      } catch (error) {
        if (!isTaken(error)) throw error;
        // A try whose answer was lost may have written just these.
        if (unsure && (await stands(key, after, lines))) return true;
        if (error.constraint !== `${table}_pkey`) throw error;
        return false;
      }
    },
  };
}

/** Asks for the last line under a key. */
export function lastIn(table: Table): (ask: Ask, key: string) => Promise<Row | undefined> {
  const text = `SELECT n, line FROM harness.${table} WHERE key = $1 ORDER BY n DESC LIMIT 1`;
  return async (ask, key) => (await ask<Row>(text, [key]))[0];
}

/** Asks for all lines under a key, in order. */
export function allIn(table: Table): (ask: Ask, key: string) => Promise<Row[]> {
  const text = `SELECT n, line FROM harness.${table} WHERE key = $1 ORDER BY n`;
  return (ask, key) => ask<Row>(text, [key]);
}

/** @throws Trouble 23505 when the place is taken */
export async function insertInto(
  table: Table,
  ask: Ask,
  key: string,
  after: number,
  lines: readonly string[],
  along?: Along,
): Promise<void> {
  const first = along === undefined ? '' : `WITH along AS (${along.query}) `;
  await ask(
    `${first}INSERT INTO harness.${table} (key, n, line) ` +
      `SELECT $1::${KEY_TYPE[table]}, $2::integer + i, line FROM unnest($3::text[]) WITH ORDINALITY AS t (line, i)`,
    [key, after, lines, ...(along === undefined ? [] : [along.value])],
  );
}

/** The lines; null when a number is missing, so that a row must be gone. */
export function unbroken(rows: readonly Row[]): readonly string[] | null {
  return rows.every(({ n }, i) => n === i + 1) ? rows.map(({ line }) => line) : null;
}
