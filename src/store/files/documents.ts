import { dirname, join } from 'node:path';
import { hashBytes } from '../../core/identity';
import type { Sha256 } from '../../core/json';
import { hexOrThrow } from '../rules/ids';
import { StoreError, type DocumentStore } from '../store';
import { asStoreError } from './errors';
import { type Home } from './home';
import { makeFolder, readWhole, syncFolder } from './disk';
import { publish } from './publish';

/** `documents/<2 hex>/<64 hex>`: the bytes, named by their hash. */
export function fileDocuments(home: Home): DocumentStore {
  return {
    put(bytes) {
      const ref = hashBytes(bytes);
      const path = documentPath(home, ref);
      return asStoreError('STORE_UNAVAILABLE', `the stored document ${path}`, async () => {
        const folder = dirname(path);
        await makeFolder(folder);
        const standing = readWhole(path);
        // A damaged document is replaced: its right content is at hand.
        if (standing === null || hashBytes(standing) !== ref) await publish(home, path, bytes);
        else await syncFolder(folder);
        return ref;
      });
    },

    get(ref) {
      const path = documentPath(home, ref);
      return asStoreError('STORE_UNAVAILABLE', `the stored document ${path}`, async () => {
        const bytes = readWhole(path);
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
  const hex = hexOrThrow(ref);
  return join(home.root, 'documents', hex.slice(0, 2), hex);
}
