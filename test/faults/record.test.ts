import { mkdirSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { findCycle, waitForCycle } from '../../src/client';
import { codesOf } from '../e2e/documents';
import { until } from '../e2e/until';
import type { StoppingWorker } from './stopping-worker';
import { COMPLETED, distinctBundle, type Planned, World } from './world';

let world: World;
let worker: StoppingWorker;
let cycle: Planned;

beforeAll(async () => {
  world = await World.open();
  worker = await world.stoppingWorker();
});
beforeEach(() => {
  cycle = world.plan();
});
afterAll(() => world.close());

const home = (): string => world.box.env['HARNESS_HOME'] ?? '';
const audit = (): string => join(home(), 'audit');
const aside = (): string => join(home(), 'aside');

const chain = (): string => join(audit(), `${cycle.cycle_id}.jsonl`);

/** A folder stands where the cycle's own chain should be: it alone cannot be written, the rest of the trail can. */
function breakChain(): void {
  renameSync(chain(), `${aside()}.jsonl`);
  mkdirSync(chain());
}

function mendChain(): void {
  rmdirSync(chain());
  renameSync(`${aside()}.jsonl`, chain());
}

/** A file stands where the trail's folder should be: nothing can be written, whoever the user is. */
function breakRecord(): void {
  renameSync(audit(), aside());
  writeFileSync(audit(), '');
}

function mendRecord(): void {
  rmSync(audit());
  renameSync(aside(), audit());
}

async function breakAt(point: string): Promise<Record<string, unknown>> {
  await worker.hold(cycle.workflow_id, point);
  await world.start(cycle);
  await worker.held(cycle.workflow_id, point);
  breakRecord();
  worker.release(cycle.workflow_id, point);
  return world.halted(cycle);
}

const types = async (): Promise<string[]> => (await world.entries(cycle)).map(({ type }) => type);

it('C3.F3 a record that cannot be written halts the cycle with its task open; once mended, RETRY_TASK finishes it', async () => {
  const halt = await breakAt('after T2');
  expect(halt).toMatchObject({
    code: 'HARNESS_ERROR',
    raised_by: 'harness',
    choices: ['RETRY_TASK', 'RESTART_FRESH', 'ABORT'],
  });
  expect(halt['detail']).toContain('a file stands where a folder should be');
  mendRecord();
  expect(await types()).not.toContain('HALT_RAISED');
  await world.decide(cycle, 'RETRY_TASK');
  expect(await world.ended(cycle)).toMatchObject(COMPLETED);
  const written = await types();
  for (const type of ['HALT_RAISED', 'DECISION_TAKEN', 'TASK_STOPPED', 'ACTION_EMITTED'])
    expect(written.filter((each) => each === type)).toEqual([type]);
  await world.expectSound();
});

it('C3.F3 no effect without its record: T4 that cannot write emits nothing, and emits once when it can', async () => {
  const halt = await breakAt('append ACTION_EMITTED');
  expect(halt).toMatchObject({ code: 'HARNESS_ERROR' });
  mendRecord();
  expect(await types()).not.toContain('ACTION_EMITTED');
  await world.decide(cycle, 'RETRY_TASK');
  expect(await world.ended(cycle)).toMatchObject(COMPLETED);
  await world.expectSound();
});

it('C3.F3 a record that cannot be closed halts the cycle instead of ending it; once mended, RESUME ends it', async () => {
  const halt = await breakAt('after T4');
  expect(halt).toMatchObject({
    code: 'HARNESS_ERROR',
    choices: ['RESUME', 'RESTART_FRESH', 'ABORT'],
  });
  mendRecord();
  await world.decide(cycle, 'RESUME');
  expect(await world.ended(cycle)).toMatchObject(COMPLETED);
  const written = await types();
  expect(written.filter((type) => type === 'CYCLE_ENDED')).toEqual(['CYCLE_ENDED']);
  await world.expectSound();
});

it('C3.F3 a bundle that the worker does not have halts the cycle, and the halt names HARNESS_HOME', async () => {
  await worker.hold(cycle.workflow_id, 'before T1');
  await world.start(cycle);
  await worker.held(cycle.workflow_id, 'before T1');
  const stored = await documentOf(cycle);
  const bytes = readFileSync(stored);
  rmSync(stored);
  worker.release(cycle.workflow_id, 'before T1');
  const halt = await world.halted(cycle);
  expect(halt).toMatchObject({
    code: 'HARNESS_ERROR',
    choices: expect.arrayContaining(['RETRY_TASK']),
  });
  expect(halt['detail']).toContain('HARNESS_HOME');
  // Every harness-level error halts the whole harness: no other cycle is admitted until a human clears that.
  const { latch } = world.harness.store;
  expect((await latch.now()).halt).toMatchObject({
    scope: 'harness',
    code: 'HARNESS_ERROR',
    raised_by: 'harness',
  });
  await expect(world.start()).rejects.toMatchObject({ code: 'HARNESS_HALTED' });
  writeFileSync(stored, bytes);
  // Cleared, a cycle with a halt of its own keeps that one.
  await world.clearLatch();
  expect(await world.show(cycle)).toMatchObject({ phase: 'HALTED', halt: { scope: 'cycle' } });
  await world.decide(cycle, 'RETRY_TASK');
  expect(await world.ended(cycle)).toMatchObject(COMPLETED);
  await world.expectSound();
});

it('C3.F3 a halt that came behind the last entry and cannot be written: mended, the cycle ends as it stands on record', async () => {
  await worker.hold(cycle.workflow_id, 'appended CYCLE_ENDED');
  await world.start(cycle);
  await worker.held(cycle.workflow_id, 'appended CYCLE_ENDED');
  // With news, the server refuses the workflow task that ends the cycle: it is done again, and sees the halt first.
  await world.halt(cycle);
  breakChain();
  worker.release(cycle.workflow_id, 'appended CYCLE_ENDED');
  expect(await worker.write(cycle.cycle_id, 'TASK_ENDED', 0)).toBe('AUDIT_UNAVAILABLE');
  mendChain();
  // Nobody hears of a halt in a cycle that has its result: it finds out by itself.
  expect(await world.ended(cycle)).toMatchObject(COMPLETED);
  expect(await types()).not.toContain('HALT_RAISED');
  await world.expectSound();
});

/** The file of the cycle's bundle in the store. */
async function documentOf({ input_hash }: Planned): Promise<string> {
  const digest = (input_hash ?? '').replace('sha256:', '');
  const names = await readdir(join(home(), 'documents'), { recursive: true });
  const name = names.find((each) => each.replaceAll('/', '').includes(digest));
  if (name === undefined) throw new Error(`no document ${digest}`);
  return join(home(), 'documents', name);
}

it('C3.F3 a cycle whose decision was lost with its workflow task, behind its last entry, ends as the record says', async () => {
  await world.start(cycle);
  await world.halt(cycle);
  await world.halted(cycle);
  await worker.hold(cycle.workflow_id, 'appended CYCLE_ENDED');
  const decided = world.decide(cycle, 'ABORT').catch(() => undefined);
  await worker.held(cycle.workflow_id, 'appended CYCLE_ENDED');
  // The server takes no end of a workflow that has heard something meanwhile, and the decision goes with the task.
  await world.handle(cycle).signal('latch');
  worker.release(cycle.workflow_id, 'appended CYCLE_ENDED');
  expect(await world.ended(cycle)).toMatchObject({ outcome: 'HALTED' });
  await decided;
  expect((await types()).filter((type) => type === 'CYCLE_ENDED')).toHaveLength(1);
  await world.expectSound();
});

it('C3.F3 a scheduled cycle that cannot be opened waits until it can, on record, and halts', async () => {
  const { harness, box } = world;
  const source = `file:${box.file('bundle.json', distinctBundle())}`;
  await worker.hold('*', 'enter openTick');
  const workflowId = await world.tick('kept', source);
  const handle = harness.client.workflow.getHandle(workflowId);
  await worker.held('*', 'enter openTick');
  const restore = world.spoil('cycles');
  worker.release('*', 'enter openTick');
  await until('it has tried without its bundle, and waits', async () => {
    const { events } = await handle.fetchHistory();
    return (events ?? []).some(({ timerStartedEventAttributes: timer }) => timer);
  });
  expect((await handle.describe()).status.name).toBe('RUNNING');
  restore();
  const record = await findCycle(harness.store, workflowId);
  expect(await world.halted(record)).toMatchObject({
    code: 'HARNESS_ERROR',
    choices: ['RESUME', 'RESTART_FRESH', 'ABORT'],
    detail: expect.stringContaining('a file stands where a folder should be'),
  });
  await world.clearLatch();
  await world.decide(record, 'ABORT');
  const result = await world.ended(record);
  expect(result).toMatchObject({ outcome: 'HALTED', input_hash: null });
  expect(codesOf(result['reasons'])).toEqual(['SOURCE_FAILED', 'HARNESS_ERROR']);
  await world.expectSound();
});

it('C3.F3 a halt that is not on record yet, and whose worker is gone, is not told as a cycle that nobody has taken', async () => {
  await worker.hold(cycle.workflow_id, 'enter validate_state');
  await world.start(cycle);
  await worker.held(cycle.workflow_id, 'enter validate_state');
  await worker.hold(cycle.workflow_id, 'enter recordEntries');
  await world.halt(cycle);
  await worker.held(cycle.workflow_id, 'enter recordEntries');
  // The search attribute tells of the halt already.
  await world.killWorkers();
  const told = { phase: 'HALTED', outcome: null, halt: null };
  const summary = expect.stringContaining('Its worker does not answer');
  expect(await waitForCycle(world.harness, cycle, 500)).toMatchObject({ ...told, summary });
  worker = await world.stoppingWorker();
  expect(await world.halted(cycle)).toMatchObject({ code: 'OPERATOR_HALT' });
  await world.decide(cycle, 'RESUME');
  expect(await world.ended(cycle)).toMatchObject(COMPLETED);
  await world.expectSound();
});
