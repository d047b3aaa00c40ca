import {
  closeSync,
  constants,
  fdatasync,
  fsync,
  mkdirSync,
  openSync,
  readFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { goneAsNull } from './errors';

/*
 * What the system answers from its own memory (open, stat, read, write, rename, close) is asked for at once: to hand such a call
 * to a thread and wait for it costs many times what it does. Only a sync waits for the disk, and is waited for.
 */

/** The file's content is on the disk when it settles. */
export const syncData: (fd: number) => Promise<void> = promisify(fdatasync);
const sync = promisify(fsync);

/** A new file with this content, on the disk when it settles; to make its name durable is the caller's. @throws EEXIST */
export async function createDurably(path: string, content: Uint8Array): Promise<void> {
  const fd = openSync(path, 'wx', 0o600);
  try {
    for (let done = 0; done < content.length;) done += writeSync(fd, content, done);
    await sync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Makes the folder's new names durable. */
export async function syncFolder(path: string): Promise<void> {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await sync(fd);
  } finally {
    closeSync(fd);
  }
}

export async function makeFolder(path: string): Promise<void> {
  const first = mkdirSync(path, { recursive: true, mode: 0o700 });
  if (first !== undefined) await syncFolder(dirname(first));
}

/** The whole file; null when there is none. What is no file is not waited for. */
export function readWhole(path: string): Buffer | null {
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      return readFileSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    return goneAsNull(error);
  }
}
