import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EmbeddedServer } from '../../src/server/embedded';
import { startOwnServer } from '../support/own-server';
import { COMPLETED, type Planned, World } from './world';

const home = mkdtempSync(join(tmpdir(), 'harness-killed-server-'));
let server: EmbeddedServer;
let world: World;

const start = (port: number): Promise<EmbeddedServer> => startOwnServer(home, port);

beforeAll(async () => {
  server = await start(0);
  process.env['HARNESS_TEST_ADDRESS'] = server.address;
  world = await World.open();
});
afterAll(async () => {
  await world.close();
  await server.stop();
  rmSync(home, { recursive: true, force: true });
});

it('C4.I2 a server killed in the middle of two cycles: both finish on its file, and nothing happens twice', async () => {
  const worker = await world.stoppingWorker();
  const points = new Map<Planned, string>([
    [world.plan(), 'before T3'],
    [world.plan(), 'after T4'],
  ]);
  for (const [cycle, point] of points) {
    await worker.hold(cycle.workflow_id, point);
    await world.start(cycle);
    await worker.held(cycle.workflow_id, point);
  }
  const waiting = world.plan();
  await worker.hold(waiting.workflow_id, 'before T2');
  await world.start(waiting);
  await worker.held(waiting.workflow_id, 'before T2');
  await world.halt(waiting);
  const { halt_id } = await world.halted(waiting);

  process.kill(server.pid, 'SIGKILL');
  expect(await server.exited).toMatchObject({ signal: 'SIGKILL' });
  server = await start(Number(server.address.split(':')[1]));

  for (const [cycle, point] of points) worker.release(cycle.workflow_id, point);
  for (const cycle of points.keys()) expect(await world.ended(cycle)).toMatchObject(COMPLETED);
  expect(await world.halted(waiting)).toMatchObject({ halt_id, decision: null });
  await world.decide(waiting, 'RESUME');
  expect(await world.ended(waiting)).toMatchObject(COMPLETED);
  for (const cycle of [...points.keys(), waiting]) {
    const types = (await world.entries(cycle)).map(({ type }) => type);
    expect(types.filter((type) => type === 'ACTION_EMITTED')).toHaveLength(1);
  }
  await world.expectSound();
});
