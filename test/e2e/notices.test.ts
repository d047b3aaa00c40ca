import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '../../src/core/json';
import { Sandbox } from '../support/sandbox';
import { object, policy, uniqueBundle } from './documents';
import { HttpSink } from './sink';
import { until } from './until';

/* Notices on the real server: a sink that is a real HTTP server, and one that is a real program. */

const WHY = ['--reason', 'checked', '--root-cause', 'a drill', '--why-safe', 'nothing runs'];
const SECRET = 'T0PSECRET';

/** Halted before a worker is up: so each is suspended before its first task, without any race. */
const NAMES = ['told', 'resumed', 'expiring', 'killed'] as const;
type Name = (typeof NAMES)[number];

let box: Sandbox;
let sink: HttpSink;
const cycles = new Map<Name, JsonObject>();

const id = (name: Name): string => String(cycles.get(name)?.['cycle_id']);
const handle = (name: Name) =>
  box.client().workflow.getHandle(String(cycles.get(name)?.['workflow_id']));
const kinds = (name: Name): unknown[] => sink.of(id(name)).map(({ body }) => body['notice']);
const entries = async (name: Name) => (await (await box.store()).audit.read(id(name))) ?? [];
const noticeEntries = async (name: Name) =>
  (await entries(name)).filter(({ type }) => type.startsWith('NOTICE_'));
const kept = (): JsonObject[] => {
  const path = join(box.home, 'kept.jsonl');
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  return text
    .trim()
    .split('\n')
    .filter(Boolean)
    .map((line) => object(JSON.parse(line)));
};
const keptOf = (name: Name) => kept().filter(({ cycle_id }) => cycle_id === id(name));

beforeAll(async () => {
  [box, sink] = await Promise.all([Sandbox.open(), HttpSink.open()]);
  const keep = box.file(
    'keep.js',
    `let text = '';
     process.stdin.on('data', (part) => (text += part)).on('end', () => {
       const { notice, cycle_id } = JSON.parse(text);
       const { HARNESS_NOTICE: kind, HARNESS_NOTICE_TEXT: told, ...others } = process.env;
       const args = process.argv.slice(2);
       const line = JSON.stringify({ notice, cycle_id, kind, told, args, others: Object.keys(others) });
       require('node:fs').appendFileSync('kept.jsonl', line + '\\n');
     });`,
  );
  box.file('harness.config.json', {
    notices: [
      { type: 'http', url: `${sink.address}/hooks/${SECRET}?token=${SECRET}` },
      { type: 'command', command: ['node', keep, 'a b; c'] },
      { type: 'http', url: `http://127.0.0.1:9/${SECRET}` },
    ],
  });
  box.env['SOMEBODYS_API_KEY'] = SECRET;
  for (const name of NAMES) {
    const input = box.file(`${name}.json`, uniqueBundle());
    const halt_expiry_ms = name === 'expiring' ? 10_000 : 3_600_000;
    const own = box.file(`${name}-policy.json`, policy({ policy_id: name, halt_expiry_ms }));
    const start = ['cycle', 'start', '--input', input, '--policy', own];
    cycles.set(name, (await box.json(start)).value);
    await handle(name).signal('halt', { reason: 'a drill', by: 'ada' });
  }
  sink.answer(id('told'), 'RAISED', [500, 503]);
  sink.answer(id('killed'), 'RAISED', [0]);
  const doomed = await box.worker();
  // The fault: the worker dies while the sink has the notice of `killed` and has not answered.
  await until('the notice is under way', async () =>
    sink.tried.some(({ body }) => body['cycle_id'] === id('killed')),
  );
  const gone = once(doomed, 'exit');
  doomed.kill('SIGKILL');
  await gone;
  await box.worker();
});
afterEach(async () => {
  expect(await box.json(['audit', 'verify'])).toMatchObject({
    status: 0,
    value: { status: 'INTACT' },
  });
});
afterAll(async () => {
  await box.close();
  await sink.close();
});

it('C3.F3 a halt reaches the sinks with the card, also one that fails twice, and that is on record', async () => {
  await until('it is delivered', async () => kinds('told').length > 0);
  const cards = (await box.json(['halts'])).value as unknown as JsonObject[];
  const card = cards.find(({ cycle_id }) => cycle_id === id('told')) ?? {};
  const [received] = sink.of(id('told'));
  const same = ['halt_id', 'code', 'clause', 'raised_by', 'choices', 'offers', 'headline', 'tasks'];
  for (const key of same) expect(received?.body).toHaveProperty(key, card[key]);
  expect(String(received?.body['text']).split('\n').at(-1)).toBe(`decide: ${card['command']}`);
  const tries = sink.tried.filter(({ body }) => body['cycle_id'] === id('told'));
  expect(tries.length).toBeGreaterThanOrEqual(3);
  expect(new Set(tries.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
  await until('both are on record', async () => (await noticeEntries('told')).length >= 2);
  const about = { halt_id: card['halt_id'], kind: 'RAISED' };
  const data = (await noticeEntries('told')).map((entry) => entry.data);
  expect(data).toContainEqual(expect.objectContaining({ ...about, sink: sink.address }));
  expect(data).toContainEqual(expect.objectContaining({ ...about, sink: 'command node' }));
});

it('a command gets the card, the text and little else, and no shell', async () => {
  await until('it has run', async () => keptOf('told').length > 0);
  const [run] = keptOf('told');
  expect(run).toMatchObject({ notice: 'RAISED', kind: 'RAISED', args: ['a b; c'] });
  expect(run?.['told']).toMatch(/was stopped by a person: a drill \(ada\)\n/);
  expect(run?.['others']).toEqual(expect.arrayContaining(['PATH', 'HOME']));
  expect(run?.['others']).not.toContain('SOMEBODYS_API_KEY');
});

it('the notice of a halt comes although its worker was killed', async () => {
  await until('it came again', async () => kinds('killed').includes('RAISED'));
});

it('a halt that ends its cycle still tells its end; a sink that is down keeps nothing waiting', async () => {
  const abort = await box.json(['resume', id('told'), '--choice', 'ABORT', ...WHY, '--by', 'bob']);
  expect(abort.value).toMatchObject({ outcome: 'HALTED' });
  await until('the end is told', async () => kinds('told').includes('ENDED'));
  const text = sink.of(id('told')).at(-1)?.body['text'];
  expect(text).toMatch(/waits no longer: ABORT decided by bob, because checked\n/);
  const types = (await noticeEntries('told')).map(({ type }) => type);
  expect(types).toContain('NOTICE_HANDED_OVER');
  await until('the command told it too', async () => keptOf('told').length >= 2);
});

it('a notice that is still retried when a human decides is given up, and the cycle goes on', async () => {
  const resumed = await box.json(['resume', id('resumed'), '--choice', 'RESUME', ...WHY]);
  expect(resumed.value).toMatchObject({ outcome: 'COMPLETED' });
  await until('the end is told', async () => kinds('resumed').includes('ENDED'));
  const failed = (await noticeEntries('resumed')).find(({ type }) => type === 'NOTICE_FAILED');
  expect(failed?.data).toEqual({
    halt_id: expect.stringContaining(id('resumed')),
    kind: 'RAISED',
    sink: 'http://127.0.0.1:9',
    detail: 'the halt ended before it was delivered',
  });
});

it('people are reminded before a halt expires, and told that it has', async () => {
  expect(await handle('expiring').result()).toMatchObject({ outcome: 'HALTED' });
  await until('the end is told', async () => kinds('expiring').includes('ENDED'));
  const told = [...new Set(kinds('expiring'))];
  expect(told).toEqual(['RAISED', 'REMINDER', 'ENDED']);
  expect(String(sink.of(id('expiring')).at(-1)?.body['text'])).toMatch(/nobody decided in time/);
});

it('C3.F3 the harness-wide halt is told once, and so is its end', async () => {
  const told = () => sink.taken.filter(({ body }) => body['cycle_id'] === null);
  for (const reason of ['a drill', 'and again'])
    expect((await box.run(['halt', '--all', '--reason', reason, '--by', 'ada'])).status).toBe(0);
  expect((await box.run(['resume', '--all', '--choice', 'RESUME', ...WHY])).status).toBe(0);
  await until('both are told', async () => told().length >= 2);
  expect(
    told()
      .map(({ body }) => body['notice'])
      .sort(),
  ).toEqual(['ENDED', 'RAISED']);
  const raised = told().find(({ body }) => body['notice'] === 'RAISED');
  expect(raised?.body).toMatchObject({ scope: 'harness', detail: 'a drill', raised_by: 'ada' });
});

it('nothing secret of an address is in the trail or in the history', async () => {
  for (const name of NAMES) {
    const { events } = await handle(name).fetchHistory();
    const history = JSON.stringify(events, (key, value: unknown) =>
      key === 'data' && typeof value === 'string' ? Buffer.from(value, 'base64').toString() : value,
    );
    const trail = JSON.stringify(await entries(name));
    for (const text of [trail, history])
      expect([text.includes('127.0.0.1'), text.includes(SECRET)]).toEqual([true, false]);
  }
});
