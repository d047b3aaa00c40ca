import { resolve, join } from 'node:path';
import type { Store } from '../store';
import { fileChains } from './chains';
import { fileClaims } from './claims';
import { fileCycles } from './cycles';
import { asStoreError, makeFolder, removeStrays, type Home, type Recovered } from './disk';
import { fileDocuments } from './documents';

export type { Recovered } from './disk';

/** `audit` holds the trail and nothing else; `torn` and `tmp` are what it must not hold. */
const FOLDERS = ['audit', 'documents', 'actions', 'cycles', 'results', 'torn', 'tmp'];

/** Longer than a batch takes on a slow disk, shorter than a person's patience. */
const LOCK_WAIT_MS = 10_000;

export interface FileStoreOptions {
  /** Told when an append found an unfinished line of a writer that died, and set it aside. */
  readonly onRecovered?: (info: Recovered) => void;
  /** How long to wait for a file that another process holds. Default 10 000 ms. */
  readonly lockWaitMs?: number;
}

/**
 * The store in plain files under `home` (HARNESS_HOME), for any number of processes of one
 * machine. Folders are made where they are missing, open to this user alone.
 * @throws StoreError STORE_UNAVAILABLE when `home` cannot be written
 */
export async function openFileStore(home: string, options: FileStoreOptions = {}): Promise<Store> {
  const shared = homeAt(home, options);
  await asStoreError('STORE_UNAVAILABLE', `the folder ${shared.root}`, async () => {
    for (const folder of FOLDERS) await makeFolder(join(shared.root, folder));
    await removeStrays(shared);
  });
  return {
    documents: fileDocuments(shared),
    audit: fileChains(shared),
    actions: fileClaims(shared),
    cycles: fileCycles(shared),
    // Nothing is held open between calls.
    close: async () => undefined,
  };
}

/** The same place, for reading alone: makes nothing. */
export function homeAt(home: string, options: FileStoreOptions = {}): Home {
  return {
    root: resolve(home),
    lockWaitMs: options.lockWaitMs ?? LOCK_WAIT_MS,
    onRecovered: options.onRecovered ?? (() => undefined),
  };
}
