import { z } from 'zod';
import { own, isObject, type JsonObject } from '../core/json';
import { parseInstant } from '../core/time';
import { show, step } from './show';

/** Of one list's or object's wrong entries at most this many are named: 16 MiB hold millions of them. */
const NAMED_MAX = 20;

/** One wrong place of a document. `path` is empty for the document itself; `text` names it too. */
export interface Problem {
  readonly path: string;
  readonly text: string;
}

/**
 * Every schema carries as its error what should have stood there, so that a problem reads "X is …, not …".
 * Documents are judged by schemas and then used as they were submitted: zod's copies lose `__proto__` keys.
 */
export const words = (expected: string): { readonly error: string } => ({ error: expected });

export const text = z.string(words('a text'));
export const flag = z.boolean(words('true or false'));
export const number = z.number(words('a number'));
export const id = notEmpty('a text that is not empty');
export const instant = z
  .string(words('an RFC 3339 time in UTC'))
  .refine((value) => parseInstant(value) !== null, words('an RFC 3339 time in UTC'));
export const plainObject = z.custom<JsonObject>(isObject, words('an object'));

export function notEmpty(expected: string): z.ZodString {
  return z.string(words(expected)).refine((value) => value !== '', words(expected));
}

export function numberWithin(least: number, most: number): z.ZodNumber {
  const expected = words(`a number from ${least} to ${most}`);
  return z.number(expected).min(least, expected).max(most, expected);
}

/** A whole number that a double holds exactly. */
export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER): z.ZodNumber {
  const range =
    most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  const expected = words(`a whole number ${range}`);
  return z.int(expected).min(least, expected).max(most, expected);
}

export function oneOf<const T extends readonly string[]>(allowed: T) {
  return z.enum(allowed, words(`one of ${allowed.join(', ')}`));
}

/** A list, each item judged by the schema. */
export function listOf<Item>(item: z.ZodType<Item>) {
  return z.custom<readonly Item[]>().superRefine((value, context) => {
    if (!Array.isArray(value)) {
      context.addIssue({ code: 'custom', message: 'a list' });
      return;
    }
    let named = 0;
    for (const [index, entry] of value.entries()) {
      const [issue] = item.safeParse(entry).error?.issues ?? [];
      if (issue === undefined) continue;
      context.addIssue(within(index, issue));
      named += 1;
      if (named === NAMED_MAX) return;
    }
  });
}

/** An item's own finding as one of the whole: where in the item, and which keys it should not have. */
function within(at: string | number, issue: z.core.$ZodIssue) {
  const keys = issue.code === 'unrecognized_keys' ? issue.keys : [];
  const path = [at, ...issue.path];
  return { code: 'custom', path, message: issue.message, params: { keys } } as const;
}

/** What an object's key must hold by its name; undefined: anything. */
export type KeyRule = (key: string) => z.ZodType | undefined;

/** A check for `looseObject(…).superRefine(…)`: keys whose names the schema cannot list. */
export function byKey(ruleOf: KeyRule): Parameters<z.ZodType<object>['superRefine']>[0] {
  return (value, context) => {
    let named = 0;
    for (const [key, held] of Object.entries(value)) {
      const [issue] = ruleOf(key)?.safeParse(held).error?.issues ?? [];
      if (issue === undefined) continue;
      context.addIssue(within(key, issue));
      named += 1;
      if (named === NAMED_MAX) return;
    }
  };
}

/** Runs the check also where other keys of the object are wrong: every finding is wanted. */
export const always = {
  when: ({ value }: { readonly value: unknown }): boolean => isObject(value),
};

/** What is wrong with the value, judged by the schema; `prefix` is the value's own path in the document. */
export function problemsIn(schema: z.ZodType, value: unknown, prefix = ''): Problem[] {
  const issues = schema.safeParse(value).error?.issues ?? [];
  return issues.flatMap((issue) => {
    const path = issue.path.reduce(step, prefix);
    const name = path === '' ? 'the document' : path;
    const unknown = unknownKeys(issue);
    if (unknown.length > 0) {
      return unknown.slice(0, NAMED_MAX).map((key) => ({
        path: step(path, key),
        text: `${name} has an unknown key ${show(key)}`,
      }));
    }
    const found = valueAt(value, issue.path);
    const wrong = found === undefined ? 'is missing' : `is ${show(found)}, not ${issue.message}`;
    return [{ path, text: `${name} ${wrong}` }];
  });
}

function unknownKeys(issue: z.core.$ZodIssue): readonly string[] {
  if (issue.code === 'unrecognized_keys') return issue.keys;
  const keys: unknown = issue.code === 'custom' ? issue.params?.['keys'] : [];
  return Array.isArray(keys) ? keys.map(String) : [];
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let found = value;
  for (const key of path) {
    if (Array.isArray(found) && typeof key === 'number') found = found[key];
    else if (isObject(found)) found = own(found, String(key));
    else return undefined;
  }
  return found;
}
