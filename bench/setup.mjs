import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectHarness } from '../dist/client.js';
import { harnessHome } from '../dist/config.js';
import { SEARCH_ATTRIBUTES } from '../dist/core/start.js';
import { connectionSettings } from '../dist/server/connection.js';
import { startEmbedded } from '../dist/server/embedded.js';
import { locateBinary } from '../dist/server/locate.js';
import { openFileStore } from '../dist/store/files/index.js';

import { LEDGER } from './skills.mjs';

const { bundleWorkflowCode } = createRequire(import.meta.url)('@temporalio/worker');
const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const quiet = {
  log() {},
  trace() {},
  debug() {},
  info() {},
  warn: console.error,
  error: console.error,
};

/** One file-backed server with the product's settings, a worker process a side, and one client for both. */
export async function setUp(say) {
  const home = mkdtempSync(join(tmpdir(), 'harness-bench-'));
  const started = [async () => rmSync(home, { recursive: true, force: true })];
  const close = async () => {
    for (const end of started.toReversed()) await end();
  };
  try {
    const binary = await locateBinary({
      home: harnessHome(process.env),
      env: process.env,
      progress: say,
    });
    const server = await startEmbedded({
      binary: binary.path,
      home,
      dbFile: join(home, 'temporal.db'),
      port: 0,
      uiPort: null,
      searchAttributes: SEARCH_ATTRIBUTES,
    });
    started.push(() => server.stop());
    writeFileSync(join(home, 'LEDGER.md'), LEDGER);
    const config = join(home, 'harness.config.json');
    writeFileSync(config, JSON.stringify({ ledger: 'LEDGER.md' }));
    const env = {
      PATH: process.env.PATH,
      HARNESS_HOME: home,
      HARNESS_CONFIG: config,
      TEMPORAL_ADDRESS: server.address,
    };
    const bareCode = join(home, 'bare-bundle.js');
    const bundled = await bundleWorkflowCode({
      workflowsPath: here('bare-workflow.mjs'),
      logger: quiet,
    });
    writeFileSync(bareCode, bundled.code);
    const workers = {};
    for (const side of ['bare', 'harness']) {
      const worker = await startWorker([side, bareCode], env);
      workers[side] = worker;
      started.push(() => stopWorker(worker));
    }
    const harness = await connectHarness(
      connectionSettings({ env }),
      await openFileStore(home),
      '',
    );
    started.push(() => harness.close());
    return { home, server, workers, harness, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function startWorker(args, env) {
  const execArgv = (process.env.BENCH_WORKER_FLAGS ?? '').split(' ').filter((flag) => flag !== '');
  const worker = fork(here('worker.mjs'), args, { env, execArgv });
  const ended = once(worker, 'exit').then(([code]) => {
    throw new Error(`the ${args[0]} worker ended with status ${code} before it polled`);
  });
  await Promise.race([once(worker, 'message'), ended]);
  ended.catch(() => undefined); // from here on its end is asked for
  return worker;
}

async function stopWorker(worker) {
  if (worker.exitCode !== null || worker.signalCode !== null) return;
  const ended = once(worker, 'exit');
  worker.disconnect();
  await ended;
}
