import type { JsonObject } from '../../src/core/json';
import { parseInstant } from '../../src/core/time';
import { Sandbox } from '../support/sandbox';
import { graph, object, objects, task, uniqueBundle } from './documents';
import { until } from './until';

/** The harness-wide halt as an operator uses it: real commands, real workers. */
let box: Sandbox;
const WHY = ['--reason', 'checked', '--root-cause', 'a drill', '--why-safe', 'nothing runs'];
const CLEAR = ['resume', '--all', '--choice', 'RESUME', ...WHY, '--by', 'bob'];
const HALT = ['halt', '--all', '--reason', 'a drill', '--by', 'ada'];

const WAIT = `export default {
  skill_id: 'acme.wait', skill_version: '1.0.0', layer: 'L9', task_types: ['wait'],
  required_inputs: [], requires_permissions: [], layer_dependencies: [], side_effects: [],
  output_schema: 'Waited', output: { type: 'object' }, author: 'test', decision_ledger_ref: 'D001',
  run: async (ctx, { ms = 0 }) => { await new Promise((go) => setTimeout(go, ms)); return { ms }; },
};`;
const LEDGER = ['### [2026-11-22] D001: Wait', '**Decision**: yes', ''].join('\n');

/** Two waits behind T4, one after the other: a cycle is somewhere among six tasks when the halt comes. */
const wait = (name: string, after: string, ms: number): JsonObject =>
  task(name, [after], {
    task_type: 'wait',
    skill_ref: 'acme.wait',
    output_schema: 'Waited',
    inputs: { ms, of: name },
  });
const waiting = (ms: number): JsonObject =>
  graph([wait('first', 'T4', ms), wait('second', 'first', ms)]);
const WAITING = waiting(300);

beforeAll(async () => {
  box = await Sandbox.open();
  box.file('harness.config.json', { ledger: 'LEDGER.md' });
  box.file('LEDGER.md', LEDGER);
  await box.worker();
  await box.worker();
  for (const args of [
    ['register', box.file('wait.mjs', WAIT)],
    ['activate', 'acme.wait', '--ledger', 'D001'],
  ])
    expect(await box.run(['skills', ...args])).toMatchObject({ status: 0 });
});
afterAll(() => box.close());

async function start(name: string): Promise<JsonObject> {
  const input = box.file(`${name}.json`, uniqueBundle());
  // Longer than the commands take that are to meet it, on a machine that is busy.
  const of = box.file('waiting.json', graph([wait('only', 'T4', 10_000)]));
  return (await box.json(['cycle', 'start', '--input', input, '--graph', of])).value;
}

const show = async (id: unknown): Promise<JsonObject> =>
  (await box.json(['cycle', 'show', String(id)])).value;

it('C3.F3: 50 running cycles stop on one halt --all, no task starts after it has returned, and all go on when it is cleared', async () => {
  const { prepare, startCycle } = await import('../../src/client');
  const store = await box.store();
  const harness = {
    client: box.client(),
    store,
    namespace: box.namespace,
    uiUrl: '',
    close: async () => undefined,
  };
  const document = (value: JsonObject) => ({
    name: 'd',
    bytes: Buffer.from(JSON.stringify(value)),
  });
  const cycles = await Promise.all(
    Array.from({ length: 50 }, () =>
      startCycle(harness, prepare(document(uniqueBundle()), document(WAITING), null)),
    ),
  );
  const trails = () => Promise.all(cycles.map(({ cycle_id }) => store.audit.read(cycle_id)));
  await until('a skill runs', async () =>
    (await trails()).some((trail) => trail?.some(({ task: name }) => name === 'first')),
  );

  const halted = await box.json(HALT);
  const returned = Date.now();
  expect(halted).toMatchObject({
    status: 0,
    value: {
      halt: { scope: 'harness', code: 'OPERATOR_HALT', detail: 'a drill', raised_by: 'ada' },
    },
  });
  const haltId = String(object(halted.value['halt'])['halt_id']);
  expect(objects(halted.value['in_flight']).length).toBeGreaterThan(0);

  const refused = await box.run(['cycle', 'start', '--input', box.file('n.json', uniqueBundle())]);
  expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('resume --all') });
  const waited = [
    'cycle',
    'start',
    '--input',
    box.file('w.json', uniqueBundle()),
    '--wait',
    '--json',
  ];
  const notAdmitted = await box.run(waited);
  expect(notAdmitted.status).toBe(4);
  expect(JSON.parse(notAdmitted.stderr)).toMatchObject({ error: { code: 'HARNESS_HALTED' } });

  await until('every cycle is suspended, or has ended before', async () => {
    const types = (await trails()).map((trail) => trail?.map(({ type }) => type) ?? []);
    return types.every((each) => each.includes('HALT_RAISED') || each.includes('CYCLE_ENDED'));
  });
  const { value: cards } = await box.json(['halts']);
  expect(cards).toMatchObject([{ halt_id: haltId, cycle_id: null, scope: 'harness' }]);
  const suspended = objects(cards as never)[0]?.['suspended_cycles'];
  expect(Array.isArray(suspended) && suspended.length).toBeGreaterThan(25);

  const starts = (await trails()).flatMap((trail) =>
    (trail ?? []).filter(
      ({ type, at }) => type === 'TASK_STARTED' && (parseInstant(at) ?? 0) > returned,
    ),
  );
  expect(starts).toEqual([]);

  expect(await box.json(CLEAR)).toMatchObject({ status: 0, value: { halt_id: haltId } });
  await until('every cycle has ended', async () =>
    (await trails()).every((trail) => trail?.at(-1)?.type === 'CYCLE_ENDED'),
  );
  for (const trail of await trails())
    expect(trail?.at(-1)?.data).toMatchObject({ outcome: 'COMPLETED' });
  const emitted = (await trails()).flat().filter((entry) => entry?.type === 'ACTION_EMITTED');
  const ids = emitted.map((entry) => entry?.data['action_id']);
  expect(new Set(ids).size).toBe(ids.length);
  expect(await box.json(['audit', 'verify'])).toMatchObject({ status: 0 });
}, 120_000);

it('C3.F3: a cycle keeps a halt of its own, a cycle decision does not clear the latch, and cancel works', async () => {
  const [own, latched, cancelled] = await Promise.all(['own', 'latched', 'cancelled'].map(start));
  await box.run(['halt', String(own?.['cycle_id']), '--reason', 'mine', '--by', 'eve']);
  await box.json(HALT);
  await until('they are suspended', async () =>
    (await Promise.all([own, latched, cancelled].map((each) => show(each?.['cycle_id'])))).every(
      ({ phase }) => phase === 'HALTED',
    ),
  );
  expect(await show(own?.['cycle_id'])).toMatchObject({ halt: { scope: 'cycle', detail: 'mine' } });
  const id = String(latched?.['cycle_id']);
  expect(await show(id)).toMatchObject({ halt: { scope: 'harness', choices: ['RESUME'] } });
  const decided = await box.run(['resume', id, '--choice', 'RESUME', ...WHY]);
  expect(decided).toMatchObject({ status: 1, stderr: expect.stringContaining('resume --all') });
  await box.json(['cycle', 'cancel', String(cancelled?.['cycle_id'])]);
  expect(await box.json(['cycle', 'watch', String(cancelled?.['cycle_id'])])).toMatchObject({
    status: 5,
  });

  const wrong = await box.run(['resume', '--all', '--choice', 'ABORT', ...WHY]);
  expect(wrong).toMatchObject({ status: 1, stderr: expect.stringContaining('allows RESUME') });
  await box.json(CLEAR);
  expect(await box.json(['cycle', 'watch', id])).toMatchObject({ status: 0 });
  expect(await show(own?.['cycle_id'])).toMatchObject({
    phase: 'HALTED',
    halt: { scope: 'cycle' },
  });
  expect(await box.run(['resume', '--all', '--choice', 'RESUME', ...WHY])).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('the harness is not halted'),
  });
});

it('C3.F3: it outlives the worker; a cycle that meets it with no bell rung is refused at its first task', async () => {
  const before = await start('before');
  await box.run(['cycle', 'watch', String(before['cycle_id'])]);
  const raw = await box.store();
  await raw.latch.set(
    { code: 'OPERATOR_HALT', detail: 'quietly', raised_by: 'ada' },
    new Date().toISOString(),
  );
  const third = await box.worker();
  const { prepare } = await import('../../src/client');
  // A start by somebody who does not ask: the gate holds all the same.
  const { startCycle } = await import('../../src/client/start');
  const document = (value: JsonObject) => ({
    name: 'd',
    bytes: Buffer.from(JSON.stringify(value)),
  });
  const prepared = prepare(document(uniqueBundle()), document(WAITING), null);
  const open = { now: async () => ({ halt: null, cleared: null, sets: 0, last: null }) };
  const store = { ...raw, latch: { ...raw.latch, ...open } };
  const started = await startCycle(
    {
      client: box.client(),
      store,
      namespace: box.namespace,
      uiUrl: '',
      close: async () => undefined,
    },
    prepared,
  );
  await until('it is suspended', async () => (await show(started.cycle_id))['phase'] === 'HALTED');
  const types = ((await raw.audit.read(started.cycle_id)) ?? []).map(({ type }) => type);
  expect(types).toEqual(['CYCLE_OPENED', 'HALT_RAISED']);
  third.kill('SIGKILL');
  await box.json(CLEAR);
  expect(await box.json(['cycle', 'watch', started.cycle_id])).toMatchObject({ status: 0 });
});
