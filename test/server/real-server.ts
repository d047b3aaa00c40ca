import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Connection } from '@temporalio/client';

import {
  startEmbedded,
  type EmbeddedOptions,
  type EmbeddedServer,
} from '../../src/server/embedded';
import { locateBinary } from '../../src/server/locate';

/** The binary is fetched once a machine, not once a run. */
export const CACHE = process.env['HARNESS_TEST_CACHE'] ?? join(tmpdir(), 'harness-test-cache');
export const FETCH_MS = 300_000;

export async function testBinary(): Promise<string> {
  const options = { home: CACHE, env: process.env, progress: () => undefined };
  return (await locateBinary(options)).path;
}

const folders: string[] = [];
const servers: EmbeddedServer[] = [];

/** A folder of its own; its name has what breaks careless quoting. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'harness server é-'));
  folders.push(folder);
  return folder;
}

/** Starts one on free ports, headless and in memory unless told otherwise. */
export async function start(
  options: Partial<EmbeddedOptions> & Pick<EmbeddedOptions, 'home'>,
): Promise<EmbeddedServer> {
  const defaults = { dbFile: null, port: 0, uiPort: null, searchAttributes: {} };
  const server = await startEmbedded({ binary: await testBinary(), ...defaults, ...options });
  servers.push(server);
  return server;
}

/** For `afterEach`: nothing that a test started or wrote outlives it. */
export async function cleanUp(): Promise<void> {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

export async function connected<T>(
  address: string,
  use: (connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = await Connection.connect({ address });
  try {
    return await use(connection);
  } finally {
    await connection.close();
  }
}
