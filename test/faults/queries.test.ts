import type { JsonObject } from '../../src/core/json';
import { INPUTS, objections } from '../support/replay/objections';
import { until } from '../e2e/until';
import { historyOf } from './corpus';
import { type Planned, World } from './world';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

/** Of so many asked at once some are taken by the new worker before their workflow task. */
const CYCLES = 12;

/** The server has given the lost worker's share of the cycle up: whoever comes takes it. */
async function givenUp(cycle: Planned): Promise<boolean> {
  const { events } = await world.handle(cycle).fetchHistory();
  const last = events?.at(-1);
  return (
    last?.workflowTaskScheduledEventAttributes != null &&
    events?.at(-2)?.workflowTaskTimedOutEventAttributes != null
  );
}

it('R4 what a cycle records bears a time of its history, also where a query wakes it on another worker', async () => {
  const lost = await world.stoppingWorker();
  const cycles = Array.from({ length: CYCLES }, () => world.plan());
  for (const { workflow_id } of cycles) await lost.hold(workflow_id, 'before T2');
  await Promise.all(cycles.map((cycle) => world.start(cycle)));
  await Promise.all(cycles.map(({ workflow_id }) => lost.held(workflow_id, 'before T2')));
  await world.killWorkers();
  // No workflow task waits yet, so the server keeps these for whoever comes, beside the task that the halt brings.
  const asked = cycles.map((cycle) =>
    world
      .handle(cycle)
      .query<JsonObject>('cycle')
      .then(
        ({ halt }) => (halt === null ? 'before' : 'behind'),
        (error: Error) => error.message,
      ),
  );
  await Promise.all(cycles.map((cycle) => world.halt(cycle)));
  for (const cycle of cycles) await until('it is given up', () => givenUp(cycle));
  await world.worker();
  const ahead = 'the cycle was asked ahead of its next workflow task: ask again';
  for (const answer of await Promise.all(asked))
    expect(['before', 'behind', ahead]).toContain(answer);
  const histories = new Map<string, JsonObject>();
  for (const cycle of cycles) {
    await world.halted(cycle);
    histories.set(cycle.workflow_id, await historyOf(world, cycle.workflow_id));
  }
  expect(objections(histories, INPUTS)).toEqual({});
});
