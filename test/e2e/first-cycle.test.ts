import { freshBundle } from '../support/bundles';
import { Sandbox } from '../support/sandbox';

let box: Sandbox;
beforeAll(async () => {
  box = await Sandbox.open();
  await box.worker();
});
afterAll(() => box.close());

it('C6 runs the v1 graph on a fresh bundle and emits each surviving belief once', async () => {
  const input = box.file('bundle.json', freshBundle());
  const { status, value } = await box.json(['cycle', 'start', '--input', input, '--wait']);
  expect(status).toBe(0);
  expect(value).toMatchObject({
    outcome: 'COMPLETED',
    phase: 'IDLE',
    deduplicated: false,
    actions: [{ belief_id: 'B-1', duplicate: false, factor_permission: 'GRANTED' }],
    beliefs_removed: [{ belief_id: 'B-2', reason: { code: 'PERMISSION_DENIED' } }],
  });
  const verified = await box.json(['audit', 'verify']);
  expect(verified).toMatchObject({ status: 0, value: { status: 'INTACT' } });
});

it('C7.V1: doctor says what stands between a skill and the machine, beside all that a cycle needs', async () => {
  const { status, value } = await box.json(['doctor']);
  const findings = value['findings'] as { check: string; status: string; detail: string }[];
  expect([status, value['healthy'], findings.filter((each) => each.status === 'fails')]).toEqual([
    0,
    true,
    [],
  ]);
  const { detail } = findings.find(({ check }) => check === 'skills') ?? {};
  expect(detail).toMatch(
    /^a process for each run, isolation (os|process), out of the start-up snapshot$/,
  );
});
