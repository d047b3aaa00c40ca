import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/**
 * Bundles a program of the tests and runs it with the arguments given. The workflow's and the activities' own code is taken as
 * it is; only Temporal's two packages, and what the activities ask outside of the harness, are the stand-ins of test/simulation.
 */
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const [entry, ...args] = process.argv.slice(2);
const outfile = join(root, 'reports', `${entry?.replaceAll(/\W+/g, '-')}.js`);
mkdirSync(dirname(outfile), { recursive: true });
const standIns = {
  '@temporalio/workflow': './test/simulation/temporal-workflow.ts',
  '@temporalio/activity': './test/simulation/temporal-activity.ts',
};
await build({
  entryPoints: [resolve(root, entry ?? '')],
  outfile,
  bundle: true,
  platform: 'node',
  packages: 'external',
  logLevel: 'error',
  sourcemap: 'inline',
  plugins: [
    {
      name: 'stand-ins',
      setup({ onResolve }) {
        onResolve({ filter: /^@temporalio\/(workflow|activity)$/ }, ({ path }) => ({
          path: resolve(root, standIns[path]),
        }));
        onResolve({ filter: /\/(sources\/source|schedules\/account)$/ }, ({ importer }) =>
          importer.includes(`${sep}activities${sep}`)
            ? { path: resolve(root, './test/simulation/outside.ts') }
            : undefined,
        );
      },
    },
  ],
});
// Its threads take every core there is: none is left to help with the garbage of another.
const flags = ['--enable-source-maps', '--no-parallel-scavenge'];
const { status } = spawnSync(process.execPath, [...flags, outfile, ...args], {
  cwd: root,
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
