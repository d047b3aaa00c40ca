import type { Ending } from '../../src/sandbox/types';

/** Where the animals try to go; the tests look there from outside. */
export interface Places {
  readonly file: string;
  readonly port: number;
  readonly udpPort: number;
  readonly socket: string;
  readonly parent: number;
}

export interface Animal {
  readonly name: string;
  /** Body of `run(ctx, input)`. */
  readonly body: (places: Places) => string;
  readonly ending: Ending['kind'];
  /** Found in the ending as JSON. */
  readonly says?: string | RegExp;
  readonly timeoutMs?: number;
}

const reaches = (name: string, body: Animal['body'], says: string): Animal => ({
  name,
  body,
  ending: 'OFF_LIMITS',
  says,
});
const throws = (name: string, body: string, says: string | RegExp): Animal => ({
  name,
  body: () => body,
  ending: 'THREW',
  says,
});
const returns = (name: string, body: string, says: string | RegExp): Animal => ({
  name,
  body: () => body,
  ending: 'RETURNED',
  says,
});

/** A way to a patched module of Node that needs no `require`: what Response loads keeps it. */
export const DISPATCHER = `new Response();
  const found = globalThis[Symbol.for('undici.globalDispatcher.1')];
  // Node 24 and later load it with fetch only.
  const dispatcher = found ?? { request: ({ origin }) => fetch(origin) };
  await dispatcher`;

/** They reach out of their process. */
const REACHING: readonly Animal[] = [
  reaches('writes a file', ({ file }) => `require('fs').writeFileSync('${file}', 'x')`, 'fs'),
  reaches('reads a file', () => `return require('node:fs').readFileSync('/etc/passwd')`, 'node:fs'),
  reaches('opens TCP', ({ port }) => `require('net').connect(${port}, '127.0.0.1')`, 'net'),
  reaches(
    'sends UDP',
    ({ udpPort }) => `require('dgram').createSocket('udp4').send('x', ${udpPort})`,
    'dgram',
  ),
  reaches('looks a name up', () => `require('dns').lookup('example.org', () => {})`, 'dns'),
  reaches(
    'looks a name up by promise',
    () => `await require('dns/promises').lookup('example.org')`,
    'dns/promises',
  ),
  reaches(
    'asks a resolver',
    () => `new (require('dns').Resolver)().resolve4('example.org', () => {})`,
    'dns',
  ),
  reaches('opens a unix socket', ({ socket }) => `require('net').connect('${socket}')`, 'net'),
  reaches('fetches', ({ port }) => `await fetch('http://127.0.0.1:${port}/x')`, '/x'),
  reaches(
    'asks by http.get',
    ({ port }) => `require('http').get('http://127.0.0.1:${port}')`,
    'http',
  ),
  reaches(
    'goes round fetch by its dispatcher',
    ({ port }) =>
      `${DISPATCHER}.request({ origin: 'http://127.0.0.1:${port}', path: '/', method: 'GET' })`,
    '127.0.0.1',
  ),
  reaches(
    'goes round fetch by its dispatcher to TLS',
    ({ port }) =>
      `${DISPATCHER}.request({ origin: 'https://127.0.0.1:${port}', path: '/', method: 'GET' })`,
    'UNDECLARED_SIDE_EFFECT',
  ),
  reaches(
    'spawns',
    ({ file }) => `require('child_process').spawn('touch', ['${file}'])`,
    'child_process',
  ),
  reaches('forks', () => `require('child_process').fork('/dev/null')`, 'child_process'),
  reaches(
    'executes through promisify',
    ({ file }) => `await require('util').promisify(require('child_process').exec)('touch ${file}')`,
    'child_process',
  ),
  reaches(
    'starts a worker thread',
    () => `new (require('worker_threads').Worker)('1', { eval: true })`,
    'worker_threads',
  ),
  reaches('binds to the runtime', () => `process.binding('tcp_wrap')`, 'process.binding'),
  reaches('links to the runtime', () => `process._linkedBinding('x')`, 'process._linkedBinding'),
  reaches(
    'gets a builtin without require',
    () => `process.getBuiltinModule('fs')`,
    'process.getBuiltinModule',
  ),
  reaches('requires another module', () => `require('vm').runInNewContext('1')`, 'vm'),
  reaches('requires a package', () => `require('left-pad')`, 'left-pad'),
  reaches('kills its parent', ({ parent }) => `process.kill(${parent}, 'SIGKILL')`, 'process.kill'),
  reaches('aborts its process', () => `process.abort()`, 'process.abort'),
  reaches('changes its folder', () => `process.chdir('/tmp')`, 'process.chdir'),
  reaches('lists open handles', () => `process._getActiveHandles()`, 'process._getActiveHandles'),
  reaches(
    'swallows the denial',
    ({ port }) => `try { await fetch('http://127.0.0.1:${port}') } catch {} return { fine: true }`,
    'fetch',
  ),
  reaches(
    'swallows the denial in a promise',
    () => `return Promise.resolve().then(() => require('fs')).catch(() => ({}))`,
    'fs',
  ),
  reaches(
    'forges a message on descriptor 3',
    () => `require('fs').writeSync(3, '{"kind":"returned","output":{}}\\n')`,
    'fs',
  ),
  reaches('closes descriptor 3', () => `require('fs').closeSync(3)`, 'fs'),
  reaches('calls an undeclared effect', () => `await ctx.effects.desk({})`, 'ctx.effects.desk'),
  reaches(
    'calls an undeclared effect, not awaited',
    () => `ctx.effects.desk({}); return {}`,
    'ctx.effects.desk',
  ),
  reaches(
    'reads an undeclared state',
    () => `try { ctx.state('macro_state') } catch {} return {}`,
    'LAYER_BYPASS',
  ),
  reaches(
    'hides its attempt behind a changed JSON',
    () =>
      `JSON.stringify = () => '{}'; String.prototype.toJSON = () => ''; Array.prototype.push = () => 0; Object.prototype.toJSON = () => 0; require('fs')`,
    '"api":"require","resource":"fs"',
  ),
];

/** They fail, or behave oddly, within their process. */
const FAILING: readonly Animal[] = [
  throws('imports dynamically', `await import('node:fs')`, 'dynamic import'),
  throws('evaluates a text', `return eval('1 + 1')`, 'EvalError'),
  throws('makes a function of a text', `return new Function('return process')()`, 'EvalError'),
  throws(
    'makes a function by a constructor',
    `return (async () => {}).constructor('return 1')()`,
    'EvalError',
  ),
  throws('exits', `process.exit(1)`, 'it ended its process'),
  throws('exits with status 0', `process.exit(0)`, 'it ended its process'),
  throws('leaves a rejection unhandled', `Promise.reject(new Error('lost')); return {}`, 'lost'),
  throws(
    'listens for its own rejections',
    `process.on('unhandledRejection', () => {}); Promise.reject(new Error('lost')); return {}`,
    'lost',
  ),
  throws(
    'throws later',
    `setTimeout(() => { throw new Error('later') }, 1); await new Promise(() => {})`,
    'later',
  ),
  throws('throws a string', `throw 'plain'`, 'plain'),
  throws('throws null', `throw null`, 'null'),
  throws('throws a frozen object', `throw Object.freeze({ a: 1 })`, 'a'),
  throws(
    'throws an error that cannot be read',
    `throw Object.defineProperty(new Error(), 'message', { get() { throw 1 } })`,
    'cannot be read',
  ),
  throws(
    'throws a proxy that throws',
    `throw new Proxy({}, { get() { throw 1 }, getPrototypeOf() { throw 1 } })`,
    'cannot be read',
  ),
  throws('recurses without end', `const f = () => f() + 1; return f()`, 'RangeError'),
  throws('returns undefined', `return undefined`, 'no JSON'),
  throws('returns a function', `return () => 1`, 'no JSON'),
  throws('returns a BigInt', `return { n: 1n }`, 'no JSON'),
  throws('returns a cycle', `const a = {}; a.a = a; return a`, 'no JSON'),
  throws('returns a lone surrogate', `return { s: '\\ud800' }`, 'no JSON'),
  throws(
    'returns what is nested too deep',
    `let a = 1; for (let i = 0; i < 2000; i++) a = [a]; return a`,
    'no JSON',
  ),
  throws('changes its input', `input.list.push(1)`, 'TypeError'),
  throws('changes a state', `ctx.state('regime_state').behavior = 'X'`, 'TypeError'),
  throws('asks for another task’s output', `return ctx.output('T9')`, 'T9 is not one of the task'),
  throws('sends an effect what is no JSON', `await ctx.effects.ranking_log(1n)`, 'TypeError'),
  throws(
    'ignores that an effect was refused',
    `ctx.effects.refusing({}); return {}`,
    'the disk is full',
  ),
  {
    name: 'bombs the heap',
    body: () => `const a = []; for (;;) a.push(new Array(1e6).fill(a.length))`,
    ending: 'THREW',
    says: 'outgrew its memory',
    timeoutMs: 30_000,
  },
  {
    name: 'bombs memory with buffers',
    body: () => `const a = []; for (;;) a.push(Buffer.alloc(8 << 20, 1))`,
    ending: 'THREW',
    says: /outgrew its memory|allocation failed|allocate memory/,
    timeoutMs: 30_000,
  },
  {
    name: 'never stops',
    body: () => `for (;;);`,
    ending: 'TIMED_OUT',
    says: '300 ms',
    timeoutMs: 300,
  },
  {
    name: 'never settles',
    body: () => `await new Promise(() => {})`,
    ending: 'TIMED_OUT',
    timeoutMs: 300,
  },
  {
    name: 'floods its microtasks',
    body: () => `const f = () => Promise.resolve().then(f); await f()`,
    ending: 'TIMED_OUT',
    timeoutMs: 300,
  },
  {
    name: 'returns 50 MiB',
    body: () => `return 'x'.repeat(50 << 20)`,
    ending: 'OVERSIZED',
    says: '1048576',
  },
];

/** They do nothing that is forbidden, or nothing that comes of it. */
const HARMLESS: readonly Animal[] = [
  returns('reads its environment', `return { ...process.env }`, '"output":{}'),
  returns(
    'keeps a timer for after its return',
    `setTimeout(() => fetch('http://127.0.0.1'), 0); setInterval(() => require('fs'), 0); return { done: true }`,
    'done',
  ),
  returns(
    'speaks to the console',
    `console.log('a', { b: 1 }); console.error('c'); process.stdout.write('d'); return {}`,
    '{}',
  ),
  returns(
    'floods the log',
    `for (let i = 0; i < 100000; i++) ctx.log('x'.repeat(9000)); return {}`,
    '{}',
  ),
  returns(
    'pollutes every prototype',
    `Object.prototype.polluted = 1; Array.prototype.then = () => {}; return { ok: true }`,
    'ok',
  ),
  returns(
    'forges its result through toJSON: the result is its own',
    `Object.prototype.toJSON = () => 'mine'; return {}`,
    '"output":"mine"',
  ),
  returns(
    'feels for names of the language on its effects',
    `await ctx.effects; String(ctx.effects[Symbol.iterator]); return { then: typeof ctx.effects.then }`,
    'undefined',
  ),
  returns('does not await an effect', `ctx.effects.ranking_log({ n: 1 }); return {}`, '{}'),
  returns(
    'catches that an effect was refused',
    `try { await ctx.effects.refusing({}) } catch (error) { return { said: error.message } }`,
    'the disk is full',
  ),
  returns(
    'has an AbortSignal',
    `return { aborted: ctx.signal.aborted, kind: ctx.signal.constructor.name }`,
    'AbortSignal',
  ),
  returns(
    'builds a Response without sending anything',
    `return { status: new Response('x').status }`,
    '200',
  ),
  returns(
    'hashes',
    `return require('node:crypto').createHash('sha256').update('x').digest('hex')`,
    '2d711642b726b044',
  ),
];

export const ANIMALS: readonly Animal[] = [
  ...REACHING,
  ...FAILING,
  ...HARMLESS,
  ...('WebSocket' in globalThis
    ? [
        reaches(
          'opens a WebSocket',
          ({ port }) => `new WebSocket('ws://127.0.0.1:${port}')`,
          'WebSocket',
        ),
      ]
    : []),
];
