import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { StoreError } from '../store';
import type { Database } from './database';
import { isTrouble } from './errors';

/** Beside `src` and `dist`, in a checkout as in the package. */
export const MIGRATIONS = join(__dirname, '..', '..', '..', 'migrations');
/** In the schema `harness`: which migrations the database has had. */
export const MIGRATIONS_TABLE = 'migrations';

/** What a database has had, and what this version brings. */
export interface SchemaState {
  readonly done: readonly string[];
  /** Of this version, not yet carried out there. */
  readonly missing: readonly string[];
  /** Carried out there by a newer version. */
  readonly unknown: readonly string[];
}

/** @throws Trouble when the database does not answer, or this user may not look */
export async function schemaState({ write }: Database): Promise<SchemaState> {
  const files = await readdir(MIGRATIONS);
  const ours = files.filter((name) => name.endsWith('.sql')).map((name) => name.slice(0, -4));
  const done = await write<{ name: string }>(
    `SELECT name FROM harness.${MIGRATIONS_TABLE} ORDER BY id`,
  ).then(
    (rows) => rows.map(({ name }) => name),
    (error: unknown): string[] => {
      if (isTrouble(error) && (error.state === '42P01' || error.state === '3F000')) return [];
      throw error;
    },
  );
  return {
    done,
    missing: ours.filter((name) => !done.includes(name)).sort(),
    unknown: done.filter((name) => !ours.includes(name)),
  };
}

/** @throws StoreError STORE_UNAVAILABLE unless the database has exactly the schema of this version */
export async function requireSchema(database: Database): Promise<void> {
  const problem = schemaProblem(await schemaState(database), database.where);
  if (problem !== null) throw new StoreError('STORE_UNAVAILABLE', problem);
}

/** One sentence; null when the schema is that of this version. */
export function schemaProblem(
  { done, missing, unknown }: SchemaState,
  where: string,
): string | null {
  const migrate = 'run `harness store migrate` as the role that owns it';
  if (unknown.length > 0)
    return `the schema of the database ${where} is of a newer harness: update this one`;
  if (done.length === 0) return `the database ${where} has no schema of the harness: ${migrate}`;
  if (missing.length === 0) return null;
  return `the schema of the database ${where} is of an older harness, it lacks ${missing.join(', ')}: ${migrate}`;
}
