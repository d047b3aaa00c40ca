import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { v5 } from 'uuid';
import type { JsonObject } from '../../src/core/json';
import { Sandbox } from '../support/sandbox';
import { codesOf, object, objects, policy, uniqueBundle } from './documents';
import { SourceServer } from './source-server';
import { until } from './until';

const NAMESPACE = '8fafe44f-bd1f-50be-b9ab-f6cbda111dfa';
const WHY = ['--reason', 'checked', '--root-cause', 'a drill', '--why-safe', 'nothing runs'];

let box: Sandbox;
let source: SourceServer;
let worker: Awaited<ReturnType<Sandbox['worker']>>;
beforeAll(async () => {
  box = await Sandbox.open();
  source = await SourceServer.open();
  worker = await box.worker();
});
afterEach(async () => {
  source.release();
  expect(await box.json(['audit', 'verify'])).toMatchObject({
    status: 0,
    value: { status: 'INTACT' },
  });
});
afterAll(async () => {
  source.close();
  await box.close();
});

async function create(name: string, more: readonly string[] = []): Promise<JsonObject> {
  const args = ['schedule', 'create', name, '--every', '1s', '--by', 'ada'];
  const own = more.includes('--source') ? more : ['--source', source.address, ...more];
  const { status, value } = await box.json([...args, ...own]);
  expect(status).toBe(0);
  return value;
}

const show = async (name: string): Promise<JsonObject> =>
  (await box.json(['schedule', 'show', name])).value;
const balanceOf = (shown: JsonObject): JsonObject => object(shown['balance']);
const differencesIn = (shown: JsonObject): unknown => object(shown['counters'])['differences'];
const pause = (name: string) => box.json(['schedule', 'pause', name, '--reason', 'enough']);

/** The last cycle that the schedule started. */
async function lastCycle(name: string): Promise<JsonObject> {
  let last: JsonObject | undefined;
  await until(`${name} has a cycle`, async () => {
    last = objects((await show(name))['recent']).at(-1);
    return last !== undefined;
  });
  return last ?? {};
}

async function auditOf(id: unknown): Promise<readonly JsonObject[]> {
  return objects((await box.json(['audit', 'show', String(id)])).value as never);
}

/** Paused and settled: every nominal time has its place, and Temporal counts the same. */
async function settledBalance(name: string): Promise<JsonObject> {
  let balance: JsonObject = {};
  await until(`every time of ${name} is settled`, async () => {
    const shown = await show(name);
    balance = balanceOf(shown);
    expect(differencesIn(shown)).toEqual([]);
    return Number(balance['pending']) <= 1; // the one of this very second
  });
  const none = Object.values(object(balance['not_run'])).reduce<number>((a, b) => a + Number(b), 0);
  expect(balance['expected']).toBe(Number(balance['ran']) + none + Number(balance['pending']));
  return balance;
}

it('R36 runs at its nominal times, each a cycle of its own id on a bundle read fresh', async () => {
  const created = await create('plain');
  expect(created).toMatchObject({ created: true, paused: false, every_ms: 1_000, mode: 'shadow' });
  await until('three cycles have ended', async () => {
    const outcomes = object(balanceOf(await show('plain'))['outcomes'] ?? {});
    return Number(outcomes['COMPLETED'] ?? 0) >= 3;
  });
  await pause('plain');
  const { recent } = await show('plain');
  const inputs = new Set<unknown>();
  for (const row of objects(recent)) {
    const time = String(row['nominal_time']);
    expect(row['cycle_id']).toBe(v5(`tick:plain:${time}`, NAMESPACE));
    expect(row['workflow_id']).toBe(`shadow-plain-${time}`);
    const { value } = await box.json(['cycle', 'watch', String(row['workflow_id'])]);
    expect(value).toMatchObject({ cycle_id: row['cycle_id'], outcome: 'COMPLETED' });
    inputs.add(value['input_hash']);
    const [opened] = await auditOf(row['cycle_id']);
    expect(object(opened?.['data'])['tick']).toEqual({
      schedule: 'plain',
      nominal_time: time,
      source: source.address,
    });
  }
  expect(inputs.size).toBe(objects(recent).length);
  const told = await auditOf('plain');
  expect(told[0]).toMatchObject({ type: 'SCHEDULE_CREATED', actor: 'ada' });
  const listed = await box.json(['schedule', 'list']);
  expect(listed.value).toMatchObject([{ schedule: 'plain', paused: true }]);
});

it('C1.1 counts the nominal times as Temporal does, a second later and from the trail alone', async () => {
  const balance = await settledBalance('plain');
  const since = new Date(String(balance['since']));
  const { startTime } = await box.client().workflowService.listScheduleMatchingTimes({
    namespace: box.namespace,
    scheduleId: 'plain',
    startTime: stamp(since.getTime()),
    endTime: stamp(Date.parse(String(balance['accounted_until']))),
  });
  const nominal = startTime.map(({ seconds }) => Number(seconds)).filter((s) => s * 1_000 > +since);
  expect((await toldTimes('plain')).slice(0, nominal.length)).toEqual(nominal);
  // Any number may look at once: the times stay in order, each once.
  await Promise.all(Array.from({ length: 4 }, () => show('plain')));
  const told = await toldTimes('plain');
  expect(told).toEqual(told.map((_, i) => Number(told[0]) + i));
});

/** The nominal times that the chain tells of, in seconds since 1970, as they stand there. */
async function toldTimes(name: string): Promise<readonly number[]> {
  return (await auditOf(name)).flatMap(({ data }) => {
    const time = object(data)['nominal_time'];
    return typeof time === 'string' ? [Date.parse(time) / 1_000] : [];
  });
}

function stamp(ms: number): { seconds: never } {
  return { seconds: Math.floor(ms / 1_000) as never };
}

it('R36 a trigger is one more cycle; the same second again is the same cycle', async () => {
  const before = balanceOf(await show('plain'));
  const triggered = await box.json(['schedule', 'trigger', 'plain', '--by', 'bob']);
  expect(triggered.status).toBe(0);
  const id = String(triggered.value['workflow_id']);
  const first = await box.json(['cycle', 'watch', id]);
  expect(first.value).toMatchObject({ outcome: 'COMPLETED', deduplicated: false });
  // What a second start at the same nominal time comes to: the same workflow id, run once more.
  const handle = box.client().workflow.getHandle(id);
  const { searchAttributes } = await handle.describe();
  const again = await box.client().workflow.start('executionCycle', {
    workflowId: id,
    taskQueue: 'harness',
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    args: [await inputOf('plain')],
    searchAttributes: {
      TemporalScheduledStartTime: searchAttributes['TemporalScheduledStartTime'] ?? [],
    },
  });
  expect(await again.result()).toMatchObject({
    run_id: first.value['run_id'],
    outcome: 'COMPLETED',
    deduplicated: true,
  });
  const after = balanceOf(await show('plain'));
  expect(Number(after['triggered']) + Number(after['ran'])).toBe(
    Number(before['triggered']) + Number(before['ran']) + 1,
  );
  const told = (await auditOf('plain')).find(({ type }) => type === 'SCHEDULE_TRIGGERED');
  expect(told).toMatchObject({ actor: 'bob' });
});

async function inputOf(name: string): Promise<unknown> {
  const { action } = await box.client().schedule.getHandle(name).describe();
  return action.args?.[0];
}

it('is set up anew under the same name, paused as it was, and runs by what then holds', async () => {
  const states = join(box.home, 'bundle.json');
  writeFileSync(states, '<html>');
  const updated = await create('plain', ['--source', 'file:bundle.json', '--every', '2s']);
  expect(updated).toMatchObject({ created: false, paused: true, source: `file:${states}` });
  const told = (await auditOf('plain')).find(({ type }) => type === 'SCHEDULE_UPDATED');
  expect(told).toMatchObject({ actor: 'ada', data: { every_ms: 2_000 } });
});

it('SOURCE_FAILED a source that gives no bundle ends the cycle HALTED, audited, with no task', async () => {
  await box.json(['schedule', 'unpause', 'plain', '--by', 'bob', '--reason', 'back']);
  let row: JsonObject = {};
  await until('a cycle of the new source', async () => {
    row = objects((await show('plain'))['recent']).at(-1) ?? {};
    return row['outcome'] === 'HALTED';
  });
  await pause('plain');
  const { status, value } = await box.json(['cycle', 'watch', String(row['cycle_id'])]);
  expect(status).toBe(4);
  expect(value).toMatchObject({
    phase: 'IDLE',
    outcome: 'HALTED',
    input_hash: null,
    plan_hash: null,
    tasks: [],
    halt: null,
  });
  expect(codesOf(value['reasons'])).toEqual(['SOURCE_FAILED']);
  expect(JSON.stringify(value['reasons'])).toMatch(/bundle\.json: /);
  const types = (await auditOf(row['cycle_id'])).map(({ type }) => type);
  expect(types).toEqual(['CYCLE_OPENED', 'SOURCE_FAILED', 'CYCLE_ENDED']);
  const listed = await box.json(['cycle', 'list', '--outcome', 'HALTED']);
  expect(JSON.stringify(listed.value)).toContain(String(row['cycle_id']));
});

it('C3.F3 a halt that comes while the source is read is heeded, and what was due then is on record', async () => {
  const held = source.hold();
  await create('halted');
  await held;
  const { workflow_id: id } = await lastCycle('halted');
  await box
    .client()
    .workflow.getHandle(String(id))
    .signal('halt', { reason: 'a drill', by: 'eve' });
  source.release();
  const waiting = await box.json(['cycle', 'watch', String(id)]);
  expect(waiting).toMatchObject({ status: 4, value: { phase: 'HALTED', outcome: null } });
  expect(codesOf([object(waiting.value['halt'])])).toEqual(['OPERATOR_HALT']);
  let shown: JsonObject = {};
  await until('three times came to nothing', async () => {
    shown = await show('halted');
    return Number(object(balanceOf(shown)['not_run'])['HALTED']) >= 3;
  });
  expect(differencesIn(shown)).toEqual([]);
  expect((await auditOf('halted')).at(-1)).toMatchObject({
    type: 'CYCLE_NOT_RUN',
    clause: 'C3.F3',
    data: { reason: 'HALTED', cycle_id: waiting.value['cycle_id'] },
  });
  const refused = await box.run(['schedule', 'trigger', 'halted']);
  expect(refused).toMatchObject({ status: 1, stderr: expect.stringMatching(/is still open/) });

  await pause('halted');
  const decided = await box.json(['resume', String(id), '--choice', 'RESTART_FRESH', ...WHY]);
  expect(decided).toMatchObject({ status: 0, value: { restarts: waiting.value['cycle_id'] } });
  const fresh = await box.json(['cycle', 'watch', String(decided.value['cycle_id'])]);
  expect(fresh.value).toMatchObject({ outcome: 'COMPLETED' });
  expect(fresh.value['input_hash']).not.toBe(waiting.value['input_hash']);
  const balance = await settledBalance('halted');
  expect(balance).toMatchObject({ ran: 1, outcomes: { HALTED: 1 } });
});

it('CA a cancellation while the source is read ends the cycle at once, with no bundle', async () => {
  const held = source.hold();
  await create('cancelled');
  await held;
  const { workflow_id: id } = await lastCycle('cancelled');
  await pause('cancelled');
  const { value } = await box.json(['cycle', 'cancel', String(id)]);
  expect(value).toMatchObject({ outcome: 'CANCELLED', input_hash: null, tasks: [] });
  expect(codesOf(value['reasons'])).toEqual(['CANCELLED']);
});

it('R24 a worker that dies while it reads is no failure: another one reads, and the time counts once', async () => {
  const held = source.hold();
  await create('lost', [
    '--every',
    '3s',
    '--policy',
    box.file('own.json', policy({ policy_id: 'own' })),
  ]);
  await held;
  const { workflow_id: id, nominal_time } = await lastCycle('lost');
  await pause('lost');
  const gone = once(worker, 'exit');
  worker.kill('SIGKILL');
  await gone;
  source.release();
  worker = await box.worker();
  const { value } = await box.json(['cycle', 'watch', String(id)]);
  expect(value).toMatchObject({ outcome: 'COMPLETED', reasons: [] });
  const told = (await auditOf('lost')).filter(
    ({ data }) => object(data)['nominal_time'] === nominal_time,
  );
  expect(told.map(({ type }) => type)).toEqual(['CYCLE_RAN']);
});

it('a pause is on record with who and why, and what falls due meanwhile as PAUSED', async () => {
  await until('a nominal time of the pause has gone by', async () => {
    const shown = await show('halted');
    return Number(object(balanceOf(shown)['not_run'])['PAUSED']) >= 1;
  });
  const paused = (await auditOf('halted')).find(({ type }) => type === 'SCHEDULE_PAUSED');
  expect(object(paused?.['data'])).toMatchObject({ note: 'enough', noticed: false });
  // Behind the harness's back: found by whoever looks next.
  await box.client().schedule.getHandle('halted').unpause('from the Web UI');
  await box.client().schedule.getHandle('halted').pause('again');
  await box.client().schedule.getHandle('lost').unpause('from the Web UI');
  await show('lost');
  const told = await auditOf('lost');
  expect(told.find(({ type }) => type === 'SCHEDULE_UNPAUSED')).toMatchObject({
    actor: 'temporal',
    data: { noticed: true, note: 'from the Web UI' },
  });
});

it('a deleted schedule keeps its chain, and may be made again', async () => {
  const deleted = await box.run([
    'schedule',
    'delete',
    'cancelled',
    '--by',
    'bob',
    '--reason',
    'done',
  ]);
  expect(deleted.status).toBe(0);
  expect((await auditOf('cancelled')).at(-1)).toMatchObject({
    type: 'SCHEDULE_DELETED',
    actor: 'bob',
  });
  expect(await show('cancelled')).toMatchObject({ exists: false, next_times: [], counters: null });
  expect((await box.run(['schedule', 'pause', 'cancelled'])).status).toBe(1);
  expect(await create('cancelled', ['--every', '1d'])).toMatchObject({ created: true });
  expect(await show('cancelled')).toMatchObject({ exists: true, balance: { expected: 0 } });
  await box.run(['schedule', 'delete', 'cancelled']);
});

it('says in one sentence what is wrong with a schedule', async () => {
  const file = box.file('b.json', uniqueBundle());
  const good = ['--every', '5m', '--source', `file:${file}`];
  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [['a name', ...good], /a name is no name for a schedule/],
    [['x', '--every', '500ms', '--source', 'file:b'], /--every 500ms is no time: write whole/],
    [['x', '--every', '0s', '--source', 'file:b'], /--every 0s is no time/],
    [['x', '--every', '5m', '--source', 'b.json'], /source b\.json is none: write file:PATH/],
    [['x', '--every', '5m', '--source', 'http://ada:pw@h/'], /user name or a password/],
    [['x', ...good, '--jitter', '5m'], /--jitter has to be shorter than --every/],
    [['x', ...good, '--mode', 'live'], /mode live is refused.*C6/],
  ];
  for (const [args, sentence] of wrong) {
    const ran = await box.run(['schedule', 'create', ...args]);
    expect([args, ran.status, ran.stdout]).toEqual([args, 1, '']);
    expect(ran.stderr).toMatch(sentence);
    expect(ran.stderr.trimEnd().split('\n')).toHaveLength(1);
  }
  const strict = box.file('strict.json', policy({ max_staleness_ms: { default: 3_000 } }));
  const created = await create('strict', ['--every', '1d', '--policy', strict, '--jitter', '1h']);
  expect(created).toMatchObject({ catchup_window_ms: 10_000, jitter_ms: 3_600_000 });
  expect(JSON.stringify(created['notes'])).toMatch(/at least 10 s/);
});
