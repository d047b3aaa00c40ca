// One worker process of the chaos run: the built product, with a note of each task's body that begins (behind all gates), and with
// places on its way where a trap may be (traps.mjs). It ends at once when its parent is gone.
import { appendFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger, installRuntime } from '../dist/logger.js';
import { connectionSettings } from '../dist/server/connection.js';
import { openFileStore } from '../dist/store/files/index.js';
import { startWorker } from '../dist/worker.js';
import { wayOfWorkflow } from './schedules.mjs';
import { die, trappedStore, trapWrites } from './trapped.mjs';
import { Traps } from './traps.mjs';

const { asyncLocalStorage, Context } = createRequire(import.meta.url)('@temporalio/activity');
const { CHAOS_BODIES: bodies, CHAOS_DISK: disk, HARNESS_HOME: home } = process.env;
/** Long enough for the deed that the hold is there for. */
const HOLD_MS = 3_000;
const traps = new Traps(home);

/** What a trap at this place says, on the way of this activity's workflow if of no other; null where there is none. */
function taken(at, by = asyncLocalStorage.getStore()?.info.workflowExecution?.workflowId) {
  return by === undefined ? null : traps.take(wayOfWorkflow(by), at);
}

async function pass(at, by) {
  const does = taken(at, by);
  if (does === 'die') die();
  if (does === 'fail') throw new Error('the chaos run has it fail here');
  if (does === 'hold') await Promise.race([Context.current().cancelled, sleep(HOLD_MS)]);
}

async function checkpoint(point, task) {
  await pass(`${point} ${task.replace(/^note-\d$/, 'note')}`);
  const { workflowId: workflow_id } = Context.current().info.workflowExecution;
  // The reading of a source comes before its cycle opens: it is no task.
  if (point === 'before' && task !== 'source') note(bodies, { at: Date.now(), workflow_id, task });
}

/** Every activity comes past the place where it begins, and the one where nobody has heard of its end. */
const around = ({ info }) => ({
  inbound: {
    async execute(input, next) {
      const name = info.activityType.includes('.') ? 'skill' : info.activityType;
      await pass(`begin ${name}`);
      const done = await next(input);
      await pass(`end ${name}`);
      return done;
    },
  },
});

const note = (path, value) => appendFileSync(path, `${JSON.stringify(value)}\n`);

process.once('disconnect', () => process.exit(1));

trapWrites(
  (at, by) => taken(at, by) === 'die',
  (how) => note(disk, { how }),
);
const log = createLogger(process.env.HARNESS_LOG_LEVEL ?? 'silent');
installRuntime(log);
const store = trappedStore(await openFileStore(home), pass);
const worker = await startWorker(connectionSettings({ env: process.env }), store, log, {
  checkpoint,
  around,
});
process.send({ polling: true });
await worker.stopped;
