import { canonicalText } from '../../core/identity';
import type { JsonObject } from '../../core/json';
import { byCreation, recordIn, resultIn } from '../rules/cycle-record';
import { isUuid, uuidOrThrow } from '../rules/ids';
import type { CycleRecord, CycleStore } from '../store';
import { type Database, LISTING_MS, patiently } from './database';
import { asStoreError } from './errors';

/** A newer row takes the place of the one before it, under the next number. */
const PUT_CYCLE =
  'INSERT INTO harness.cycles (key, n, line, workflow_id) ' +
  'SELECT $1, (SELECT coalesce(max(n), 0) + 1 FROM harness.cycles WHERE key = $1), $2, $3 ' +
  'ON CONFLICT DO NOTHING RETURNING n';
/** What is dropped already, or never was, is not dropped again. */
const PUT_RESULT =
  'INSERT INTO harness.results (key, n, line) ' +
  'SELECT $1, coalesce(last.n, 0) + 1, $2 FROM (SELECT $1::uuid AS key) AS wanted ' +
  'LEFT JOIN LATERAL (SELECT n, line FROM harness.results WHERE key = wanted.key ORDER BY n DESC LIMIT 1) AS last ON true ' +
  'WHERE last.line IS DISTINCT FROM $2 ' +
  'ON CONFLICT DO NOTHING RETURNING n';
const RESULT = 'SELECT line FROM harness.results WHERE key = $1 ORDER BY n DESC LIMIT 1';
const NEWEST_CYCLES = 'SELECT DISTINCT ON (key) key, line FROM harness.cycles ORDER BY key, n DESC';
const BY_WORKFLOW =
  'SELECT c.line FROM harness.cycles c WHERE c.workflow_id = $1 ' +
  'AND NOT EXISTS (SELECT 1 FROM harness.cycles l WHERE l.key = c.key AND l.n > c.n) ORDER BY c.key';
const UNFINISHED =
  `SELECT c.line FROM (${NEWEST_CYCLES}) AS c ` +
  'WHERE (SELECT r.line FROM harness.results r WHERE r.key = c.key ORDER BY r.n DESC LIMIT 1) IS NULL ' +
  'ORDER BY c.key';

type Line = { line: string };

export function postgresCycles(database: Database): CycleStore {
  const { where, read } = database;
  const what = (id: string): string => `the record of cycle ${id} in ${where}`;
  const named = <T>(body: () => Promise<T>): Promise<T> =>
    asStoreError('STORE_UNAVAILABLE', 'the record of cycles', body);
  const records = (
    text: string,
    values: readonly unknown[] = [],
    answerMs?: number,
  ): Promise<CycleRecord[]> =>
    named(async () => {
      const rows = await read<Line>(text, values, answerMs);
      return rows.map(({ line }) => recordIn(line, `a record of a cycle in ${where}`));
    });
  const putResult = (cycleId: string, line: string | null): Promise<void> => {
    const key = uuidOrThrow(cycleId);
    return named(() => insertNewer(database, PUT_RESULT, [key, line], RESULT));
  };

  return {
    async put(record) {
      const key = uuidOrThrow(record.cycle_id);
      const values = [key, canonicalText({ ...record }), record.workflow_id] as const;
      const newest = 'SELECT line FROM harness.cycles WHERE key = $1 ORDER BY n DESC LIMIT 1';
      await named(() => insertNewer(database, PUT_CYCLE, values, newest));
    },

    async find(id) {
      if (isUuid(id)) {
        const newest = 'SELECT line FROM harness.cycles WHERE key = $1 ORDER BY n DESC LIMIT 1';
        return (await records(newest, [id]))[0] ?? null;
      }
      // No text of the database holds this character.
      if (id.includes('\0')) return null;
      const found = await records(BY_WORKFLOW, [id]);
      return found.find(({ workflow_id }) => workflow_id === id) ?? null;
    },

    async list() {
      return byCreation(await records(NEWEST_CYCLES, [], LISTING_MS));
    },

    putResult: async (cycleId, result) => putResult(cycleId, canonicalText(result)),

    async result(cycleId): Promise<JsonObject | null> {
      const key = uuidOrThrow(cycleId);
      const [row] = await named(() => read<{ line: string | null }>(RESULT, [key]));
      const line = row?.line ?? null;
      return line === null ? null : resultIn(line, what(key));
    },

    dropResult: async (cycleId) => putResult(cycleId, null),

    unfinished: () => records(UNFINISHED, [], LISTING_MS),
  };
}

/** Until the row stands as the newest: of two at once the second gets the number after the first. */
async function insertNewer(
  { waitMs, read, write }: Database,
  insert: string,
  values: readonly [string, string | null, ...string[]],
  newest: string,
): Promise<void> {
  for (;;) {
    const rows = await patiently(waitMs, () => write(insert, values));
    if (rows.length > 0) return;
    const [row] = await read<{ line: string | null }>(newest, [values[0]]);
    if ((row?.line ?? null) === values[1]) return;
  }
}
