import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '../../src/core/json';
import { Sandbox } from '../support/sandbox';
import { objects, policy, taskLines, uniqueBundle } from './documents';
import { until } from './until';

let box: Sandbox;
let files = 0;
/** While this file is there, the worker stops behind T4, whose actions are emitted then. */
let pauseFile: string;
let worker: Awaited<ReturnType<Sandbox['worker']>>;
beforeAll(async () => {
  box = await Sandbox.open();
  pauseFile = join(box.home, 'pause');
  worker = await box.worker([join(__dirname, 'paused-worker.js'), 'T4', pauseFile]);
});
afterEach(async () => {
  rmSync(pauseFile, { force: true });
  // C4.I2: whatever was started how often, each action stands once in all chains together.
  const emitted = await emittedIds();
  expect(new Set(emitted).size).toBe(emitted.length);
  const verified = await box.json(['audit', 'verify']);
  expect(verified.status).toBe(0);
});
afterAll(() => box.close());

async function emittedIds(): Promise<string[]> {
  const store = await box.store();
  const chains = await Promise.all((await store.audit.cycles()).map((id) => store.audit.read(id)));
  return chains
    .flatMap((chain) => chain ?? [])
    .filter(({ type }) => type === 'ACTION_EMITTED')
    .map(({ data }) => String(data['action_id']));
}

function startArgs(bundle: JsonObject, document?: JsonObject): string[] {
  files += 1;
  const input = ['--input', box.file(`${files}.json`, bundle)];
  const own = document === undefined ? [] : ['--policy', box.file(`${files}-p.json`, document)];
  return ['cycle', 'start', ...input, ...own];
}

const runsOf = async (id: unknown): Promise<string[]> => {
  const entries = (await (await box.store()).audit.read(String(id))) ?? [];
  return [...new Set(entries.map(({ run_id }) => run_id))];
};

it('C4.I2 started twice is one cycle: the same ids, the same result, nothing run again', async () => {
  const args = [...startArgs(uniqueBundle()), '--wait'];
  const first = await box.json(args);
  const second = await box.json(args);
  expect([first.status, second.status]).toEqual([0, 0]);
  expect(first.value).toMatchObject({ deduplicated: false, actions: [{ duplicate: false }] });
  expect(second.value).toEqual({ ...first.value, deduplicated: true });
  const third = await box.json(args.slice(0, -1));
  const { cycle_id, workflow_id, run_id } = first.value;
  expect(third.value).toMatchObject({ deduplicated: true, cycle_id, workflow_id, run_id });
  // Key order and blanks are no part of a document: the same cycle.
  const shuffled = JSON.stringify(uniqueBundle(), null, 2);
  const backwards = Object.fromEntries(
    Object.entries(JSON.parse(shuffled) as JsonObject).reverse(),
  );
  const [one, two] = await Promise.all([
    box.json(startArgs(JSON.parse(shuffled) as JsonObject)),
    box.json(startArgs(backwards)),
  ]);
  expect(one.value['run_id']).toBe(two.value['run_id']);
});

it('R36 cut off behind its last entry, a cycle has ended: a further start makes its result of the record', async () => {
  const args = [...startArgs(uniqueBundle()), '--wait'];
  const { value } = await box.json(args);
  const cycleId = String(value['cycle_id']);
  const { cycles } = await box.store();
  const result = await cycles.result(cycleId);
  await cycles.dropResult(cycleId);
  const again = await box.json(args);
  expect(again).toMatchObject({ status: 0, value: { ...value, deduplicated: true } });
  expect(await cycles.result(cycleId)).toEqual(result);
  expect(await runsOf(cycleId)).toHaveLength(1);
});

it('C4.I2 started ten times at once runs once', async () => {
  const args = startArgs(uniqueBundle());
  const started = await Promise.all(Array.from({ length: 10 }, () => box.json(args)));
  expect(started.map(({ status }) => status)).toEqual(Array(10).fill(0));
  const fresh = started.filter(({ value }) => value['deduplicated'] === false);
  expect(fresh).toHaveLength(1);
  const id = fresh[0]?.value['cycle_id'];
  expect(new Set(started.map(({ value }) => value['run_id'])).size).toBe(1);
  const { status, value } = await box.json(['cycle', 'watch', String(id)]);
  expect([status, value['outcome']]).toEqual([0, 'COMPLETED']);
  expect(await runsOf(id)).toHaveLength(1);
});

it('R36 cancelled behind T4, it runs again: a new run, the chain goes on, nothing is emitted twice', async () => {
  box.file('pause', '');
  const args = startArgs(uniqueBundle());
  const paused = once(worker, 'message');
  const first = await box.json(args);
  const id = String(first.value['cycle_id']);
  await paused;
  const cancelled = box.json(['cycle', 'cancel', id]);
  await untilCancelRequested(first.value);
  rmSync(pauseFile);
  const { value: ended } = await cancelled;
  expect(ended).toMatchObject({ outcome: 'CANCELLED', actions: [{ duplicate: false }] });
  expect(ended['reasons']).toMatchObject([{ code: 'CANCELLED' }]);

  const again = await box.json([...args, '--wait']);
  expect(again.status).toBe(0);
  expect(again.value).toMatchObject({
    cycle_id: id,
    workflow_id: first.value['workflow_id'],
    deduplicated: false,
    outcome: 'COMPLETED',
    actions: [{ belief_id: 'B-1', duplicate: true }],
  });
  expect(await runsOf(id)).toEqual([first.value['run_id'], again.value['run_id']]);
  const onceMore = await box.json(args);
  expect(onceMore.value).toMatchObject({ deduplicated: true, run_id: again.value['run_id'] });
});

it('C4.I2 the same bundle under another policy is another cycle, whose actions are duplicates', async () => {
  const bundle = uniqueBundle();
  const first = await box.json([...startArgs(bundle), '--wait']);
  const other = await box.json([
    ...startArgs(bundle, policy({ policy_id: 'strict', min_regime_confidence: 0.6 })),
    '--wait',
  ]);
  expect(other.value['cycle_id']).not.toBe(first.value['cycle_id']);
  expect(other.value).toMatchObject({ outcome: 'COMPLETED', deduplicated: false });
  const [action] = objects(first.value['actions']);
  expect(other.value['actions']).toEqual([{ ...action, duplicate: true }]);
});

it('R36 terminated, it runs again and completes', async () => {
  box.file('pause', '');
  const args = startArgs(uniqueBundle());
  const paused = once(worker, 'message');
  const first = await box.json(args);
  const id = String(first.value['cycle_id']);
  await paused;
  const waiting = box.run(['cycle', 'watch', id]);
  await box.client().workflow.getHandle(String(first.value['workflow_id'])).terminate('a test');
  rmSync(pauseFile);
  const watched = await waiting;
  expect(watched.status).toBe(1);
  expect(watched.stderr).toMatch(/TERMINATED without an outcome/);

  const again = await box.json([...args, '--wait']);
  expect(again).toMatchObject({ status: 0, value: { outcome: 'COMPLETED', deduplicated: false } });
  expect(again.value['actions']).toMatchObject([{ duplicate: true }]);
  expect(await runsOf(id)).toEqual([first.value['run_id'], again.value['run_id']]);
});

it('shows a cycle whole, and starts it no second time, where the server does not know it and no worker is up', async () => {
  const args = [...startArgs(uniqueBundle()), '--wait'];
  const { value } = await box.json(args);
  const { cycle_id, run_id } = value;
  const gone = once(worker, 'exit');
  worker.kill('SIGKILL');
  await gone;
  // A namespace that has never seen the cycle: as after the retention, without waiting for it.
  const other = await Sandbox.open();
  const elsewhere = ['--namespace', other.namespace];
  await other.close();
  const shown = await box.json(['cycle', 'show', String(cycle_id), ...elsewhere]);
  const { link: _, ...whole } = value;
  expect(shown).toMatchObject({ status: 0, value: { ...whole, workflow_status: null } });
  expect(taskLines(shown.value)).toHaveLength(4);
  const again = await box.json([...args, ...elsewhere]);
  expect(again).toMatchObject({ status: 0, value: { run_id, deduplicated: true } });
  const listed = await box.json(['cycle', 'list', '--outcome', 'COMPLETED', ...elsewhere]);
  const rows = listed.value as unknown as JsonObject[];
  expect(rows.map((row) => row['cycle_id'])).toContain(cycle_id);
});

async function untilCancelRequested({ workflow_id }: JsonObject): Promise<void> {
  const handle = box.client().workflow.getHandle(String(workflow_id));
  await until('the cancellation is on the server', async () => {
    const { events } = await handle.fetchHistory();
    return (events ?? []).some((event) => event.workflowExecutionCancelRequestedEventAttributes);
  });
}
