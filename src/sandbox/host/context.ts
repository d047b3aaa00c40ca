import { Buffer } from 'node:buffer';
import type { Json } from '../../core/json';
import { LOG_LINES_MAX, LOG_LINE_MAX, VALUE_MAX_BYTES } from '../limits';
import type { Invocation } from '../types';
import { attempted, quoted, say } from './report';
import { lineOf } from './surroundings';

const stringify = JSON.stringify;
const byteLength = Buffer.byteLength;
const freeze = Object.freeze;
const hasOwn = Object.hasOwn;
const values = Object.values;
const later = setTimeout;

/** What the run line carries: an invocation without what concerns the parent alone. */
export type Work = Omit<Invocation, 'skill_ref'>;

export interface Context {
  readonly ctx: object;
  /** The parent's answer to an effect call. */
  settle(call: number, failure: string | null, value: Json): void;
  /** Resolves when no effect call is without its answer: a run ends after the last one, also when the skill does not wait. */
  answered(): Promise<void>;
}

/** Deep; the values are JSON, so there are no cycles and no getters. */
export function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    freeze(value);
    for (const each of values(value)) frozen(each);
  }
  return value;
}

/** Counts what it lets through; the rest is dropped. */
export function logger(): (...parts: readonly unknown[]) => void {
  let lines = 0;
  return (...parts) => {
    lines += 1;
    if (lines > LOG_LINES_MAX) return;
    say('log', `,"line":${quoted(lineOf(parts).slice(0, LOG_LINE_MAX))}`);
  };
}

/** The skill's `ctx` (interface.md, Skill). */
export function contextOf(work: Work, log: (...parts: readonly unknown[]) => void): Context {
  const calls = new Map<number, (failure: string | null, value: Json) => void>();
  let called = 0;
  let idle = (): void => undefined;
  const effect = (name: string) => (payload: unknown) =>
    new Promise<Json>((resolve, reject) => {
      const text = stringify(payload === undefined ? null : payload);
      if (typeof text !== 'string') throw new TypeError(`the payload of ${name} is no JSON`);
      if (byteLength(text) > VALUE_MAX_BYTES) {
        throw new RangeError(`the payload of ${name} is over ${VALUE_MAX_BYTES} bytes of JSON`);
      }
      called += 1;
      calls.set(called, (failure, value) =>
        failure === null ? resolve(value) : reject(new Error(failure)),
      );
      say('effect', `,"call":${called},"name":${quoted(name)},"payload":${text}`);
    });
  return {
    ctx: freeze({
      state: (name: unknown): Json => stateOf(work, name),
      output: (task: unknown): Json => outputOf(work, task),
      effects: effectsOf(work.effects, effect),
      signal: signalOf(work.timeout_ms),
      log,
      task_id: work.task_id,
      idempotency_key: work.idempotency_key,
      mode: work.mode,
    }),
    settle(call, failure, value) {
      const done = calls.get(call);
      calls.delete(call);
      done?.(failure, value);
      if (calls.size === 0) idle();
    },
    async answered() {
      while (calls.size > 0) await new Promise<void>((resolve) => (idle = resolve));
    },
  };
}

/** The value under a name; undefined where there is none. JSON has no undefined, so `null` stays `null`. */
function declared(record: Readonly<Record<string, Json>>, name: unknown): Json | undefined {
  if (typeof name !== 'string' || !hasOwn(record, name)) return undefined;
  return record[name];
}

/** R16: a state that the manifest does not declare. */
function stateOf(work: Work, name: unknown): Json {
  const state = declared(work.states, name);
  return state === undefined ? attempted('LAYER_BYPASS', 'ctx.state', textOf(name)) : state;
}

function outputOf(work: Work, task: unknown): Json {
  const output = declared(work.outputs, task);
  if (output === undefined) {
    throw new Error(`${textOf(task) ?? 'that'} is not one of the task's dependencies`);
  }
  return output;
}

const textOf = (name: unknown): string | null => (typeof name === 'string' ? name : null);

/** Names that the language itself asks of any object; asking for them is no attempt. */
const ASKED_BY_THE_LANGUAGE = freeze([
  'then',
  'toJSON',
  ...Object.getOwnPropertyNames(Object.prototype),
]);

function effectsOf(names: readonly string[], effect: (name: string) => unknown): object {
  const functions: Record<string, unknown> = { __proto__: null };
  for (const name of names) functions[name] = effect(name);
  const asked: Record<string, unknown> = { __proto__: null };
  for (const name of ASKED_BY_THE_LANGUAGE) asked[name] = true;
  freeze(functions);
  return new Proxy(functions, {
    get(target, name) {
      if (typeof name === 'symbol' || hasOwn(target, name)) return target[name as string];
      if (name in asked) return undefined;
      return attempted('UNDECLARED_SIDE_EFFECT', `ctx.effects.${name}`, null);
    },
  });
}

/** Aborted shortly before the time is over, so that a long computation may give up with an error of its own. */
function signalOf(timeoutMs: number): AbortSignal {
  const controller = new AbortController();
  const reason = new Error('the time is nearly over');
  later(() => controller.abort(reason), Math.max(timeoutMs - 50, timeoutMs / 2)).unref();
  return controller.signal;
}
