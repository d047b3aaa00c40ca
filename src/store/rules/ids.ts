import { quote } from '../../core/construct';
import { StoreError } from '../store';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/**
 * The id itself.
 * @throws StoreError for an id that is no UUID: it might name anything
 */
export function uuidOrThrow(id: string): string {
  if (isUuid(id)) return id;
  throw new StoreError(
    'STORE_UNAVAILABLE',
    `${quote(id)} is no id of a cycle or a task: an id is a UUID in lower case`,
  );
}

const ADDRESS = /^sha256:([0-9a-f]{64})$/;

/**
 * The 64 hex digits of a document's address.
 * @throws StoreError for what is none
 */
export function hexOrThrow(ref: string): string {
  const [, hex] = ADDRESS.exec(ref) ?? [];
  if (hex !== undefined) return hex;
  throw new StoreError(
    'STORE_UNAVAILABLE',
    `${quote(ref)} is no document's address: it is sha256: and 64 hex digits in lower case`,
  );
}
