import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { type Planned, World } from '../faults/world';
import { act, chameleon, SkillDesk } from '../support/skills';
import { graph } from './documents';
import { until } from './until';

/** What a worker does when it is told to stop, with a skill's task in its hands. */
let world: World;
let desk: SkillDesk;
beforeAll(async () => {
  world = await World.open();
  desk = new SkillDesk(world.box, world.harness);
  const worker = await world.worker();
  await desk.register(chameleon('acme.slow'));
  const gone = once(worker, 'exit');
  await drains(worker);
  await gone;
});
afterAll(async () => {
  await desk.close();
  await world.close();
});

/** Told to stop, and it has heard that. */
async function drains(worker: ChildProcess): Promise<void> {
  let said = '';
  worker.stderr?.on('data', (text: string) => (said += text));
  worker.kill('SIGTERM');
  await until('it says that it drains', async () => said.includes('draining'));
}

/** Started, its first skill's task begun. */
async function napping(ms: number): Promise<Planned> {
  const nap = act('nap', 'acme.slow@1.0.0', {
    steps: [
      ['note', { of: ms }],
      ['nap', ms],
    ],
  });
  const cycle = await world.start(world.plan({ graph: graph([nap]) }));
  await until('the skill is at it', async () =>
    desk.lines().some(({ cycle_id }) => cycle_id === cycle.cycle_id),
  );
  return cycle;
}

async function events(cycle: Planned) {
  return (await world.handle(cycle).fetchHistory()).events ?? [];
}

test('SIGTERM: what runs ends, nothing new is taken, exit 0', async () => {
  const worker = await world.worker();
  const cycle = await napping(3_000);
  const gone = once(worker, 'exit');
  await drains(worker);
  const next = await world.start();
  expect(await gone).toEqual([0, null]);
  const done = (await events(cycle)).filter((event) => event.activityTaskCompletedEventAttributes);
  expect(done).toHaveLength(5); // T1 to T4, and the nap
  const begun = (await events(next)).filter((event) => event.workflowTaskStartedEventAttributes);
  expect(begun).toHaveLength(0);
  await world.worker();
  expect(await world.ended(next)).toMatchObject({ outcome: 'COMPLETED' });
  expect(await world.ended(cycle)).toMatchObject({ outcome: 'COMPLETED' });
  expect(desk.lines().filter(({ cycle_id }) => cycle_id === cycle.cycle_id)).toHaveLength(1);
  await world.killWorkers();
});

test('a second signal ends it at once', async () => {
  const worker = await world.worker();
  const cycle = await napping(20_000);
  const beganMs = performance.now();
  const gone = once(worker, 'exit');
  await drains(worker);
  worker.kill('SIGTERM');
  expect(await gone).toEqual([null, 'SIGTERM']);
  expect(performance.now() - beganMs).toBeLessThan(19_000); // sooner than the task itself would have ended
  await world.handle(cycle).terminate('a test is over');
});
