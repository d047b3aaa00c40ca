import { open, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf, messageOf } from '../core/invariant';
import { DOCUMENT_BYTES_MAX } from '../core/limits';
import { readDocument } from '../documents/json';
import type { SourceRead } from './source';

/** Between two looks at a file that is being written. */
const LOOK_MS = 50;
/** A file that stands still and cannot be used is given this long: its writer may have paused. */
const PATIENCE_MS = 1_000;
/** A file that keeps changing is given up. */
const CHANGING_MS = 5_000;

/** Files as they stood at one moment, by path. */
export type Looked = ReadonlyMap<string, Uint8Array>;

/** `file:PATH`: one JSON document, the bundle. */
export function readOneFile(path: string, stop: AbortSignal): Promise<SourceRead> {
  return readStanding(
    async () => [path],
    (files) => {
      const read = readDocument(files.get(path) ?? new Uint8Array());
      return read.ok
        ? { ok: true, text: read.text, dated: true }
        : { ok: false, problem: `${path}: ${read.problem}` };
    },
    path,
    stop,
  );
}

/**
 * Reads files that somebody may be writing: until names, sizes and times are the same before and behind the reading, and what
 * was read can be used. Whoever writes another file and renames it is never read half.
 */
export async function readStanding(
  list: () => Promise<readonly string[]>,
  make: (files: Looked) => SourceRead,
  what: string,
  stop: AbortSignal,
): Promise<SourceRead> {
  const begun = performance.now();
  let stillSince = begun;
  let seen = '';
  for (;;) {
    stop.throwIfAborted();
    const look = await lookAt(list);
    const now = performance.now();
    if (look.before !== seen || look.before !== look.behind) stillSince = now;
    seen = look.behind;
    if (look.before === look.behind) {
      const made = 'files' in look ? make(look.files) : look;
      if (made.ok || now - stillSince >= PATIENCE_MS) return made;
    }
    if (now - begun >= CHANGING_MS) {
      const how = 'write it under another name, then rename it';
      return { ok: false, problem: `${what} kept changing for ${CHANGING_MS / 1000} s: ${how}` };
    }
    await sleep(LOOK_MS, undefined, { signal: stop });
  }
}

/** `before` and `behind` differ when somebody wrote meanwhile. */
type Look = { readonly before: string; readonly behind: string } & (
  { readonly files: Looked } | { readonly ok: false; readonly problem: string }
);

/** One look. What cannot be read, or is not there, may be just being replaced: that too is looked at again. */
async function lookAt(list: () => Promise<readonly string[]>): Promise<Look> {
  try {
    const paths = await list();
    const before = await marksOf(paths);
    const files = new Map<string, Uint8Array>();
    let bytes = 0;
    for (const path of paths) {
      const content = await readUpTo(path, DOCUMENT_BYTES_MAX + 1 - bytes);
      bytes += content.byteLength;
      if (bytes > DOCUMENT_BYTES_MAX)
        return failed(
          `${path}: the source has more than the ${DOCUMENT_BYTES_MAX} bytes of a bundle`,
        );
      files.set(path, content);
    }
    return { files, before, behind: await marksOf(await list()) };
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    const { path } = error as NodeJS.ErrnoException;
    const why = messageOf(error)
      .replace(/^[A-Z]+: /, '')
      .replace(/, \w+( '.*)?$/, '');
    return failed(`${path ?? 'the source'} cannot be read: ${why}`);
  }
}

function failed(problem: string): Look {
  return { ok: false, problem, before: problem, behind: problem };
}

/** What tells that a file has been written or replaced. */
async function marksOf(paths: readonly string[]): Promise<string> {
  const marks = paths.map(async (path) => {
    const found = await stat(path, { bigint: true });
    // A pipe or a device has no end to wait for.
    if (!found.isFile())
      throw Object.assign(new Error('EINVAL: it is no plain file'), { code: 'EINVAL', path });
    return `${path} ${found.size} ${found.mtimeNs} ${found.ino}`;
  });
  return (await Promise.all(marks)).join('\n');
}

/** At most so many bytes. */
async function readUpTo(path: string, most: number): Promise<Uint8Array> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    const buffer = Buffer.alloc(Math.min(size, most));
    let at = 0;
    while (at < buffer.length) {
      const { bytesRead } = await handle.read(buffer, at, buffer.length - at, at);
      if (bytesRead === 0) break;
      at += bytesRead;
    }
    return buffer.subarray(0, at);
  } finally {
    await handle.close();
  }
}
