import * as assert from 'node:assert';
import * as strictAssert from 'node:assert/strict';
import * as buffer from 'node:buffer';
import * as crypto from 'node:crypto';
import * as events from 'node:events';
import * as path from 'node:path';
import * as querystring from 'node:querystring';
import * as strings from 'node:string_decoder';
import * as timers from 'node:timers';
import * as timersPromises from 'node:timers/promises';
import * as url from 'node:url';
import * as util from 'node:util';
import * as types from 'node:util/types';

import type { PURE_BUILTINS } from '../builtins';
import { PROCESS_DENIED, denied } from './guard';
import { attempted, threw } from './report';

type Log = (...parts: readonly unknown[]) => void;

/** Hashing, comparing and chance; not what loads engines or reads keys from stores. */
const HASHING = {
  createHash: crypto.createHash,
  createHmac: crypto.createHmac,
  getHashes: crypto.getHashes,
  randomBytes: crypto.randomBytes,
  randomInt: crypto.randomInt,
  randomUUID: crypto.randomUUID,
  timingSafeEqual: crypto.timingSafeEqual,
};

const MODULES: Readonly<Record<(typeof PURE_BUILTINS)[number], unknown>> = {
  assert: plain(assert),
  'assert/strict': plain(strictAssert),
  buffer: plain(buffer),
  crypto: Object.freeze(HASHING),
  events: plain(events),
  path: plain(path),
  'path/posix': path.posix,
  querystring: plain(querystring),
  string_decoder: plain(strings),
  timers: plain(timers),
  'timers/promises': plain(timersPromises),
  url: plain(url),
  util: plain(util),
  'util/types': plain(types),
};

/** The module itself, as `require` gives it: the compiler may have wrapped it. */
function plain(module: object): unknown {
  const inner: unknown = Reflect.get(module, 'default');
  return inner ?? module;
}

/** What a skill gets for `require` and `process.getBuiltinModule`. */
export function requireFor(
  standIn: unknown,
  api: 'require' | 'process.getBuiltinModule',
): (name: unknown) => unknown {
  const modules: Record<string, unknown> = { __proto__: null, ...MODULES, process: standIn };
  return (name) => {
    const text = typeof name === 'string' ? name : '';
    const bare = text.startsWith('node:') ? text.slice(5) : text;
    return bare in modules
      ? modules[bare]
      : attempted('UNDECLARED_SIDE_EFFECT', api, text === '' ? null : text);
  };
}

/** `process` as a skill sees it: facts, an empty environment, and no way out. */
export function processFor(log: Log): object {
  const real = process;
  const ends = (): never => threw('it ended its process');
  const ignore = (): object => standIn;
  const writes = Object.freeze({
    isTTY: false,
    write: (text: unknown): boolean => {
      log(text);
      return true;
    },
  });
  const standIn: Record<string, unknown> = {
    env: {},
    argv: [],
    argv0: 'node',
    execArgv: [],
    title: 'skill',
    version: real.version,
    versions: Object.freeze({ ...real.versions }),
    platform: real.platform,
    arch: real.arch,
    pid: real.pid,
    stdout: writes,
    stderr: writes,
    cwd: () => '/',
    nextTick: real.nextTick.bind(real),
    hrtime: Object.assign((earlier?: [number, number]) => hrtime(earlier), { bigint }),
    uptime: real.uptime.bind(real),
    memoryUsage: real.memoryUsage.bind(real),
    exit: ends,
    reallyExit: ends,
    emitWarning: (warning: unknown) => log(warning),
  };
  for (const name of ['on', 'once', 'off', 'addListener', 'removeListener', 'removeAllListeners']) {
    standIn[name] = ignore;
  }
  for (const name of PROCESS_DENIED) standIn[name] = denied(`process.${name}`);
  standIn.getBuiltinModule = requireFor(standIn, 'process.getBuiltinModule');
  return Object.freeze(standIn);
}

const hrtime = process.hrtime.bind(process);
const bigint = process.hrtime.bigint.bind(process.hrtime);

/** `console` as a skill sees it: its lines are log lines. */
export function consoleFor(log: Log): object {
  const quiet = (): void => undefined;
  const speaks = ['log', 'info', 'warn', 'error', 'debug', 'trace', 'dir', 'table'];
  const silent = ['group', 'groupEnd', 'groupCollapsed', 'time', 'timeEnd', 'timeLog', 'count'];
  return Object.freeze(
    Object.fromEntries([
      ...speaks.map((name) => [name, log] as const),
      ...[...silent, 'countReset', 'assert', 'clear'].map((name) => [name, quiet] as const),
    ]),
  );
}

/** Replaces the two objects that lead from a skill to the runtime. */
export function furnish(log: Log): object {
  const standIn = processFor(log);
  const fixed = { writable: false, configurable: false, enumerable: false };
  Object.defineProperty(globalThis, 'process', { value: standIn, ...fixed });
  Object.defineProperty(globalThis, 'console', { value: consoleFor(log), ...fixed });
  return standIn;
}

/** Parts of a log line as text; whatever resists is named as such. */
export function lineOf(parts: readonly unknown[]): string {
  try {
    return util.formatWithOptions({ customInspect: false, depth: 4 }, ...parts);
  } catch {
    return 'a line that cannot be written';
  }
}
