import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCheckpoint } from '../../src/audit/checkpoint';
import { ownServer } from '../../src/cli/own-server';
import { LATCH_CHAIN } from '../../src/core/identity';
import { problemOfChange } from '../../src/core/registry-change';
import { problemOfInput } from '../../src/core/start';
import { problemOfTick } from '../../src/core/tick';
import { readOperators } from '../../src/documents/operators';
import { readPayloadKeys } from '../../src/payloads/keys';
import { messageOf } from '../../src/sandbox/message';
import { connectionSettings } from '../../src/server/connection';
import { nameSource } from '../../src/sources/source';
import { openFileStore } from '../../src/store/files';
import type { Store } from '../../src/store/store';
import { CYCLE, drafts, emitted, OTHER_CYCLE, TASK } from '../store/drafts';
import { storedResult } from '../store/results';
import { READERS } from './readers';

describe('what the fuzz has found', () => {
  const schedule = READERS.find(({ name }) => name === 'start of a scheduled workflow')?.valid;
  const odd = { toString: 1 };

  test('C2.1: a start whose hash is an object without a text is refused, and nothing is thrown', () => {
    const tick = { ...(schedule as Parameters<typeof problemOfTick>[0]), graph_hash: odd as never };
    expect(problemOfTick(tick, 0, 'w')).toMatch('graph_hash is no sha256 digest');
    const hash = `sha256:${'0'.repeat(64)}`;
    const hashes = { input_hash: hash, graph_hash: hash, policy_hash: hash };
    expect(problemOfInput({ mode: 'shadow', ...hashes, cycle_id: odd })).toMatch('is no UUID');
  });

  test('R22: a mode is told so that no terminal heeds it, and not at length', () => {
    expect(problemOfInput({ mode: '\u202e\u001b[31m' })).toContain('\\u{202e}\\u001b[31m');
    expect(problemOfInput({ mode: 'x'.repeat(9_000) })?.length).toBeLessThan(200);
  });

  test('a source is told so that no terminal heeds it', () => {
    const read = nameSource('http\u0007', '/');
    expect(read).toMatchObject({
      problem: expect.stringContaining('source "http\\u0007" is none'),
    });
    expect(nameSource('ftp://a', '/')).toMatchObject({
      problem: expect.stringMatching('source ftp://a is none'),
    });
  });

  test('of an unknown key of a list’s item the key is named', () => {
    const value = { operators: [{ name: 'ada', public_key: 'x', role: 'risk' }] };
    expect(readOperators(value)).toMatchObject({
      problem: 'operators: operators[0] has an unknown key "role"',
    });
    const less = { operators: [{ name: 'ada' }] };
    expect(readOperators(less)).toMatchObject({
      problem: 'operators: operators[0].public_key is missing',
    });
  });

  test('of an operator’s key that is damaged no other key is read', () => {
    const key = 'MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=';
    const read = (public_key: string) =>
      readOperators({ operators: [{ name: 'ada', public_key }] }).ok;
    expect([read(key), read(` ${key}\n`), read(key.slice(0, -1))]).toEqual([true, true, true]);
    expect(read(key.replace('Gb9E', 'Gb[9E'))).toBe(false);
    expect(read(key.replace('Gb9ECW', 'Gb__ECW'))).toBe(false);
  });

  test('an attempt whose resource is no text is no message, rather than one of no resource', () => {
    const attempt = { kind: 'attempt', code: 'LAYER_BYPASS', api: 'ctx.state' };
    const read = (resource: unknown) => messageOf(JSON.stringify({ ...attempt, resource }));
    expect(read(null)).toMatchObject({ attempt: { resource: null } });
    expect(read('a')).toMatchObject({ attempt: { resource: 'a' } });
    expect([read(5), read({}), read(undefined)]).toEqual([undefined, undefined, undefined]);
  });

  test('R14: a change of the registry is told so that no terminal heeds it', () => {
    expect(problemOfChange({ operation: '\u202e' })).toContain('operation "\\u{202e}" is none');
    expect(problemOfChange({ operation: {} })).toContain('operation that is no text is none');
  });
});

describe('what the fuzz has found on the disk', () => {
  let home: string;
  let store: Store;
  beforeEach(async () => {
    home = mkdtempSync(join(tmpdir(), 'harness-found-'));
    store = await openFileStore(home);
  });
  afterEach(() => rmSync(home, { recursive: true }));
  const damage = (path: string, from: string, to: string): void => {
    const before = readFileSync(join(home, path), 'latin1');
    expect(before).toContain(from);
    writeFileSync(join(home, path), before.replace(from, to), 'latin1');
  };
  const damaged = (code: string) => ({ code, message: expect.stringContaining('damaged') });

  test('C3.F3: a harness-wide halt whose record is damaged is not taken for none', async () => {
    await store.latch.set({ code: 'OPERATOR_HALT', detail: 'look', raised_by: 'ada' }, AT);
    damage(`audit/${LATCH_CHAIN}.jsonl`, '"LATCH_SET"', '"LATCH_SEU"');
    const fresh = await openFileStore(home);
    await expect(fresh.latch.now()).rejects.toMatchObject(damaged('AUDIT_UNAVAILABLE'));
  });

  test('C1.1: of a chain with a damaged entry nobody reads the others as if it were whole', async () => {
    await store.audit.append(CYCLE, drafts('r1', 1, 3));
    damage(`audit/${CYCLE}.jsonl`, 'entry 2', 'entry 3');
    await expect(store.audit.read(CYCLE)).rejects.toMatchObject(damaged('AUDIT_UNAVAILABLE'));
  });

  test('C4.I2: of an owner whose chain is damaged nobody takes over what it may have emitted', async () => {
    const owner = { cycle_id: CYCLE, run_id: 'r1' };
    await store.audit.append(CYCLE, drafts('r1', 1, 4));
    const record = async (): Promise<void> =>
      void (await store.audit.append(CYCLE, emitted('r1', 4, ['a1'])));
    await store.actions.claim(TASK, owner, ['a1'], record);
    damage(`audit/${CYCLE}.jsonl`, '"action_id":"a1"', '"action_id":"a2"');
    const other = { cycle_id: OTHER_CYCLE, run_id: 'r2' };
    const elsewhere = await store.actions.claim(TASK, other, ['a1'], async (known) => [...known]);
    expect(elsewhere).toEqual(['a1']);
  });

  test.each([
    ['a tick that is none', '"nominal_time"', '"nominal_timf"'],
    ['a tick under another name', '"tick"', '"tjck"'],
    ['a hash that is none', '"graph_hash":"sha256:0', '"graph_hash":"sha256:g'],
    ['no bundle’s hash', '"input_hash"', '"input_hasi"'],
    ['a key twice', '"mode":"shadow"', '"mode":"live","mode":"shadow"'],
    ['a byte that is no UTF-8', 'file:/a', 'file:/\xff'],
    ['no time', '2026-11-22T14:25:29.000Z', '2026-11-22T14:25:61.000Z'],
  ])(
    'R36: a record of a cycle with %s is damaged, and not read without it',
    async (_, from, to) => {
      const hash = `sha256:${'0'.repeat(64)}` as const;
      await store.cycles.put({
        cycle_id: CYCLE,
        workflow_id: 'w',
        mode: 'shadow',
        input_hash: hash,
        graph_hash: hash,
        policy_hash: hash,
        created_at: AT,
        tick: { schedule: 'every', nominal_time: '2026-11-22T14:25:00Z', source: 'file:/a.json' },
      });
      damage(`cycles/${CYCLE}.json`, from, to);
      await expect(store.cycles.find(CYCLE)).rejects.toMatchObject(damaged('STORE_UNAVAILABLE'));
    },
  );

  test.each([
    ['outcome', '"COMPLETED"', '"COMPLETEE"'],
    ['phase', '"IDLE"', '"IDLF"'],
    ['end', '"entries":0', '"entries":"0"'],
    ['task', '"tasks":[]', '"tasks":[1]'],
    ['list of actions', '"actions":[]', '"actions":{"count":1,"ref":5}'],
    ['summary', '"summary":"a test"', '"summary":null'],
  ])('C1.1: a result whose %s is none is damaged', async (_, from, to) => {
    await store.cycles.putResult(CYCLE, storedResult());
    damage(`results/${CYCLE}.json`, from, to);
    await expect(store.cycles.result(CYCLE)).rejects.toMatchObject(damaged('STORE_UNAVAILABLE'));
  });

  test('C7.V1: who cannot read a violation, or which snapshot is in force, runs no skill', async () => {
    const note = { skill_id: 'a', skill_ref: 'a@1', detail: 'a test', cycle_id: CYCLE, task: 'A' };
    const registry = { version: 7, notes: 0, skills: {} };
    const about = { previous: null, at: AT, change: null, message: 'a test' };
    await store.registry.publish(null, { ...about, registry });
    await store.registry.note('one', () => ({
      ...note,
      code: 'LAYER_BYPASS',
      at: AT,
      tenure: 1,
      count: 1,
      response: ['QUARANTINE'],
    }));
    const changes = [
      ['registry/violations.jsonl', '"response":["QUARANTINE"]', '"response":["QUARANTINF"]'],
      ['registry/violations.jsonl', '"response":["QUARANTINE"]', '"response":{}'],
      ['registry/violations.jsonl', '"tenure":1', '"tenure":"1"'],
      ['registry/current.json', '"version":7', '"version":8'],
    ] as const;
    for (const [path, from, to] of changes) {
      const before = readFileSync(join(home, path));
      damage(path, from, to);
      const fresh = await openFileStore(home);
      await expect(fresh.registry.now()).rejects.toMatchObject(damaged('STORE_UNAVAILABLE'));
      writeFileSync(join(home, path), before);
    }
    expect((await (await openFileStore(home)).registry.now()).registry.notes).toBe(1);
  });

  test('C1.1: a checkpoint without a canonical form proves nothing, and nothing is thrown', () => {
    const { publicKey } = generateKeyPairSync('ed25519');
    const text = `{"at":"\\ud800","chains":[],"signature":"${'A'.repeat(86)}==","v":1}`;
    expect(readCheckpoint(text, publicKey)).toEqual({
      problem: 'its signature is not that of this key, or it was changed',
    });
  });

  test('a damaged note of the server is told, and no other server is talked to', () => {
    const file = join(home, 'server.json');
    expect(ownServer(home)).toBeNull();
    const note = { address: '127.0.0.1:7233', ui_url: null, pid: process.pid };
    writeFileSync(file, JSON.stringify(note));
    expect(ownServer(home)).toEqual(note);
    writeFileSync(file, JSON.stringify({ ...note, pid: 2 ** 30 }));
    expect(ownServer(home)).toBeNull();
    const texts = [
      '',
      '{}',
      JSON.stringify({ ...note, pid: 0 }),
      JSON.stringify({ ...note, address: 7 }),
    ];
    for (const text of [...texts, JSON.stringify({ ...note, more: 1 })]) {
      writeFileSync(file, text);
      expect(() => ownServer(home)).toThrow(expect.objectContaining({ code: 'UNREADABLE' }));
    }
  });

  test('of a payload key that is damaged no other key is read', () => {
    const file = join(home, 'keys.json');
    const key = Buffer.alloc(32, 7).toString('base64');
    const keys = { write: 'k1', keys: { k1: `${key.slice(0, 9)}[${key.slice(9)}` } };
    writeFileSync(file, JSON.stringify(keys), { mode: 0o600 });
    expect(() => readPayloadKeys(file)).toThrow('key "k1" is no base64');
  });

  test('a key of Temporal’s profile file that nobody knows is told, not passed over', () => {
    const file = join(home, 'temporal.toml');
    writeFileSync(file, '[profile.default]\nadress = "desk.example:7233"\n');
    const read = () => connectionSettings({ env: { TEMPORAL_CONFIG_FILE: file } });
    expect(read).toThrow(
      expect.objectContaining({ code: 'UNREADABLE', message: expect.stringContaining('adress') }),
    );
  });
});

const AT = '2026-11-22T14:25:29.000Z';
