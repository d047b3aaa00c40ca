import { resolve } from 'node:path';
import { z } from 'zod';
import { type Json, isObject, own } from '../core/json';
import { id, oneOf, plainObject, type Problem, problemsIn, words } from './form';
import { show, step } from './show';

/** `harness.config.json` (interface, "Configuration"). Paths are absolute. */
export interface Config {
  readonly policy?: string;
  readonly graph?: string;
  readonly ledger?: string;
  readonly operators?: string;
  readonly effects: ReadonlyMap<string, EffectConfig>;
  readonly audit: AuditConfig;
  readonly notices: readonly NoticeConfig[];
}

/** `in_shadow`: interface, "Effects". */
export type EffectConfig = { readonly in_shadow: 'record' | 'perform' } & (
  | { readonly type: 'jsonl'; readonly path: string }
  | { readonly type: 'postgres'; readonly url_env: string; readonly table: string }
  | { readonly type: 'http'; readonly url: string }
);
export type AuditConfig =
  { readonly type: 'files' } | { readonly type: 'postgres'; readonly url_env: string };
/** Where the address of the store's database stands, unless `url_env` says otherwise. */
export const DATABASE_URL_ENV = 'HARNESS_DATABASE_URL';
export type NoticeConfig =
  | { readonly type: 'http'; readonly url: string }
  | { readonly type: 'command'; readonly command: readonly string[] };

export type ConfigRead =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly problem: string; readonly path: string };

/** As a skill writes it: `ctx.effects.ranking_log`. */
export const EFFECT_NAME = /^[A-Za-z][A-Za-z0-9._-]{0,63}$/;
export const EFFECT_NAME_WORDS = 'a letter and up to 63 of the characters A–Z a–z 0–9 . _ -';

const object = words('an object');
const list = words('a list of the program and its arguments');
const matching = (pattern: RegExp, expected: string) =>
  z.string(words(expected)).regex(pattern, words(expected));

const urlEnv = matching(/^[A-Za-z_][A-Za-z0-9_]*$/, 'the name of an environment variable');
const table = matching(
  /^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?$/,
  'the name of a table (letters, digits and _; with a schema: schema.table)',
);
const url = z
  .string(words('an http or https address'))
  .refine(isHttp, words('an http or https address'));
const in_shadow = oneOf(['record', 'perform']).default('record');

/** The entry's `type` decides which keys it has. */
const byType = (...types: readonly string[]) => ({
  error: (issue: { readonly code: string }): string =>
    issue.code === 'invalid_type' ? 'an object' : `one of ${types.join(', ')}`,
});

const effect = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ type: z.literal('jsonl'), path: id, in_shadow }, object),
    z.strictObject({ type: z.literal('postgres'), url_env: urlEnv, table, in_shadow }, object),
    z.strictObject({ type: z.literal('http'), url, in_shadow }, object),
  ],
  byType('jsonl', 'postgres', 'http'),
);
const audit = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ type: z.literal('files') }, object),
    z.strictObject(
      { type: z.literal('postgres'), url_env: urlEnv.default(DATABASE_URL_ENV) },
      object,
    ),
  ],
  byType('files', 'postgres'),
);
const notice = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ type: z.literal('http'), url }, object),
    z.strictObject({ type: z.literal('command'), command: z.array(id, list).min(1, list) }, object),
  ],
  byType('http', 'command'),
);

const path = id.exactOptional();
const schema = z.strictObject(
  {
    policy: path,
    graph: path,
    ledger: path,
    operators: path,
    effects: plainObject.default({}),
    audit: audit.default({ type: 'files' }),
    notices: z.array(notice, words('a list')).default([]),
  },
  object,
);

/** Reads `harness.config.json`; its relative paths are taken from `baseDir`, the file's own directory. */
export function readConfig(value: Json, baseDir: string): ConfigRead {
  const [problem] = [...problemsIn(schema, value), ...effectProblems(value)];
  if (problem !== undefined) {
    return { ok: false, problem: `configuration: ${problem.text}`, path: problem.path };
  }
  const { policy, graph, ledger, operators, effects, ...rest } = schema.parse(value);
  const at = (file: string): string => resolve(baseDir, file);
  const config: Config = {
    ...rest,
    ...(policy !== undefined && { policy: at(policy) }),
    ...(graph !== undefined && { graph: at(graph) }),
    ...(ledger !== undefined && { ledger: at(ledger) }),
    ...(operators !== undefined && { operators: at(operators) }),
    effects: new Map(
      Object.entries(effects).map(([name, entry]) => {
        const parsed = effect.parse(entry);
        return [name, parsed.type === 'jsonl' ? { ...parsed, path: at(parsed.path) } : parsed];
      }),
    ),
  };
  return { ok: true, config };
}

/** Effects are judged one by one: their names are the operator's, and zod's records drop a `__proto__`. */
function effectProblems(value: Json): Problem[] {
  const effects = isObject(value) ? own(value, 'effects') : undefined;
  if (!isObject(effects)) return [];
  return Object.entries(effects).flatMap(([name, entry]) => {
    const at = step('effects', name);
    if (name === 'audit_log') {
      return [{ path: at, text: `${at} is always there: it cannot be configured` }];
    }
    if (!EFFECT_NAME.test(name)) {
      const text = `effects has the name ${show(name)}, not ${EFFECT_NAME_WORDS}`;
      return [{ path: at, text }];
    }
    return problemsIn(effect, entry, at);
  });
}

function isHttp(address: string): boolean {
  return URL.canParse(address) && /^https?:$/.test(new URL(address).protocol);
}
