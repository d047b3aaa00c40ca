import type { JsonObject } from '../../src/core/json';
import { Sandbox } from '../support/sandbox';
import { object, objects, uniqueBundle } from './documents';
import { until } from './until';

let box: Sandbox;
beforeAll(async () => {
  box = await Sandbox.open();
});
afterAll(() => box.close());

const show = async (name: string): Promise<JsonObject> =>
  (await box.json(['schedule', 'show', name])).value;

it('runs', async () => {
  const source = box.file('bundle.json', uniqueBundle());
  const worker = await box.worker();
  const created = await box.json(['schedule', 'create', 'plain', '--every', '1s', '--source', `file:${source}`, '--by', 'ada']);
  console.info(JSON.stringify(created, null, 1));
  await until('three cycles', async () => {
    const s = await show('plain');
    return Number(object(s['balance'])['ran']) >= 3;
  });
  const paused = await box.json(['schedule', 'pause', 'plain', '--reason', 'enough', '--by', 'bob']);
  console.info(JSON.stringify(paused.value));
  console.info(JSON.stringify(await show('plain'), null, 1));
  console.info((await box.run(['schedule', 'show', 'plain'])).stdout);
  console.info((await box.run(['schedule', 'list'])).stdout);
  console.info((await box.run(['audit', 'show', 'plain'])).stdout);
  console.info((await box.run(['audit', 'verify'])).stdout);
  console.info((await box.run(['cycle', 'list'])).stdout);
  const [first] = objects((await show('plain'))['recent'] ?? null);
  console.info((await box.run(['cycle', 'show', String(first?.['workflow_id'])])).stdout);
  console.info((await box.run(['audit', 'show', String(first?.['cycle_id'])])).stdout);
  void worker;
});
