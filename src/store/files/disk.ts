import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { tryLock } from 'fs-native-extensions';
import { StoreError, type StoreErrorCode } from '../store';
import { endOfLastLine, readBlock } from './lines';

/** Bytes of a line that a dying process left unfinished, and where they were put. */
export interface Recovered {
  readonly file: string;
  readonly bytes: number;
  readonly set_aside: string;
}

/** HARNESS_HOME, with what the parts of the store share. */
export interface Home {
  readonly root: string;
  /** How long to wait for a file that another process has locked. */
  readonly lockWaitMs: number;
  readonly onRecovered: (info: Recovered) => void;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const LONGEST_PAUSE_MS = 25;
const STRAY_AFTER_MS = 3_600_000;

export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/**
 * The path of an id's own file. @throws StoreError for an id that is no UUID: it might name any
 * file.
 */
export function idPath(home: Home, folder: string, id: string, ending: string): string {
  if (!isUuid(id)) {
    const shown = JSON.stringify(id.slice(0, 80));
    throw new StoreError(
      'STORE_UNAVAILABLE',
      `${shown} is no id of a cycle or a task: an id is a UUID in lower case`,
    );
  }
  return join(home.root, folder, `${id}${ending}`);
}

/**
 * Publishes whole content or nothing, also when the machine stops in the middle; durable when it
 * returns.
 */
export async function publish(home: Home, path: string, content: Uint8Array): Promise<void> {
  const draft = join(home.root, 'tmp', randomUUID());
  try {
    const handle = await open(draft, 'wx', 0o600);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Makes the folder's new names durable. */
export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 });
  if (first !== undefined) await syncFolder(dirname(first));
}

/** Removes what publications of dead processes left behind. */
export async function removeStrays(home: Home): Promise<void> {
  const folder = join(home.root, 'tmp');
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const found = await stat(path).catch(goneAsNull);
    if (found !== null && Date.now() - found.mtimeMs > STRAY_AFTER_MS) {
      await rm(path, { force: true });
    }
  }
}

/**
 * Opens the file, locks it against every other process and descriptor, and holds the lock until
 * `body` is done. The kernel drops the lock with its process, so a dead one leaves nothing to
 * clear. `append` creates the file.
 */
export async function withLock<T>(
  path: string,
  use: 'append' | 'read',
  waitMs: number,
  body: (handle: FileHandle) => Promise<T>,
): Promise<T> {
  const { O_RDWR, O_APPEND, O_CREAT, O_RDONLY, O_NOFOLLOW } = constants;
  const flags = use === 'append' ? O_RDWR | O_APPEND | O_CREAT : O_RDONLY;
  const handle = await open(path, flags | O_NOFOLLOW, 0o600);
  try {
    await lock(handle.fd, use === 'read', waitMs);
    return await body(handle);
  } finally {
    await handle.close();
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
export async function appendDurably(
  handle: FileHandle,
  bytes: Uint8Array,
  size: number,
): Promise<void> {
  try {
    // A disk that fills up takes a part of the bytes first, and reports that as success.
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await handle.write(bytes, done, bytes.length - done);
      done += bytesWritten;
    }
    // Also with nothing to write: who wrote it before may have died before it was on the disk.
    await handle.datasync();
  } catch (error) {
    // Should this fail as well, then the next append finds a torn tail: the first error is the one
    // to tell.
    await handle.truncate(size).catch(() => undefined);
    throw error;
  }
}

/**
 * Moves bytes after the last newline to `torn/`: nobody was told that they stand. Returns the size
 * without them.
 */
export async function setTornTailAside(
  home: Home,
  handle: FileHandle,
  path: string,
  id: string,
): Promise<number> {
  const { size } = await handle.stat();
  const end = endOfLastLine(handle.fd, size);
  if (end === size) return size;
  const torn = readBlock(handle.fd, end, size);
  const aside = await createNumbered(join(home.root, 'torn'), id, torn);
  await handle.truncate(end);
  home.onRecovered({ file: path, bytes: torn.length, set_aside: aside });
  return end;
}

async function createNumbered(folder: string, id: string, content: Uint8Array): Promise<string> {
  for (let n = 1; ; n += 1) {
    const path = join(folder, `${id}-${n}.bin`);
    const handle = await open(path, 'wx', 0o600).catch((error: unknown) => {
      if (errorCode(error) === 'EEXIST') return null;
      throw error;
    });
    if (handle === null) continue;
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await syncFolder(folder);
    return path;
  }
}

/** What to write where a file is gone: null. For `.catch`. */
export function goneAsNull(error: unknown): null {
  if (errorCode(error) === 'ENOENT') return null;
  throw error;
}

/** The code of a system error (ENOENT …); null for any other. By its shape: errors cross realms. */
export function errorCode(error: unknown): string | null {
  if (typeof error !== 'object' || error === null || !('code' in error)) return null;
  return typeof error.code === 'string' && /^E[A-Z0-9]+$/.test(error.code) ? error.code : null;
}

const CAUSES: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full; free some space',
  EDQUOT: 'the disk quota is used up; free some space',
  EFBIG: 'the file has reached the largest size allowed; raise the limit',
  EROFS: 'the file system is read-only; mount it writable',
  EACCES: 'access is denied; give this user the right to it',
  EPERM: 'access is denied; give this user the right to it',
  EIO: 'the disk reports an error; check the disk',
  ENOTDIR: 'a file stands where a folder should be; move it away',
  EISDIR: 'a folder stands where a file should be; move it away',
  EEXIST: 'a file stands where a folder should be; move it away',
  ELOOP: 'a symbolic link stands where a file should be; move it away',
  ENOENT: 'its folder is gone; restart the harness, or mend the folder',
  EMFILE: 'too many files are open; raise the limit',
  ENFILE: 'too many files are open; raise the limit',
  ELOCKED: 'another process holds it and does not let go; end that process',
};

/** Runs `body` and gives system errors a code of the store and a sentence; other errors pass. */
export async function asStoreError<T>(
  code: StoreErrorCode,
  what: string,
  body: () => Promise<T>,
): Promise<T> {
  try {
    return await body();
  } catch (error) {
    const system = errorCode(error);
    if (system === null) throw error;
    const cause = CAUSES[system] ?? 'the system refuses; see the code';
    throw new StoreError(code, `${what} cannot be used (${system}): ${cause}`, error);
  }
}
