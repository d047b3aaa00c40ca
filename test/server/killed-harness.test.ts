import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { transformFileSync } from '@swc/core';

import { cleanUp, connected, FETCH_MS, start, temporaryFolder, testBinary } from './real-server';

beforeAll(testBinary, FETCH_MS);
afterEach(cleanUp);

/** The sources as a plain Node process can run them. */
function compiled(): string {
  const out = temporaryFolder();
  for (const part of ['core', 'server']) mkdirSync(join(out, part));
  const sources = ['problem.ts'];
  for (const part of ['core', 'server']) {
    sources.push(...readdirSync(join('src', part)).map((name) => join(part, name)));
  }
  for (const source of sources) {
    const { code } = transformFileSync(join('src', source), {
      jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
      module: { type: 'commonjs' },
    });
    writeFileSync(join(out, source.replace(/\.ts$/, '.js')), code);
  }
  return out;
}

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
  const folder = compiled();
  const script = join(folder, 'up.js');
  writeFileSync(
    script,
    `require('./server/embedded').startEmbedded(${JSON.stringify(options)})
      .then(({ pid, address }) => process.send({ pid, address }));`,
  );
  const harness = fork(script, { env: { ...process.env, NODE_PATH: resolve('node_modules') } });
  const [{ address }] = (await once(harness, 'message')) as [{ address: string }];
  await connected(address, async () => undefined);
  harness.kill('SIGKILL');
  await once(harness, 'exit');

  const port = Number(address.split(':')[1]);
  const next = await start({ home, dbFile, port });
  expect(next.address).toBe(address);
});
