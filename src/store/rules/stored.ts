import { canonicalText } from '../../core/identity';
import { type Json, valueOf } from '../../core/json';

/**
 * The value of a text that the harness itself has written: in canonical form, to the last character. Undefined for anything
 * else: it is damaged, also where a parser would make something of it.
 */
export function storedIn(text: string): Json | undefined {
  const value = valueOf(text);
  if (value === undefined) return undefined;
  try {
    return canonicalText(value) === text ? value : undefined;
  } catch {
    // A lone surrogate, or a nesting without end: nobody has written that here.
    return undefined;
  }
}

/** Is there nothing in the text but what was read of it? A key with a damaged name would be passed over. */
export function isAll(text: string, read: Json): boolean {
  return canonicalText(read) === text;
}

export function isText(value: Json | undefined): value is string {
  return typeof value === 'string';
}

export function isCount(value: Json | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
