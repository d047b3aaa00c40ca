import { isObject } from '../core/json';

/** What a sentence about a document quotes of it, at most. */
const SHOWN_CHARS_MAX = 80;

/** Control, format, unassigned and surrogate characters, and every blank but the plain one. */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu;
const PLAIN_KEY = /^[A-Za-z_][A-Za-z0-9_-]{0,79}$/;

/** A JSON value as a sentence names it: short, on one line, nothing in it unseen or able to steer a terminal. */
export function show(value: unknown): string {
  if (typeof value === 'string') return `"${showKey(value)}"`;
  if (Array.isArray(value)) return 'a list';
  return isObject(value) ? 'an object' : String(value);
}

/** `path` and one step further: `active_beliefs[3].confidence`, `inputs["odd key"]`. */
export function step(path: string, key: PropertyKey): string {
  if (typeof key === 'number') return `${path}[${key}]`;
  const name = String(key);
  if (!PLAIN_KEY.test(name)) return `${path}["${showKey(name)}"]`;
  return path === '' ? name : `${path}.${name}`;
}

/** A key or another text without its quotes; an ordinary one stays as it is. */
export function showKey(text: string): string {
  const escaped = JSON.stringify(text.slice(0, SHOWN_CHARS_MAX + 1)).slice(1, -1);
  const seen = escaped.replace(UNSEEN, escapeUnits);
  return seen.length > SHOWN_CHARS_MAX ? `${seen.slice(0, SHOWN_CHARS_MAX)}…` : seen;
}

function escapeUnits(character: string): string {
  let units = '';
  for (let i = 0; i < character.length; i++) {
    units += `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`;
  }
  return units;
}
