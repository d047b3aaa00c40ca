import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const ROOT = join(__dirname, '..', '..');

/** Lets plain Node load the TypeScript sources: the children run the real code, without a build. */
const LOAD_TYPESCRIPT = `
  const { transformSync } = require('@swc/core');
  const { readFileSync } = require('node:fs');
  require('node:module')._extensions['.ts'] = (module, file) => {
    const { code } = transformSync(readFileSync(file, 'utf8'), {
      filename: file,
      jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
      module: { type: 'commonjs' },
      swcrc: false,
    });
    module._compile(code, file);
  };
`;

export interface Child {
  readonly pid: number;
  /** The next line of its standard output; null when it has ended. */
  readonly line: () => Promise<string | null>;
  readonly kill: (signal: NodeJS.Signals) => void;
  /**
   * Exit code, null after a signal; rejects with its standard error when the child failed by
   * itself.
   */
  readonly ended: Promise<number | null>;
}

/**
 * Runs `body` (JavaScript; `require` starts at the repository's root) in a process of its own;
 * `shell` may set limits.
 */
export function runChild(body: string, shell = ''): Child {
  const script = `${LOAD_TYPESCRIPT}; (async () => { ${body} })().catch((error) => {
    console.error(error); process.exit(1); });`;
  const args = ['-c', `${shell} exec "$0" -e "$1"`, process.execPath, script];
  const child = spawn('/bin/sh', args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  if (child.pid === undefined) throw new Error('the child could not be started');
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const ended = once(child, 'close').then(([code]: unknown[]) => {
    if (typeof code === 'number' && code !== 0)
      throw new Error(`child ended with ${code}: ${errors}`);
    return typeof code === 'number' ? code : null;
  });
  // Until the test looks at `ended`, a failure may wait.
  ended.catch(() => undefined);
  const lines = linesOf(child.stdout);
  return {
    pid: child.pid,
    line: async () => {
      const next = await lines.next();
      return next.done === true ? null : next.value;
    },
    kill: (signal) => child.kill(signal),
    ended,
  };
}

async function* linesOf(stream: AsyncIterable<Buffer>): AsyncGenerator<string, undefined> {
  let rest = '';
  for await (const block of stream) {
    const pieces = (rest + block.toString()).split('\n');
    rest = pieces.pop() ?? '';
    yield* pieces;
  }
  return undefined;
}
