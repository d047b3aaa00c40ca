import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verifyTrail } from '../../src/audit/verify';
import type { AuditHead } from '../../src/core/entry';
import { LEDGER_CHAIN } from '../../src/core/identity';
import { openFileStore } from '../../src/store/files/index';
import type { Store } from '../../src/store/store';
import { CYCLE, drafts, keepAllDocuments, OTHER_CYCLE, wholeRun } from './trails';

describe('the ledger of cycles', () => {
  let home: string;
  let store: Store;
  let end: AuditHead;
  const file = (id: string) => join(home, 'audit', `${id}.jsonl`);
  const lines = async (id: string) => (await readFile(file(id), 'utf8')).split('\n').slice(0, -1);
  const keep = (id: string, kept: readonly string[]) =>
    writeFile(file(id), kept.map((line) => `${line}\n`).join(''));
  const found = async (id = CYCLE) => {
    const report = await verifyTrail(home);
    const trail = [...report.cycles, ...report.governance].find(({ cycle_id }) => cycle_id === id);
    return [report.exit, trail?.status, trail?.problem?.problem];
  };

  async function run(id: string, run_id: string): Promise<AuditHead> {
    const opening = await store.audit.append(id, drafts(run_id, 1, 1, id));
    await store.ledger.note({ kind: 'RUN_OPENED', cycle_id: id, run_id, ...opening });
    const closing = await store.audit.append(id, wholeRun(run_id, 4, id));
    await store.ledger.note({ kind: 'RUN_CLOSED', cycle_id: id, run_id, ...closing });
    return closing;
  }

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'harness-ledger-'));
    store = await openFileStore(home);
    await keepAllDocuments(store);
    end = await run(CYCLE, 'r1');
    await run(OTHER_CYCLE, 'r2');
  });
  afterEach(() => rm(home, { recursive: true }));

  test('C1.1: what is there is intact, the ledger is a chain of its own', async () => {
    expect(await found()).toEqual([0, 'INTACT', undefined]);
    expect(await found(LEDGER_CHAIN)).toEqual([0, 'INTACT', undefined]);
  });

  test('C1.1: a cycle that is gone with its result is missed, also when it is asked for alone', async () => {
    await rm(file(CYCLE));
    const text = 'the ledger of cycles knows of this cycle, but the audit chain is gone';
    expect(await found()).toEqual([2, 'INCOMPLETE', text]);
    expect(await verifyTrail(home, CYCLE)).toMatchObject({ exit: 2 });
  });

  test('C1.1: a tail cut at any entry is missed, though no result is stored', async () => {
    const whole = await lines(CYCLE);
    for (let n = 1; n < whole.length; n += 1) {
      await keep(CYCLE, whole.slice(0, n));
      const text = `the ledger of cycles knows of 4 entries, only ${n} are left`;
      expect(await found()).toEqual([2, 'INCOMPLETE', text]);
    }
  });

  test('C1.1: another chain in the place of the one that stood there is told', async () => {
    await rm(file(CYCLE));
    await store.audit.append(CYCLE, wholeRun('r1', 5));
    const text =
      'the ledger of cycles names another entry as the last than the one that stands here';
    expect(await found()).toEqual([1, 'BROKEN', text]);
    expect(end.entries).toBe(4);
  });

  test('C1.1: a run that the ledger never heard of is told, one from before the ledger is not', async () => {
    const later = drafts('r3', 1, 2).map((draft) => ({ ...draft, at: '2999-01-01T00:00:00.000Z' }));
    await store.audit.append(CYCLE, later);
    const text = 'the ledger of cycles knows nothing of the run that begins here';
    expect(await found()).toEqual([2, 'INCOMPLETE', text]);
    await keep(CYCLE, (await lines(CYCLE)).slice(0, 4));
    await store.audit.append(CYCLE, drafts('r0', 1, 2));
    expect(await found()).toEqual([0, 'INTACT', undefined]);
  });

  test('C1.1: a damaged ledger is told, and nothing is written behind the damage', async () => {
    await writeFile(
      file(LEDGER_CHAIN),
      (await readFile(file(LEDGER_CHAIN), 'utf8')).replace('r2', 'r9'),
    );
    expect((await found(LEDGER_CHAIN)).slice(0, 2)).toEqual([1, 'BROKEN']);
    await keep(LEDGER_CHAIN, ['no entry']);
    const note = { kind: 'RUN_OPENED', cycle_id: CYCLE, run_id: 'r3', ...end } as const;
    await expect(store.ledger.note(note)).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
  });
});
