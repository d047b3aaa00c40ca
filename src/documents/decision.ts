import { DECISION_TEXTS } from '../core/events';
import type { DecisionRequest } from '../core/halts';
import { TEXT_CHARS_MAX } from '../core/limits';
import { showKey } from './show';

/*
 * What people say to a running cycle. This file runs inside the workflow too: plain checks, no library.
 */

/** The signal `halt`. `by` is its authority. */
export interface HaltRequest {
  readonly reason: string;
  readonly by: string;
}

type Refused = { readonly ok: false; readonly problem: string };
export type HaltRequestRead = { readonly ok: true; readonly request: HaltRequest } | Refused;
export type DecisionRead =
  | {
      readonly ok: true;
      readonly decision: DecisionRequest;
      /** Keys beyond the seven and the signature, fit to be shown: something more was asked for than a choice (R14). */
      readonly extra: readonly string[];
    }
  | Refused;

/** Enough to tell what was attempted. */
const EXTRA_KEYS_MAX = 20;

/** Other keys are let be: nothing that comes with it may keep a halt from happening. */
export function readHaltRequest(value: unknown): HaltRequestRead {
  const read = readTexts('halt', value, ['reason', 'by']);
  return read.ok ? { ok: true, request: read.texts } : read;
}

/** All seven texts are required and not blank; a signature may come with them. */
export function readDecision(value: unknown): DecisionRead {
  const read = readTexts('decision', value, DECISION_TEXTS);
  if (!read.ok) return read;
  const known: ReadonlySet<string> = new Set([...DECISION_TEXTS, 'signature']);
  const signed = Object.hasOwn(read.given, 'signature')
    ? readTexts('decision', value, ['signature'])
    : null;
  if (signed !== null && !signed.ok) return signed;
  return {
    ok: true,
    decision: { ...read.texts, ...signed?.texts },
    extra: Object.keys(read.given)
      .filter((key) => !known.has(key))
      .slice(0, EXTRA_KEYS_MAX)
      .map(showKey),
  };
}

type Texts<K extends string> =
  | { readonly ok: true; readonly texts: { readonly [key in K]: string }; readonly given: object }
  | Refused;

function readTexts<K extends string>(what: string, value: unknown, keys: readonly K[]): Texts<K> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { ok: false, problem: `${what}: it has to be an object with ${keys.join(', ')}` };
  }
  const texts: Partial<Record<K, string>> = {};
  for (const key of keys) {
    const text: unknown = Object.getOwnPropertyDescriptor(value, key)?.value;
    if (typeof text !== 'string') {
      const wrong = text === undefined || text === null ? 'is missing' : 'is not a text';
      return { ok: false, problem: `${what}: ${key} ${wrong}` };
    }
    const wrong = wrongWith(text);
    if (wrong !== null) return { ok: false, problem: `${what}: ${key} ${wrong}` };
    texts[key] = text;
  }
  // Every key of `keys` has just been set.
  return { ok: true, texts: texts as Record<K, string>, given: value };
}

function wrongWith(text: string): string | null {
  if (text.trim() === '') return 'is empty';
  if (text.length > TEXT_CHARS_MAX) {
    return `has ${text.length} characters, more than ${TEXT_CHARS_MAX}`;
  }
  // It goes into the audit, and a lone surrogate has no canonical form.
  return /\p{Surrogate}/u.test(text) ? 'holds a lone surrogate, half of a character' : null;
}
