// Compiles the sources, then bundles the workflows once, so that a worker starts in a fraction of a second,
// and the program of a skill's process into the one file that it may read.
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);
rmSync(join(root, 'dist'), { recursive: true, force: true });
const tsc = join(root, 'node_modules', '.bin', 'tsc');
execFileSync(tsc, ['-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });

const { buildSync } = require('esbuild');
for (const [entry, outfile] of [
  ['main.ts', 'skill-host.js'],
  ['json-schema.ts', 'json-schema.js'],
]) {
  buildSync({
    entryPoints: [join(root, 'src', 'sandbox', 'host', entry)],
    outfile: join(root, 'dist', 'sandbox', outfile),
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    logLevel: 'warning',
  });
}

// As it lies in memory once it is loaded. A Node that cannot make one starts the file itself, each time.
const { writeSnapshot } = require('../dist/sandbox/snapshot.js');
const host = join(root, 'dist', 'sandbox', 'skill-host');
try {
  writeSnapshot(`${host}.js`, `${host}.blob`);
} catch (error) {
  console.warn(`the processes of skills start without a snapshot: ${error.message}`);
}

const { bundleWorkflowCode } = require('@temporalio/worker');
const silent = {
  log() {},
  trace() {},
  debug() {},
  info() {},
  warn: console.warn,
  error: console.error,
};
// The second is for workers with a build id (src/workflows/versioned.ts).
for (const [entry, outfile] of [
  ['index.js', 'workflow-bundle.js'],
  ['versioned.js', 'workflow-bundle-versioned.js'],
]) {
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(root, 'dist', 'workflows', entry),
    workflowInterceptorModules: [join(root, 'dist', 'workflows', 'interceptors.js')],
    logger: silent,
    // Fewer, larger functions: a cycle's first activation evaluates them all. Not minified: a stack trace must be readable.
    webpackConfigHook: (config) => ({
      ...config,
      mode: 'production',
      optimization: { ...config.optimization, minimize: false, concatenateModules: true },
    }),
  });
  writeFileSync(join(root, 'dist', outfile), code);
}
