import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Sha256 } from '../../src/core/json';
import type { RegistrySnapshot } from '../../src/core/registry';
import { REGISTRY_WORKFLOW_ID } from '../../src/core/start';
import type { EmbeddedServer } from '../../src/server/embedded';
import { impatientBinary, startOwnServer } from '../support/own-server';
import { graph } from '../e2e/documents';
import { until } from '../e2e/until';
import { act, chameleon, SkillDesk } from '../support/skills';
import { kill, World } from './world';

const home = mkdtempSync(join(tmpdir(), 'harness-killed-registry-'));
let server: EmbeddedServer;
let world: World;
let desk: SkillDesk;

const start = (port: number): Promise<EmbeddedServer> =>
  startOwnServer(home, port, impatientBinary(home));

beforeAll(async () => {
  server = await start(0);
  process.env['HARNESS_TEST_ADDRESS'] = server.address;
  world = await World.open();
  desk = new SkillDesk(world.box, world.harness);
});
afterAll(async () => {
  await desk.close();
  await world.close();
  await server.stop();
  rmSync(home, { recursive: true, force: true });
});

/** From the newest snapshot to the first: what each one changed. */
async function changes(): Promise<string[]> {
  const { store } = world.harness;
  const told: string[] = [];
  let hash: Sha256 | null = (await store.registry.now()).pointer?.hash ?? null;
  while (hash !== null) {
    const bytes: Uint8Array | null = await store.documents.get(hash);
    const snapshot = JSON.parse(Buffer.from(bytes ?? []).toString('utf8')) as RegistrySnapshot;
    told.push(`${snapshot.registry.version} ${snapshot.message}`);
    hash = snapshot.previous;
  }
  return told;
}

const underWay = async (): Promise<boolean> => {
  const handle = world.harness.client.workflow.getHandle(REGISTRY_WORKFLOW_ID);
  return ((await handle.describe()).raw.pendingActivities ?? []).length > 0;
};

it('C7.R the registry stands when worker and server are killed in the middle of a registration', async () => {
  const worker = await world.worker();
  await desk.register(chameleon('acme.first'));
  const asked = desk.register(chameleon('acme.second'), false).catch(() => 'lost');
  await until('the registration is under way', underWay);
  await kill(worker);
  process.kill(server.pid, 'SIGKILL');
  expect(await server.exited).toMatchObject({ signal: 'SIGKILL' });
  const before = ['2 acme.first@1.0.0 is ACTIVE', '1 acme.first@1.0.0 is REGISTERED'];
  expect(await changes()).toEqual(before);

  server = await start(Number(server.address.split(':')[1]));
  await world.worker();
  await until('what was accepted is done', async () => (await changes()).length > 2);
  await asked;
  expect(await changes()).toEqual(['3 acme.second@1.0.0 is REGISTERED', ...before]);
  // It is the same registration.
  await desk.register(chameleon('acme.second'));
  expect((await changes())[0]).toBe('4 acme.second@1.0.0 is ACTIVE');
  const cycle = world.plan({
    graph: graph([
      act('first', 'acme.first', { steps: [['note', { n: 1 }]] }),
      act('second', 'acme.second', { steps: [['note', { n: 2 }]] }),
    ]),
  });
  await world.start(cycle);
  expect(await world.ended(cycle)).toMatchObject({ outcome: 'COMPLETED', violations: [] });
  expect(desk.lines().map(({ payload }) => payload)).toEqual([{ n: 1 }, { n: 2 }]);
  await world.expectSound();
});

it('C7.R the registry continues as new while changes come, and loses none of them', async () => {
  const handle = world.harness.client.workflow.getHandle(REGISTRY_WORKFLOW_ID);
  const { runId } = await handle.describe();
  const told = Array.from({ length: 12 }, async (_, i) => {
    if (i !== 8) return desk.change('release', 'acme.first').catch(String);
    return desk.change('deprecate', 'acme.first@1.0.0', 'D012');
  });
  const answers = await Promise.all(told);
  expect(
    answers.filter((answer) => /acme\.first is not quarantined/.test(String(answer))),
  ).toHaveLength(11);
  expect(answers[8]).toBeUndefined();
  expect((await changes())[0]).toBe('5 acme.first@1.0.0 is DEPRECATED');
  expect((await handle.describe()).runId).not.toBe(runId);
  expect(await handle.query('position')).toMatchObject({ version: 5 });
});
