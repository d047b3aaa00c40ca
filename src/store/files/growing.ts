import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { tryLock } from 'fs-native-extensions';
import { createDurably, readWhole, syncData, syncFolder } from './disk';
import { errorCode } from './errors';
import type { Home } from './home';
import { endOfLastLine, readBlock } from './lines';

const LONGEST_PAUSE_MS = 25;

/** Of a file that is only appended to, or replaced as a whole: it differs when the content does. `gone`: there is none. */
export function markOf(path: string): string {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? 'gone' : `${found.ino} ${found.size} ${found.mtimeNs}`;
}

/**
 * Opens the file to append to it (it is made where it is missing), locks it against every other
 * process and descriptor, and holds the lock until `body` is done. The kernel drops the lock with
 * its process, so a dead one leaves nothing to clear.
 */
export async function withLock<T>(
  path: string,
  waitMs: number,
  body: (fd: number) => Promise<T>,
  mode = 0o600,
): Promise<T> {
  const { O_RDWR, O_APPEND, O_CREAT, O_NOFOLLOW } = constants;
  const fd = openSync(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW, mode);
  try {
    await lock(fd, false, waitMs);
    return await body(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * Reads a file that others append to; `read` gets the descriptor and the size to read up to. A
 * reading that is not `settled` may have met a writer in the middle of a batch, so it is done
 * again under the lock. Readers that took the lock each time could keep a writer waiting for ever.
 */
export async function readSettled<T>(
  path: string,
  waitMs: number,
  read: (fd: number, size: number) => T,
  settled: (reading: T) => boolean,
): Promise<T> {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const reading = read(fd, fstatSync(fd).size);
    if (settled(reading)) return reading;
    await lock(fd, true, waitMs);
    return read(fd, fstatSync(fd).size);
  } finally {
    closeSync(fd);
  }
}

/**
 * Asks again and again: a waiting call would occupy one of the few threads that the lock's holder
 * needs to finish.
 */
async function lock(fd: number, shared: boolean, waitMs: number): Promise<void> {
  const until = performance.now() + waitMs;
  for (let ms = 1; !tryLock(fd, { shared }); ms = Math.min(2 * ms, LONGEST_PAUSE_MS)) {
    if (performance.now() > until) {
      throw Object.assign(new Error('locked by another process'), { code: 'ELOCKED' });
    }
    await pause(ms);
  }
}

/**
 * Writes `bytes` at the end of the locked file, whose size is `size`, and makes the file durable,
 * all in one piece or not at all: what could be written of them is cut off again when the rest
 * cannot.
 */
export async function appendDurably(fd: number, bytes: Uint8Array, size: number): Promise<void> {
  try {
    // A disk that fills up takes a part of the bytes first, and reports that as success.
    for (let done = 0; done < bytes.length;) {
      done += writeSync(fd, bytes, done, bytes.length - done);
    }
    // Also with nothing to write: who wrote it before may have died before it was on the disk.
    await syncData(fd);
  } catch (error) {
    // Should this fail too, the next append finds a torn tail: the first error is the one to tell.
    cutOff(fd, size);
    throw error;
  }
}

function cutOff(fd: number, size: number): void {
  try {
    ftruncateSync(fd, size);
  } catch {
    // What made the write fail stands in the way of this as well.
  }
}

/**
 * The same for lines that belong together. Where they begin and end is noted beside them meanwhile: a writer that dies in the
 * middle leaves whole lines, too, which are not to stand without the rest. The note is not synced, it outlives the process alone.
 */
export async function appendBatch(
  home: Home,
  fd: number,
  id: string,
  bytes: Uint8Array,
  size: number,
): Promise<void> {
  const begun = begunPath(home, id);
  writeFileSync(begun, `${size} ${size + bytes.length}\n`, { mode: 0o600 });
  await appendDurably(fd, bytes, size);
  rmSync(begun);
}

function begunPath(home: Home, id: string): string {
  return join(home.root, 'torn', `${id}.begun`);
}

/** Where the batch begins that a writer has left unfinished in a file of this size; null when there is none. */
function beginningOfTorn(home: Home, id: string, size: number): number | null {
  const note = readWhole(begunPath(home, id));
  const [, from, to] = /^(\d+) (\d+)\n$/.exec(note?.toString() ?? '') ?? [];
  return from !== undefined && Number(from) < size && size < Number(to) ? Number(from) : null;
}

/**
 * Moves what a writer that died has left of its last batch to `torn/`, at the least the bytes after the last newline: nobody was
 * told that they stand. Returns the size without them.
 */
export async function setTornTailAside(
  home: Home,
  fd: number,
  path: string,
  id: string,
): Promise<number> {
  const { size } = fstatSync(fd);
  const end = beginningOfTorn(home, id, size) ?? endOfLastLine(fd, size);
  if (end < size) {
    const torn = readBlock(fd, end, size);
    const aside = await createNumbered(join(home.root, 'torn'), id, torn);
    ftruncateSync(fd, end);
    home.onRecovered({ file: path, bytes: torn.length, set_aside: aside });
  }
  rmSync(begunPath(home, id), { force: true });
  return end;
}

async function createNumbered(folder: string, id: string, content: Uint8Array): Promise<string> {
  for (let n = 1; ; n += 1) {
    const path = join(folder, `${id}-${n}.bin`);
    try {
      await createDurably(path, content);
    } catch (error) {
      if (errorCode(error) === 'EEXIST') continue;
      throw error;
    }
    await syncFolder(folder);
    return path;
  }
}
