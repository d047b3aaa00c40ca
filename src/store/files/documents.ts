import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hashBytes } from '../../core/identity';
import type { Sha256 } from '../../core/json';
import { StoreError, type DocumentStore } from '../store';
import { asStoreError, goneAsNull } from './errors';
import { type Home } from './home';
import { makeFolder, publish, syncFolder } from './publish';

const ADDRESS = /^sha256:([0-9a-f]{2})([0-9a-f]{62})$/;

/** `documents/<2 hex>/<64 hex>`: the bytes, named by their hash. */
export function fileDocuments(home: Home): DocumentStore {
  return {
    put(bytes) {
      const ref = hashBytes(bytes);
      const path = documentPath(home, ref);
      return asStoreError('STORE_UNAVAILABLE', `the stored document ${path}`, async () => {
        const folder = dirname(path);
        await makeFolder(folder);
        const standing = await readFile(path).catch(goneAsNull);
        // A damaged document is replaced: its right content is at hand.
        if (standing === null || hashBytes(standing) !== ref) await publish(home, path, bytes);
        else await syncFolder(folder);
        return ref;
      });
    },

    get(ref) {
      const path = documentPath(home, ref);
      return asStoreError('STORE_UNAVAILABLE', `the stored document ${path}`, async () => {
        const bytes = await readFile(path).catch(goneAsNull);
        if (bytes !== null && hashBytes(bytes) !== ref) {
          throw new StoreError(
            'DOCUMENT_DAMAGED',
            `the stored document ${path} is damaged, it does not hash to its name: submit it again`,
          );
        }
        return bytes;
      });
    },
  };
}

function documentPath(home: Home, ref: Sha256): string {
  const parts = ADDRESS.exec(ref);
  const [, folder, rest] = parts ?? [];
  if (folder === undefined || rest === undefined) {
    const shown = JSON.stringify(ref.slice(0, 80));
    throw new StoreError(
      'STORE_UNAVAILABLE',
      `${shown} is no document's address: it is sha256: and 64 hex digits in lower case`,
    );
  }
  return join(home.root, 'documents', folder, `${folder}${rest}`);
}
