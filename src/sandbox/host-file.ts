import { createHash } from 'node:crypto';
import { existsSync, readFileSync, realpathSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The build writes both beside this file; a checkout without a build makes them on demand. */
const HOST = 'skill-host.js';
const CONVERTER = 'json-schema.js';

/** The one file that a child may read: the program of its process. */
export function hostFile(): string {
  const built = join(__dirname, HOST);
  if (existsSync(built)) return realpathSync(built);
  const text = bundled('main.ts');
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 16);
  const path = join(realpathSync(tmpdir()), `harness-skill-host-${hash}.js`);
  if (!existsSync(path)) {
    const fresh = `${path}.${process.pid}`;
    writeFileSync(fresh, text, { mode: 0o644 });
    renameSync(fresh, path);
  }
  // The folder is everybody's: what lies there under this name may be someone else's.
  if (readFileSync(path, 'utf8') !== text) throw new Error(`${path} is not what was built`);
  return path;
}

/** CommonJS text whose export is zod's `toJSONSchema`. */
export function converterText(): string {
  const built = join(__dirname, CONVERTER);
  return existsSync(built) ? readFileSync(built, 'utf8') : bundled('json-schema.ts');
}

function bundled(name: string): string {
  // Loaded here: a build needs it no more.
  const { buildSync } = require('esbuild') as typeof import('esbuild');
  const { outputFiles } = buildSync({
    entryPoints: [join(__dirname, 'host', name)],
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
  });
  return outputFiles[0]?.text ?? '';
}
