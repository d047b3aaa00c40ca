import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, rename } from 'node:fs/promises';
import { join } from 'node:path';

import { runCommand } from './command';
import { BINARY_SHA256, EXECUTABLE_SUFFIX, TEMPORAL_CLI_VERSION } from './pinned';

/** Where a fetched binary is kept: one file, its version in its name. */
export function cachedBinaryPath(home: string): string {
  return join(home, 'bin', `temporal-${TEMPORAL_CLI_VERSION}${EXECUTABLE_SUFFIX}`);
}

/** What a `temporal` program says its version is, or why it could not be asked. */
export async function askVersion(
  path: string,
  env: NodeJS.ProcessEnv,
): Promise<{ readonly version: string } | { readonly problem: string }> {
  const { stdout, problem } = await runCommand(path, ['--version'], { env, timeoutMs: 15_000 });
  if (problem !== null) return { problem };
  const version = /^temporal version (\S+)/.exec(stdout)?.[1];
  return version === undefined ? { problem: 'it does not tell its version' } : { version };
}

/**
 * Null when `path` is the pinned binary, byte for byte, and runs here; else what is wrong with it.
 */
export async function judgeBinary(path: string, env: NodeJS.ProcessEnv): Promise<string | null> {
  const expected = BINARY_SHA256[`${process.platform}-${process.arch}`];
  if (expected !== undefined && (await sha256(path)) !== expected) {
    return 'its checksum is not the expected one';
  }
  const asked = await askVersion(path, env);
  if ('problem' in asked) return asked.problem;
  return asked.version === TEMPORAL_CLI_VERSION ? null : `it is version ${asked.version}`;
}

/**
 * Moves a fetched binary to its place, so that nobody ever sees half of it. It must lie on the file
 * system of `home`.
 * @throws Error when it is not the pinned binary: then it is not kept.
 */
export async function keepBinary(
  fetched: string,
  home: string,
  env: NodeJS.ProcessEnv,
): Promise<string> {
  await chmod(fetched, 0o755);
  const problem = await judgeBinary(fetched, env);
  if (problem !== null) throw new Error(`what it brought was refused: ${problem}`);
  const path = cachedBinaryPath(home);
  await rename(fetched, path);
  return path;
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
    hash.update(chunk);
  }
  return hash.digest('hex');
}
