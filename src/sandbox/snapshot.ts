import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, lstatSync, realpathSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cachedDataVersionTag } from 'node:v8';
import { hostFile } from './host-file';
import { HEAP_MIB } from './limits';

/** The build writes it beside this file. */
const SNAPSHOT = 'skill-host.blob';

/** V8 takes a snapshot only under the flags that it was made with. */
export const V8_FLAGS = [
  '--disallow-code-generation-from-strings',
  `--max-old-space-size=${HEAP_MIB}`,
] as const;

/** What a child's Node is given to run: the last of its arguments. */
export type Program = readonly string[];

/** The one file that a child may read, which it loads. */
export function fileProgram(): Program {
  const host = hostFile();
  return [`--allow-fs-read=${host}`, host];
}

/**
 * The same program as it lies in memory once it is loaded with all of Node that it patches: half the processor time of a start.
 * Node refuses a snapshot of another version, machine or flags, so the file has to stand behind it. Undefined: there is none.
 */
export function snapshotProgram(): Program | undefined {
  const blob = snapshotFile();
  return blob === undefined ? undefined : ['--snapshot-blob', blob];
}

function snapshotFile(): string | undefined {
  const built = join(__dirname, SNAPSHOT);
  if (existsSync(built)) return built;
  const host = hostFile();
  // A build that could make none has said so.
  if (dirname(host) === realpathSync(__dirname)) return undefined;
  const made = host.replace(/\.js$/, `-${process.version}-${cachedDataVersionTag()}.blob`);
  if (!existsSync(made)) writeSnapshot(host, made);
  // The folder is everybody's: what lies there under this name may be someone else's.
  const { uid, mode } = lstatSync(made);
  if (uid !== process.getuid?.() || (mode & 0o022) !== 0)
    throw new Error(`${made} is not what was made`);
  return made;
}

/** @throws Error when this Node cannot make one, with what it said. */
export function writeSnapshot(host: string, blob: string): void {
  const fresh = `${blob}.${process.pid}`;
  // What a process knows of its surroundings is asked when it starts, not kept; all the same it is made with none.
  const making = spawnSync(
    process.execPath,
    [...V8_FLAGS, '--no-warnings', '--snapshot-blob', fresh, '--build-snapshot', host],
    { cwd: '/', env: {}, encoding: 'utf8' },
  );
  if (making.status !== 0) throw new Error(`no snapshot of ${host}: ${making.stderr.trim()}`);
  chmodSync(fresh, 0o644);
  renameSync(fresh, blob);
}
