import { subscribe } from 'node:diagnostics_channel';
import { syncBuiltinESMExports } from 'node:module';
import { attempted, resourceOf } from './report';

const define = Object.defineProperty;
const keys = Reflect.ownKeys;
const get = Reflect.get;
// Taken before its own module is patched.
const syncExports = syncBuiltinESMExports;

/**
 * Everything in these modules reaches out. They are patched in place, for whoever finds a way to them. What else reaches out goes by
 * one of them (tls, http, https, http2, cluster, repl), and when it loads finds it patched, or is refused by the runtime's own
 * permissions (inspector, wasi, sqlite): loading it into every spare would cost more than it closes.
 */
const MODULES = [
  'fs',
  'fs/promises',
  'net',
  'dgram',
  'dns',
  'dns/promises',
  'child_process',
  'worker_threads',
  'v8',
  'vm',
  'module',
] as const;

// All are loaded before one is changed: they take what they need from each other as they load.
const loaded = new Map<string, unknown>(
  MODULES.map((name) => [name, process.getBuiltinModule(`node:${name}`)]),
);

/** Node's own Response, Headers and the like ask for these as they load: they mark an object, or are a number. */
const HARMLESS = [
  'markAsUncloneable',
  'markAsUntransferable',
  'isMarkedAsUntransferable',
  'maxHeaderSize',
];

/** Classes whose instances are reached without their constructor. */
const METHODS: readonly (readonly [module: string, type: string, methods: readonly string[]])[] = [
  ['net', 'Socket', ['connect']],
  ['net', 'Server', ['listen']],
  ['dgram', 'Socket', ['bind', 'connect', 'send']],
  ['child_process', 'ChildProcess', ['spawn']],
];

/** Of the process object. */
export const PROCESS_DENIED = [
  'binding',
  '_linkedBinding',
  'dlopen',
  'kill',
  '_kill',
  '_debugProcess',
  '_debugEnd',
  '_startProfilerIdleNotifier',
  '_getActiveHandles',
  '_getActiveRequests',
  'chdir',
  'umask',
  'setuid',
  'seteuid',
  'setgid',
  'setegid',
  'setgroups',
  'initgroups',
  'abort',
  'execve',
  'loadEnvFile',
  'setUncaughtExceptionCaptureCallback',
  'setSourceMapsEnabled',
] as const;

const GLOBALS_DENIED = ['fetch', 'WebSocket', 'EventSource'] as const;
/** They keep things in files. */
const GLOBALS_GONE = ['localStorage', 'sessionStorage'] as const;

/** A stand-in for a function or class: it reports and denies. */
export function denied(api: string): (...args: unknown[]) => never {
  return function reaching(...args: unknown[]): never {
    return attempted('UNDECLARED_SIDE_EFFECT', api, resourceOf(args));
  };
}

/** Puts itself before everything that reaches out of this process. What the host itself needs, it has taken before. */
export function guard(): void {
  for (const [module, type, methods] of METHODS) {
    const prototype: unknown = get(Object(get(Object(loaded.get(module)), type)), 'prototype');
    for (const method of methods) {
      replace(prototype, method, denied(`${module}.${type}.${method}`));
    }
  }
  for (const name of ['dns', 'dns/promises']) guardResolver(loaded.get(name), name);
  for (const [name, module] of loaded) guardModule(module, name);
  for (const name of PROCESS_DENIED) {
    if (name in process) replace(process, name, denied(`process.${name}`));
  }
  for (const name of GLOBALS_DENIED) {
    if (name in globalThis) replace(globalThis, name, denied(name));
  }
  for (const name of GLOBALS_GONE) replace(globalThis, name, undefined);
  syncExports();
  watchPermissions();
}

function guardModule(module: unknown, name: string): void {
  for (const key of keys(Object(module))) {
    const descriptor = Object.getOwnPropertyDescriptor(Object(module), key);
    // A getter of Node's own loads more of Node: it is replaced unread, but for fs.promises, which is on the list itself.
    const reaches = typeof descriptor?.value === 'function' || descriptor?.get !== undefined;
    if (typeof key === 'string' && reaches && key !== 'promises' && !HARMLESS.includes(key)) {
      replace(module, key, denied(`${name}.${key}`));
    }
  }
}

/** `lookup`, `resolve*`, `reverse` … of the resolver objects, on the class and on what it extends. */
function guardResolver(module: unknown, name: string): void {
  let prototype: unknown = get(Object(get(Object(module), 'Resolver')), 'prototype');
  while (typeof prototype === 'object' && prototype !== null && prototype !== Object.prototype) {
    for (const key of keys(prototype)) {
      if (typeof key === 'string' && /^(resolve|reverse|lookup|setServers)/.test(key)) {
        replace(prototype, key, denied(`${name}.Resolver.${key}`));
      }
    }
    prototype = Object.getPrototypeOf(prototype);
  }
}

function replace(target: unknown, key: string, value: unknown): void {
  const object = Object(target);
  const found = Object.getOwnPropertyDescriptor(object, key);
  if (found?.configurable === false && found.writable !== true) return;
  const fixed = { value, writable: false, enumerable: found?.enumerable ?? true };
  define(object, key, found?.configurable === false ? fixed : { ...fixed, configurable: false });
}

/** From Node 24 on the runtime itself tells of what it denied, whatever way led there; before, nobody publishes here. */
function watchPermissions(): void {
  for (const area of ['fs', 'child', 'worker', 'inspector', 'wasi', 'addon', 'addons', 'net']) {
    subscribe(`node:permission-model:${area}`, (message) => {
      const resource: unknown = get(Object(message), 'resource');
      const named = typeof resource === 'string' && resource !== '' ? resource : null;
      attempted('UNDECLARED_SIDE_EFFECT', `permission ${area}`, named);
    });
  }
}
