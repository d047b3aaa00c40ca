import { Client } from 'pg';
import { hashBytes } from '../../src/core/identity';
import { codeOf } from '../../src/core/invariant';
import type { Sha256 } from '../../src/core/json';
import { openStore } from '../../src/store/open';
import { openPostgresStore, type PostgresOptions } from '../../src/store/postgres';
import { schemaProblem } from '../../src/store/postgres/schema';
import type { Store } from '../../src/store/store';
import { ask, Databases, RUNTIME_ROLE } from '../support/database';
import { describeWithPostgres, PASSWORD } from '../support/postgres';
import { CYCLE, draft, drafts, emitted, OTHER_CYCLE, TASK } from './drafts';
import { HOLDER, intentOf } from './effect-intents';
import { storedResult } from './results';

const TABLES = [
  'entries',
  'emissions',
  'claims',
  'effects',
  'violations',
  'registry',
  'cycles',
  'results',
  'documents',
];
const FIRST = { cycle_id: CYCLE, run_id: 'r1' };
const SECOND = { cycle_id: OTHER_CYCLE, run_id: 'r2' };

describeWithPostgres("PostgreSQL's own part in the store", () => {
  let databases: Databases;
  let name: string;
  let store: Store;
  const opened: Store[] = [];
  const open = async (options: PostgresOptions = {}): Promise<Store> => {
    const another = await openPostgresStore(databases.url(name), options);
    opened.push(another);
    return another;
  };
  /** As the owner, with the wall of triggers taken down. */
  const tamper = (table: string, change: string) =>
    databases.asOwner(name, [
      `ALTER TABLE harness.${table} DISABLE TRIGGER only_insert`,
      change,
      `ALTER TABLE harness.${table} ENABLE TRIGGER only_insert`,
    ]);
  /** Ends the connections that hold a lock of the store, as a network that fails does. */
  const cutLocks = () =>
    databases.asOwner(name, [
      "SELECT pg_terminate_backend(l.pid) FROM pg_locks l WHERE l.locktype = 'advisory'",
    ]);

  beforeAll(async () => {
    databases = await Databases.start();
  });
  afterAll(() => databases.stop());
  beforeEach(async () => {
    name = await databases.make();
    store = await open();
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((each) => each.close()));
  });

  test('the role of a worker can change, remove, empty and drop nothing, and make nothing', async () => {
    await store.audit.append(CYCLE, drafts('r1', 1, 2));
    const statements = TABLES.flatMap((table) => [
      `UPDATE harness.${table} SET ${table === 'emissions' ? "action_id = 'x'" : 'n = n + 1'}`,
      `DELETE FROM harness.${table}`,
      `TRUNCATE harness.${table}`,
      `DROP TABLE harness.${table}`,
      `ALTER TABLE harness.${table} DISABLE TRIGGER only_insert`,
    ]);
    statements.push(
      'CREATE TABLE harness.another (n integer)',
      'DROP SCHEMA harness CASCADE',
      'DROP FUNCTION harness.refuse_change() CASCADE',
      "INSERT INTO harness.migrations (name, run_on) VALUES ('9999_x', now())",
      'DELETE FROM harness.migrations',
    );
    const codes = await refusals(databases.url(name), statements);
    expect(codes).toEqual(statements.map(() => '42501'));
    expect(await store.audit.read(CYCLE)).toHaveLength(2);
  });

  test('the owner of the tables meets a wall that has to be taken down first', async () => {
    const statements = TABLES.flatMap((table) => [
      `UPDATE harness.${table} SET ${table === 'emissions' ? "action_id = 'x'" : 'n = n + 1'}`,
      `DELETE FROM harness.${table}`,
      `TRUNCATE harness.${table}`,
    ]);
    const codes = await refusals(databases.ownerUrl(name), statements);
    expect(codes).toEqual(statements.map(() => '42501'));
  });

  test('many more claims than connections are held at once, and each writes inside its own', async () => {
    const few = await open({ connectionsMax: 2 });
    const claims = Array.from({ length: 25 }, (_, index) => {
      const two = String(index).padStart(2, '0');
      return { task: `${TASK.slice(0, -2)}${two}`, cycle: `${CYCLE.slice(0, -2)}${two}`, two };
    });
    await Promise.all(claims.map(({ cycle }) => few.audit.append(cycle, drafts('r1', 1, 4))));
    let inside = 0;
    let enter = (): void => undefined;
    const allInside = new Promise<void>((resolve) => (enter = resolve));
    await Promise.all(
      claims.map(({ task, cycle, two }) =>
        few.actions.claim(task, { cycle_id: cycle, run_id: 'r1' }, [`a${two}`], async () => {
          inside += 1;
          if (inside === claims.length) enter();
          await allInside;
          await few.audit.append(cycle, emitted('r1', 4, [`a${two}`]));
        }),
      ),
    );
    const chains = await Promise.all(claims.map(({ cycle }) => few.audit.read(cycle)));
    expect(chains.map((chain) => chain?.length)).toEqual(claims.map(() => 5));
  });

  test('C4.I2: whose lock was lost emits nothing that another has emitted since', async () => {
    const other = await open();
    await store.audit.append(CYCLE, drafts('r1', 1, 4));
    await other.audit.append(OTHER_CYCLE, drafts('r2', 1, 4));
    const late = store.actions.claim(TASK, FIRST, ['a1', 'a2'], async () => {
      await cutLocks();
      await other.actions.claim(TASK, SECOND, ['a1'], async (elsewhere) => {
        expect(elsewhere.size).toBe(0);
        await other.audit.append(OTHER_CYCLE, emitted('r2', 4, ['a1']));
      });
      return store.audit.append(CYCLE, emitted('r1', 4, ['a1', 'a2']));
    });
    await expect(late).rejects.toMatchObject({ code: 'AUDIT_FORK' });
    expect(await store.audit.read(CYCLE)).toHaveLength(4);
    expect(await store.audit.read(OTHER_CYCLE)).toHaveLength(5);
    // The lock is given again on a new connection, and tells who emitted.
    const again = await store.actions.claim(TASK, FIRST, ['a1', 'a2'], async (ids) => [...ids]);
    expect(again).toEqual(['a1']);
  });

  test('R24: whose lock was lost while it performs leaves no receipt behind the next holder', async () => {
    const other = await open();
    const next = { ...HOLDER, attempt: 2 };
    await store.effects.open(HOLDER);
    const late = store.effects.perform(HOLDER, intentOf(), {
      repeatable: false,
      async perform() {
        await cutLocks();
        await other.effects.open(next);
        return { status: 'PERFORMED', detail: null };
      },
    });
    await expect(late).rejects.toMatchObject({ code: 'EFFECTS_FENCED' });
    expect(await other.effects.read(CYCLE, TASK)).toMatchObject([{ status: 'UNKNOWN' }]);
  });

  test('a lock that this process holds itself is waited for, and then given up on', async () => {
    const impatient = await open({ waitMs: 30 });
    await impatient.actions.claim(TASK, FIRST, [], async () => {
      const inner = impatient.actions.claim(TASK, SECOND, [], async () => 0);
      await expect(inner).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
        message: expect.stringContaining('another process holds it'),
      });
    });
  });

  test('C4.I2: an append of the same batch whose answers were lost leaves it there once', async () => {
    await store.audit.append(CYCLE, drafts('r1', 1, 4));
    const batch = [...emitted('r1', 4, ['a1', 'a2']), draft('r1', 5)];
    const stores = await Promise.all(Array.from({ length: 6 }, () => open()));
    const heads = await Promise.all(stores.map((each) => each.audit.append(CYCLE, batch)));
    expect(new Set(heads.map((head) => JSON.stringify(head))).size).toBe(1);
    expect(await store.audit.read(CYCLE)).toHaveLength(7);
  });

  test('a damaged last entry is not built upon, and stays for verify to see', async () => {
    await store.audit.append(CYCLE, drafts('r1', 1, 3));
    await tamper(
      'entries',
      "UPDATE harness.entries SET line = replace(line, 'entry 3', 'entry 4') WHERE n = 3",
    );
    await expect(store.audit.append(CYCLE, [draft('r1', 4)])).rejects.toMatchObject({
      code: 'AUDIT_UNAVAILABLE',
      message: expect.stringContaining('run harness audit verify'),
    });
    await expect(store.audit.read(CYCLE)).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
  });

  test('C4.I2: a damaged or missing claim stops every emission of its task', async () => {
    const claim = (run_id: string) =>
      store.actions.claim(TASK, { ...FIRST, run_id }, [`a-${run_id}`], async (ids) => ids.size);
    for (const run of ['r1', 'r2']) expect(await claim(run)).toBe(0);
    const row = await databases.asOwner(name, ['SELECT line FROM harness.claims WHERE n = 1']);
    await tamper('claims', "UPDATE harness.claims SET line = '{}' WHERE n = 1");
    const damaged = { code: 'STORE_UNAVAILABLE', message: expect.stringContaining('twice') };
    await expect(claim('r3')).rejects.toMatchObject(damaged);
    await tamper('claims', 'DELETE FROM harness.claims WHERE n = 1');
    await expect(claim('r3')).rejects.toMatchObject(damaged);
    const [{ line = '' } = {}] = row as { line?: string }[];
    await tamper('claims', `INSERT INTO harness.claims VALUES ('${TASK}', 1, '${line}')`);
    expect(await claim('r3')).toBe(0);
  });

  test('C4.I2: a damaged or missing line stops every effect of its task', async () => {
    let performed = 0;
    const act = {
      repeatable: true,
      perform: async () => {
        performed += 1;
        return { status: 'PERFORMED' as const, detail: null };
      },
    };
    await store.effects.open(HOLDER);
    await store.effects.perform(HOLDER, intentOf(), act);
    const damaged = { code: 'STORE_UNAVAILABLE', message: expect.stringContaining('twice') };
    for (const change of [
      "UPDATE harness.effects SET line = replace(line, 'PERFORMED', 'PERFORMER')",
      'DELETE FROM harness.effects WHERE n = 2',
    ]) {
      await tamper('effects', change);
      await expect(store.effects.perform(HOLDER, intentOf(), act)).rejects.toMatchObject(damaged);
      await expect(store.effects.read(CYCLE, TASK)).rejects.toMatchObject(damaged);
    }
    expect(performed).toBe(1);
  });

  test('a damaged document is refused, and mended by putting it again', async () => {
    const bytes = Buffer.from('{"regime":"RS-1"}');
    const ref = await store.documents.put(bytes);
    const change = 'UPDATE harness.documents SET bytes = \'{"regime":"RS-2"}\'';
    await expect(tamper('documents', change)).rejects.toMatchObject({ code: '23514' });
    await databases.asOwner(name, [
      'ALTER TABLE harness.documents DROP CONSTRAINT documents_hash_to_their_name',
    ]);
    await tamper('documents', change);
    await expect(store.documents.get(ref)).rejects.toMatchObject({ code: 'DOCUMENT_DAMAGED' });
    await store.documents.put(bytes);
    await store.documents.put(bytes);
    expect(await store.documents.get(ref)).toEqual(bytes);
    const rows = await databases.asOwner(name, ['SELECT n FROM harness.documents ORDER BY n']);
    expect(rows).toEqual([{ n: 1 }, { n: 2 }]);
  });

  test('a hostile id or text reaches no statement', async () => {
    const hostile = ['', '..', `${CYCLE}/x`, `${CYCLE}\0`, CYCLE.toUpperCase(), "'; DROP TABLE x"];
    const refused = { code: 'STORE_UNAVAILABLE' };
    for (const id of hostile) {
      const address = `sha256:${id}` satisfies Sha256;
      const calls = [
        async () => store.audit.append(id, drafts('r1', 1, 1)),
        async () => store.audit.read(id),
        async () => store.actions.claim(id, FIRST, [], async () => 0),
        async () => store.effects.open({ ...HOLDER, cycle_id: id }),
        async () => store.effects.close(CYCLE, id, HOLDER),
        async () => store.effects.read(id, TASK),
        async () => store.cycles.result(id),
        async () => store.cycles.putResult(id, {}),
        async () => store.documents.get(address),
      ];
      for (const call of calls) await expect(call()).rejects.toMatchObject(refused);
      expect(await store.cycles.find(id)).toBeNull();
    }
    const text = 'NUL \0, quotes \' " \\ and { braces, a line\nand 𝄞';
    await store.audit.append(CYCLE, [draft('r1', 1, { data: { text } })]);
    expect((await store.audit.read(CYCLE))?.[0]?.data).toEqual({ text });
    await store.cycles.putResult(CYCLE, storedResult({ summary: text }));
    expect(await store.cycles.result(CYCLE)).toEqual(storedResult({ summary: text }));
  });

  test('ten thousand entries in one append, then one more, are chained without a flaw', async () => {
    await store.audit.append(CYCLE, drafts('r1', 1, 1));
    const ids = Array.from({ length: 10_000 }, (_, index) => `a${index}`);
    const parts = emitted('r1', 1, ids);
    expect((await store.audit.append(CYCLE, parts)).entries).toBe(10_001);
    const again = await store.audit.append(CYCLE, [...parts.slice(5_000), draft('r1', 2)]);
    expect(again.entries).toBe(10_002);
  });

  describe('a database that is not ready', () => {
    const problemOf = async (url: string): Promise<string> => {
      const error: unknown = await openPostgresStore(url, { waitMs: 30 }).catch(
        (reason: unknown) => reason,
      );
      expect(codeOf(error)).toBe('STORE_UNAVAILABLE');
      const everything = `${String(error)} ${JSON.stringify(error)} ${(error as Error).stack}`;
      expect(everything).not.toContain(PASSWORD);
      expect((error as Error).cause).toBeUndefined();
      return (error as Error).message;
    };

    test('without the schema, with an older and with a newer one, it says what to do', async () => {
      const migrate = 'run `harness store migrate` as the role that owns it';
      await databases.asOwner('postgres', ['CREATE DATABASE bare']);
      expect(await problemOf(databases.ownerUrl('bare'))).toBe(
        `the database 127.0.0.1:${databases.server.port}/bare has no schema of the harness: ${migrate}`,
      );
      await databases.asOwner(name, [
        "INSERT INTO harness.migrations VALUES (99, '0099_x', now())",
      ]);
      expect(await problemOf(databases.url(name))).toContain(
        'is of a newer harness: update this one',
      );
      const older = { done: ['0001_store'], missing: ['0002_more'], unknown: [] };
      expect(schemaProblem(older, 'db:5432/x')).toBe(
        `the schema of the database db:5432/x is of an older harness, it lacks 0002_more: ${migrate}`,
      );
    });

    test('a user without the rights, a wrong password, no such database, no server: each is told', async () => {
      const { port } = databases.server;
      await databases.asOwner('postgres', [`CREATE ROLE stranger LOGIN PASSWORD '${PASSWORD}'`]);
      const stranger = databases.url(name).replace(RUNTIME_ROLE, 'stranger');
      expect(await problemOf(stranger)).toContain('harness store migrate --grant-to <role>');
      const wrong = databases.url(name).replace(PASSWORD, 'wrong-secret');
      const refused = await problemOf(wrong);
      expect(refused).toContain('refuses the login: check the user and the password');
      expect(refused).not.toContain('wrong-secret');
      expect(await problemOf(databases.url('nowhere'))).toContain(
        `127.0.0.1:${port}/nowhere does not exist on its server`,
      );
      expect(await problemOf(`postgres://u:${PASSWORD}@127.0.0.1:1/x`)).toBe(
        'the PostgreSQL store cannot be used: the database 127.0.0.1:1/x does not answer (ECONNREFUSED): ' +
          'check the address, and that it is up',
      );
      expect(await problemOf(`postgres://u:${PASSWORD}@127.0.0.1:x%/x`)).toContain(
        'its address cannot be read',
      );
    });

    test('without its environment variable the store says which one to set', async () => {
      const audit = { type: 'postgres', url_env: 'HARNESS_DATABASE_URL' } as const;
      await expect(openStore(audit, '/nowhere', {})).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
        message: expect.stringContaining('HARNESS_DATABASE_URL'),
      });
      const found = await openStore(audit, '/nowhere', {
        HARNESS_DATABASE_URL: databases.url(name),
      });
      opened.push(found);
      expect(await found.documents.put(Buffer.from('1'))).toBe(hashBytes(Buffer.from('1')));
    });

    test('migrations that are carried out again, also at once, do no harm', async () => {
      await databases.asOwner('postgres', ['CREATE DATABASE fresh']);
      await Promise.all([databases.migrate('fresh'), databases.migrate('fresh')]);
      await databases.migrate('fresh');
      const rows = await databases.asOwner('fresh', ['SELECT name FROM harness.migrations']);
      expect(rows).toEqual([{ name: '0001_store' }]);
      await expect(ask(databases.url('fresh'), ['SELECT * FROM harness.entries'])).resolves.toEqual(
        [],
      );
    });
  });
});

/** The SQLSTATE with which each statement is refused; `done` for one that is not. */
async function refusals(url: string, statements: readonly string[]): Promise<string[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const codes: string[] = [];
  for (const statement of statements) {
    codes.push(
      await client.query(statement).then(
        () => `done: ${statement}`,
        (error: unknown) => codeOf(error) ?? String(error),
      ),
    );
  }
  await client.end();
  return codes;
}
