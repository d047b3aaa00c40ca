import { randomUUID } from 'node:crypto';
import { signDecision } from '../../src/client';
import { messageOf } from '../../src/core/invariant';
import type { JsonObject } from '../../src/core/json';
import { entryOf, person } from '../people/operators';
import { Sandbox } from '../support/sandbox';
import { object, uniqueBundle } from './documents';
import { until } from './until';

/* Signed decisions on the real server: the commands as operators type them, and updates as a forger would send them. */

const NAMES = ['one', 'other', 'violated', 'signalled'] as const;
type Name = (typeof NAMES)[number];
const [ada, bob, eve] = [person('ada'), person('bob'), person('eve')];
const WHY = ['--reason', 'checked', '--root-cause', 'a drill', '--why-safe', 'nothing runs'];

let box: Sandbox;
const cycles = new Map<Name, JsonObject>();
const keys = new Map<string, string>();

const id = (name: Name): string => String(cycles.get(name)?.['cycle_id']);
const halt = (name: Name): string =>
  `${id(name)}-${String(cycles.get(name)?.['run_id']).slice(-4)}-h1`;
const handle = (name: Name) =>
  box.client().workflow.getHandle(String(cycles.get(name)?.['workflow_id']));
const entries = async (name: Name) => (await (await box.store()).audit.read(id(name))) ?? [];

/** As `harness resume` is typed. */
const resume = (name: Name, by: string, choice: string, more: readonly string[] = []) =>
  box.run(['resume', id(name), '--choice', choice, ...WHY, '--by', by, ...more, '--json']);
const signedBy = (name: string): string[] => ['--key', keys.get(name) ?? ''];

const texts = (name: Name, by: string, changes: JsonObject = {}) => ({
  halt_id: halt(name),
  choice: 'RESUME',
  reason: 'checked',
  root_cause: 'a drill',
  why_safe: 'nothing runs',
  by,
  decision_id: randomUUID(),
  ...changes,
});

const send = (name: Name, decision: JsonObject): Promise<unknown> =>
  handle(name)
    .executeUpdate('decide', { args: [decision] })
    .then(
      () => 'accepted',
      (error: unknown) => messageOf((error as Error).cause),
    );

beforeAll(async () => {
  box = await Sandbox.open();
  for (const { name, private_pem } of [ada, bob, eve])
    keys.set(name, box.file(`${name}.pem`, private_pem));
  box.file('operators.json', {
    operators: [ada, bob].map(entryOf),
    required: { default: 1, violation: 2 },
  });
  box.file('harness.config.json', { operators: 'operators.json' });
  await Promise.all(
    NAMES.map(async (name) => {
      const input = box.file(`${name}.json`, uniqueBundle());
      cycles.set(name, (await box.json(['cycle', 'start', '--input', input])).value);
      await handle(name).signal('halt', { reason: 'a drill', by: 'ada' });
    }),
  );
  await box.worker();
  for (const name of NAMES)
    await until('it is halted', async () => (await entries(name)).length > 0);
});
afterEach(async () => {
  expect(await box.json(['audit', 'verify'])).toMatchObject({
    status: 0,
    value: { status: 'INTACT' },
  });
});
afterAll(() => box.close());

it('the card says who may decide', async () => {
  const { stdout } = await box.run(['halts']);
  expect(stdout).toContain('decides: signed by one of ada, bob');
});

it('C5.O nothing goes on without a signature, with a forged one, or by who raised the halt', async () => {
  const typed = [
    [await resume('one', 'bob', 'RESUME'), /not signed/],
    [await resume('one', 'bob', 'RESUME', signedBy('ada')), /not that of bob/],
  ] as const;
  for (const [{ status, stderr }, why] of typed) {
    expect([status, stderr]).toEqual([1, expect.stringMatching(why)]);
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'REFUSED' } });
  }
  const asEve = texts('one', 'eve');
  const asAda = texts('one', 'ada');
  const sent = [
    await send('one', { ...asEve, signature: signDecision(asEve, eve.private_pem) }),
    await send('one', { ...asAda, signature: signDecision(asAda, ada.private_pem) }),
  ];
  expect(sent).toEqual([
    expect.stringMatching(/^eve is no operator/),
    expect.stringMatching(/^ada has raised this halt/),
  ]);
  const shown = (await box.json(['cycle', 'show', id('one')])).value;
  expect(shown).toMatchObject({ phase: 'HALTED', violations: [], halt: { decision: null } });
  await until('every refusal is on record', async () => {
    const written = (await entries('one')).filter(({ type }) => type === 'DECISION_REFUSED');
    return written.length === typed.length + sent.length;
  });
});

it('C5.O a signature holds for its texts on its halt alone', async () => {
  const decision = texts('one', 'bob');
  const signature = signDecision(decision, bob.private_pem);
  const onOther = { ...decision, halt_id: halt('other'), signature };
  expect(await send('other', onOther)).toMatch(/not that of bob on this decision/);
  const changed = { ...decision, reason: 'another', signature };
  expect(await send('one', changed)).toMatch(/not that of bob on this decision/);
});

it('C3.F3 a signed decision goes on; the same again is answered, and nothing is done twice', async () => {
  const decision = texts('one', 'bob');
  const signed = { ...decision, signature: signDecision(decision, bob.private_pem) };
  const both = await Promise.all([send('one', signed), send('one', signed)]);
  expect(both).toEqual(['accepted', 'accepted']);
  const { value } = await box.json(['cycle', 'watch', id('one')]);
  expect(value).toMatchObject({
    outcome: 'COMPLETED',
    halt: {
      decision: { by: 'bob', signature: signed.signature, key: expect.stringMatching(/^sha256:/) },
    },
  });
  const taken = (await entries('one')).filter(({ type }) => type === 'DECISION_TAKEN');
  expect(taken).toHaveLength(1);
});

it('who raised the halt may end the cycle, signed', async () => {
  const { status, stdout } = await resume('other', 'ada', 'ABORT', signedBy('ada'));
  expect([status, object(JSON.parse(stdout))['outcome']]).toEqual([0, 'HALTED']);
});

it('R14 after an override attempt it takes two people to go on', async () => {
  const grant = texts('violated', 'mallory', { choice: 'GRANT' });
  expect(await send('violated', grant)).toMatch(/is no choice/);
  const files = box.file('operators.json', {
    operators: [ada, bob, eve].map(entryOf),
    required: { default: 1, violation: 2 },
  });
  expect(files).toBeTruthy();
  const first = await resume('violated', 'bob', 'RESUME', signedBy('bob'));
  expect([first.status, object(JSON.parse(first.stdout))['phase']]).toEqual([0, 'HALTED']);
  expect(first.stderr).toMatch(/RESUME by bob is 1 of 2/);
  const same = await resume('violated', 'bob', 'RESUME', signedBy('bob'));
  expect([same.status, same.stderr]).toEqual([1, expect.stringMatching(/another person/)]);
  const second = await resume('violated', 'eve', 'RESUME', signedBy('eve'));
  expect(object(JSON.parse(second.stdout))).toMatchObject({
    outcome: 'COMPLETED',
    halt: { decision: { by: 'eve', seconds: ['bob'] } },
  });
});

it('the signal `resume` goes the same way', async () => {
  const decision = texts('signalled', 'bob');
  await handle('signalled').signal('resume', decision);
  await until('it is refused on record', async () =>
    (await entries('signalled')).some(({ type }) => type === 'DECISION_REFUSED'),
  );
  const again = { ...decision, decision_id: randomUUID() };
  const signature = signDecision(again, bob.private_pem);
  await handle('signalled').signal('resume', { ...again, signature });
  expect(await handle('signalled').result()).toMatchObject({ outcome: 'COMPLETED' });
});
