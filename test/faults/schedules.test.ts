import { countersApart } from '../e2e/counters';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isObject, type JsonObject } from '../../src/core/json';
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

async function shown(): Promise<JsonObject> {
  return (await box.json(['schedule', 'show', 'gap'])).value;
}

function part(of: JsonObject, key: string): JsonObject {
  const value = of[key];
  return isObject(value) ? value : {};
}

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
        const { ran, outcomes } = part(await shown(), 'balance');
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
      const none = part(part(await shown(), 'balance'), 'not_run');
      return Number(none['MISSED']) >= 1;
    });
    await ended(2);
    expect((await box.run(['schedule', 'pause', 'gap'])).status).toBe(0);
    let whole: JsonObject = {};
    await until('all is settled', async () => {
      whole = await shown();
      return Number(part(whole, 'balance')['pending']) <= 1;
    });
    expect(countersApart(whole)).toBeLessThanOrEqual(1);
    expect((await box.run(['audit', 'verify'])).status).toBe(0);
  } finally {
    clearInterval(rewriting);
  }
});
