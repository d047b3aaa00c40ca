import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Config, ConfigRead } from './documents/config';
import { readDocument } from './documents/json';
import { messageOf } from './core/invariant';
import { Problem } from './problem';

/** Where everything of the harness lives that outlives a process. */
export function harnessHome(env: NodeJS.ProcessEnv): string {
  return resolve(env['HARNESS_HOME'] || '.harness');
}

/** Where there is no file. */
const NOTHING: Config = { effects: new Map(), audit: { type: 'files' }, notices: [] };

/** The configuration: `--config`, else `HARNESS_CONFIG`, else `harness.config.json` here if there is one, else nothing. */
export function loadConfig(flag: string | undefined, env: NodeJS.ProcessEnv): Config {
  const named = flag ?? (env['HARNESS_CONFIG'] || undefined);
  const file = resolve(named ?? 'harness.config.json');
  if (named === undefined && !existsSync(file)) return NOTHING;
  const read = readDocument(readFileOrThrow(file));
  if (!read.ok) throw new Problem('UNREADABLE', `${file}: ${read.problem}`, file);
  // Loaded here: what reads it takes a third of the time in which a command without a file has started.
  const { readConfig } = require('./documents/config') as typeof import('./documents/config');
  return orThrow(readConfig(read.value, dirname(file)), file);
}

/** The configuration as it stands at each call: its file is read again when it has changed. */
export function liveConfig(flag: string | undefined, env: NodeJS.ProcessEnv): () => Config {
  const file = resolve(flag ?? (env['HARNESS_CONFIG'] || 'harness.config.json'));
  let known: { readonly mark: string; readonly config: Config } | null = null;
  return () => {
    const found = statSync(file, { throwIfNoEntry: false, bigint: true });
    const mark = found === undefined ? 'none' : `${found.ino} ${found.size} ${found.mtimeNs}`;
    if (known?.mark !== mark) known = { mark, config: loadConfig(flag, env) };
    return known.config;
  };
}

function orThrow(read: ConfigRead, file: string): Config {
  if (read.ok) return read.config;
  throw new Problem('USAGE', `${file}: ${read.problem}`, read.path);
}

/** A file's bytes; `-` is standard input. @throws Problem UNREADABLE */
export function readFileOrThrow(path: string): Uint8Array {
  try {
    return readFileSync(path === '-' ? 0 : path);
  } catch (error) {
    const why = messageOf(error)
      .replace(/^[A-Z]+: /, '')
      .replace(/, (open|read).*$/, '');
    throw new Problem(
      'UNREADABLE',
      `${path === '-' ? 'standard input' : path} cannot be read: ${why}`,
      path,
      error,
    );
  }
}
