import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { WorkflowHandle } from '@temporalio/client';
import { EXECUTION_CYCLE, TASK_QUEUE } from '../../src/core/start';
import { until } from '../e2e/until';
import { BUNDLE, replacedOnce } from '../support/replay/objections';
import { COMPLETED, patientGraph, World } from './world';

const BEGIN = 'async function executionCycle(input) {\n';
/** Longer than the SDK lets workflow code take by default, five seconds; by the clock that its logger has. */
const STILL = `const clock = () => globalThis.__TEMPORAL_ACTIVATOR__.getTimeOfDay();
for (const from = clock(); clock() - from < 6_500_000_000n; );
`;

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterEach(() => world.killWorkers());
afterAll(() => world.close());

/** A worker of the product's workflows, some text of which is another. */
function changedWorker(text: string, instead: string): Promise<ChildProcess> {
  const code = replacedOnce(readFileSync(BUNDLE, 'utf8'), text, instead);
  const bundle = world.box.file(`${randomUUID()}.js`, code);
  return world.worker({ HARNESS_WORKFLOW_BUNDLE: bundle });
}

/** How its workflow tasks have ended so far: completed, or with which message. */
async function endings(handle: WorkflowHandle): Promise<string[]> {
  const { events } = await handle.fetchHistory();
  return (events ?? []).flatMap((event) => {
    if (event.workflowTaskCompletedEventAttributes) return ['completed'];
    return event.workflowTaskFailedEventAttributes?.failure?.message ?? [];
  });
}

it("R24 a worker that stands still in the middle of a workflow's code is not stopped there, and goes on with the cycle", async () => {
  await changedWorker(BEGIN, `${BEGIN}${STILL}`);
  const handle = await world.harness.client.workflow.start(EXECUTION_CYCLE, {
    workflowId: `starved-${randomUUID()}`,
    taskQueue: TASK_QUEUE,
    args: [await world.rawInput(patientGraph())],
    workflowTaskTimeout: '60s',
  });
  await until('its first workflow task has ended', async () => (await endings(handle)).length > 0);
  expect((await endings(handle))[0]).toBe('completed');
  expect(await handle.result()).toMatchObject({ outcome: 'COMPLETED' });
  await world.expectSound();
});

it('R4 a worker that has lost track of whose code it runs wakes no cycle in the scope of another; a new one goes on', async () => {
  // As Node leaves it when code was stopped in the middle: the scope that was entered is never left.
  await changedWorker(
    'storage.run(this, this.runInContext.bind(this, fn))',
    '(storage.enterWith(this), this.runInContext(fn))',
  );
  const cycle = await world.start();
  const handle = world.handle(cycle);
  const lost = 'this worker has lost track of whose cycle it runs: start it again';
  await until('it is woken a second time', async () => (await endings(handle)).includes(lost));
  expect([...new Set(await endings(handle))]).toEqual(['completed', lost]);
  await world.killWorkers();
  await world.worker();
  expect(await world.ended(cycle)).toMatchObject(COMPLETED);
  await world.expectSound();
});
