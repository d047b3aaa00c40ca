import { openPostgresStore, type PostgresOptions } from '../../src/store/postgres';
import type { Store } from '../../src/store/store';
import { Databases } from '../support/database';
import { describeWithPostgres, PASSWORD } from '../support/postgres';
import { CYCLE, drafts, emitted, OTHER_CYCLE, TASK } from './drafts';
import { HOLDER, intentOf } from './effect-intents';

const FIRST = { cycle_id: CYCLE, run_id: 'r1' };
const SECOND = { cycle_id: OTHER_CYCLE, run_id: 'r2' };

describeWithPostgres('a database that crashes', () => {
  let databases: Databases;
  let name: string;
  const opened: Store[] = [];
  const open = async (options: PostgresOptions): Promise<Store> => {
    const store = await openPostgresStore(databases.url(name), options);
    opened.push(store);
    return store;
  };
  beforeAll(async () => {
    databases = await Databases.start();
  });
  afterAll(() => databases.stop());
  beforeEach(async () => {
    name = await databases.make();
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((store) => store.close()));
  });

  test('C3.F3: while it is away everything says so, and goes on by itself when it is back', async () => {
    const store = await open({ waitMs: 50 });
    await store.audit.append(CYCLE, drafts('r1', 1, 3));
    await store.effects.open(HOLDER);
    await databases.server.crash();
    const calls: readonly (readonly [string, () => Promise<unknown>])[] = [
      ['AUDIT_UNAVAILABLE', () => store.audit.append(CYCLE, drafts('r1', 4, 5))],
      ['AUDIT_UNAVAILABLE', () => store.audit.read(CYCLE)],
      ['AUDIT_UNAVAILABLE', () => store.audit.cycles()],
      ['AUDIT_UNAVAILABLE', () => store.latch.now()],
      [
        'AUDIT_UNAVAILABLE',
        () => store.ledger.note({ kind: 'RUN_OPENED', ...FIRST, entries: 1, head: null }),
      ],
      ['STORE_UNAVAILABLE', () => store.registry.now()],
      ['STORE_UNAVAILABLE', () => store.documents.put(Buffer.from('{}'))],
      ['STORE_UNAVAILABLE', () => store.cycles.unfinished()],
      ['STORE_UNAVAILABLE', () => store.cycles.putResult(CYCLE, {})],
      ['STORE_UNAVAILABLE', () => store.actions.claim(TASK, FIRST, ['a1'], async () => 0)],
      ['STORE_UNAVAILABLE', () => store.effects.read(CYCLE, TASK)],
      [
        'STORE_UNAVAILABLE',
        () =>
          store.effects.perform(HOLDER, intentOf(), {
            repeatable: true,
            perform: () => Promise.reject(new Error('performed')),
          }),
      ],
    ];
    for (const [code, call] of calls) {
      const error: unknown = await call().catch((reason: unknown) => reason);
      expect([code, error]).toEqual([code, expect.objectContaining({ name: 'StoreError', code })]);
      expect(String(error)).toContain(`127.0.0.1:${databases.server.port}/${name}`);
      expect(String(error)).not.toContain(PASSWORD);
    }
    await databases.server.start();
    expect(await store.audit.append(CYCLE, drafts('r1', 4, 5))).toMatchObject({ entries: 5 });
    expect((await store.latch.now()).halt).toBeNull();
    expect(await store.actions.claim(TASK, FIRST, ['a1'], async (ids) => ids.size)).toBe(0);
  });

  test('who writes or reads while it restarts waits for it, and needs not be told', async () => {
    const store = await open({ waitMs: 60_000 });
    await store.audit.append(CYCLE, drafts('r1', 1, 3));
    await databases.server.crash();
    const waiting = Promise.all([
      store.audit.append(CYCLE, drafts('r1', 4, 5)),
      store.latch.now(),
      store.documents.put(Buffer.from('{}')),
      store.actions.claim(TASK, FIRST, ['a1'], async () => 'claimed'),
      store.ledger.note({ kind: 'RUN_OPENED', ...FIRST, entries: 1, head: null }),
    ]);
    await databases.server.start();
    const [head, latch, ref, claimed] = await waiting;
    expect([head.entries, latch.halt, ref.slice(0, 7), claimed]).toEqual([
      5,
      null,
      'sha256:',
      'claimed',
    ]);
  });

  test('C3.F3: a database that is frozen is given up on, and used again when it thaws', async () => {
    const store = await open({ waitMs: 50 });
    await store.audit.append(CYCLE, drafts('r1', 1, 3));
    const rows = await databases.asOwner(name, [
      `SELECT pid FROM pg_stat_activity WHERE datname = '${name}' AND pid <> pg_backend_pid()`,
    ]);
    const processes = [databases.server.pid, ...rows.map((row) => (row as { pid: number }).pid)];
    for (const pid of processes) process.kill(pid, 'SIGSTOP');
    try {
      const unavailable = { code: 'AUDIT_UNAVAILABLE' };
      const calls = [store.latch.now(), store.audit.append(CYCLE, drafts('r1', 4, 5))];
      await Promise.all(calls.map((call) => expect(call).rejects.toMatchObject(unavailable)));
    } finally {
      for (const pid of processes) process.kill(pid, 'SIGCONT');
    }
    expect(await store.audit.append(CYCLE, drafts('r1', 4, 5))).toMatchObject({ entries: 5 });
  });

  test('no batch is half written and no acknowledged one lost, five crashes long', async () => {
    const store = await open({ waitMs: 60_000 });
    const ids = ['0', '1', '2', '3'].map((digit) => `${CYCLE.slice(0, -1)}${digit}`);
    const acknowledged = new Map(ids.map((id) => [id, 0]));
    let stop = false;
    const writers = ids.map(async (id) => {
      for (let seq = 1; !stop; seq += 3) {
        const { entries } = await store.audit.append(id, drafts('r1', seq, seq + 2));
        acknowledged.set(id, entries);
      }
    });
    for (let round = 0; round < 5; round += 1) {
      const before = acknowledged.get(ids[0] ?? '') ?? 0;
      while ((acknowledged.get(ids[0] ?? '') ?? 0) < before + 9)
        await new Promise((resolve) => setImmediate(resolve));
      await databases.server.crash();
      await databases.server.start();
    }
    stop = true;
    await Promise.all(writers);
    for (const id of ids) {
      const entries = (await store.audit.read(id)) ?? [];
      expect(entries.length % 3).toBe(0);
      expect(entries).toHaveLength(acknowledged.get(id) ?? 0);
      expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, index) => index + 1));
      expect(entries.every(({ prev }, i) => prev === (entries[i - 1]?.hash ?? null))).toBe(true);
    }
  });

  test('C4.I2: a claim that a crash cuts is emitted by one claimant alone', async () => {
    const store = await open({ waitMs: 60_000 });
    const other = await open({ waitMs: 60_000 });
    await store.audit.append(CYCLE, drafts('r1', 1, 4));
    await other.audit.append(OTHER_CYCLE, drafts('r2', 1, 4));
    const emit = async (each: Store, claimant: typeof FIRST, crash: boolean): Promise<string[]> =>
      each.actions.claim(TASK, claimant, ['a1'], async (elsewhere) => {
        if (crash) {
          await databases.server.crash();
          await databases.server.start();
        }
        const mine = ['a1'].filter((id) => !elsewhere.has(id));
        await each.audit.append(claimant.cycle_id, emitted(claimant.run_id, 4, mine));
        return mine;
      });
    const outcomes = await Promise.allSettled([
      emit(store, FIRST, true),
      // Waits for the lock, and gets it when the crash has taken it away.
      emit(other, SECOND, false),
    ]);
    const won = outcomes.flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
    expect(won).toEqual(['a1']);
    for (const each of outcomes)
      if (each.status === 'rejected') expect(each.reason).toMatchObject({ code: 'AUDIT_FORK' });
    const chains = await Promise.all([CYCLE, OTHER_CYCLE].map((id) => store.audit.read(id)));
    const records = chains.flatMap((chain) => chain ?? []);
    expect(records.filter(({ type }) => type === 'ACTION_EMITTED')).toHaveLength(1);
  });
});
