// One worker process of the benchmark: `bare` or `harness`. Tells its parent when it polls, and drains when that one is gone.
import { NativeConnection, Worker } from '@temporalio/worker';
import { createLogger, installRuntime } from '../dist/logger.js';
import { openFileStore } from '../dist/store/files/index.js';
import { connectionSettings } from '../dist/server/connection.js';
import { startWorker } from '../dist/worker.js';

const [side, bareCode] = process.argv.slice(2);
const settings = connectionSettings({ env: process.env });
const log = createLogger('warn');
installRuntime(log);

/** The bare worker has the product's worker settings. */
async function startBare() {
  const connection = await NativeConnection.connect(settings.connectionOptions);
  const steps = [1, 2, 3, 4].map((n) => [`step${n}`, async (input) => ({ n, ...input })]);
  const worker = await Worker.create({
    connection,
    taskQueue: 'bare',
    activities: Object.fromEntries(steps),
    workflowBundle: { codePath: bareCode },
    stickyQueueScheduleToStartTimeout: 1_000,
  });
  const stopped = worker.run().finally(() => connection.close());
  return {
    async drain() {
      worker.shutdown();
      await stopped;
    },
  };
}

const worker =
  side === 'bare'
    ? await startBare()
    : await startWorker(settings, await openFileStore(process.env.HARNESS_HOME), log);
process.once('disconnect', () => worker.drain());
process.send('ready');
