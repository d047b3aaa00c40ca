'use strict';
/*
 * A real worker process, of the built product, that a test can hold at a named point: `before T3`, `after T3` (a task's
 * body), `enter buildGraph` (an activity of that type), `append ACTION_EMITTED`, `appended ACTION_EMITTED` (the audit batch
 * that ends with such an entry). A place is a workflow's id, or `*`, and such a point.
 * HELD names places at which it holds what comes there first. It tells its parent when it is held, and goes on when it is told to, or when its task is cancelled; held firmly, it goes
 * on as if it had not heard of that.
 */
const { Context } = require('@temporalio/activity');
const { createLogger, installRuntime } = require('../../dist/logger');
const { connectionSettings } = require('../../dist/server/connection');
const { loadConfig } = require('../../dist/config');
const { buildOf } = require('../../dist/server/deployment');
const { openStore } = require('../../dist/store/open');
const { startWorker } = require('../../dist/worker');

/** Workflow id and point → how the held activity goes on; null while nothing is held there yet. */
const holds = new Map(JSON.parse(process.env.HELD ?? '[]').map((place) => [place, null]));
const firmly = new Set();

let worker;
process.on('message', ({ hold, firm, release, stopPolling }) => {
  if (stopPolling) return void worker.drain();
  if (hold !== undefined) {
    holds.set(hold, null);
    if (firm) firmly.add(hold);
    process.send({ holding: hold });
    return;
  }
  holds.get(release)?.();
  holds.delete(release);
});

async function pass(point) {
  const { workflowExecution, attempt } = Context.current().info;
  const places = [workflowExecution.workflowId, '*'].map((whose) => `${whose} ${point}`);
  const place = places.find((each) => holds.get(each) === null);
  if (place === undefined) return;
  const released = new Promise((resolve) => holds.set(place, resolve));
  process.send({ held: place, attempt });
  await (firmly.has(place) ? released : Promise.race([released, Context.current().cancelled]));
}

/** The same store, with a point before and after each batch of audit entries; the parent hears how writers fared. */
function watched(store) {
  const claim = async (taskId, claimant, ids, commit) => {
    const tell = (error) =>
      process.send({ wrote: 'CLAIM', cycleId: claimant.cycle_id, error: error && nameOf(error) });
    return store.actions.claim(taskId, claimant, ids, commit).then(
      (done) => (tell(null), done),
      (error) => {
        tell(error);
        throw error;
      },
    );
  };
  const append = async (cycleId, drafts) => {
    const last = drafts.at(-1)?.type;
    await pass(`append ${last}`);
    try {
      const head = await store.audit.append(cycleId, drafts);
      process.send({ wrote: last, cycleId, error: null });
      await pass(`appended ${last}`);
      return head;
    } catch (error) {
      process.send({ wrote: last, cycleId, error: nameOf(error) });
      throw error;
    }
  };
  return { ...store, actions: { claim }, audit: { ...store.audit, append } };
}

function nameOf(error) {
  return error.code ?? error.name;
}

async function main() {
  const log = createLogger(process.env.HARNESS_LOG_LEVEL ?? 'warn');
  const info = (meta, text) => {
    if (meta.state === 'DRAINING') process.send({ deaf: true });
    log.info(meta, text);
  };
  const { debug, warn, error } = log;
  installRuntime({ info, debug: debug.bind(log), warn: warn.bind(log), error: error.bind(log) });
  const { audit } = loadConfig(undefined, process.env);
  const store = await openStore(audit, process.env.HARNESS_HOME, process.env);
  worker = await startWorker(connectionSettings({ env: process.env }), watched(store), log, {
    build: buildOf({}, process.env),
    checkpoint: (point, task) => pass(`${point} ${task}`),
    around: ({ info }) => ({
      inbound: {
        async execute(input, next) {
          await pass(`enter ${info.activityType}`);
          return next(input);
        },
      },
    }),
  });
  process.stdout.write('polling\n');
  await worker.stopped;
  process.send({ done: true });
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
