import { Buffer } from 'node:buffer';
import { compileFunction } from 'node:vm';
import { VALUE_MAX_BYTES } from '../limits';
import { contextOf, frozen, logger } from './context';
import type { Context, Work } from './context';
import { described, rest, say, threw } from './report';

const compile = compileFunction;
const stringify = JSON.stringify;
const byteLength = Buffer.byteLength;
const soon = setImmediate;
const get = Reflect.get;

/** Runs a text as a CommonJS module; what it exports. */
export function moduleOf(code: string, load: (name: unknown) => unknown): unknown {
  const module: { exports: unknown } = { exports: {} };
  const run = compile(`'use strict';${code}\n`, ['module', 'exports', 'require'], {
    filename: 'skill.js',
  });
  Reflect.apply(run, module.exports, [module, module.exports, load]);
  return module.exports;
}

/** `module.exports.default`, or `module.exports` itself. */
export function defaultOf(exported: unknown): object {
  const given = isObject(exported) && 'default' in exported ? get(exported, 'default') : exported;
  if (!isObject(given) || Object.keys(given).length === 0) {
    throw new Error('the file has no default export that is an object');
  }
  if (typeof get(given, 'run') !== 'function') {
    throw new Error('the default export has no function `run`');
  }
  return given;
}

export const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null;

/** What a value is as JSON; undefined when it is none. */
export function jsonOf(value: unknown): string | undefined {
  const text: unknown = stringify(value);
  return typeof text === 'string' ? text : undefined;
}

export interface Running {
  readonly context: Context;
  /** Resolves with the result's JSON; rejects with what the skill threw. */
  readonly result: Promise<unknown>;
}

export function start(work: Work, load: (name: unknown) => unknown, log = logger()): Running {
  frozen(work);
  const context = contextOf(work, log);
  const begin = async (): Promise<unknown> => {
    const skill = defaultOf(moduleOf(work.code, load));
    const run: unknown = get(skill, 'run');
    if (typeof run !== 'function') throw new Error('`run` is no function');
    return Reflect.apply(run, skill, [context.ctx, work.input]);
  };
  return { context, result: begin() };
}

/** To the end of a run: its result, when no effect is waited for and no rejection is left. */
export async function finish({ context, result }: Running): Promise<never> {
  let value: unknown;
  try {
    value = await result;
  } catch (error) {
    return threw(`it threw ${described(error)}`);
  }
  let text: string | undefined;
  try {
    text = jsonOf(value);
  } catch (error) {
    return threw(`it returned what is no JSON: ${described(error)}`);
  }
  if (text === undefined) return threw(`it returned what is no JSON: ${typeof value}`);
  // A rejection that nobody handles is told in the turn after it; an effect that nobody awaits may still be refused.
  await context.answered();
  await new Promise<void>((resolve) => soon(resolve));
  return answer('returned', `,"output":${text}`, byteLength(text));
}

/** One answer of at most the limit. */
export function answer(kind: string, fields: string, bytes: number): never {
  if (bytes > VALUE_MAX_BYTES) say('oversized', `,"bytes":${bytes}`);
  else say(kind, fields);
  return rest();
}
