import { hashBytes } from '../../core/identity';
import { hexOrThrow } from '../rules/ids';
import { type DocumentStore, StoreError } from '../store';
import { type Database, patiently } from './database';
import { asStoreError } from './errors';

/** A document that stands damaged gets a newer row: its right content is at hand. */
const PUT =
  'INSERT INTO harness.documents (hash, n, bytes) ' +
  'SELECT $1, (SELECT coalesce(max(n), 0) + 1 FROM harness.documents WHERE hash = $1), $2 ' +
  'WHERE NOT EXISTS (SELECT 1 FROM harness.documents WHERE hash = $1 AND sha256(bytes) = $1) ' +
  'ON CONFLICT DO NOTHING';
const GET = 'SELECT bytes FROM harness.documents WHERE hash = $1 ORDER BY n DESC LIMIT 1';

export function postgresDocuments({ where, waitMs, read, write }: Database): DocumentStore {
  const named = <T>(ref: string, body: () => Promise<T>): Promise<T> =>
    asStoreError('STORE_UNAVAILABLE', `the stored document ${ref}`, body);
  return {
    put(bytes) {
      const ref = hashBytes(bytes);
      return named(ref, async () => {
        // Written twice it stands once: so it may be tried again.
        await patiently(waitMs, () => write(PUT, [addressOf(ref), Buffer.from(bytes)]));
        return ref;
      });
    },

    async get(ref) {
      const address = addressOf(ref);
      return named(ref, async () => {
        const [row] = await read<{ bytes: Buffer }>(GET, [address]);
        if (row === undefined) return null;
        if (hashBytes(row.bytes) === ref) return row.bytes;
        throw damagedDocument(ref, where);
      });
    },
  };
}

export function damagedDocument(ref: string, where: string): StoreError {
  return new StoreError(
    'DOCUMENT_DAMAGED',
    `the stored document ${ref} in ${where} is damaged, it does not hash to its name: submit it again`,
  );
}

export function addressOf(ref: string): Buffer {
  return Buffer.from(hexOrThrow(ref), 'hex');
}
