import { findCycle } from '../../src/client';
import { until } from '../e2e/until';
import type { StoppingWorker } from './stopping-worker';
import { COMPLETED, distinctBundle, type Planned, World } from './world';

/** What a frozen worker had begun with, and what more it had asked for. */
const LOST = 3;

let world: World;
let zombie: StoppingWorker;
let cycle: Planned;

beforeAll(async () => {
  world = await World.open();
});
beforeEach(async () => {
  zombie = await world.stoppingWorker();
  cycle = world.plan();
});
afterEach(() => world.killWorkers());
afterAll(() => world.close());

/** Frozen there, while another worker goes on: it does not know that the server has given it up. */
async function freezeAt(point: string): Promise<void> {
  await zombie.hold(cycle.workflow_id, point, true);
  await world.start(cycle);
  expect(await zombie.held(cycle.workflow_id, point)).toBe(1);
  await zombie.freeze();
  await world.worker();
}

/** It goes on as if nothing had happened; how its next write of this kind fared is the answer. */
async function wakeAt(point: string, write: string): Promise<string | null> {
  const seen = zombie.writes(cycle.cycle_id, write);
  zombie.release(cycle.workflow_id, point);
  zombie.thaw();
  return zombie.write(cycle.cycle_id, write, seen);
}

it('R36 a worker frozen before it reads the source of a cycle, which is cancelled meanwhile, leaves its end as it is', async () => {
  await zombie.hold('*', 'enter readSnapshot', true);
  const source = `file:${world.box.file('bundle.json', distinctBundle())}`;
  const workflowId = await world.tick('left', source);
  await zombie.held('*', 'enter readSnapshot');
  await zombie.freeze();
  await world.worker();
  const handle = world.harness.client.workflow.getHandle(workflowId);
  await handle.cancel();
  await expect(handle.result()).rejects.toThrow('Workflow execution cancelled');
  const { store } = world.harness;
  const { cycles } = store;
  const { cycle_id: id } = await findCycle(store, workflowId);
  const stood = [await cycles.result(id), await cycles.find(id)];
  expect(stood).toMatchObject([{ outcome: 'CANCELLED' }, { workflow_id: workflowId }]);
  zombie.release('*', 'enter readSnapshot');
  zombie.thaw();
  await zombie.done();
  expect([await cycles.result(id), await cycles.find(id)]).toEqual(stood);
  await world.expectSound();
});

it('R24 a worker frozen before T4 that wakes after the end adds nothing to the record', async () => {
  await freezeAt('before T4');
  expect(await world.ended(cycle)).toMatchObject(COMPLETED);
  const record = await world.entries(cycle);
  const error = await wakeAt('before T4', 'CLAIM');
  // It hears first that it was given up, or it finds what it would write standing there: nothing is written either way.
  expect(['CancelledFailure', null]).toContain(error);
  expect(await world.entries(cycle)).toEqual(record);
  await world.expectSound();
});

it('R32 a worker frozen in T4 that wakes after a halt was resumed is fenced off', async () => {
  await freezeAt('before T4');
  await world.halt(cycle);
  await world.halted(cycle);
  await world.decide(cycle, 'RESUME');
  expect(await world.ended(cycle)).toMatchObject(COMPLETED);
  const record = await world.entries(cycle);
  const error = await wakeAt('before T4', 'CLAIM');
  // It hears that it was given up, or is refused, or finds on record what it would write: nothing is written in any case.
  expect(['CancelledFailure', 'AUDIT_FORK', null]).toContain(error);
  expect(await world.entries(cycle)).toEqual(record);
  await world.expectSound();
});

it('C4.I2 a worker frozen between claim and record halts the cycle, and its late record is refused', async () => {
  await freezeAt('append ACTION_EMITTED');
  // It holds the lock on the claims: nobody can tell whether the actions are emitted.
  const halt = await world.halted(cycle);
  expect(halt).toMatchObject({
    code: 'HARNESS_ERROR',
    choices: ['RETRY_TASK', 'RESTART_FRESH', 'ABORT'],
  });
  expect(String(halt['detail'])).toContain('another process holds it');
  await until('the halt is on record', async () =>
    (await world.entries(cycle)).some(({ type }) => type === 'HALT_RAISED'),
  );
  expect(await wakeAt('append ACTION_EMITTED', 'ACTION_EMITTED')).toBe('AUDIT_FORK');
  await world.clearLatch();
  await world.decide(cycle, 'RETRY_TASK');
  expect(await world.ended(cycle)).toMatchObject(COMPLETED);
  await world.expectSound();
});

it('R24 a machine that stands still with all that its worker had asked for halts nothing: the cycle goes on where it was', async () => {
  const { harness, box } = world;
  await zombie.hold('*', 'enter openTick', true);
  const source = `file:${box.file('bundle.json', distinctBundle())}`;
  const handle = harness.client.workflow.getHandle(await world.tick('still', source));
  expect(await zombie.held('*', 'enter openTick')).toBe(1);
  // It asks for tasks as it is frozen: those that it is sent are lost with it, one after the other.
  zombie.process.kill('SIGSTOP');
  await until('all that it had asked for is lost, and nobody else asks', async () => {
    const { raw } = await handle.describe();
    return (raw.pendingActivities ?? []).some(({ attempt }) => Number(attempt) > LOST);
  });
  zombie.thaw();
  zombie.release('*', 'enter openTick');
  expect(await handle.result()).toMatchObject(COMPLETED);
  expect((await harness.store.latch.now()).halt).toBeNull();
  await world.expectSound();
});
