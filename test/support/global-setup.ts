import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SEARCH_ATTRIBUTES } from '../../src/core/start';
import { startEmbedded } from '../../src/server/embedded';
import { locateBinary } from '../../src/server/locate';
import { startProduction } from './production';

/** Kept for the teardown, which runs in this process too. */
export const shared: { server?: { stop(): Promise<void> } } = {};

/** Builds what the tests run, and starts one real server, file-backed as in use, for all of them. */
export default async function setup(): Promise<void> {
  execFileSync('node', ['scripts/build.mjs'], { stdio: 'inherit' });
  const cache = process.env['HARNESS_TEST_CACHE'] ?? join(tmpdir(), 'harness-test-cache');
  process.env['HARNESS_TEST_CACHE'] = cache;
  const { path } = await locateBinary({
    home: cache,
    env: process.env,
    progress: (line) => console.info(line),
  });
  process.env['HARNESS_TEST_BINARY'] = path;
  if (process.env['HARNESS_TEST_TOPOLOGY'] === 'production') {
    shared.server = await startProduction();
    return;
  }
  const home = mkdtempSync(join(tmpdir(), 'harness-test-server-'));
  const server = await startEmbedded({
    binary: path,
    home,
    dbFile: join(home, 'temporal.db'),
    port: 0,
    uiPort: 0,
    searchAttributes: SEARCH_ATTRIBUTES,
  });
  shared.server = server;
  process.env['HARNESS_TEST_ADDRESS'] = server.address;
  process.env['HARNESS_TEST_UI'] = server.uiUrl ?? '';
}
