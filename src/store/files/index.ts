import { join } from 'node:path';
import type { Store } from '../store';
import { fileChains } from './chains';
import { fileClaims } from './claims';
import { fileCycles } from './cycles';
import { fileDocuments } from './documents';
import { fileEffects } from './effects';
import { fileLedger } from './ledger';
import { fileLatch } from './latch';
import { asStoreError } from './errors';
import { homeAt, type FileStoreOptions } from './home';
import { makeFolder } from './disk';
import { removeStrays } from './publish';
import { fileRegistry } from './registry';

export type { FileStoreOptions, Recovered } from './home';

/** `audit` holds the trail and nothing else; `torn` and `tmp` are what it must not hold. */
const FOLDERS = [
  'audit',
  'documents',
  'actions',
  'effects',
  'cycles',
  'results',
  'registry',
  'torn',
  'tmp',
];

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
  const documents = fileDocuments(shared);
  const audit = fileChains(shared);
  return {
    documents,
    audit,
    actions: fileClaims(shared),
    effects: fileEffects(shared),
    cycles: fileCycles(shared),
    registry: fileRegistry(shared, documents),
    latch: fileLatch(shared, audit),
    ledger: fileLedger(shared),
    // Nothing is held open between calls.
    close: async () => undefined,
  };
}
