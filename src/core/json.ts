/** A parsed JSON value. `readonly` throughout: states are immutable (C2). */
export type Json =
  null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** `sha256:` followed by 64 lower-case hex digits. */
export type Sha256 = `sha256:${string}`;

/** A long list that stands elsewhere: its canonical bytes are in the store under this address. */
export interface Ref {
  readonly ref: Sha256;
  readonly count: number;
}

const DIGEST = /^sha256:[0-9a-f]{64}$/;

export function isDigest(value: unknown): value is Sha256 {
  return typeof value === 'string' && DIGEST.test(value);
}

/** Nothing but an address and a count: what is so of itself is stored, and then carried as a reference to that. */
export function isRef(value: unknown): value is Ref {
  if (!isObject(value) || Object.keys(value).sort().join() !== 'count,ref') return false;
  return isDigest(value['ref']) && Number.isSafeInteger(value['count']);
}

/** A list as the record carries it: itself while it is at most 1 KiB of JSON, a reference above. */
export type Listed = Ref | readonly Json[];

export function countOf(list: Listed | undefined): number {
  if (list === undefined) return 0;
  return 'ref' in list ? list.count : list.length;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Own property or undefined: a key such as `constructor` never reaches a prototype. */
export function own<T>(object: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** The value of a JSON text that should be one; undefined when it is not. */
export function valueOf(text: string): Json | undefined {
  try {
    const value: Json = JSON.parse(text);
    return value;
  } catch {
    return undefined;
  }
}
