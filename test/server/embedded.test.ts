import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';

import { Client } from '@temporalio/client';

import { missingAttributes } from '../../src/server/search-attributes';
import { cleanUp, connected, FETCH_MS, start, temporaryFolder, testBinary } from './real-server';

beforeAll(testBinary, FETCH_MS);
afterEach(cleanUp);

const ATTRIBUTES = { HarnessPhase: 'Keyword', HarnessMode: 'Keyword' } as const;

test('a server on free ports serves its namespace, its search attributes and its Web UI', async () => {
  const home = temporaryFolder();
  const dbFile = join(home, 'temporal.db');
  const options = { home, dbFile, uiPort: 0, searchAttributes: ATTRIBUTES, namespace: 'trading' };
  const server = await start(options);
  expect(server.address).toMatch(/^127\.0\.0\.1:\d+$/);
  await connected(server.address, async (connection) => {
    const seen = await connection.workflowService.describeNamespace({ namespace: 'trading' });
    expect(seen.namespaceInfo?.name).toBe('trading');
    expect(await missingAttributes(connection, 'trading', ATTRIBUTES)).toEqual([]);
    await connection.workflowService.describeNamespace({ namespace: 'default' });
  });
  expect((await fetch(server.uiUrl ?? 'no url')).status).toBe(200);
  expect(existsSync(`${dbFile}-wal`)).toBe(true);
});

test('a workflow outlives a stop and a start on the same file, and a newer attribute is added', async () => {
  const home = temporaryFolder();
  const dbFile = join(home, 'data', 'temporal.db');
  const first = await start({ home, dbFile, searchAttributes: { HarnessPhase: 'Keyword' } });
  await connected(first.address, (connection) =>
    new Client({ connection }).workflow.start('cycle', { taskQueue: 'q', workflowId: 'kept' }),
  );
  await first.stop();
  expect((await first.exited).code).toBe(0);

  const second = await start({ home, dbFile, searchAttributes: ATTRIBUTES });
  await connected(second.address, async (connection) => {
    const client = new Client({ connection });
    expect((await client.workflow.getHandle('kept').describe()).status.name).toBe('RUNNING');
    const searchAttributes = { HarnessMode: ['shadow'] };
    const newer = { taskQueue: 'q', workflowId: 'newer', searchAttributes };
    await client.workflow.start('cycle', newer);
    const described = await client.workflow.getHandle('newer').describe();
    expect(described.searchAttributes).toMatchObject(searchAttributes);
  });
});

test('a server in memory leaves no file but its log, and has no Web UI when none is asked for', async () => {
  const home = temporaryFolder();
  const server = await start({ home, logFile: join(home, 'temporal.log') });
  expect(server.uiUrl).toBeNull();
  expect(readdirSync(home)).toEqual(['temporal.log']);
});

test('the signal after the two thousandth is refused, before a storm can end a worker', async () => {
  const server = await start({ home: temporaryFolder() });
  await connected(server.address, async (connection) => {
    const options = { taskQueue: 'q', workflowId: 'stormed' };
    const handle = await new Client({ connection }).workflow.start('cycle', options);
    for (let sent = 0; sent < 2_000; sent += 100) {
      await Promise.all(Array.from({ length: 100 }, () => handle.signal('halt')));
    }
    await expect(handle.signal('halt')).rejects.toMatchObject({
      cause: expect.objectContaining({ message: expect.stringContaining('limit for signal') }),
    });
  });
});

describe('a port that is taken', () => {
  let holder: Server;
  let taken: number;
  beforeEach(async () => {
    holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    const address = holder.address();
    taken = typeof address === 'object' && address !== null ? address.port : 0;
  });
  afterEach(() => new Promise((resolve) => holder.close(resolve)));

  test('is named, with what to do', async () => {
    await expect(start({ home: temporaryFolder(), port: taken })).rejects.toMatchObject({
      code: 'NO_SERVER',
      message:
        `port ${taken} on 127.0.0.1 is taken by another process: if that is the Temporal server` +
        ` you want, use it with TEMPORAL_ADDRESS=127.0.0.1:${taken}; else stop it, or choose` +
        ' another port with --port',
    });
  });

  test('for the Web UI is named too', async () => {
    await expect(start({ home: temporaryFolder(), uiPort: taken })).rejects.toMatchObject({
      message: expect.stringMatching(new RegExp(`^port ${taken} .* with --ui-port$`)),
    });
  });
});

test('a database serves one server at a time; the second is told who has it', async () => {
  const home = temporaryFolder();
  const dbFile = join(home, 'temporal.db');
  const first = await start({ home, dbFile });
  await expect(start({ home, dbFile })).rejects.toMatchObject({
    code: 'NO_SERVER',
    message: expect.stringContaining(
      `in use by another Temporal server (process ${first.pid}, at ${first.address})`,
    ),
  });
  await connected(first.address, async () => undefined);
});

test('a server that is killed is reported by exited, and its file serves the next one', async () => {
  const home = temporaryFolder();
  const dbFile = join(home, 'temporal.db');
  const first = await start({ home, dbFile });
  process.kill(first.pid, 'SIGKILL');
  expect(await first.exited).toEqual({ code: null, signal: 'SIGKILL' });
  await first.stop();
  const second = await start({ home, dbFile });
  await connected(second.address, async () => undefined);
});

test('a server that ends while it starts is reported with the last lines of its log', async () => {
  const home = temporaryFolder();
  const dbFile = join(home, 'folder');
  mkdirSync(dbFile);
  // No dev server starts with a database that is a folder.
  await expect(start({ home, dbFile })).rejects.toMatchObject({
    code: 'NO_SERVER',
    message: expect.stringMatching(
      /^the Temporal server ended while it started: .*Error: .*server\.log/,
    ),
  });
});

test('a binary that cannot be run is named', async () => {
  const home = temporaryFolder();
  await expect(start({ home, binary: join(home, 'nothing') })).rejects.toMatchObject({
    code: 'NO_SERVER',
    message: expect.stringContaining(`${join(home, 'nothing')} cannot be run`),
  });
});

test('a folder that cannot be written is named', async () => {
  const home = join(temporaryFolder(), 'file');
  writeFileSync(home, '');
  await expect(start({ home, dbFile: join(home, 'temporal.db') })).rejects.toMatchObject({
    code: 'NO_SERVER',
    message: expect.stringContaining(`the embedded server cannot write to ${home} (`),
  });
});
