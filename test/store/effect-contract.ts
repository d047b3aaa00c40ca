import type { EffectAct, EffectHolder, EffectStore } from '../../src/store/store';
import type { Opened } from './contract';
import { CYCLE, OTHER_CYCLE, TASK } from './drafts';
import { HOLDER, intentOf } from './effect-intents';

const fenced = expect.objectContaining({ name: 'StoreError', code: 'EFFECTS_FENCED' });

/** What one target was asked: for each call, whether it was for the second time. */
class Target {
  readonly calls: boolean[] = [];

  act(changes: Partial<EffectAct> = {}): EffectAct {
    return {
      repeatable: false,
      perform: async (again) => {
        this.calls.push(again);
        return { status: 'PERFORMED', detail: null };
      },
      ...changes,
    };
  }

  /** The attempt dies after the act: no receipt is written. */
  dying(): EffectAct {
    return this.act({
      perform: async (again) => {
        this.calls.push(again);
        throw new Error('the worker died');
      },
    });
  }
}

const at = (changes: Partial<EffectHolder>): EffectHolder => ({ ...HOLDER, ...changes });
const SECOND = at({ attempt: 2 });

async function beginAndDie(effects: EffectStore, target: Target): Promise<void> {
  await effects.open(HOLDER);
  const dying = effects.perform(HOLDER, intentOf(), target.dying());
  await expect(dying).rejects.toThrow('the worker died');
}

/** C4.I2: at most once per key. */
export function effectContract(opened: Opened): void {
  performContract(opened);
  lossContract(opened);
  fenceContract(opened);
  closeContract(opened);
}

function performContract(opened: Opened): void {
  test('C4.I2: an effect is performed once, and its receipt is the answer ever after', async () => {
    const { store, open } = opened();
    const target = new Target();
    await store.effects.open(HOLDER);
    const receipt = await store.effects.perform(HOLDER, intentOf(), target.act());
    expect(receipt).toEqual({
      ...intentOf(),
      status: 'PERFORMED',
      detail: null,
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    });
    expect(await store.effects.perform(HOLDER, intentOf(), target.act())).toEqual(receipt);
    const later = (await open()).effects;
    for (const next of [SECOND, at({ seq: 9 }), at({ run_id: 'r2', seq: 7 })]) {
      await later.open(next);
      expect(await later.perform(next, intentOf(), target.act())).toEqual(receipt);
    }
    expect(await later.read(CYCLE, TASK)).toEqual([receipt]);
    expect(target.calls).toEqual([false]);
  });

  test('C4.I2: what failed or became unknown is not tried again under its key', async () => {
    const { effects } = opened().store;
    const target = new Target();
    await effects.open(HOLDER);
    for (const [index, status] of (['FAILED', 'UNKNOWN', 'RECORDED'] as const).entries()) {
      const intent = intentOf(index + 1);
      const act = { repeatable: true, perform: async () => ({ status, detail: 'it refuses' }) };
      const receipt = await effects.perform(HOLDER, intent, act);
      expect(receipt).toMatchObject({ status, detail: 'it refuses' });
      expect(await effects.perform(HOLDER, intent, target.act())).toEqual(receipt);
    }
    expect(target.calls).toEqual([]);
  });

  test('C7.SK4: a key that stands for another payload is refused, and nothing is performed', async () => {
    const { effects } = opened().store;
    const target = new Target();
    await effects.open(HOLDER);
    await effects.perform(HOLDER, intentOf(), target.act());
    const other = effects.perform(HOLDER, intentOf(1, { ranked: ['B-2'] }), target.act());
    await expect(other).rejects.toMatchObject({ code: 'EFFECT_CHANGED' });
    expect(target.calls).toHaveLength(1);
  });

  test('C4.I2: of ten processes that perform at the same time exactly one does', async () => {
    const { store, open } = opened();
    const target = new Target();
    await store.effects.open(HOLDER);
    const receipts = await Promise.all(
      Array.from({ length: 10 }, async () =>
        (await open()).effects.perform(HOLDER, intentOf(), target.act()),
      ),
    );
    expect(target.calls).toHaveLength(1);
    expect(new Set(receipts.map((each) => JSON.stringify(each))).size).toBe(1);
  });

  test('the effects of other tasks and cycles are not kept waiting by one', async () => {
    const { effects } = opened().store;
    const others = [at({ task_id: TASK.replace('c6', 'd7') }), at({ cycle_id: OTHER_CYCLE })];
    await effects.open(HOLDER);
    const perform = async () => {
      for (const other of others) {
        await effects.open(other);
        await effects.perform(other, intentOf(), new Target().act());
      }
      return { status: 'PERFORMED' as const, detail: null };
    };
    await effects.perform(HOLDER, intentOf(), { repeatable: false, perform });
    expect(await effects.read(OTHER_CYCLE, TASK)).toHaveLength(1);
  });

  test('a task without effects has no receipts', async () => {
    expect(await opened().store.effects.read(CYCLE, TASK)).toEqual([]);
  });
}

function lossContract(opened: Opened): void {
  test('C4.I2: begun by a lost attempt, an effect that cannot be repeated is UNKNOWN for good', async () => {
    const { store, open } = opened();
    const target = new Target();
    await beginAndDie(store.effects, target);
    const { effects } = await open();
    await effects.open(SECOND);
    const receipt = await effects.perform(SECOND, intentOf(), target.act());
    expect(receipt).toMatchObject({ status: 'UNKNOWN', detail: expect.stringContaining('lost') });
    expect(await effects.perform(SECOND, intentOf(), target.act())).toEqual(receipt);
    expect(target.calls).toEqual([false]);
  });

  test('C4.I2: begun by a lost attempt, an effect that can be repeated is, and is told so', async () => {
    const { store, open } = opened();
    const target = new Target();
    await beginAndDie(store.effects, target);
    const { effects } = await open();
    await effects.open(SECOND);
    const act = target.act({ repeatable: true });
    const receipt = await effects.perform(SECOND, intentOf(), act);
    expect(receipt).toMatchObject({ status: 'PERFORMED', detail: null });
    expect(await effects.perform(SECOND, intentOf(), act)).toEqual(receipt);
    expect(target.calls).toEqual([false, true]);
  });

  test('C4.I2: no effect is repeated towards another target: that one does not know the key', async () => {
    const { effects } = opened().store;
    const target = new Target();
    await beginAndDie(effects, target);
    const moved = intentOf(1, { ranked: ['B-1'] }, '/elsewhere/ranking.jsonl');
    const receipt = await effects.perform(HOLDER, moved, target.act({ repeatable: true }));
    expect(receipt).toMatchObject({ status: 'UNKNOWN', target: intentOf().target });
    expect(target.calls).toEqual([false]);
  });
}

function fenceContract(opened: Opened): void {
  const followers: readonly (readonly [string, EffectHolder])[] = [
    ['a later attempt', SECOND],
    ['a later start', at({ seq: 9 })],
    ['a later run', at({ run_id: 'r2', seq: 3 })],
  ];
  test.each(followers)('R24, R32: followed by %s, a holder performs nothing', async (_, next) => {
    const { store, open } = opened();
    const target = new Target();
    await store.effects.open(HOLDER);
    await (await open()).effects.open(next);
    const late = store.effects.perform(HOLDER, intentOf(), target.act());
    await expect(late).rejects.toEqual(fenced);
    await expect(store.effects.open(HOLDER)).rejects.toEqual(fenced);
    await expect(store.effects.open(at({ attempt: 3, seq: 6 }))).rejects.toEqual(fenced);
    expect(target.calls).toEqual([]);
    await store.effects.perform(next, intentOf(), target.act());
    expect(target.calls).toEqual([false]);
  });

  test('R36: of two runs the one that opened last holds, and the other never again', async () => {
    const { effects } = opened().store;
    await effects.open(at({ run_id: 'r2' }));
    await effects.open(at({ run_id: 'r1' }));
    await expect(effects.open(at({ run_id: 'r2', seq: 99 }))).rejects.toEqual(fenced);
  });

  test('R24: a holder that never opened performs nothing; one that opens twice is the same', async () => {
    const { effects } = opened().store;
    const target = new Target();
    const early = effects.perform(HOLDER, intentOf(), target.act());
    await expect(early).rejects.toEqual(fenced);
    await effects.open(HOLDER);
    await effects.open(HOLDER);
    await effects.perform(HOLDER, intentOf(), target.act());
    expect(target.calls).toEqual([false]);
  });

  test('R24: of two that open at the same time exactly one performs', async () => {
    const { store, open } = opened();
    const target = new Target();
    const tries = await Promise.allSettled(
      [HOLDER, SECOND].map(async (holder) => {
        const { effects } = await open();
        await effects.open(holder);
        await new Promise((resolve) => setImmediate(resolve));
        return effects.perform(holder, intentOf(), target.act());
      }),
    );
    expect(tries[1]?.status).toBe('fulfilled');
    expect(target.calls).toEqual([false]);
    expect(await store.effects.read(CYCLE, TASK)).toHaveLength(1);
  });
}

function closeContract(opened: Opened): void {
  test('R32: closing a start tells what it left, and it performs nothing any more', async () => {
    const { store, open } = opened();
    const target = new Target();
    await beginAndDie(store.effects, target);
    const done = await store.effects.perform(HOLDER, intentOf(2), target.act());
    const { effects } = await open();
    const left = await effects.close(CYCLE, TASK, HOLDER);
    expect(left).toEqual([
      { ...intentOf(1), status: 'UNKNOWN', detail: expect.any(String), at: expect.any(String) },
      done,
    ]);
    for (const holder of [HOLDER, SECOND, at({ seq: 6 })]) {
      await expect(store.effects.open(holder)).rejects.toEqual(fenced);
      const late = store.effects.perform(holder, intentOf(3), target.act());
      await expect(late).rejects.toEqual(fenced);
    }
    expect(await effects.close(CYCLE, TASK, HOLDER)).toEqual(left);
    expect(target.calls).toHaveLength(2);
  });

  test('R32: a start that never opened is fenced off by its closing as well', async () => {
    const { effects } = opened().store;
    expect(await effects.close(CYCLE, TASK, HOLDER)).toEqual([]);
    await expect(effects.open(HOLDER)).rejects.toEqual(fenced);
    await effects.open(at({ seq: 8 }));
  });

  test('R32: the start after a halt repeats what a closed one left begun, where it can be', async () => {
    const { effects } = opened().store;
    const target = new Target();
    await beginAndDie(effects, target);
    await effects.close(CYCLE, TASK, HOLDER);
    const next = at({ seq: 12 });
    await effects.open(next);
    const receipt = await effects.perform(next, intentOf(), target.act({ repeatable: true }));
    expect(receipt.status).toBe('PERFORMED');
    expect(await effects.close(CYCLE, TASK, next)).toEqual([receipt]);
  });

  test('R36: closing tells what earlier runs left, not what a later one did', async () => {
    const { effects } = opened().store;
    const target = new Target();
    const rerun = at({ run_id: 'r2', seq: 4 });
    await effects.open(HOLDER);
    const first = await effects.perform(HOLDER, intentOf(1), target.act());
    await effects.open(rerun);
    const second = await effects.perform(rerun, intentOf(2), target.act());
    expect(await effects.close(CYCLE, TASK, HOLDER)).toEqual([first]);
    // The holder is another run: it goes on.
    await effects.perform(rerun, intentOf(3), target.act());
    const left = await effects.close(CYCLE, TASK, rerun);
    expect(left.slice(0, 2)).toEqual([first, second]);
    expect(left).toHaveLength(3);
  });
}
