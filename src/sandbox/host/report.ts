import { writeSync } from 'node:fs';
import { DETAIL_MAX, RESOURCE_MAX } from '../limits';
import type { Attempt } from '../types';

/** What the child says, on descriptor 3. Everything used here was taken before the skill could change it. */
const write = writeSync;
const stringify = JSON.stringify;
const leave = process.exit.bind(process);
const get = Reflect.get;
const CHANNEL = 3;
const PATIENCE_MS = 5_000;

/** One line; `fields` is JSON text. Written at once, so that messages keep the order of what happened. */
export function say(kind: string, fields = ''): void {
  write(CHANNEL, `{"kind":"${kind}"${fields}}\n`);
}

/** A string as JSON. For a string, and only for it, JSON.stringify asks no prototype. */
export function quoted(text: string): string {
  return stringify(text);
}

/** Set by `prepareRest`, before the skill is there: a start-up snapshot has no Atomics yet. */
const thread = { sleep: (_ms: number): void => undefined };

export function prepareRest(): void {
  const { wait } = Atomics;
  const silence = new Int32Array(new SharedArrayBuffer(4));
  thread.sleep = (ms) => void wait(silence, 0, 0, ms);
}

/** The thread sleeps until the parent kills it: nothing of the skill runs any more, not even what it has on a timer. */
export function rest(): never {
  thread.sleep(PATIENCE_MS);
  // The parent is gone, or it would have killed this process.
  leave(0);
  throw new Error('this process has ended');
}

/** Reports before anything is denied, and does not come back: there is no error that a skill could swallow. */
export function attempted(code: Attempt['code'], api: string, resource: string | null): never {
  const named = resource === null ? 'null' : quoted(short(resource, RESOURCE_MAX));
  say('attempt', `,"code":"${code}","api":${quoted(short(api, RESOURCE_MAX))},"resource":${named}`);
  return rest();
}

/** The end of a run that threw. */
export function threw(detail: string): never {
  say('threw', `,"detail":${quoted(short(detail, DETAIL_MAX))}`);
  return rest();
}

/** By characters, with no method that a skill could have replaced. */
function short(text: string, max: number): string {
  if (text.length <= max) return text;
  let cut = '';
  for (let i = 0; i < max; i++) cut += text[i] ?? '';
  return cut;
}

/** What was thrown, in a few words; a value that resists being read is named as such. */
export function described(thrown: unknown): string {
  try {
    if (thrown instanceof Error) return `${String(thrown.name)}: ${String(thrown.message)}`;
    return typeof thrown === 'string' ? quoted(thrown) : (stringify(thrown) ?? String(thrown));
  } catch {
    return 'a value that cannot be read';
  }
}

/** What a denied function was asked for: a path, an address, a name. Reading it may run the skill's own getters. */
export function resourceOf(args: readonly unknown[]): string | null {
  try {
    const [first, second] = args;
    if (typeof first === 'number' && typeof second === 'string') return `${second}:${first}`;
    if (typeof first === 'string' || typeof first === 'number') return `${first}`;
    if (typeof first !== 'object' || first === null) return null;
    const field = (name: string): string => {
      const value: unknown = get(first, name);
      return typeof value === 'string' || typeof value === 'number' ? `${value}` : '';
    };
    const address = `${field('hostname') || field('host')}${field('port') && `:${field('port')}`}`;
    return field('href') || field('url') || field('path') || address || null;
  } catch {
    return null;
  }
}
