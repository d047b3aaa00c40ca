import { fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { ROOT } from '../support/sandbox';
import { cleanUp, connected, FETCH_MS, start, temporaryFolder, testBinary } from './real-server';

beforeAll(testBinary, FETCH_MS);
afterEach(cleanUp);

test('a harness that is killed leaves no server behind, and the next one starts on its file and port', async () => {
  const home = temporaryFolder();
  const dbFile = join(home, 'temporal.db');
  const options = {
    binary: await testBinary(),
    home,
    dbFile,
    port: 0,
    uiPort: null,
    searchAttributes: {},
  };
  const script = join(home, 'up.js');
  const embedded = join(ROOT, 'dist', 'server', 'embedded.js');
  writeFileSync(
    script,
    `require(${JSON.stringify(embedded)}).startEmbedded(${JSON.stringify(options)})
      .then(({ pid, address }) => process.send({ pid, address }));`,
  );
  const harness = fork(script);
  const ended = once(harness, 'exit').then(() => Promise.reject(new Error('it ended by itself')));
  const said = Promise.race([once(harness, 'message'), ended]);
  const [{ address }] = (await said) as [{ address: string }];
  ended.catch(() => undefined); // from here on its end is asked for
  await connected(address, async () => undefined);
  harness.kill('SIGKILL');
  await once(harness, 'exit');

  const port = Number(address.split(':')[1]);
  const next = await start({ home, dbFile, port });
  expect(next.address).toBe(address);
});
