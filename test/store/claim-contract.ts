import type { Claimant, Store } from '../../src/store/store';
import type { Opened } from './contract';
import { CYCLE, drafts, emitted, OTHER_CYCLE, TASK } from './drafts';

const IDS = ['a1', 'a2', 'a3'];
const FIRST: Claimant = { cycle_id: CYCLE, run_id: 'r1' };
const SECOND: Claimant = { cycle_id: OTHER_CYCLE, run_id: 'r2' };

/** Opens the claimant's chain up to the entry whose parts its emissions are. */
async function begin(store: Store, claimant: Claimant): Promise<void> {
  await store.audit.append(claimant.cycle_id, drafts(claimant.run_id, 1, 4));
}

/** Emits as T4 does: claims, records what it may emit, and returns those ids. */
function emit(
  store: Store,
  claimant: Claimant,
  ids: readonly string[] = IDS,
): Promise<readonly string[]> {
  return store.actions.claim(TASK, claimant, ids, async (elsewhere) => {
    const mine = ids.filter((id) => !elsewhere.has(id));
    await store.audit.append(claimant.cycle_id, emitted(claimant.run_id, 4, mine));
    return mine;
  });
}

/** C4.I2: at most once per action id. */
export function claimContract(opened: Opened): void {
  test('C4.I2: what one cycle emitted is a duplicate for the next', async () => {
    const { store, open } = opened();
    const other = await open();
    await begin(store, FIRST);
    await begin(other, SECOND);
    expect(await emit(store, FIRST)).toEqual(IDS);
    expect(await emit(other, SECOND, ['a2', 'a3', 'a4'])).toEqual(['a4']);
  });

  test('C4.I2: an earlier run of the same cycle is another claimant', async () => {
    const { store } = opened();
    const rerun = { cycle_id: CYCLE, run_id: 'r9' };
    await begin(store, FIRST);
    await emit(store, FIRST);
    await begin(store, rerun);
    expect(await emit(store, rerun)).toEqual([]);
  });

  test('C4.I2: a second attempt of the same run is no duplicate', async () => {
    const { store, open } = opened();
    await begin(store, FIRST);
    await emit(store, FIRST);
    expect(await emit(await open(), FIRST)).toEqual(IDS);
    expect(await store.audit.read(CYCLE)).toHaveLength(4 + IDS.length);
  });

  test('C4.I2: the claim of an owner that died before its record is taken over, once', async () => {
    const { store, open } = opened();
    await begin(store, FIRST);
    await begin(store, SECOND);
    const death = new Error('the worker died');
    const dying = store.actions.claim(TASK, FIRST, IDS, () => Promise.reject(death));
    await expect(dying).rejects.toBe(death);
    expect(await emit(await open(), SECOND)).toEqual(IDS);
    // The first owner's next attempt comes too late: its claim is not its own any more.
    expect(await emit(await open(), FIRST)).toEqual([]);
  });

  test('C4.I2: an owner that recorded a part before it died keeps that part', async () => {
    const { store } = opened();
    await begin(store, FIRST);
    await begin(store, SECOND);
    await store.actions.claim(TASK, FIRST, IDS, () =>
      store.audit.append(CYCLE, emitted('r1', 4, ['a1'])),
    );
    expect(await emit(store, SECOND)).toEqual(['a2', 'a3']);
  });

  test('C4.I2: an owner whose chain is missing counts as having emitted', async () => {
    const { store } = opened();
    await begin(store, SECOND);
    await store.actions.claim(TASK, FIRST, IDS, () => Promise.resolve());
    expect(await emit(store, SECOND)).toEqual([]);
  });

  test('C4.I2: of ten cycles that emit at the same time exactly one does', async () => {
    const { store, open } = opened();
    const cycles = Array.from({ length: 10 }, (_, index) => ({
      cycle_id: `${CYCLE.slice(0, -1)}${index}`,
      run_id: `r${index}`,
    }));
    const outcomes = await Promise.all(
      cycles.map(async (claimant) => {
        const own = await open();
        await begin(own, claimant);
        return emit(own, claimant);
      }),
    );
    expect(outcomes.flat().sort()).toEqual(IDS);
    const chains = await Promise.all(cycles.map((each) => store.audit.read(each.cycle_id)));
    const records = chains.flatMap((chain) => chain ?? []);
    expect(records.filter((entry) => entry.type === 'ACTION_EMITTED')).toHaveLength(IDS.length);
  });

  test('other tasks are not kept waiting by a claim', async () => {
    const { store } = opened();
    await begin(store, FIRST);
    const otherTask = TASK.replace('c6', 'd7');
    const inside = await store.actions.claim(TASK, FIRST, IDS, () =>
      store.actions.claim(otherTask, FIRST, IDS, (elsewhere) => Promise.resolve(elsewhere.size)),
    );
    expect(inside).toBe(0);
  });
}
