import { generateKeyPairSync } from 'node:crypto';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCheckpoint, readCheckpoint } from '../../src/audit/checkpoint';
import { exportTrail } from '../../src/audit/export';
import type { TrailReport } from '../../src/audit/report';
import { verifyTrail } from '../../src/audit/verify';
import type { Testimony } from '../../src/audit/witness';
import { LEDGER_CHAIN } from '../../src/core/identity';
import { cyclePage } from '../../src/draw/page';
import { openFileStore } from '../../src/store/files/index';
import { fileTrail } from '../../src/store/files/trail';
import { bundleWith } from '../core/samples';
import type { Script } from '../core/script';
import { keepDocuments, trailOf } from './trails';

const SCRIPTS: readonly Script[] = [
  {},
  { bundle: bundleWith({ active_beliefs: [] }) },
  { bundle: bundleWith({ 'regime_state.behavior': 'EVENT_LOCK' }) },
  {
    bundle: bundleWith({ 'regime_state.confidence': 0.9 }),
    cuts: { 'TASK_ENDED T2': [{ halt: 'a look <b>at</b> it' }] },
    waits: [[{ decide: 'RESUME' }]],
  },
];

describe('a record that can be proven', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const stranger = generateKeyPairSync('ed25519').publicKey;
  const trails = SCRIPTS.map((script) => trailOf(script));
  const ids = trails.map(({ cycleId }) => cycleId);
  let origin: string;
  let home: string;
  let note: string;

  /** The record as a few cycles leave it, with no stored result to help. */
  beforeAll(async () => {
    origin = await mkdtemp(join(tmpdir(), 'harness-proof-'));
    const store = await openFileStore(origin);
    for (const { cycleId, drafts, script } of trails) {
      await keepDocuments(store, script);
      const run = { cycle_id: cycleId, run_id: 'run-0001' };
      const opening = await store.audit.append(cycleId, drafts.slice(0, 2));
      await store.ledger.note({ kind: 'RUN_OPENED', ...run, ...opening });
      const closing = await store.audit.append(cycleId, drafts.slice(2));
      await store.ledger.note({ kind: 'RUN_CLOSED', ...run, ...closing });
    }
    const made = await makeCheckpoint(store, privateKey, '2026-11-22T15:00:00.000Z');
    note = JSON.stringify(made);
  });
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'harness-proof-'));
    await cp(origin, home, { recursive: true });
  });
  afterEach(() => rm(home, { recursive: true }));
  afterAll(() => rm(origin, { recursive: true }));

  const from = async () => ({ store: await openFileStore(home), trail: fileTrail(home), home });
  const file = (id: string) => join(home, 'audit', `${id}.jsonl`);
  const linesOf = async (id: string) => (await readFile(file(id), 'utf8')).split('\n').slice(0, -1);
  const joined = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join('');

  function checkpoint(): Testimony {
    const read = readCheckpoint(note, publicKey);
    if (read.problem !== null) throw new Error(read.problem);
    return read.testimony;
  }
  const verify = (): Promise<TrailReport> => verifyTrail(home, undefined, [checkpoint()]);

  test('C1.1: what nobody touched is intact, with its checkpoint', async () => {
    const report = await verify();
    expect(report).toMatchObject({ exit: 0, status: 'INTACT' });
    expect(report.cycles).toHaveLength(ids.length);
    expect(report.governance).toMatchObject([{ kind: 'ledger' }]);
  });

  test('C1.1: each byte that is flipped in any chain, the ledger too, is found', async () => {
    for (const id of [...ids, LEDGER_CHAIN]) {
      const whole = await readFile(file(id));
      for (let at = 0; at < whole.length; at += 23) {
        const flipped = Buffer.from(whole);
        flipped.writeUInt8(flipped.readUInt8(at) ^ 0x01, at);
        await writeFile(file(id), flipped);
        expect([id, at, (await verifyTrail(home, id)).exit]).toEqual([id, at, 1]);
      }
      await writeFile(file(id), whole);
    }
  });

  test('C1.1: every cut tail is found; that of the ledger itself by the checkpoint', async () => {
    for (const id of [...ids, LEDGER_CHAIN]) {
      const lines = await linesOf(id);
      for (let n = 0; n < lines.length; n += 1) {
        await writeFile(file(id), joined(lines.slice(0, n)));
        expect([id, n, (await verify()).exit]).toEqual([id, n, 2]);
      }
      await writeFile(file(id), joined(lines));
    }
  });

  test('C1.1: an entry dropped, doubled or swapped is found', async () => {
    for (const id of [...ids, LEDGER_CHAIN]) {
      const lines = await linesOf(id);
      for (const [i, line] of lines.entries()) {
        const changes = [lines.toSpliced(i, 0, line)];
        if (i < lines.length - 1) changes.push(lines.toSpliced(i, 1));
        if (i > 0) changes.push(lines.toSpliced(i - 1, 2, line, lines[i - 1] ?? ''));
        for (const changed of changes) {
          await writeFile(file(id), joined(changed));
          expect((await verifyTrail(home, id)).exit).toBe(1);
        }
      }
      await writeFile(file(id), joined(lines));
    }
  });

  test('C1.1: a whole cycle dropped, copied under another id or put in place of another is found', async () => {
    const [first = '', second = ''] = ids;
    const whole = await readFile(file(first));
    await rm(file(first));
    expect((await verify()).exit).toBe(2);
    await writeFile(file(first), await readFile(file(second)));
    expect((await verify()).exit).toBe(1);
    await writeFile(file(first), whole);
    await writeFile(file(first.replace(/^.{8}/, '00000000')), whole);
    expect((await verify()).exit).toBe(1);
  });

  test('C1.1: without any trace of a cycle, in the ledger neither, the checkpoint still misses it', async () => {
    const last = ids.at(-1) ?? '';
    await rm(file(last));
    await writeFile(file(LEDGER_CHAIN), joined((await linesOf(LEDGER_CHAIN)).slice(0, -2)));
    expect((await verifyTrail(home)).exit).toBe(0);
    const report = await verify();
    const found = report.cycles.find(({ cycle_id }) => cycle_id === last);
    expect([report.exit, found?.problem?.problem]).toEqual([
      2,
      'the checkpoint of 2026-11-22T15:00:00.000Z knows of this cycle, but the audit chain is gone',
    ]);
  });

  test('a checkpoint that was changed, or that another key signed, proves nothing', () => {
    expect(readCheckpoint(note, publicKey).problem).toBeNull();
    const changed = 'its signature is not that of this key, or it was changed';
    expect(readCheckpoint(note, stranger).problem).toBe(changed);
    expect(readCheckpoint(note.replace('15:00', '15:01'), publicKey).problem).toBe(changed);
    expect(readCheckpoint('{}', publicKey).problem).toBe('it has no signature');
    expect(readCheckpoint('[]', publicKey).problem).toBe('it is no checkpoint');
  });

  test('C1.1: an exported folder proves itself, and shows what is done to it afterwards', async () => {
    const out = join(home, 'out');
    const done = await exportTrail(await from(), out, cyclePage);
    expect(done).toMatchObject({ cycles: ids.length });
    expect(await verifyTrail(out, undefined, [checkpoint()])).toMatchObject({ exit: 0 });
    expect((await readdir(join(out, 'pages'))).sort()).toEqual(
      ids.map((id) => `${id}.html`).sort(),
    );
    await rm(join(out, 'audit', `${ids[0]}.jsonl`));
    expect(await verifyTrail(out, undefined, [checkpoint()])).toMatchObject({ exit: 2 });
  });

  test('the export of one cycle is verified by its id', async () => {
    const out = join(home, 'out');
    await exportTrail(await from(), out, cyclePage, ids[0]);
    expect(await verifyTrail(out, ids[0])).toMatchObject({ exit: 0 });
  });
});
