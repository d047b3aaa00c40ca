import {
  appendFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verifyTrail } from '../../src/audit/verify';
import type { Sha256 } from '../../src/core/json';
import { openFileStore, type Recovered } from '../../src/store/files/index';
import { storeContract } from './contract';
import { chainIn, CYCLE, draft, drafts, OTHER_CYCLE, TASK } from './drafts';
import { HOLDER, intentOf } from './effect-intents';

storeContract('the file store', async () => {
  const home = await mkdtemp(join(tmpdir(), 'harness-store-'));
  return {
    open: () => openFileStore(home),
    remove: () => rm(home, { recursive: true }),
  };
});

describe('the file store', () => {
  let home: string;
  const chainFile = () => join(home, 'audit', `${CYCLE}.jsonl`);
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'harness-store-'));
  });
  afterEach(() => rm(home, { recursive: true }));

  test('the trail is open to its owner alone', async () => {
    const store = await openFileStore(join(home, 'deep', 'down'));
    await store.audit.append(CYCLE, drafts('r1', 1, 1));
    const folder = join(home, 'deep', 'down', 'audit');
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect((await stat(join(folder, `${CYCLE}.jsonl`))).mode & 0o777).toBe(0o600);
  });

  test('an unfinished last line is set aside, reported, and written anew', async () => {
    const recovered: Recovered[] = [];
    const store = await openFileStore(home, { onRecovered: (info) => recovered.push(info) });
    await store.audit.append(CYCLE, drafts('r1', 1, 3));
    const whole = await readFile(chainFile());
    for (let size = whole.length - 1; size >= 0; size -= 7) {
      await writeFile(chainFile(), whole.subarray(0, size));
      await store.audit.append(CYCLE, drafts('r1', 1, 3));
      expect(await readFile(chainFile())).toEqual(whole);
    }
    expect(await readdir(join(home, 'torn'))).toHaveLength(recovered.length);
    expect(recovered.length).toBeGreaterThan(100);
    const [first] = recovered;
    const tail = whole.subarray(whole.lastIndexOf('\n', whole.length - 2) + 1, -1);
    expect(first?.file).toBe(chainFile());
    expect(await readFile(first?.set_aside ?? '')).toEqual(tail);
  });

  test('a torn tail is not read', async () => {
    const store = await openFileStore(home);
    await store.audit.append(CYCLE, drafts('r1', 1, 3));
    await appendFile(chainFile(), '{"actor":"har');
    expect(await store.audit.read(CYCLE)).toHaveLength(3);
    await truncate(chainFile(), 0);
    expect(await store.audit.read(CYCLE)).toEqual([]);
  });

  test('a damaged last entry is not built upon, and stays for verify to see', async () => {
    const store = await openFileStore(home);
    await store.audit.append(CYCLE, drafts('r1', 1, 3));
    const damaged = (await readFile(chainFile(), 'utf8')).replace('entry 3', 'entry 4');
    for (const text of [damaged, damaged.replace('{"actor":"harness"', '"actor":"harness"')]) {
      await writeFile(chainFile(), text);
      await expect(store.audit.append(CYCLE, [draft('r1', 4)])).rejects.toMatchObject({
        code: 'AUDIT_UNAVAILABLE',
      });
      expect(await readFile(chainFile(), 'utf8')).toBe(text);
      expect((await verifyTrail(home)).exit).toBe(1);
    }
  });

  test('C4.I2: a torn claim was never given, a damaged one stops every emission', async () => {
    const store = await openFileStore(home);
    const claims = join(home, 'actions', `${TASK}.jsonl`);
    const owner = { cycle_id: CYCLE, run_id: 'r1' };
    const claim = () =>
      store.actions.claim(TASK, { ...owner, run_id: 'r2' }, ['a1'], (elsewhere) =>
        Promise.resolve([...elsewhere]),
      );
    await writeFile(claims, '{"action_ids":["a1"],"cycle_id":"');
    expect(await claim()).toEqual([]);
    await writeFile(claims, `${JSON.stringify({ action_ids: ['a1'], ...owner })}\n`);
    expect(await claim()).toEqual(['a1']);
    await writeFile(claims, '{"action_ids":["a1"],"cycle_id":7}\n');
    await expect(claim()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  test('C4.I2: a torn receipt is no receipt, a damaged line stops every effect of its task', async () => {
    const store = await openFileStore(home);
    const file = join(home, 'effects', CYCLE, `${TASK}.jsonl`);
    let performed = 0;
    const act = {
      repeatable: true,
      perform: async () => {
        performed += 1;
        return { status: 'PERFORMED' as const, detail: null };
      },
    };
    await store.effects.open(HOLDER);
    const receipt = await store.effects.perform(HOLDER, intentOf(), act);
    const whole = await readFile(file, 'utf8');
    await writeFile(file, whole.slice(0, -9));
    const { at: _, ...same } = receipt;
    expect(await store.effects.perform(HOLDER, intentOf(), act)).toMatchObject(same);
    expect(performed).toBe(2);
    await writeFile(file, whole.replace('PERFORMED', 'PERFORMER'));
    await expect(store.effects.perform(HOLDER, intentOf(), act)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('an effect might be performed twice'),
    });
    await expect(store.effects.read(CYCLE, TASK)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
    });
    expect(performed).toBe(2);
  });

  test('C4.I2: with its file gone a holder performs nothing', async () => {
    const store = await openFileStore(home);
    await store.effects.open(HOLDER);
    await rm(join(home, 'effects', CYCLE), { recursive: true });
    const late = store.effects.perform(HOLDER, intentOf(), {
      repeatable: true,
      perform: () => Promise.reject(new Error('performed')),
    });
    await expect(late).rejects.toMatchObject({ code: 'EFFECTS_FENCED' });
  });

  test('a damaged document is refused, and mended by putting it again', async () => {
    const store = await openFileStore(home);
    const bytes = Buffer.from('{"regime":"RS-1"}');
    const ref = await store.documents.put(bytes);
    const file = join(home, 'documents', ref.slice(7, 9), ref.slice(7));
    await writeFile(file, '{"regime":"RS-2"}');
    await expect(store.documents.get(ref)).rejects.toMatchObject({ code: 'DOCUMENT_DAMAGED' });
    await store.documents.put(bytes);
    expect(await readFile(file)).toEqual(bytes);
    expect(await readdir(join(home, 'tmp'))).toEqual([]);
  });

  test('a hostile id never becomes a path', async () => {
    const store = await openFileStore(home);
    const hostile = ['', '..', '../../etc/passwd', `../audit/${CYCLE}`, `${CYCLE}/x`, `${CYCLE}\0`];
    hostile.push(CYCLE.toUpperCase(), `${CYCLE}\n`, 'a'.repeat(5000));
    const refused = { code: 'STORE_UNAVAILABLE' };
    for (const id of hostile) {
      const address = `sha256:${id}` satisfies Sha256;
      const record = { cycle_id: id, workflow_id: '', mode: '', created_at: '' };
      const hashes = { input_hash: null, graph_hash: address, policy_hash: address };
      const calls = [
        async () => store.audit.append(id, drafts('r1', 1, 1)),
        async () => store.audit.read(id),
        async () => store.actions.claim(id, { cycle_id: CYCLE, run_id: 'r1' }, [], async () => 0),
        async () => store.effects.open({ ...HOLDER, cycle_id: id }),
        async () => store.effects.close(CYCLE, id, HOLDER),
        async () => store.effects.read(id, TASK),
        async () => store.cycles.put({ ...record, ...hashes }),
        async () => store.cycles.result(id),
        async () => store.cycles.putResult(id, {}),
        async () => store.documents.get(address),
      ];
      for (const call of calls) await expect(call()).rejects.toMatchObject(refused);
      expect(await store.cycles.find(id)).toBeNull();
    }
    expect(await readdir(join(home, 'audit'))).toEqual([]);
    expect(await readdir(join(home, 'effects'))).toEqual([]);
  });

  test('C3.F3: a trail that cannot be written is told as such, with the cause', async () => {
    const store = await openFileStore(home);
    await mkdir(chainFile());
    await expect(store.audit.append(CYCLE, drafts('r1', 1, 1))).rejects.toMatchObject({
      code: 'AUDIT_UNAVAILABLE',
      message: expect.stringMatching(/EISDIR.*a folder stands where a file should be/),
    });
    await rm(join(home, 'audit'), { recursive: true });
    await writeFile(join(home, 'audit'), '');
    await expect(store.audit.append(OTHER_CYCLE, drafts('r1', 1, 1))).rejects.toMatchObject({
      code: 'AUDIT_UNAVAILABLE',
      message: expect.stringMatching(/ENOTDIR.*a file stands where a folder should be/),
    });
    await expect(openFileStore(home)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  test('ten thousand entries in one append, then one more, are chained without a flaw', async () => {
    const store = await openFileStore(home);
    await store.audit.append(CYCLE, drafts('r1', 1, 1));
    const parts = Array.from({ length: 10_000 }, (_, index) =>
      draft('r1', 1, { part: index + 1, type: 'ACTION_EMITTED' }),
    );
    const batch = await store.audit.append(CYCLE, parts);
    expect(batch.entries).toBe(10_001);
    // Half of it stands there already: an attempt that goes over the same ground.
    const again = await store.audit.append(CYCLE, [...parts.slice(5_000), draft('r1', 2)]);
    expect(again.entries).toBe(10_002);
    expect(await chainIn(home)).toMatchObject({ problem: null, entries: 10_002 });
  });
});
