import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { Client } from 'pg';
import { postgresAdapter } from '../../src/effects/postgres';
import type { Adapter } from '../../src/effects/adapter';
import { describeWithPostgres, PASSWORD, type Postgres, startPostgres } from '../support/postgres';
import { callOf } from './calls';

/** The statement that the documentation gives to operators. */
function createTable(): string {
  const text = readFileSync(join(__dirname, '..', '..', 'docs', 'operations.md'), 'utf8');
  const found = /```sql\n(CREATE TABLE [\s\S]*?)```/.exec(text)?.[1];
  if (found === undefined) throw new Error('docs/operations.md has no CREATE TABLE');
  return found;
}

describeWithPostgres('a postgres effect', () => {
  let postgres: Postgres;
  let client: Client;
  const adapters: Adapter[] = [];

  const adapterOf = (table = 'signals', url: string | undefined = postgres.url): Adapter => {
    const adapter = postgresAdapter(table, 'SIGNAL_DB_URL', url);
    adapters.push(adapter);
    return adapter;
  };
  const connect = async () => {
    client = new Client({ connectionString: postgres.url });
    client.on('error', () => undefined);
    await client.connect();
  };
  const rows = async (table = 'signals') =>
    (await client.query(`SELECT * FROM ${table} ORDER BY ordinal`)).rows as unknown[];

  beforeAll(async () => {
    postgres = await startPostgres();
    await connect();
  });
  afterAll(async () => {
    await client.end();
    await postgres.stop();
  });
  beforeEach(async () => {
    await client.query(createTable());
  });
  afterEach(async () => {
    await Promise.all(adapters.splice(0).map((adapter) => adapter.close()));
    await client.query('DROP TABLE IF EXISTS signals');
  });

  test('a call is a row of the documented table, its payload as it was given', async () => {
    const call = callOf(1, { text: `'; DROP TABLE signals; -- "$1`, list: [1, null, '€'] });
    expect(await adapterOf().perform(call, false)).toEqual({ status: 'PERFORMED', detail: null });
    const { at, ...rest } = call;
    expect(await rows()).toEqual([{ ...rest, at: new Date(at) }]);
  });

  test.each([[['a', 1]], ['text'], [7], [null], [true]])(
    'a payload %j is kept',
    async (payload) => {
      await adapterOf().perform(callOf(1, payload), false);
      expect(await rows()).toEqual([expect.objectContaining({ payload })]);
    },
  );

  test('C4.I2: the same key is one row, however often it is inserted', async () => {
    const [one, other] = [adapterOf(), adapterOf()];
    await Promise.all([one, other, one, other].map((each) => each.perform(callOf(), true)));
    await one.perform(callOf(2), false);
    expect(await rows()).toHaveLength(2);
  });

  test('a table of another schema, named with a word of SQL, is written to', async () => {
    await client.query(`CREATE SCHEMA desk; ${createTable().replace('signals', 'desk."order"')}`);
    const done = await adapterOf('desk.order').perform(callOf(), false);
    expect(done.status).toBe('PERFORMED');
    expect(await rows('desk."order"')).toHaveLength(1);
    await client.query('DROP SCHEMA desk CASCADE');
  });

  test('what the database refuses is FAILED, in one sentence that says what to do', async () => {
    await client.query(`
      CREATE TABLE other (id int); CREATE TABLE free (LIKE signals);
      CREATE TABLE strict (LIKE signals INCLUDING ALL, CHECK (ordinal > 5));
      CREATE ROLE guest LOGIN PASSWORD '${PASSWORD}';`);
    const guest = postgres.url.replace('harness:', 'guest:');
    const wrong = postgres.url.replace(PASSWORD, 'n0t-the-password');
    const lost = postgres.url.replace('/postgres', '/nowhere').replace('nowhere:', 'postgres:');
    const cases: readonly (readonly [string, string | undefined, string])[] = [
      ['nothing', postgres.url, 'the table nothing does not exist: create it as'],
      ['no.where', postgres.url, 'the table no.where does not exist: create it as'],
      ['other', postgres.url, 'the table other has not the columns'],
      ['free', postgres.url, 'the table free has not the columns'],
      ['strict', postgres.url, 'the table strict refuses the row (SQLSTATE 23514)'],
      ['signals', guest, "the database's user may not insert into the table signals"],
      ['signals', wrong, 'the database of SIGNAL_DB_URL refuses the login'],
      ['signals', lost.replace(/\/[^/]*$/, '/nowhere'), 'does not exist on its server'],
      ['signals', undefined, 'the environment variable SIGNAL_DB_URL'],
      ['signals', 'postgres://u:s3cret@[', 'the database of SIGNAL_DB_URL cannot be reached'],
    ];
    for (const [table, url, sentence] of cases) {
      const adapter = postgresAdapter(table, 'SIGNAL_DB_URL', url);
      const outcome = await adapter.perform(callOf(), false);
      await adapter.close();
      expect(outcome).toEqual({ status: 'FAILED', detail: expect.stringContaining(sentence) });
      expect(`${outcome.detail} ${adapter.target}`).not.toMatch(/p4ss|n0t|s3cret/);
    }
    const nul = await adapterOf().perform(callOf(1, { text: 'a\u0000b' }), false);
    expect(nul).toMatchObject({ status: 'FAILED', detail: expect.stringContaining('NUL') });
    expect(await rows()).toEqual([]);
    await client.query('DROP TABLE other, free, strict; DROP ROLE guest');
  });

  test('a locked table is waited for two seconds, then FAILED, and nothing is inserted later', async () => {
    await client.query('BEGIN; LOCK TABLE signals');
    const outcome = await adapterOf().perform(callOf(), false);
    await client.query('COMMIT');
    expect(outcome).toMatchObject({ status: 'FAILED', detail: expect.stringContaining('locks') });
    expect(await rows()).toEqual([]);
  });

  test('C4.I2: a connection that was closed while idle is replaced, and the row is there once', async () => {
    const adapter = adapterOf();
    await adapter.perform(callOf(1), false);
    await client.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = $1',
      ['client backend'],
    );
    expect((await adapter.perform(callOf(2), false)).status).toBe('PERFORMED');
    expect(await rows()).toHaveLength(2);
  });

  test('a database that is down is FAILED, and written to again once it is up', async () => {
    const adapter = adapterOf();
    await adapter.perform(callOf(1), false);
    await postgres.crash();
    const down = await adapter.perform(callOf(2), false);
    expect(down).toMatchObject({ status: expect.stringMatching(/FAILED|UNKNOWN/) });
    expect(down.detail).not.toContain(PASSWORD);
    const later = await adapter.perform(callOf(2), false);
    expect(later).toMatchObject({
      status: 'FAILED',
      detail: expect.stringContaining('cannot be reached'),
    });
    await postgres.start();
    await connect();
    expect((await adapter.perform(callOf(3), false)).status).toBe('PERFORMED');
    expect(await rows()).toHaveLength(2);
  });

  test('C4.I2: cut off twice while it inserts, it is UNKNOWN', async () => {
    // Between adapter and database: passes everything on until the insert, then cuts.
    const sockets: Socket[] = [];
    const proxy = createServer((near) => {
      const far = new (near.constructor as typeof Socket)().connect(postgres.port, '127.0.0.1');
      sockets.push(near, far);
      for (const socket of [near, far]) socket.on('error', () => undefined);
      far.on('data', (data) => near.write(data));
      near.on('data', (data) => {
        if (data.includes('INSERT')) far.write(data, () => near.destroy());
        else far.write(data);
      });
    }).listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const address = proxy.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const through = postgres.url.replace(`:${postgres.port}/`, `:${address.port}/`);
    const outcome = await adapterOf('signals', through).perform(callOf(), false);
    expect(outcome).toMatchObject({
      status: 'UNKNOWN',
      detail: expect.stringContaining('look there for its key'),
    });
    for (const socket of sockets) socket.destroy();
    proxy.close();
    // An attempt that comes after it finds the row, or inserts it: it stands once.
    expect((await adapterOf().perform(callOf(), true)).status).toBe('PERFORMED');
    expect(await rows()).toHaveLength(1);
  });
});
