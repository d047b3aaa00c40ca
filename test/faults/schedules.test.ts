import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { accountOf, pauseSchedule } from '../../src/client/schedules';
import { isObject, type JsonObject } from '../../src/core/json';
import { balanceOf } from '../../src/core/balance';
import type { EmbeddedServer } from '../../src/server/embedded';
import { startOwnServer } from '../support/own-server';
import { freshBundle } from '../support/bundles';
import { Sandbox } from '../support/sandbox';
import { until } from '../e2e/until';
import { policy } from '../e2e/documents';

/** Longer than the catch-up window, which Temporal has no shorter than 10 s. */
const DOWN_MS = 16_000;

const home = mkdtempSync(join(tmpdir(), 'harness-gap-server-'));
let server: EmbeddedServer;
let box: Sandbox;

const start = (port: number): Promise<EmbeddedServer> => startOwnServer(home, port);

beforeAll(async () => {
  server = await start(0);
  process.env['HARNESS_TEST_ADDRESS'] = server.address;
  box = await Sandbox.open();
});
afterAll(async () => {
  await box.close();
  await server.stop();
  rmSync(home, { recursive: true, force: true });
});

async function shown(name: string): Promise<JsonObject> {
  return (await box.json(['schedule', 'show', name])).value;
}

function part(of: JsonObject, key: string): JsonObject {
  const value = of[key];
  return isObject(value) ? value : {};
}

/** Some nominal times of a schedule that is due each second. */
const STILL_MS = 3_500;

/** The same client, but from the moment on that it asks to pause or unpause, the server stands still for a while. */
function stillOnceAsked(client: Client): Client {
  const asked = (ask: (note?: string) => Promise<void>) => (note?: string) => {
    process.kill(server.pid, 'SIGSTOP');
    setTimeout(() => process.kill(server.pid, 'SIGCONT'), STILL_MS);
    return ask(note);
  };
  const getHandle: Client['schedule']['getHandle'] = (name) => {
    const handle = client.schedule.getHandle(name);
    return Object.assign(Object.create(handle), {
      pause: asked((note) => handle.pause(note)),
      unpause: asked((note) => handle.unpause(note)),
    });
  };
  const schedule = Object.create(client.schedule, { getHandle: { value: getHandle } });
  return Object.create(client, { schedule: { value: schedule } });
}

it('C1.1 a pause that the server takes up and ends seconds after it was asked: no time is told twice or left out, and Temporal counts the same', async () => {
  const source = box.file('still.json', freshBundle());
  const args = ['--every', '1s', '--source', `file:${source}`];
  expect((await box.run(['schedule', 'create', 'late', ...args])).status).toBe(0);
  // No worker takes its cycle: what falls due behind it is skipped.
  await until('a cycle is open', async () => {
    return Number(part(await shown('late'), 'balance')['ran']) === 1;
  });
  const client = stillOnceAsked(box.client());
  const { namespace } = box;
  const store = await box.store();
  const harness = { client, store, namespace, uiUrl: '', close: async () => undefined };
  const why = { by: 'ada', why: 'a busy server' } as const;
  for (const type of ['SCHEDULE_PAUSED', 'SCHEDULE_UNPAUSED', 'SCHEDULE_PAUSED'] as const)
    await pauseSchedule(harness, 'late', { ...why, type });

  const { ledger, facts } = await accountOf(harness, 'late');
  for (const { from } of ledger.pauses)
    expect(from.latestMs - from.earliestMs).toBeGreaterThanOrEqual(STILL_MS);
  const { expected, not_run, pending } = balanceOf(ledger, ledger.accountedMs);
  expect(expected).toBe(1 + not_run.OVERLAP + not_run.PAUSED + pending);
  // Each time that the server stood still as it was asked to pause, it skipped what had fallen due; at each edge one may be off.
  expect(facts?.counters).toMatchObject({ taken: 1, missed_catchup_window: 0 });
  const skipped = facts?.counters.skipped_overlap ?? 0;
  expect(Math.abs(not_run.OVERLAP - skipped)).toBeLessThanOrEqual(3);
  expect(not_run.OVERLAP).toBeGreaterThanOrEqual(6);
  expect(not_run.PAUSED).toBeGreaterThanOrEqual(3);
  expect(part(await shown('late'), 'counters')['differences']).toEqual([]);
});

it('C1.1 a server that is down for longer than the catch-up window: every time missed is on record, and Temporal counts the same', async () => {
  const source = box.file('bundle.json', freshBundle());
  const rewriting = setInterval(() => writeFileSync(source, JSON.stringify(freshBundle())), 500);
  const strict = box.file('policy.json', policy({ max_staleness_ms: { default: 10_000 } }));
  try {
    await box.worker();
    const args = ['--every', '4s', '--source', `file:${source}`, '--policy', strict];
    expect((await box.run(['schedule', 'create', 'gap', ...args])).status).toBe(0);
    const ended = async (least: number): Promise<void> =>
      until(`${least} cycles have ended`, async () => {
        const { ran, outcomes } = part(await shown('gap'), 'balance');
        const open = isObject(outcomes) && outcomes['open'] !== undefined;
        return Number(ran) >= least && !open;
      });
    // No cycle is open when the server dies: else what falls due is put down to that cycle.
    await ended(1);
    process.kill(server.pid, 'SIGKILL');
    await server.exited;
    // The one thing to wait for is time itself.
    await new Promise((resolve) => setTimeout(resolve, DOWN_MS));
    const before = server.address;
    server = await start(Number(before.split(':')[1]));
    await until('the missed times are on record', async () => {
      const none = part(part(await shown('gap'), 'balance'), 'not_run');
      return Number(none['MISSED']) >= 1;
    });
    await ended(2);
    expect((await box.run(['schedule', 'pause', 'gap'])).status).toBe(0);
    let whole: JsonObject = {};
    await until('all is settled', async () => {
      whole = await shown('gap');
      return Number(part(whole, 'balance')['pending']) <= 1;
    });
    expect(part(whole, 'counters')['differences']).toEqual([]);
    expect((await box.run(['audit', 'verify'])).status).toBe(0);
  } finally {
    clearInterval(rewriting);
  }
});
