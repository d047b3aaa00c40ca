import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EFFECT_CALLS_MAX, EFFECT_PAYLOAD_BYTES_MAX } from '../../src/core/effects';
import { effectKey, hashOf } from '../../src/core/identity';
import type { EffectConfig } from '../../src/documents/config';
import { type Effects, openEffects } from '../../src/effects/performers';
import { TaskEffects, type TaskEffectsOptions } from '../../src/effects/task-effects';
import { openFileStore } from '../../src/store/files';
import type { Store } from '../../src/store/store';
import { Memory, memoryStore } from '../simulation/memory-store';
import { CYCLE, TASK } from '../store/drafts';
import { HOLDER } from '../store/effect-intents';

const DECLARED = ['ranking_log', 'broken_log', 'quiet_log', 'audit_log', 'unconfigured'];

describe('the effects of a task', () => {
  let home: string;
  let store: Store;
  let effects: Effects;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'harness-task-effects-'));
    store = await openFileStore(join(home, '.harness'));
    const log = (name: string, in_shadow: EffectConfig['in_shadow']): [string, EffectConfig] => [
      name,
      { type: 'jsonl', path: join(home, `${name}.jsonl`), in_shadow },
    ];
    effects = openEffects({
      configs: new Map([
        log('ranking_log', 'perform'),
        log('quiet_log', 'record'),
        ['broken_log', { type: 'jsonl', path: home, in_shadow: 'perform' }],
      ]),
      env: {},
    });
  });
  afterEach(async () => {
    await effects.close();
    await rm(home, { recursive: true });
  });

  const task = (changes: Partial<TaskEffectsOptions> = {}) =>
    new TaskEffects({
      store: store.effects,
      documents: store.documents,
      effects,
      holder: HOLDER,
      mode: 'shadow',
      layer: 'L9',
      declared: DECLARED,
      commit: async () => undefined,
      ...changes,
    });
  const lines = async () =>
    (await readFile(join(home, 'ranking_log.jsonl'), 'utf8').catch(() => ''))
      .split('\n')
      .filter((line) => line !== '');
  const keyOf = (name: string, ordinal: number) => effectKey(CYCLE, TASK, name, ordinal);

  test('C4.I2: a call is performed once with its key and its receipt, at the next attempt too', async () => {
    const first = task();
    expect(await first.call('ranking_log', 1, { ranked: ['B-1'] })).toEqual({
      key: keyOf('ranking_log', 1),
    });
    const [receipt] = first.receipts();
    expect(receipt).toEqual({
      effect: 'ranking_log',
      ordinal: 1,
      key: keyOf('ranking_log', 1),
      status: 'PERFORMED',
      payload: { ranked: ['B-1'] },
      payload_hash: hashOf({ ranked: ['B-1'] }),
      target: join(home, 'ranking_log.jsonl'),
      detail: null,
      at: expect.any(String),
    });
    const second = task({ holder: { ...HOLDER, attempt: 2 } });
    await second.call('ranking_log', 1, { ranked: ['B-1'] });
    expect(second.receipts()).toEqual([receipt]);
    expect(second.trouble()).toBeNull();
    expect(await lines()).toHaveLength(1);
  });

  test('a dry run mirrors the real one: recorded or performed, the skill sees the same', async () => {
    const effects = task();
    for (const name of ['ranking_log', 'quiet_log', 'audit_log']) {
      expect(await effects.call(name, 1, 'x')).toEqual({ key: keyOf(name, 1) });
    }
    const statuses = effects.receipts().map(({ status, target }) => [status, target]);
    expect(statuses.slice(1)).toEqual([
      ['RECORDED', 'record'],
      ['RECORDED', 'record'],
    ]);
  });

  test('calls that are not awaited are performed one after the other, in their order', async () => {
    const effects = task();
    const calls = Array.from({ length: 20 }, (_, i) => effects.call('ranking_log', i + 1, [i]));
    expect(effects.receipts()).toEqual([]);
    await effects.settled();
    expect(effects.receipts().map(({ ordinal }) => ordinal)).toEqual(
      Array.from({ length: 20 }, (_, index) => index + 1),
    );
    const written = (await lines()).map(
      (line) => (JSON.parse(line) as { ordinal: number }).ordinal,
    );
    expect(written).toEqual(effects.receipts().map(({ ordinal }) => ordinal));
    expect(await Promise.all(calls)).toHaveLength(20);
  });

  test('a long payload is in its receipt by reference, and whole at its target', async () => {
    const payload = Array.from({ length: 300 }, (_, index) => `B-${index}`);
    const effects = task();
    await effects.call('ranking_log', 1, payload);
    const hash = hashOf(payload);
    expect(effects.receipts()).toMatchObject([
      { payload: { ref: hash, count: 300 }, payload_hash: hash },
    ]);
    const stored = Buffer.from((await store.documents.get(hash)) ?? []).toString();
    expect(JSON.parse(stored)).toEqual(payload);
    expect(JSON.parse((await lines())[0] ?? '')).toMatchObject({ payload });
  });

  test('what cannot be done the skill is told in one sentence, and its other calls go on', async () => {
    const effects = task();
    const big = 'x'.repeat(EFFECT_PAYLOAD_BYTES_MAX - 1);
    const cases: readonly (readonly [string, unknown, string])[] = [
      ['elsewhere', 1, 'effect elsewhere is not declared by this skill'],
      ['unconfigured', 1, 'the effect unconfigured is not configured'],
      ['ranking_log', big, 'takes 262145 bytes, more than the 262144 allowed'],
      ['ranking_log', '\ud800', 'is no JSON: no canonical form: a lone surrogate'],
      ['ranking_log', Number.NaN, 'is no JSON'],
      ['ranking_log', undefined, 'is no JSON'],
    ];
    for (const [name, payload, sentence] of cases) {
      const call = effects.call(name, 1, payload as string);
      await expect(call).rejects.toThrow(sentence);
    }
    expect(effects.receipts()).toEqual([]);
    await expect(effects.call('broken_log', 1, 1)).rejects.toThrow(
      /^effect broken_log, call 1, is FAILED: .*a folder stands where a file should be/,
    );
    await effects.call('ranking_log', 1, big.slice(1));
    expect(effects.receipts().map(({ status }) => status)).toEqual(['FAILED', 'PERFORMED']);
    expect(effects.trouble()).toBeNull();
  });

  test('a skill cannot flood the record: the call over the limit is refused', async () => {
    // In memory: the one on the disk reads its file a thousand times, and this is about the number alone.
    const other = task({ store: memoryStore(new Memory()).effects });
    const recorded = Array.from({ length: EFFECT_CALLS_MAX }, (_, i) =>
      other.call('quiet_log', i + 1, 1),
    );
    await Promise.all(recorded);
    await expect(other.call('ranking_log', 1, 1)).rejects.toThrow('at most 1000 calls');
    expect(other.receipts()).toHaveLength(EFFECT_CALLS_MAX);
    expect(await lines()).toEqual([]);
  });

  test('C3.F4: of a skill that was killed no call that waits for its turn is begun', async () => {
    const effects = task();
    const first = effects.call('ranking_log', 1, 1);
    const others = [2, 3].map((ordinal) => effects.call('ranking_log', ordinal, ordinal));
    const ends = Promise.allSettled([first, ...others]);
    await first;
    effects.stop();
    await effects.settled();
    const begun = effects.receipts().length;
    expect((await ends).filter(({ status }) => status === 'fulfilled')).toHaveLength(begun);
    expect(begun).toBeLessThan(3);
    expect(await lines()).toHaveLength(begun);
    await expect(effects.call('ranking_log', 4, 4)).rejects.toThrow('no effect of this task');
    expect(effects.trouble()).toBeNull();
  });

  test('R32: once a halt has cut in nothing is performed, and nothing stands as begun', async () => {
    const halt = new Error('a halt cut in');
    let halted = false;
    const effects = task({
      commit: async () => {
        if (halted) throw halt;
      },
    });
    await effects.call('ranking_log', 1, 1);
    halted = true;
    await expect(effects.call('ranking_log', 2, 2)).rejects.toThrow('no effect of this task');
    halted = false;
    await expect(effects.call('ranking_log', 3, 3)).rejects.toThrow('no effect of this task');
    expect(effects.trouble()).toEqual({ error: halt });
    expect(await lines()).toHaveLength(1);
    expect(await store.effects.close(CYCLE, TASK, HOLDER)).toEqual(effects.receipts());
    // Attempted again after RESUME, it is all done, once.
    const again = task({ holder: { ...HOLDER, seq: 20 } });
    for (const ordinal of [1, 2, 3]) await again.call('ranking_log', ordinal, ordinal);
    expect(await lines()).toHaveLength(3);
  });

  test('R24: followed by another attempt, it performs nothing, and the harness knows why', async () => {
    const frozen = task();
    await frozen.call('ranking_log', 1, 1);
    const next = task({ holder: { ...HOLDER, attempt: 2 } });
    await next.call('ranking_log', 1, 1);
    await expect(frozen.call('ranking_log', 2, 2)).rejects.toThrow('no effect of this task');
    expect(frozen.trouble()).toMatchObject({ error: { code: 'EFFECTS_FENCED' } });
    expect(await lines()).toHaveLength(1);
  });

  test('C7.SK4: another payload at the next attempt is refused, and the harness knows why', async () => {
    await task().call('ranking_log', 1, { at: 1 });
    const next = task({ holder: { ...HOLDER, attempt: 2 } });
    await expect(next.call('ranking_log', 1, { at: 2 })).rejects.toThrow('no effect of this task');
    expect(next.trouble()).toMatchObject({ error: { code: 'EFFECT_CHANGED' } });
    expect(await lines()).toHaveLength(1);
  });

  test('a task that calls no effect leaves nothing in the store', async () => {
    const effects = task();
    await effects.settled();
    await expect(effects.call('elsewhere', 1, 1)).rejects.toThrow('not declared');
    expect(await store.effects.read(CYCLE, TASK)).toEqual([]);
    await store.effects.open(HOLDER);
  });
});
