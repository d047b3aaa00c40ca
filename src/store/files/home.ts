import { join, resolve } from 'node:path';
import { uuidOrThrow } from '../rules/ids';

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

/**
 * Longer than a batch takes on a slow disk, shorter than a built-in task's time: a lock that a frozen process keeps is the
 * harness's trouble (HARNESS_ERROR, the task can be retried), not the task's (TIMEOUT).
 */
const LOCK_WAIT_MS = 3_000;

export interface FileStoreOptions {
  /** Told when an append found an unfinished line of a writer that died, and set it aside. */
  readonly onRecovered?: (info: Recovered) => void;
  /** How long to wait for a file that another process holds. Default 3 000 ms. */
  readonly lockWaitMs?: number;
}

/** The place under `home`, for a store or for reading alone: makes nothing. */
export function homeAt(home: string, options: FileStoreOptions = {}): Home {
  return {
    root: resolve(home),
    lockWaitMs: options.lockWaitMs ?? LOCK_WAIT_MS,
    onRecovered: options.onRecovered ?? (() => undefined),
  };
}

/**
 * The path of an id's own file.
 * @throws StoreError for an id that is no UUID: it might name any file
 */
export function idPath(home: Home, folder: string, id: string, ending: string): string {
  return join(home.root, folder, `${uuidOrThrow(id)}${ending}`);
}
