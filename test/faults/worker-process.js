'use strict';
/*
 * A real worker process, of the built product, that a test can hold at a named point: `before T3`, `after T3` (a task's
 * body), `append ACTION_EMITTED`, `appended ACTION_EMITTED` (the audit batch that ends with such an entry).
 * It tells its parent when it is held, and goes on when it is told to.
 */
const { Context } = require('@temporalio/activity');
const { createLogger, installRuntime } = require('../../dist/logger');
const { connectionSettings } = require('../../dist/server/connection');
const { openFileStore } = require('../../dist/store/files');
const { startWorker } = require('../../dist/worker');

/** Workflow id and point → how the held activity goes on; null while nothing is held there yet. */
const holds = new Map();

process.on('message', ({ hold, release }) => {
  if (hold !== undefined) {
    holds.set(hold, null);
    process.send({ holding: hold });
    return;
  }
  holds.get(release)?.();
  holds.delete(release);
});

async function pass(point) {
  const { workflowExecution, attempt } = Context.current().info;
  const place = `${workflowExecution.workflowId} ${point}`;
  if (holds.get(place) !== null) return;
  const released = new Promise((resolve) => holds.set(place, resolve));
  process.send({ held: place, attempt });
  await Promise.race([released, Context.current().cancelled]);
}

/** The same store, with a point before and after each batch of audit entries; the parent hears how a batch fared. */
function watched(store) {
  const append = async (cycleId, drafts) => {
    const last = drafts.at(-1)?.type;
    await pass(`append ${last}`);
    try {
      const head = await store.audit.append(cycleId, drafts);
      process.send({ wrote: last, cycleId, error: null });
      await pass(`appended ${last}`);
      return head;
    } catch (error) {
      process.send({ wrote: last, cycleId, error: error.code ?? error.message });
      throw error;
    }
  };
  return { ...store, audit: { ...store.audit, append } };
}

async function main() {
  const log = createLogger(process.env.HARNESS_LOG_LEVEL ?? 'warn');
  installRuntime(log);
  const store = await openFileStore(process.env.HARNESS_HOME);
  const worker = await startWorker(
    connectionSettings({ env: process.env }),
    watched(store),
    log,
    (point, task) => pass(`${point} ${task}`),
  );
  process.stdout.write('polling\n');
  await worker.stopped;
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
