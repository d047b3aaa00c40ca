import { ensureSearchAttributes } from '../../src/server/search-attributes';
import { cleanUp, connected, FETCH_MS, start, temporaryFolder, testBinary } from './real-server';

beforeAll(testBinary, FETCH_MS);
afterEach(cleanUp);

test('missing search attributes are added, present ones left alone, one of another type refused', async () => {
  const server = await start({ home: temporaryFolder() });
  await connected(server.address, async (connection) => {
    const one = { HarnessPhase: 'Keyword' } as const;
    expect(await ensureSearchAttributes(connection, 'default', one)).toEqual(['HarnessPhase']);
    expect(await ensureSearchAttributes(connection, 'default', one)).toEqual([]);
    const two = { ...one, HarnessMode: 'Keyword' } as const;
    expect(await ensureSearchAttributes(connection, 'default', two)).toEqual(['HarnessMode']);

    const INT = 3;
    const searchAttributes = { HarnessCount: INT };
    await connection.operatorService.addSearchAttributes({
      namespace: 'default',
      searchAttributes,
    });
    const wrong = { HarnessCount: 'Keyword' } as const;
    await expect(ensureSearchAttributes(connection, 'default', wrong)).rejects.toMatchObject({
      code: 'REFUSED',
      message:
        'search attribute HarnessCount of namespace default is of type Int, the harness needs' +
        ' Keyword: remove it on the server, or use another namespace',
    });
    await expect(ensureSearchAttributes(connection, 'nowhere', one)).rejects.toMatchObject({
      code: 'REFUSED',
      message: expect.stringContaining(
        'temporal operator search-attribute create --namespace nowhere --name HarnessPhase --type Keyword',
      ),
    });
  });
});

test('two clients that add the same attributes at once both succeed', async () => {
  const server = await start({ home: temporaryFolder() });
  await connected(server.address, async (connection) => {
    const attributes = { HarnessPhase: 'Keyword', HarnessMode: 'Keyword' } as const;
    const ensure = () => ensureSearchAttributes(connection, 'default', attributes);
    await Promise.all([ensure(), ensure(), ensure()]);
    expect(await ensure()).toEqual([]);
  });
});
