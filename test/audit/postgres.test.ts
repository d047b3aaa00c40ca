import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { exportTrail } from '../../src/audit/export';
import type { TrailReport } from '../../src/audit/report';
import { verify, verifyTrail } from '../../src/audit/verify';
import { LEDGER_CHAIN } from '../../src/core/identity';
import { cyclePage } from '../../src/draw/page';
import { openPostgresStore } from '../../src/store/postgres';
import { openPostgresTrail } from '../../src/store/postgres/trail';
import type { Store } from '../../src/store/store';
import type { Trail } from '../../src/store/trail';
import { storedResult } from '../store/results';
import { Databases } from '../support/database';
import { describeWithPostgres } from '../support/postgres';
import {
  CYCLE,
  draft,
  drafts,
  keepAllDocuments,
  OTHER_CYCLE,
  THIRD_CYCLE,
  wholeRun,
} from './trails';

describeWithPostgres('a trail in PostgreSQL', () => {
  let databases: Databases;
  let name: string;
  let store: Store;
  let trail: Trail;
  const opened: { close(): Promise<void> }[] = [];
  /** What the owner does once the wall of triggers is down; each column of the text has been written by us. */
  const tamper = (table: string, ...changes: readonly string[]) =>
    databases.asOwner(name, [
      `ALTER TABLE harness.${table} DISABLE TRIGGER only_insert`,
      ...changes,
      `ALTER TABLE harness.${table} ENABLE TRIGGER only_insert`,
    ]);
  const found = async (id = CYCLE): Promise<unknown[]> => {
    const report: TrailReport = await verify(trail);
    const each = [...report.cycles, ...report.governance].find(({ cycle_id }) => cycle_id === id);
    return [report.exit, each?.status, each?.problem?.line, each?.problem?.problem];
  };
  async function run(id: string, run_id: string): Promise<void> {
    const opening = await store.audit.append(id, drafts(run_id, 1, 1, id));
    await store.ledger.note({ kind: 'RUN_OPENED', cycle_id: id, run_id, ...opening });
    const closing = await store.audit.append(id, wholeRun(run_id, 5, id));
    await store.ledger.note({ kind: 'RUN_CLOSED', cycle_id: id, run_id, ...closing });
    await store.cycles.putResult(id, storedResult({ cycle_id: id }, closing));
  }

  beforeAll(async () => {
    databases = await Databases.start();
  });
  afterAll(() => databases.stop());
  beforeEach(async () => {
    name = await databases.make();
    store = await openPostgresStore(databases.url(name));
    trail = await openPostgresTrail(databases.url(name));
    opened.push(store, trail);
    await keepAllDocuments(store);
    await run(CYCLE, 'r1');
    await run(OTHER_CYCLE, 'r2');
    await run(THIRD_CYCLE, 'r3');
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((each) => each.close()));
  });

  test('what was written is intact, all of it and each cycle by its id', async () => {
    const report = await verify(trail);
    expect(report).toMatchObject({ status: 'INTACT', exit: 0, aliens: [], not_begun: [] });
    expect(report.cycles.map(({ entries, ended }) => [entries, ended])).toEqual(
      [CYCLE, OTHER_CYCLE, THIRD_CYCLE].map(() => [5, true]),
    );
    expect(report.governance.map(({ kind }) => kind)).toEqual(['ledger']);
    expect(await verify(trail, CYCLE)).toMatchObject({ exit: 0 });
    expect(await verify(trail, 'nobody')).toMatchObject({ exit: 3 });
  });

  const WHERE = `WHERE key = '${CYCLE}' AND n`;
  test.each([
    [
      'a changed row',
      `UPDATE harness.entries SET line = replace(line, 'entry 3', 'entry 7') ${WHERE} = 3`,
      [1, 'BROKEN', 3, 'its hash does not fit its content'],
    ],
    [
      'a changed spelling of the same content',
      `UPDATE harness.entries SET line = replace(line, '{"actor":', '{ "actor":') ${WHERE} = 2`,
      [1, 'BROKEN', 2, 'it is not in canonical form, or has a field too many'],
    ],
    [
      'a deleted row',
      `DELETE FROM harness.entries ${WHERE} = 3`,
      [1, 'BROKEN', 3, 'it does not link to the entry before it'],
    ],
    [
      'a deleted last row',
      `DELETE FROM harness.entries ${WHERE} = 5`,
      [2, 'INCOMPLETE', 4, 'the stored result knows of 5 entries, only 4 are left'],
    ],
    [
      'rows in another order',
      `UPDATE harness.entries SET n = CASE n WHEN 2 THEN 103 ELSE 102 END ${WHERE} IN (2, 3); ` +
        `UPDATE harness.entries SET n = n - 100 ${WHERE} > 100`,
      [1, 'BROKEN', 2, 'it does not link to the entry before it'],
    ],
    [
      'rows with other numbers in the same order',
      `UPDATE harness.entries SET n = n + 100 ${WHERE} > 3`,
      [
        1,
        'BROKEN',
        4,
        'its row is number 104 in the table harness.entries: a row is gone, or was given another number',
      ],
    ],
    [
      'a row of another cycle',
      `UPDATE harness.entries SET key = '${THIRD_CYCLE}', n = 6 ${WHERE} = 5`,
      // What was put elsewhere breaks that chain, and the worst finding decides.
      [1, 'INCOMPLETE', 4, 'the stored result knows of 5 entries, only 4 are left'],
    ],
    [
      'a chain that is gone',
      `DELETE FROM harness.entries ${WHERE} > 0`,
      [2, 'INCOMPLETE', 0, 'the stored result knows of this cycle, but the audit chain is gone'],
    ],
  ])('%s is noticed, with its place', async (_, change, expected) => {
    await tamper('entries', change);
    expect(await found()).toEqual(expected);
  });

  test('a chain that is gone with its result is missed by the ledger', async () => {
    await tamper('entries', `DELETE FROM harness.entries ${WHERE} > 0`);
    await tamper('results', `DELETE FROM harness.results WHERE key = '${CYCLE}'`);
    const text = 'the ledger of cycles knows of this cycle, but the audit chain is gone';
    expect(await found()).toEqual([2, 'INCOMPLETE', 0, text]);
    expect(await verify(trail, CYCLE)).toMatchObject({ exit: 2 });
  });

  test('a document that an entry stands on is missed, and a damaged result tells nothing', async () => {
    await tamper('documents', 'DELETE FROM harness.documents');
    expect(await found()).toEqual([
      2,
      'INCOMPLETE',
      1,
      expect.stringMatching(/is not in the store$/),
    ]);
    await keepAllDocuments(store);
    await tamper('results', `UPDATE harness.results SET line = 'x' WHERE key = '${CYCLE}'`);
    expect((await found()).slice(0, 2)).toEqual([3, 'UNREADABLE']);
  });

  test('an append between two looks is no damage', async () => {
    await store.audit.append(OTHER_CYCLE, drafts('r4', 1, 3, OTHER_CYCLE));
    const looks = Promise.all(Array.from({ length: 8 }, () => verify(trail, OTHER_CYCLE)));
    for (let seq = 4; seq < 20; seq += 1)
      await store.audit.append(OTHER_CYCLE, [draft('r4', seq, {}, OTHER_CYCLE)]);
    for (const { cycles } of await looks) expect(cycles[0]?.status).not.toBe('BROKEN');
  });

  test('C1.1: an export proves itself without the database, byte by byte', async () => {
    const out = await mkdtemp(join(tmpdir(), 'harness-export-'));
    try {
      const from = { store, trail, home: join(out, 'nothing here') };
      const done = await exportTrail(from, out, cyclePage);
      expect(done).toMatchObject({ cycles: 3, entries: 3 * 5 + 7 });
      expect(await verifyTrail(out)).toMatchObject({ exit: 0, status: 'INTACT' });
      const rows = await databases.asOwner(name, [
        `SELECT line FROM harness.entries WHERE key = '${LEDGER_CHAIN}' ORDER BY n`,
      ]);
      const text = rows.map((row) => `${(row as { line: string }).line}\n`).join('');
      expect(await readFile(join(out, 'audit', `${LEDGER_CHAIN}.jsonl`), 'utf8')).toBe(text);
    } finally {
      await rm(out, { recursive: true });
    }
  });

  test('many chains are looked at in few questions', async () => {
    for (let i = 0; i < 300; i += 1) {
      const id = `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`;
      await store.audit.append(id, drafts('r1', 1, 2));
    }
    const asked = jest.spyOn(Client.prototype, 'query');
    try {
      expect((await verify(trail)).cycles).toHaveLength(303);
      expect(asked.mock.calls.length).toBeGreaterThan(10);
      // Results, chains and documents of 303 cycles, 32 at a time, and what is asked once.
      expect(asked.mock.calls.length).toBeLessThan(3 * (303 / 32 + 1) + 20);
    } finally {
      asked.mockRestore();
    }
  });
});
