import { randomUUID } from 'node:crypto';
import type { JsonObject } from '../../src/core/json';
import { Sandbox } from '../support/sandbox';
import { codesOf, graph, object, objects, policy, taskLines, uniqueBundle } from './documents';
import { haltShape, resultShape } from './result';
import { until } from './until';

/** Cycles that are halted before a worker is up: so each is suspended before its first task, without any race. */
const NAMES = ['resumed', 'aborted', 'restarted', 'overridden', 'extra', 'cancelled'] as const;
const POLICIES = {
  expiring: policy({ halt_expiry_ms: 1500 }),
  ageing: policy({ max_staleness_ms: { default: 15_000 } }),
} as const;
type Name = (typeof NAMES)[number] | keyof typeof POLICIES;

let box: Sandbox;
let followed: JsonObject;
let following: ReturnType<Sandbox['run']>;
const cycles = new Map<string, JsonObject>();
const ageingSince = Date.now();

const id = (name: Name): string => String(cycles.get(name)?.['cycle_id']);
const halt = (name: Name): string =>
  `${id(name)}-${String(cycles.get(name)?.['run_id']).slice(-4)}-h1`;
const handle = (name: Name) =>
  box.client().workflow.getHandle(String(cycles.get(name)?.['workflow_id']));

async function start(name: string, more: readonly string[] = []): Promise<JsonObject> {
  const input = box.file(`${name}.json`, uniqueBundle());
  const { value } = await box.json(['cycle', 'start', '--input', input, ...more]);
  cycles.set(name, value);
  return value;
}

beforeAll(async () => {
  box = await Sandbox.open();
  // The restarted cycle has documents of its own: what takes its place has them too.
  const own = [
    ['--graph', box.file('own-graph.json', graph([], { graph_id: 'own' }))],
    ['--policy', box.file('own-policy.json', policy({ policy_id: 'own' }))],
  ].flat();
  for (const name of NAMES) await start(name, name === 'restarted' ? own : []);
  for (const [name, document] of Object.entries(POLICIES))
    await start(name, ['--policy', box.file(`${name}-policy.json`, document)]);
  followed = await start('followed');
  const signal = { reason: 'a drill', by: 'ada' };
  for (const name of [...NAMES, 'expiring', 'ageing'] as const)
    if (name !== 'aborted') await handle(name).signal('halt', signal);
  const said = await box.run(['halt', id('aborted'), '--reason', 'a drill', '--by', 'ada']);
  expect(said).toMatchObject({ status: 0, stdout: expect.stringMatching(/as soon as a worker/) });
  following = box.run(['cycle', 'watch', String(followed['workflow_id'])]);
  await box.worker();
});
afterEach(async () => {
  expect(await box.json(['audit', 'verify'])).toMatchObject({
    status: 0,
    value: { status: 'INTACT' },
  });
});
afterAll(() => box.close());

const WHY = ['--reason', 'checked', '--root-cause', 'a drill', '--why-safe', 'nothing runs'];
const resume = (target: string, choice: string, more: readonly string[] = []): string[] => [
  'resume',
  target,
  '--choice',
  choice,
  ...WHY,
  ...more,
];

async function show(name: Name): Promise<JsonObject> {
  return (await box.json(['cycle', 'show', id(name)])).value;
}

const auditTypes = async (name: Name): Promise<string[]> =>
  ((await (await box.store()).audit.read(id(name))) ?? []).map(({ type }) => type);

it('follows a cycle that no worker had taken yet to its outcome', async () => {
  const { status, stdout, stderr } = await following;
  expect(status).toBe(0);
  expect(stdout).toMatch(/COMPLETED/);
  expect(stderr).not.toBe('');
});

it('C3.F3 a halted cycle waits with a halt card, exit 4, and no task has begun', async () => {
  const watched = await box.json(['cycle', 'watch', id('resumed')]);
  expect(watched.status).toBe(4);
  expect(resultShape.safeParse(watched.value).error?.issues).toBeUndefined();
  expect(watched.value).toMatchObject({
    phase: 'HALTED',
    outcome: null,
    halt: {
      halt_id: halt('resumed'),
      scope: 'cycle',
      code: 'OPERATOR_HALT',
      detail: 'a drill',
      raised_by: 'ada',
      choices: ['RESUME', 'RESTART_FRESH', 'ABORT'],
      decision: null,
    },
  });
  const { since, expires_at } = object(watched.value['halt']);
  expect(Date.parse(String(expires_at)) - Date.parse(String(since))).toBe(3_600_000);
  expect(await auditTypes('resumed')).not.toContain('TASK_ENDED');

  const listed = await box.json(['halts']);
  const cards = listed.value as unknown as JsonObject[];
  const card = cards.find(({ cycle_id }) => cycle_id === id('resumed'));
  expect(haltShape.safeParse(card).error?.issues).toBeUndefined();
  expect(card).toMatchObject(object(watched.value['halt']));
  expect(card).toMatchObject({
    clause: 'C3.F3',
    tasks: { done: { count: 0 }, running: { count: 0 }, blocked: { count: 1, names: ['T1'] } },
    offers: [
      { choice: 'RESUME', does: 'goes on with T1', needed: 1 },
      { choice: 'RESTART_FRESH' },
      { choice: 'ABORT', does: 'the cycle ends HALTED, nothing more runs' },
    ],
    audit_seq: 2,
  });
  const { stdout } = await box.run(['halts']);
  expect(stdout).toContain(`decide: harness resume ${halt('resumed')} --choice RESUME`);
  const started = await box.json(['cycle', 'list', '--phase', 'HALTED']);
  const rows = started.value as unknown as JsonObject[];
  expect(rows.map((row) => row['cycle_id'])).toContain(id('resumed'));
});

it('R14 an override is refused, is a violation on record, and the cycle stays halted', async () => {
  await handleHalted('overridden');
  const attempts = [
    resume(id('overridden'), 'RELAX_CONFIDENCE'),
    resume(id('overridden'), 'RETRY_TASK', ['--decision-id', 'retry']),
  ];
  for (const args of attempts) {
    const { status, stdout, stderr } = await box.run([...args, '--json']);
    expect([status, stdout]).toEqual([1, '']);
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'OVERRIDE_ATTEMPT' } });
  }
  const shown = await show('overridden');
  expect(shown).toMatchObject({ phase: 'HALTED', outcome: null, halt: { decision: null } });
  const violation = {
    kind: 'HARNESS_VIOLATION',
    code: 'OVERRIDE_ATTEMPT',
    skill_ref: null,
    response: ['REJECT', 'HALT'],
  };
  expect(shown['violations']).toMatchObject([violation, violation]);
  await until('both refusals are in the audit', async () => {
    const written = await auditTypes('overridden');
    return written.filter((type) => type === 'VIOLATION').length === 2;
  });
  const types = await auditTypes('overridden');
  expect(types.filter((type) => type === 'DECISION_REFUSED')).toHaveLength(2);
  expect(types.filter((type) => type === 'VIOLATION')).toHaveLength(2);
});

it('R14 a decision with anything more than its seven texts is an override', async () => {
  await handleHalted('extra');
  const decision = {
    halt_id: halt('extra'),
    choice: 'RESUME',
    reason: 'checked',
    root_cause: 'a drill',
    why_safe: 'nothing runs',
    by: 'ada',
    decision_id: randomUUID(),
  };
  const update = (args: JsonObject) => handle('extra').executeUpdate('decide', { args: [args] });
  await expect(update({ ...decision, skip_gate: true })).rejects.toMatchObject({
    cause: { type: 'OVERRIDE_ATTEMPT', message: expect.stringContaining('skip_gate') },
  });
  await expect(update({ ...decision, why_safe: ' ' })).rejects.toMatchObject({
    cause: { message: expect.stringContaining('why_safe') },
  });
  const shown = await show('extra');
  expect(shown).toMatchObject({ phase: 'HALTED', violations: [{ code: 'OVERRIDE_ATTEMPT' }] });
  const other = halt('extra').replace(/h1$/, 'h7');
  const wrong = await box.run(resume(other, 'RESUME'));
  expect(wrong).toMatchObject({ status: 1, stderr: expect.stringContaining(halt('extra')) });
  expect(await show('extra')).toMatchObject({ phase: 'HALTED' });
});

it('C3.F3 RESUME goes on to the outcome; the same decision again changes nothing', async () => {
  const args = resume(id('resumed'), 'RESUME', ['--by', 'ada', '--decision-id', 'go-on']);
  const first = await box.json(args);
  expect(first.status).toBe(0);
  expect(first.value).toMatchObject({
    outcome: 'COMPLETED',
    actions: [{ belief_id: 'B-1', duplicate: false }],
    halt: { decision: { choice: 'RESUME', by: 'ada', decision_id: 'go-on' } },
  });
  const again = await box.json(args);
  expect(again).toMatchObject({ status: 0, value: first.value });
  const types = await auditTypes('resumed');
  expect(types.filter((type) => type === 'DECISION_TAKEN')).toHaveLength(1);
  const other = await box.run(resume(id('resumed'), 'ABORT'));
  expect(other.status).toBe(1);
});

it('R31 ABORT ends the cycle HALTED, exit 4', async () => {
  const { status } = await box.json(
    resume(String(cycles.get('aborted')?.['workflow_id']), 'ABORT'),
  );
  expect(status).toBe(0);
  const watched = await box.json(['cycle', 'watch', id('aborted')]);
  expect([watched.status, watched.value['outcome']]).toEqual([4, 'HALTED']);
  expect(codesOf(watched.value['reasons'])).toEqual(['OPERATOR_HALT']);
  expect(watched.value).toMatchObject({ phase: 'IDLE', actions: [], plan_hash: null });
});

it('R31 RESTART_FRESH ends the cycle HALTED and starts a linked one, by the same graph and policy', async () => {
  const without = await box.run(resume(halt('restarted'), 'RESTART_FRESH'));
  expect(without).toMatchObject({ status: 1, stderr: expect.stringContaining('--input') });
  const input = box.file('fresh.json', uniqueBundle());
  const { status, value } = await box.json(
    resume(halt('restarted'), 'RESTART_FRESH', ['--input', input]),
  );
  expect(status).toBe(0);
  const [ended, fresh] = await Promise.all(
    [id('restarted'), String(value['cycle_id'])].map((cycle) =>
      box.json(['cycle', 'watch', cycle]),
    ),
  );
  expect([ended?.status, ended?.value['outcome']]).toEqual([4, 'HALTED']);
  expect([fresh?.status, fresh?.value['outcome']]).toEqual([0, 'COMPLETED']);
  const { graph_hash, policy_hash, input_hash } = ended?.value ?? {};
  expect(fresh?.value).toMatchObject({ graph_hash, policy_hash });
  expect(fresh?.value['input_hash']).not.toBe(input_hash);
  const [opened] = (await (await box.store()).audit.read(String(value['cycle_id']))) ?? [];
  expect(opened?.data).toMatchObject({ restarts: id('restarted') });
});

it('C3.F3 a halt that expires ends the cycle HALTED', async () => {
  expect(await handle('expiring').result()).toMatchObject({ outcome: 'HALTED' });
  const watched = await box.json(['cycle', 'watch', id('expiring')]);
  expect(watched.status).toBe(4);
  expect(codesOf(watched.value['reasons'])).toEqual(['HALT_EXPIRED']);
});

it('CA a cycle that is cancelled while it is halted ends CANCELLED, exit 5', async () => {
  await handleHalted('cancelled');
  const cancelled = await box.json(['cycle', 'cancel', id('cancelled')]);
  expect([cancelled.status, cancelled.value['outcome']]).toEqual([0, 'CANCELLED']);
  const watched = await box.json(['cycle', 'watch', id('cancelled')]);
  expect([watched.status, watched.value['outcome']]).toEqual([5, 'CANCELLED']);
});

it('R29 a choice that goes on with a bundle that went stale meanwhile ends REJECTED', async () => {
  await handleHalted('ageing');
  const age = Date.now() - ageingSince;
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, 20_000 - age)));
  await box.json(resume(halt('ageing'), 'RESUME'));
  const { status, value } = await box.json(['cycle', 'watch', id('ageing')]);
  expect([status, value['outcome']]).toEqual([3, 'REJECTED']);
  expect(codesOf(value['reasons'])).toContain('STATE_STALE');
  expect(value['actions']).toEqual([]);
  expect(taskLines(value).filter((line) => line.endsWith('SUCCESS'))).not.toContain('T2 SUCCESS');
});

it('lists what still waits, and nothing else', async () => {
  const { value } = await box.json(['halts']);
  const waiting = objects(value as never).map(({ cycle_id }) => cycle_id);
  expect(waiting.sort()).toEqual([id('extra'), id('overridden')].sort());
});

/** Waits until the worker has taken the cycle and it is suspended. */
async function handleHalted(name: Name): Promise<void> {
  const { status } = await box.run(['cycle', 'watch', id(name)]);
  expect(status).toBe(4);
}
