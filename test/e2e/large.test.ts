import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { JsonObject } from '../../src/core/json';
import { belief } from '../support/bundles';
import { ROOT, Sandbox } from '../support/sandbox';
import { object, objects, uniqueBundle } from './documents';
import { H } from './recipe';

let box: Sandbox;
let small: JsonObject;
beforeAll(async () => {
  box = await Sandbox.open();
  await box.worker();
  small = await run(uniqueBundle());
});
afterAll(() => box.close());

async function run(bundle: JsonObject): Promise<JsonObject> {
  const input = box.file('bundle.json', bundle);
  const { status, value } = await box.json(['cycle', 'start', '--input', input, '--wait']);
  expect([status, value['outcome'], value['input_hash']]).toEqual([0, 'COMPLETED', H(bundle)]);
  return value;
}

const handleOf = ({ workflow_id }: JsonObject) =>
  box.client().workflow.getHandle(String(workflow_id));

interface Held {
  readonly bytes: number;
  readonly largestPayload: number;
}

/** What Temporal holds of a cycle. */
async function historyOf(result: JsonObject): Promise<Held> {
  const handle = handleOf(result);
  const { historySize } = await handle.describe();
  const payloads: number[] = [];
  const look = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    if ('data' in value && value.data instanceof Uint8Array) payloads.push(value.data.byteLength);
    else Object.values(value).forEach(look);
  };
  look((await handle.fetchHistory()).events);
  expect(payloads.length).toBeGreaterThan(10);
  return { bytes: historySize ?? Number.NaN, largestPayload: Math.max(...payloads) };
}

async function expectNoCopyInHistory(large: JsonObject): Promise<void> {
  const [ofSmall, ofLarge] = await Promise.all([historyOf(small), historyOf(large)]);
  expect(ofLarge.bytes).toBeLessThan(2 * ofSmall.bytes);
  expect(ofLarge.largestPayload).toBeLessThan(64 * 1024);
}

it('runs 10 000 beliefs: all actions are printed whole, the history holds references', async () => {
  const beliefs = Array.from({ length: 10_000 }, (_, i) =>
    belief(`B-${i}`, i % 1_000 === 7 ? { required_permissions: ['value'] } : {}),
  );
  const result = await run(uniqueBundle({ active_beliefs: beliefs }));
  const shown = (await box.json(['cycle', 'show', String(result['cycle_id'])])).value;
  for (const value of [result, shown]) {
    const ids = objects(value['actions']).map(({ belief_id }) => belief_id);
    const kept = beliefs.map(({ belief_id }) => belief_id).filter((_, i) => i % 1_000 !== 7);
    expect(ids).toEqual(kept);
    expect(objects(value['beliefs_removed'])).toHaveLength(10);
  }

  const list = { ref: expect.stringMatching(/^sha256:[0-9a-f]{64}$/), count: 9_990 };
  const [returned, queried] = await Promise.all([
    handleOf(result).result() as Promise<JsonObject>,
    handleOf(result).query<JsonObject>('cycle'),
  ]);
  expect(returned).toMatchObject({ outcome: 'COMPLETED', actions: list });
  expect(queried).toMatchObject({ outcome: 'COMPLETED', actions: list });
  expect(object(returned['actions'])['ref']).toBe(H(shown['actions'] ?? null));
  await expectNoCopyInHistory(result);
  const verified = await box.json(['audit', 'verify', String(result['cycle_id'])]);
  expect(verified.status).toBe(0);
  await expectQuietEnd(['cycle', 'show', String(result['cycle_id']), '--json']);
});

/** A reader that has seen enough closes the pipe while most is still to be written: no error, no stack trace. */
async function expectQuietEnd(args: readonly string[]): Promise<void> {
  const child = spawn('node', [join(ROOT, 'bin', 'harness.js'), ...args], {
    cwd: box.home,
    env: box.env,
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  child.stdout.once('data', () => child.stdout.destroy());
  const [status] = (await once(child, 'close')) as [number | null];
  expect([status, said]).toEqual([141, '']);
}

it('runs a bundle just under 16 MiB, of which the history holds nothing', async () => {
  const bundle = uniqueBundle({
    active_beliefs: [belief('B-1', { value: { notes: 'x'.repeat(16 * 1024 * 1024 - 4_096) } })],
  });
  const bytes = Buffer.byteLength(JSON.stringify(bundle));
  expect(bytes).toBeGreaterThan(16 * 1024 * 1024 - 4_096);
  expect(bytes).toBeLessThan(16 * 1024 * 1024);
  const result = await run(bundle);
  expect(result['actions']).toMatchObject([{ belief_id: 'B-1', duplicate: false }]);
  await expectNoCopyInHistory(result);
});
