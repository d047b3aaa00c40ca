import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXECUTION_CYCLE, TASK_QUEUE } from '../../src/core/start';
import { until } from '../e2e/until';
import { BUNDLE } from '../support/replay/objections';
import { patientGraph, World } from './world';

/** Longer than the SDK lets workflow code take by default, five seconds. */
const STILL_MS = 7_000;
const BEGIN = 'async function executionCycle(input) {\n';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

/** How often one goes round in this process in so many milliseconds; workflow code has no clock to go by. */
function roundsIn(ms: number): number {
  const SAMPLE = 200_000_000;
  const from = performance.now();
  for (let n = 0; n < SAMPLE;) n += 1;
  return Math.round((SAMPLE * ms) / (performance.now() - from));
}

it("R24 a worker that stands still in the middle of a workflow's code is not stopped there, and goes on with the cycle", async () => {
  const code = readFileSync(BUNDLE, 'utf8');
  expect(code.split(BEGIN)).toHaveLength(2);
  const bundle = join(world.box.home, 'starved.js');
  const still = `for (let n = 0; n < ${roundsIn(STILL_MS)}; ) n += 1;\n`;
  writeFileSync(bundle, code.replace(BEGIN, BEGIN + still));
  await world.worker({ HARNESS_WORKFLOW_BUNDLE: bundle });
  const handle = await world.harness.client.workflow.start(EXECUTION_CYCLE, {
    workflowId: `starved-${randomUUID()}`,
    taskQueue: TASK_QUEUE,
    args: [await world.rawInput(patientGraph())],
    workflowTaskTimeout: '60s',
  });
  let ended: unknown[] = [];
  await until('its first workflow task has ended', async () => {
    const { events } = await handle.fetchHistory();
    ended = (events ?? []).flatMap((event) => {
      if (event.workflowTaskCompletedEventAttributes) return ['completed'];
      return event.workflowTaskFailedEventAttributes?.failure?.message ?? [];
    });
    return ended.length > 0;
  });
  expect(ended[0]).toBe('completed');
  expect(await handle.result()).toMatchObject({ outcome: 'COMPLETED' });
  await world.expectSound();
});
