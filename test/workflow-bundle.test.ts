import { join, relative } from 'node:path';
import type { WorkflowFunctionWithOptions } from '@temporalio/common';
import { type BundleOptions, bundleWorkflowCode } from '@temporalio/worker';
import * as unversioned from '../src/workflows';
import * as versioned from '../src/workflows/versioned';

const ROOT = join(__dirname, '..');

/** What the sandbox may hold of ours: the workflow, the pure core, and the checks of what people send to a running cycle. */
const OURS = [
  /^src\/workflows\//,
  /^src\/core\//,
  /^src\/documents\/(decision|show)\.ts$/,
  /^src\/search-attributes\.ts$/,
];

/** Of packages: the SDK and what it brings. */
const THEIRS =
  /^node_modules\/(@temporalio|protobufjs|@protobufjs|long|ms|nexus-rpc|heap-js|proto3-json-serializer)\//;

type Webpack = Parameters<NonNullable<BundleOptions['webpackConfigHook']>>[0];
type Plugin = NonNullable<Webpack['plugins']>[number];

type Optioned = typeof versioned.executionCycle & WorkflowFunctionWithOptions<never[], unknown>;

let modules: string[] = [];
let code = '';

beforeAll(async () => {
  const silent = () => undefined;
  const logger = {
    log: silent,
    trace: silent,
    debug: silent,
    info: silent,
    warn: silent,
    error: silent,
  };
  const bundle = await bundleWorkflowCode({
    workflowsPath: join(ROOT, 'src', 'workflows', 'index.ts'),
    workflowInterceptorModules: [join(ROOT, 'src', 'workflows', 'interceptors.ts')],
    logger,
    webpackConfigHook: (config) => ({ ...config, plugins: [...(config.plugins ?? []), listing] }),
  });
  code = bundle.code;
}, 60_000);

/** Webpack's own list of what it put into the bundle. */
const listing: Exclude<Plugin, null | undefined | false | '' | 0> = {
  apply(compiler) {
    compiler.hooks.done.tap('listing', ({ compilation }) => {
      modules = [...compilation.modules]
        .flatMap((module) => ('resource' in module ? [String(module.resource)] : []))
        .map((path) => relative(ROOT, path));
    });
  },
};

it('C1 the workflow bundle holds the core and the workflow, and nothing that reads, writes or logs', () => {
  const ours = modules.filter((path) => path.startsWith('src/'));
  expect(ours).toContain('src/core/engine.ts');
  expect(ours.filter((path) => !OURS.some((allowed) => allowed.test(path)))).toEqual([]);
});

it('no package but the SDK is in it: no pino, zod, jsonc-parser', () => {
  const packages = modules.filter((path) => path.startsWith('node_modules/'));
  expect(packages.length).toBeGreaterThan(0);
  expect(packages.filter((path) => !THEIRS.test(path))).toEqual([]);
  expect(code).not.toMatch(/require\(["'](node:)?(crypto|fs|net|child_process)["']\)/);
});

it('stays under 2.5 MiB, source map included: every worker loads it at its start', () => {
  expect(code.length).toBeLessThan(2.5 * 1024 * 1024);
});

it('with a build id every workflow says whether it stays with its build: a cycle does, what outlives cycles does not', () => {
  const behaviours = Object.fromEntries(
    Object.entries(versioned).map(([name, workflow]) => {
      const options =
        'workflowDefinitionOptions' in workflow
          ? (workflow as Optioned).workflowDefinitionOptions
          : {};
      return [name, typeof options === 'object' ? options.versioningBehavior : undefined];
    }),
  );
  expect(behaviours).toEqual({
    executionCycle: 'PINNED',
    haltNotice: 'AUTO_UPGRADE',
    skillRegistry: 'AUTO_UPGRADE',
  });
  expect(Object.keys(versioned).sort()).toEqual(Object.keys(unversioned).sort());
});
