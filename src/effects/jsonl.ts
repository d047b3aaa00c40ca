import { fstatSync, ftruncateSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isObject, valueOf } from '../core/json';
import { asStoreError } from '../store/files/errors';
import { appendDurably, withLock } from '../store/files/growing';
import { endOfLastLine, linesBackward, readBlock } from '../store/files/lines';
import { syncFolder } from '../store/files/disk';
import { StoreError } from '../store/store';
import { type Adapter, type EffectCall, failed, type Outcome, PERFORMED, unknown } from './adapter';

/** How long to wait for another worker that is writing to the same file. */
const LOCK_WAIT_MS = 5_000;

/** How far back a line is looked for that a lost attempt may have written: tens of thousands of lines. */
const SEARCHED_BYTES_MAX = 16 * 1_024 * 1_024;

/** Made for others to read. */
const MODE = 0o644;

/** Every line of ours begins with its key, which no payload can forge. */
const BEGINNING = '{"key":"';

/** Appends `{key, at, cycle_id, task_id, effect, ordinal, payload}` as one line: any number of workers to one file. */
export function jsonlAdapter(path: string): Adapter {
  return {
    target: path,
    repeatable: true,
    async perform(call, again) {
      try {
        return await asStoreError('STORE_UNAVAILABLE', `the file ${path}`, () =>
          append(path, call, again),
        );
      } catch (error) {
        // Nothing of a line is left behind: see `appendDurably`.
        if (error instanceof StoreError) return failed(error.message);
        throw error;
      }
    },
    close: async () => undefined,
  };
}

async function append(path: string, call: EffectCall, again: boolean): Promise<Outcome> {
  await mkdir(dirname(path), { recursive: true });
  const write = async (fd: number): Promise<Outcome> => {
    const stat = fstatSync(fd);
    if (!stat.isFile()) return failed(`${path} is no plain file: configure another path`);
    const size = await mendTail(fd, stat.size);
    // Only a lost attempt can have written this key: so a long file is searched after a loss only.
    const found = again ? find(fd, size, call.key) : false;
    if (found === null) {
      return unknown(
        `a lost attempt may have appended it to ${path} before the last ${SEARCHED_BYTES_MAX} bytes: look there`,
      );
    }
    // What stands may have been written by one that died before it was on the disk.
    const line = found ? '' : `${lineOf(call)}\n`;
    await appendDurably(fd, Buffer.from(line), size);
    if (stat.size === 0) await syncFolder(dirname(path));
    return PERFORMED;
  };
  return withLock(path, LOCK_WAIT_MS, write, MODE);
}

/** Plain JSON, the key first. */
function lineOf({ key, at, cycle_id, task_id, effect, ordinal, payload }: EffectCall): string {
  return JSON.stringify({ key, at, cycle_id, task_id, effect, ordinal, payload });
}

/**
 * Does a line with this key stand in a file that ends with a newline? Null when nobody can tell: the file goes further back
 * than is searched.
 */
function find(fd: number, size: number, key: string): boolean | null {
  const beginning = Buffer.from(`${BEGINNING}${key}"`);
  let searched = 0;
  for (const line of linesBackward(fd, size)) {
    if (line.subarray(0, beginning.length).equals(beginning)) return true;
    searched += line.length + 1;
    if (searched >= SEARCHED_BYTES_MAX) return searched >= size ? false : null;
  }
  return false;
}

/**
 * What stands after the last newline: the torn line of a writer of ours that died is cut off, since nobody was told that it
 * stands; what is whole, or was written by others, gets its newline. Returns the size then.
 */
async function mendTail(fd: number, size: number): Promise<number> {
  const end = endOfLastLine(fd, size);
  if (end === size) return size;
  const tail = readBlock(fd, end, size).toString();
  const ours = tail.startsWith(BEGINNING) || BEGINNING.startsWith(tail);
  if (ours && !isObject(valueOf(tail))) {
    ftruncateSync(fd, end);
    return end;
  }
  await appendDurably(fd, Buffer.from('\n'), size);
  return size + 1;
}
