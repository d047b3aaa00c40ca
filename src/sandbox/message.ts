import { isObject, own } from '../core/json';
import type { Json, JsonObject } from '../core/json';
import { DEPTH_MAX, DETAIL_MAX, LOG_LINE_MAX, RESOURCE_MAX } from './limits';
import type { Attempt } from './types';

/** What a child may say. Whoever wrote it: a skill that finds the descriptor writes there too. */
export type Message =
  | { readonly kind: 'ready' | 'begun' }
  | { readonly kind: 'attempt'; readonly attempt: Attempt }
  | {
      readonly kind: 'effect';
      readonly call: number;
      readonly name: string;
      readonly payload: Json;
    }
  | { readonly kind: 'log'; readonly line: string }
  | { readonly kind: 'returned'; readonly output: Json }
  | { readonly kind: 'described'; readonly manifest: JsonObject; readonly output: JsonObject }
  | { readonly kind: 'oversized'; readonly bytes: number }
  | { readonly kind: 'threw'; readonly detail: string };

/** A message, or undefined: it is none. */
export function messageOf(line: string): Message | undefined {
  const value = parsed(line);
  if (value === undefined || !isObject(value)) return undefined;
  const text = (key: string, max: number): string | undefined => {
    const found = own(value, key);
    return typeof found === 'string' ? found.slice(0, max) : undefined;
  };
  const kind = own(value, 'kind');
  switch (kind) {
    case 'ready':
    case 'begun':
      return { kind };
    case 'attempt':
      return attemptOf(
        text('code', RESOURCE_MAX),
        text('api', RESOURCE_MAX),
        own(value, 'resource') === null ? null : text('resource', RESOURCE_MAX),
      );
    case 'log': {
      const line = text('line', LOG_LINE_MAX);
      return line === undefined ? undefined : { kind, line };
    }
    case 'threw': {
      const detail = text('detail', DETAIL_MAX);
      return detail === undefined ? undefined : { kind, detail };
    }
    case 'oversized': {
      const bytes = own(value, 'bytes');
      return typeof bytes === 'number' ? { kind, bytes } : undefined;
    }
    case 'returned': {
      const output = own(value, 'output');
      return output === undefined ? undefined : { kind, output };
    }
    case 'described': {
      const [manifest, output] = [own(value, 'manifest'), own(value, 'output')];
      if (manifest === undefined || output === undefined) return undefined;
      return isObject(manifest) && isObject(output) ? { kind, manifest, output } : undefined;
    }
    case 'effect':
      return effectOf(own(value, 'call'), own(value, 'name'), own(value, 'payload'));
    default:
      return undefined;
  }
}

function attemptOf(code?: string, api?: string, resource?: string | null): Message | undefined {
  if (code !== 'UNDECLARED_SIDE_EFFECT' && code !== 'LAYER_BYPASS') return undefined;
  if (api === undefined || resource === undefined) return undefined;
  return { kind: 'attempt', attempt: { code, api, resource } };
}

function effectOf(call?: Json, name?: Json, payload?: Json): Message | undefined {
  if (typeof call !== 'number' || typeof name !== 'string' || payload === undefined) {
    return undefined;
  }
  return { kind: 'effect', call, name, payload };
}

/** JSON as a document may hold it: no deeper than the limit, and with a canonical form. */
function parsed(line: string): Json | undefined {
  if (depthOf(line) > DEPTH_MAX + 2) return undefined;
  try {
    const value: Json = JSON.parse(line);
    // A lone surrogate has no canonical form; JSON writes it escaped.
    return /\\u[dD][89a-fA-F]/.test(line) && /\p{Surrogate}/u.test(strings(value))
      ? undefined
      : value;
  } catch {
    // No JSON: the caller says so.
    return undefined;
  }
}

/** Every string of a value, apart from each other. */
function strings(value: Json): string {
  if (typeof value === 'string') return `${value} `;
  if (typeof value !== 'object' || value === null) return '';
  if (Array.isArray(value)) return value.map(strings).join('');
  return Object.entries(value)
    .map(([key, each]) => `${key} ${strings(each)}`)
    .join('');
}

/** Deepest nesting of brackets outside strings. */
function depthOf(line: string): number {
  let [depth, deepest, quoted] = [0, 0, false];
  for (let i = 0; i < line.length; i++) {
    const char = line[i];
    if (quoted && char === '\\') i += 1;
    else if (char === '"') quoted = !quoted;
    else if (!quoted && (char === '{' || char === '[')) deepest = Math.max(deepest, ++depth);
    else if (!quoted && (char === '}' || char === ']')) depth -= 1;
  }
  return deepest;
}
