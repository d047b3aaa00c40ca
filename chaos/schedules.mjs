// A cycle that a Temporal Schedule starts: its bundle lies in a file, which its first step reads.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSchedule, triggerSchedule } from '../dist/client/schedules.js';
import { tickId } from '../dist/core/identity.js';
import { tickWorkflowPrefix } from '../dist/core/tick.js';
import { readFacts } from '../dist/schedules/facts.js';

/** Never due by itself while a run lasts. */
const EVERY_MS = 365 * 86_400_000;
const NOMINAL = /-(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)$/;

export const scheduleOf = (n) => `chaos-${n}`;

/** Of a scheduled cycle's workflow what is known before it is due; any other as it is. */
export const wayOfWorkflow = (workflow_id) => workflow_id.replace(NOMINAL, '');

export const wayOfSchedule = (n) => tickWorkflowPrefix(scheduleOf(n));

/** The one cycle of its schedule: asked again it is not started again. @returns its `{workflow_id, cycle_id}` */
export async function startScheduled({ home, harness }, n, { bundle, ...rules }) {
  const folder = join(home, 'sources');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${n}.json`);
  writeFileSync(path, JSON.stringify(bundle.value));
  const schedule = scheduleOf(n);
  const plan = { schedule, source: `file:${path}`, every_ms: EVERY_MS, jitter_ms: 0, by: 'chaos' };
  if ((await readFacts(harness.client, schedule)) === null)
    await createSchedule(harness, { ...plan, rules });
  const started = await startedOf(harness, schedule);
  if (started !== undefined) return started;
  await triggerSchedule(harness, schedule, { by: 'chaos', why: 'its time has come' });
  const now = await startedOf(harness, schedule);
  if (now === undefined) throw new Error(`schedule ${schedule} has started nothing yet`);
  return now;
}

async function startedOf({ client }, schedule) {
  const facts = await readFacts(client, schedule);
  const [workflow_id] = [...(facts?.started.values() ?? [])].map((each) => each.workflow_id);
  if (workflow_id === undefined) return undefined;
  const [, nominal] = NOMINAL.exec(workflow_id);
  return { workflow_id, cycle_id: tickId(schedule, nominal) };
}
