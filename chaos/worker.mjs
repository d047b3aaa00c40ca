// One worker process of the chaos run: the built product, with a note of each task's body that begins (behind all gates), and a
// place to be held at. It ends at once when its parent is gone.
import { appendFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createLogger, installRuntime } from '../dist/logger.js';
import { connectionSettings } from '../dist/server/connection.js';
import { openFileStore } from '../dist/store/files/index.js';
import { startWorker } from '../dist/worker.js';

const { Context } = createRequire(import.meta.url)('@temporalio/activity');
const bodies = process.env.CHAOS_BODIES;
let holdNext = false;

async function checkpoint(point, task) {
  const { workflowId } = Context.current().info.workflowExecution;
  if (point === 'before')
    appendFileSync(
      bodies,
      `${JSON.stringify({ at: Date.now(), workflow_id: workflowId, task })}\n`,
    );
  if (!holdNext) return;
  holdNext = false;
  process.send({ held: `${point} ${task}` });
  await Context.current().cancelled;
}

process.on('message', () => {
  holdNext = true;
});
process.once('disconnect', () => process.exit(1));

const log = createLogger(process.env.HARNESS_LOG_LEVEL ?? 'silent');
installRuntime(log);
const store = await openFileStore(process.env.HARNESS_HOME);
const worker = await startWorker(connectionSettings({ env: process.env }), store, log, {
  checkpoint,
});
process.send({ polling: true });
await worker.stopped;
