import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { temporal } from '@temporalio/proto';
import type { JsonObject } from '../../src/core/json';
import { SEARCH_ATTRIBUTES } from '../../src/core/start';
import { choosePorts } from '../../src/server/ports';
import { type EmbeddedServer, startEmbedded } from '../../src/server/embedded';
import { describeBrowser, domOf } from '../support/browser';
import { ROOT, Sandbox } from '../support/sandbox';
import { uniqueBundle } from './documents';
import { until } from './until';

/** A world whose payloads are encrypted: what Temporal holds, who can read it, and what happens to whoever cannot. */
const BIN = join(ROOT, 'bin', 'harness.js');
const SECRET = 'a-secret-of-the-desk';
const WHY = ['--reason', SECRET, '--root-cause', SECRET, '--why-safe', SECRET];
/** Search attributes, which a server has to search, and the SDK's note of a local activity's name and number. */
const IN_PLAIN = [
  'events.markerRecordedEventAttributes.details.data.payloads.metadata',
  'events.upsertWorkflowSearchAttributesEventAttributes.searchAttributes.indexedFields.HarnessOutcome.metadata',
  'events.upsertWorkflowSearchAttributesEventAttributes.searchAttributes.indexedFields.HarnessPhase.metadata',
  'events.upsertWorkflowSearchAttributesEventAttributes.searchAttributes.indexedFields.HarnessReason.metadata',
  'events.workflowExecutionStartedEventAttributes.searchAttributes.indexedFields.HarnessMode.metadata',
  'events.workflowExecutionStartedEventAttributes.searchAttributes.indexedFields.HarnessPhase.metadata',
];
const { History } = temporal.api.history.v1;
const KEYS = { k1: randomBytes(32).toString('base64'), k2: randomBytes(32).toString('base64') };

let box: Sandbox;
beforeAll(async () => {
  box = await Sandbox.open();
  keys('k1', ['k1']);
});
afterAll(() => box.close());

/** From now on whoever starts writes with `write` and reads with those of `known`. */
function keys(write: keyof typeof KEYS, known: readonly (keyof typeof KEYS)[]): void {
  const content = { write, keys: Object.fromEntries(known.map((id) => [id, KEYS[id]])) };
  const path = box.file('keys.json', content);
  chmodSync(path, 0o600);
  box.env['HARNESS_PAYLOAD_KEYS'] = path;
}
function noKeys(): void {
  delete box.env['HARNESS_PAYLOAD_KEYS'];
}

async function start(...more: string[]): Promise<JsonObject> {
  const input = box.file(`bundle-${randomBytes(4).toString('hex')}.json`, uniqueBundle());
  return (await box.json(['cycle', 'start', '--input', input, ...more])).value;
}
const handle = (cycle: JsonObject) => box.client().workflow.getHandle(String(cycle['workflow_id']));
async function history(cycle: JsonObject): Promise<JsonObject> {
  const fetched = await handle(cycle).fetchHistory();
  return History.toObject(History.create(fetched), { bytes: String, longs: String }) as JsonObject;
}

/** Every payload in the history: where it stands, and how it is encoded. */
function payloadsIn(of: unknown, at: readonly string[] = []): { at: string; as: string }[] {
  if (Array.isArray(of)) return of.flatMap((each) => payloadsIn(each, at));
  if (typeof of !== 'object' || of === null) return [];
  return Object.entries(of).flatMap(([name, value]) =>
    name === 'encoding'
      ? [{ at: at.join('.'), as: Buffer.from(String(value), 'base64').toString() }]
      : payloadsIn(value, [...at, name]),
  );
}
/** All that a reader of the server's database could make out. */
function readable(of: JsonObject): string {
  return JSON.stringify(of, (name, value: unknown) =>
    name === 'data' && typeof value === 'string' ? Buffer.from(value, 'base64').toString() : value,
  );
}

const workers: ChildProcess[] = [];
async function work(): Promise<ChildProcess> {
  const worker = await box.worker();
  workers.push(worker);
  return worker;
}
afterEach(() => Promise.all(workers.splice(0).map(stop)));

async function stop(worker: ChildProcess): Promise<void> {
  if (worker.exitCode !== null || worker.signalCode !== null) return;
  const gone = once(worker, 'exit');
  worker.kill('SIGKILL');
  await gone;
}

test('a cycle with a halt leaves nothing that anybody wrote in Temporal, and replays with the key', async () => {
  const worker = await work();
  const cycle = await start('--wait');
  await stop(worker);
  const halted = await start();
  await box.run(['halt', String(halted['cycle_id']), '--reason', SECRET, '--by', 'ada']);
  await work();
  const resumed = await box.run(['resume', await openHalt(), '--choice', 'RESUME', ...WHY]);
  expect(resumed.stderr).toBe('');
  const shown = await box.json(['cycle', 'watch', String(halted['cycle_id'])]);
  expect(shown.value).toMatchObject({ outcome: 'COMPLETED' });
  for (const each of [cycle, halted]) {
    const held = await history(each);
    const plain = payloadsIn(held).filter(({ as }) => as !== 'binary/encrypted');
    expect(IN_PLAIN).toEqual(expect.arrayContaining([...new Set(plain.map(({ at }) => at))]));
    expect(readable(held)).not.toContain(SECRET);
    expect(readable(held)).not.toContain('TRENDING');
  }
  const against = await box.run(['audit', 'verify', '--against-temporal']);
  expect([against.status, against.stderr]).toEqual([0, '']);
  expect(replayed({ halted: await history(halted) })).toEqual({ halted: null });
  noKeys();
  expect(replayed({ halted: await history(halted) })).not.toEqual({ halted: null });
});

async function openHalt(): Promise<string> {
  let id = '';
  await until('a halt waits', async () => {
    const { value } = await box.json(['halts']);
    const [first] = value as unknown as JsonObject[];
    id = String(first?.['halt_id'] ?? '');
    return id !== '';
  });
  return id;
}

/** As the replay tests do it, with the keys of this world. */
function replayed(histories: Record<string, JsonObject>): JsonObject {
  const script = join(ROOT, 'test', 'support', 'replay', 'process.js');
  const said = execFileSync('node', [script, join(ROOT, 'dist', 'workflow-bundle.js')], {
    input: JSON.stringify(histories),
    env: { ...process.env, ...box.env },
    encoding: 'utf8',
  });
  return JSON.parse(said) as JsonObject;
}

test('a worker without the key says so in one sentence, and the cycle goes on when the key is there', async () => {
  keys('k1', ['k1']);
  const cycle = await start();
  noKeys();
  const blind = await work();
  let said = '';
  blind.stderr?.on('data', (text: string) => (said += text));
  await until('the worker says why', async () =>
    said.includes(
      'a payload is encrypted with key \\"k1\\": name the file that has it with HARNESS_PAYLOAD_KEYS',
    ),
  );
  await until('Temporal knows that it will have to try again', async () => {
    const { events } = await handle(cycle).fetchHistory();
    return events?.some((event) => event.workflowTaskFailedEventAttributes) === true;
  });
  await stop(blind);
  // A rotation in between: the new key writes, the old one still reads.
  keys('k2', ['k1', 'k2']);
  await work();
  const { value } = await box.json(['cycle', 'watch', String(cycle['cycle_id'])]);
  expect(value).toMatchObject({ outcome: 'COMPLETED' });
  const held = readable(await history(cycle));
  expect([held.includes('"azE="'), held.includes('"azI="')]).toEqual([true, true]);
});

test('a key file that others may read keeps everything from starting', async () => {
  keys('k1', ['k1']);
  chmodSync(box.env['HARNESS_PAYLOAD_KEYS'] ?? '', 0o644);
  const { status, stderr } = await box.run(['worker']);
  expect(status).toBe(1);
  expect(stderr).toMatch(/^harness: others may read the payload keys in .*: run chmod 600 .*\n$/);
  chmodSync(box.env['HARNESS_PAYLOAD_KEYS'] ?? '', 0o600);
});

describeBrowser('the Web UI with the codec server', () => {
  let folder: string;
  let server: EmbeddedServer;
  let codec: ChildProcess;
  beforeAll(async () => {
    keys('k1', ['k1']);
    folder = mkdtempSync(join(tmpdir(), 'harness-ui-'));
    const { port, uiPort } = await choosePorts({ port: 0, uiPort: 0 });
    const at = `127.0.0.1:${port}`;
    server = await startEmbedded({
      binary: process.env['HARNESS_TEST_BINARY'] ?? '',
      home: folder,
      dbFile: null,
      port: 0,
      uiPort: uiPort ?? 0,
      searchAttributes: SEARCH_ATTRIBUTES,
      uiCodecEndpoint: `http://${at}`,
    });
    box.env['TEMPORAL_ADDRESS'] = server.address;
    box.env['TEMPORAL_NAMESPACE'] = 'default';
    box.env['TEMPORAL_UI_URL'] = server.uiUrl ?? '';
    codec = spawn('node', [BIN, 'codec', '--port', String(port)], { env: box.env, cwd: box.home });
    if (codec.stdout !== null) await once(codec.stdout, 'data');
  });
  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('shows what is encrypted in the history as it was written', async () => {
    await work();
    const cycle = await start('--wait');
    expect(cycle['outcome']).toBe('COMPLETED');
    const link = String(cycle['link']);
    const page = link.replace(/\/timeline$/, '/history');
    const secret = String(cycle['input_hash']);
    expect(await domOf(page)).toContain(secret);
    await stop(codec);
    // The page is the same, but for what it could not have decrypted.
    const blind = await domOf(page);
    expect(blind).toContain(String(cycle['workflow_id']));
    expect(blind).not.toContain(secret);
  });
});
