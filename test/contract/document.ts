import type { Json } from '../../src/core/json';

/** The value at a path of keys; undefined: it is not there. */
export function at(document: Json, path: readonly string[]): Json | undefined {
  let held: Json | undefined = document;
  for (const key of path) {
    const inside: readonly [string, Json] | undefined = entriesOf(held).find(
      ([name]) => name === key,
    );
    held = inside?.[1];
  }
  return held;
}

/** The keys and values of an object; none of anything else. */
export function entriesOf(value: Json | undefined): [string, Json][] {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? Object.entries(value) : [];
}

export function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

/** Absent and null mean the same. */
export function isAbsent(value: Json | undefined): value is null | undefined {
  return value === undefined || value === null;
}
