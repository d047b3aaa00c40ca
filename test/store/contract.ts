import { chainEntry } from '../../src/audit/chain';
import { knownRuns } from '../../src/core/cycle-ledger';
import type { Draft, Entry } from '../../src/core/entry';
import { hashBytes, LEDGER_CHAIN } from '../../src/core/identity';
import type { CycleRecord, Store } from '../../src/store/store';
import { claimContract } from './claim-contract';
import { effectContract } from './effect-contract';
import { latchContract } from './latch-contract';
import { registryContract } from './registry-contract';
import { CYCLE, draft, drafts, OTHER_CYCLE, wholeRun } from './drafts';
import { storedResult } from './results';

/**
 * Somewhere a store can live: `open` gives a new store over the same content, as another process
 * would have it.
 */
export interface Place {
  open(): Promise<Store>;
  remove(): Promise<void>;
}

/** What any adapter of `Store` promises. */
export function storeContract(name: string, makePlace: () => Promise<Place>): void {
  describe(`${name} keeps the store's contract`, () => {
    let place: Place;
    let store: Store;
    beforeEach(async () => {
      place = await makePlace();
      store = await place.open();
    });
    afterEach(async () => {
      await store.close();
      await place.remove();
    });
    const opened = () => ({ store, open: () => place.open() });
    documentContract(opened);
    appendContract(opened);
    refusalContract(opened);
    claimContract(opened);
    effectContract(opened);
    cycleContract(opened);
    ledgerContract(opened);
    latchContract(opened);
    registryContract(opened);
  });
}

export type Opened = () => { readonly store: Store; readonly open: () => Promise<Store> };

function documentContract(opened: Opened): void {
  const bytes = Buffer.from('{"a":1}');

  test('a document comes back under the hash of its bytes, also from another process', async () => {
    const { store, open } = opened();
    const ref = await store.documents.put(bytes);
    expect(ref).toBe(hashBytes(bytes));
    expect(await store.documents.put(bytes)).toBe(ref);
    const found = await (await open()).documents.get(ref);
    expect(found === null ? null : Buffer.from(found).toString()).toBe('{"a":1}');
  });

  test('a document that was never put is null', async () => {
    expect(await opened().store.documents.get(hashBytes(bytes))).toBeNull();
  });
}

function appendContract(opened: Opened): void {
  test('appended drafts stand in order, each chained to the one before', async () => {
    const { audit } = opened().store;
    const head = await audit.append(CYCLE, drafts('r1', 1, 2));
    const next = await audit.append(CYCLE, [draft('r1', 2, { part: 1 }), draft('r1', 3)]);
    const expected: Entry[] = [];
    for (const each of [...drafts('r1', 1, 2), draft('r1', 2, { part: 1 }), draft('r1', 3)]) {
      expected.push(chainEntry(CYCLE, each, expected.at(-1)?.hash ?? null));
    }
    expect(await audit.read(CYCLE)).toEqual(expected);
    expect(head).toEqual({ entries: 2, head: expected[1]?.hash });
    expect(next).toEqual({ entries: 4, head: expected[3]?.hash });
  });

  test('C4.I2: what stands there equal is not written again, whole or in part', async () => {
    const { store, open } = opened();
    await store.audit.append(CYCLE, drafts('r1', 1, 3));
    const head = await store.audit.append(CYCLE, drafts('r1', 2, 5));
    const other = await open();
    expect(await other.audit.append(CYCLE, drafts('r1', 1, 5))).toEqual(head);
    expect(await other.audit.append(CYCLE, drafts('r1', 2, 3))).toEqual(head);
    expect(await other.audit.append(CYCLE, [])).toEqual(head);
    expect(head.entries).toBe(5);
    expect(await other.audit.read(CYCLE)).toHaveLength(5);
  });

  test('an append tells which drafts it has written, once over all that write the same', async () => {
    const { store, open } = opened();
    const told: number[][] = [];
    const note = (fresh: readonly Draft[]): void => void told.push(fresh.map(({ seq }) => seq));
    await store.audit.append(CYCLE, drafts('r1', 1, 2), note);
    await store.audit.append(CYCLE, drafts('r1', 1, 2), note);
    await (await open()).audit.append(CYCLE, drafts('r1', 2, 4), note);
    await expect(store.audit.append(CYCLE, drafts('r1', 9, 9), note)).rejects.toThrow();
    expect(told).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  test('many writers of the same batch leave it there once', async () => {
    const { store, open } = opened();
    const stores = [store, ...(await Promise.all(Array.from({ length: 9 }, open)))];
    const heads = await Promise.all(
      stores.map((each) => each.audit.append(CYCLE, wholeRun('r1', 6))),
    );
    expect(new Set(heads.map((each) => JSON.stringify(each))).size).toBe(1);
    expect(await store.audit.read(CYCLE)).toHaveLength(6);
  });

  test('R36: a new run continues the chain of its cycle', async () => {
    const { audit } = opened().store;
    const { head } = await audit.append(CYCLE, wholeRun('r1', 3));
    await audit.append(CYCLE, drafts('r2', 1, 2));
    const entries = await audit.read(CYCLE);
    const places = entries?.map((each) => `${each.run_id}.${each.seq}`);
    expect(places).toEqual(['r1.1', 'r1.2', 'r1.3', 'r2.1', 'r2.2']);
    expect(entries?.[3]?.prev).toBe(head);
  });

  test('cycles with a chain are listed in order, a cycle without one reads as null', async () => {
    const { audit } = opened().store;
    expect(await audit.read(CYCLE)).toBeNull();
    expect(await audit.append(CYCLE, [])).toEqual({ entries: 0, head: null });
    expect(await audit.cycles()).toEqual([]);
    await audit.append(OTHER_CYCLE, drafts('r1', 1, 1));
    await audit.append(CYCLE, drafts('r1', 1, 1));
    expect(await audit.cycles()).toEqual([CYCLE, OTHER_CYCLE]);
  });
}

function refusalContract(opened: Opened): void {
  const refused = (code: string) => expect.objectContaining({ name: 'StoreError', code });

  test('another entry at a position that is taken is a fork, its batch is not written', async () => {
    const { audit } = opened().store;
    await audit.append(CYCLE, drafts('r1', 1, 3));
    for (const changes of [{ data: {} }, { actor: 'ada' }, { at: '2026-11-22T14:25:30.000Z' }]) {
      const batch = [draft('r1', 2), draft('r1', 3, changes), draft('r1', 4)];
      await expect(audit.append(CYCLE, batch)).rejects.toEqual(refused('AUDIT_FORK'));
    }
    expect(await audit.read(CYCLE)).toHaveLength(3);
  });

  test('a part that comes when later entries follow is a fork', async () => {
    const { audit } = opened().store;
    await audit.append(CYCLE, drafts('r1', 1, 3));
    const late = audit.append(CYCLE, [draft('r1', 2, { part: 1 })]);
    await expect(late).rejects.toEqual(refused('AUDIT_FORK'));
  });

  test('of many writers with different entries for one position exactly one gets it', async () => {
    const { store, open } = opened();
    await store.audit.append(CYCLE, drafts('r1', 1, 1));
    const outcomes = await Promise.allSettled(
      Array.from({ length: 10 }, async (_, index) =>
        (await open()).audit.append(CYCLE, [draft('r1', 2, { data: { index } })]),
      ),
    );
    const losers = outcomes.filter((each) => each.status === 'rejected');
    expect(losers).toHaveLength(9);
    for (const each of losers) expect(each.reason).toEqual(refused('AUDIT_FORK'));
    expect(await store.audit.read(CYCLE)).toHaveLength(2);
  });

  test('R36: a late writer of an older run is refused, whatever it brings', async () => {
    const { audit } = opened().store;
    await audit.append(CYCLE, drafts('r1', 1, 3));
    await audit.append(CYCLE, drafts('r2', 1, 1));
    for (const batch of [drafts('r1', 4, 4), drafts('r1', 3, 3), drafts('r1', 1, 9)]) {
      await expect(audit.append(CYCLE, batch)).rejects.toEqual(refused('AUDIT_FORK'));
    }
    expect(await audit.read(CYCLE)).toHaveLength(4);
  });

  test('nothing follows the end of a run but another run', async () => {
    const { audit } = opened().store;
    await audit.append(CYCLE, wholeRun('r1', 3));
    const late = audit.append(CYCLE, [draft('r1', 4)]);
    await expect(late).rejects.toEqual(refused('AUDIT_FORK'));
  });

  test('an entry whose predecessor is missing is not written', async () => {
    const { audit } = opened().store;
    const unavailable = refused('AUDIT_UNAVAILABLE');
    await expect(audit.append(CYCLE, [draft('r1', 2)])).rejects.toEqual(unavailable);
    await audit.append(CYCLE, drafts('r1', 1, 3));
    await expect(audit.append(CYCLE, [draft('r1', 5)])).rejects.toEqual(unavailable);
    const part = audit.append(CYCLE, [draft('r1', 3, { part: 2 })]);
    await expect(part).rejects.toEqual(unavailable);
    expect(await audit.read(CYCLE)).toHaveLength(3);
  });
}

function cycleContract(opened: Opened): void {
  const record: CycleRecord = {
    cycle_id: CYCLE,
    workflow_id: `shadow-2026-11-22T14.25.29Z-${CYCLE.slice(0, 8)}`,
    mode: 'shadow',
    input_hash: null,
    graph_hash: hashBytes(Buffer.from('graph')),
    policy_hash: hashBytes(Buffer.from('policy')),
    created_at: '2026-11-22T14:25:29.000Z',
  };
  const earlier: CycleRecord = {
    ...record,
    cycle_id: OTHER_CYCLE,
    workflow_id: 'tick-5m-2026-11-22T14:20:00Z',
    input_hash: hashBytes(Buffer.from('bundle')),
    created_at: '2026-11-22T14:20:00.000Z',
  };

  test('a cycle is found by its cycle id and by its workflow id', async () => {
    const { store, open } = opened();
    await store.cycles.put(record);
    await store.cycles.put(earlier);
    const { cycles } = await open();
    expect(await cycles.find(CYCLE)).toEqual(record);
    expect(await cycles.find(record.workflow_id)).toEqual(record);
    expect(await cycles.find(earlier.workflow_id)).toEqual(earlier);
    expect(await cycles.find(`live-2026-11-22T14.25.29Z-${CYCLE.slice(0, 8)}`)).toBeNull();
    expect(await cycles.list()).toEqual([earlier, record]);
  });

  test('R36: the result of a later run replaces the one before', async () => {
    const { store, open } = opened();
    expect(await store.cycles.result(CYCLE)).toBeNull();
    await store.cycles.putResult(CYCLE, storedResult({ outcome: 'CANCELLED' }));
    await store.cycles.putResult(CYCLE, storedResult());
    expect(await (await open()).cycles.result(CYCLE)).toEqual(storedResult());
  });

  test('R36: a cycle is unfinished until it has a result, and again once it is dropped', async () => {
    const { store, open } = opened();
    await store.cycles.put(record);
    await store.cycles.put(earlier);
    await store.cycles.putResult(CYCLE, storedResult({ outcome: 'CANCELLED' }));
    expect(await store.cycles.unfinished()).toEqual([earlier]);
    await store.cycles.dropResult(CYCLE);
    await store.cycles.dropResult(CYCLE);
    const { cycles } = await open();
    expect(await cycles.result(CYCLE)).toBeNull();
    const ids = (await cycles.unfinished()).map((each) => each.cycle_id);
    expect(ids.sort()).toEqual([CYCLE, OTHER_CYCLE]);
  });
}

function ledgerContract(opened: Opened): void {
  test('C1.1: what is noted stands in the ledger in order, also what is noted at once and twice', async () => {
    const { store, open } = opened();
    const head = hashBytes(Buffer.from('end'));
    const note = (run_id: string) =>
      store.ledger.note({ kind: 'RUN_OPENED', cycle_id: CYCLE, run_id, entries: 2, head });
    await note('r0');
    await Promise.all(['r1', 'r2', 'r2', 'r3'].map(note));
    const entries = (await (await open()).audit.read(LEDGER_CHAIN)) ?? [];
    const told = entries.map(({ seq, type, data }) => [seq, type, data['run_id']]);
    expect(told).toEqual([
      [1, 'LEDGER_OPENED', undefined],
      ...['r0', 'r1', 'r2', 'r2', 'r3'].map((run, i) => [i + 2, 'RUN_OPENED', run]),
    ]);
    expect(knownRuns(entries).cycles.get(CYCLE)?.[0]).toEqual({ entries: 2, head });
  });
}
