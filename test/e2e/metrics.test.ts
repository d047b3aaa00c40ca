import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { DEFAULT_POLICY } from '../../src/core/policy';
import { TASK_QUEUE } from '../../src/core/start';
import { METRICS } from '../../src/metrics/catalog';
import { choosePorts } from '../../src/server/ports';
import { type Planned, World } from '../faults/world';
import { expressions } from '../metrics/operations';
import { askedBy } from '../metrics/promql';
import { freshBundle, regime } from '../support/bundles';
import { act, chameleon, SkillDesk } from '../support/skills';
import { graph } from './documents';
import { scrape, type Scrape } from './scrape';
import { until } from './until';

/** What a worker tells of cycles of every kind that it has run: as an operator's Prometheus and container see it. */
let world: World;
let desk: SkillDesk;
let metrics: string;
let health: string;
let seen: Scrape;
const BIN = join(__dirname, '..', '..', 'bin', 'harness.js');
const cycles: Record<string, Planned> = {};

beforeAll(async () => {
  const { port, uiPort } = await choosePorts({ port: 0, uiPort: 0 });
  [metrics, health] = [`127.0.0.1:${port}`, `127.0.0.1:${uiPort}`];
  world = await World.open();
  desk = new SkillDesk(world.box, world.harness);
  world.box.file('harness.config.json', {
    ledger: 'ledger.md',
    effects: { notes: { type: 'jsonl', path: 'out/notes.jsonl', in_shadow: 'perform' } },
    notices: [{ type: 'http', url: 'http://127.0.0.1:9/nobody' }],
  });
  world.box.env['HARNESS_HEALTH'] = health;
  await world.box.worker([BIN, 'worker', '--metrics', metrics]);
  await desk.register(chameleon('acme.zoo'));
  await world.harness.client.workflow.start('nonsense', {
    taskQueue: TASK_QUEUE,
    workflowId: randomUUID(),
  });
  const weak = regime({ confidence: 0.2, note: randomUUID() });
  const stale = freshBundle({}, new Date(Date.now() - 900_000));
  const misdeed = {
    steps: [
      ['note', { a: 1 }],
      ['swallow', 'nope'],
    ],
  };
  const plans = {
    completed: world.plan(),
    degraded: world.plan({ bundle: freshBundle({ regime_state: weak }) }),
    rejected: world.plan({ bundle: stale }),
    violation: world.plan({ graph: graph([act('bad', 'acme.zoo@1.0.0', misdeed)]) }),
    strange: world.plan({ graph: graph([act('strange', 'acme.nobody', {}, { task_type: 'x1' })]) }),
    halted: world.plan({ policy: { ...DEFAULT_POLICY, policy_id: 'other' } as never }),
  };
  for (const [name, cycle] of Object.entries(plans)) {
    cycles[name] = await world.start(cycle);
    if (name === 'halted') await world.halt(cycle);
    await world.settled(cycle);
  }
  const { halted } = plans;
  await world.halted(halted);
  await world.decide(halted, 'ABORT');
  await world.ended(halted);
  await until('the gauges show what is open', async () => {
    seen = await scrape(metrics);
    return seen.value('harness_halts_open', { scope: 'cycle' }) === 1;
  });
});
afterAll(async () => {
  await desk.close();
  await world.close();
});

test('every cycle, halt and violation is counted once, by what it came to', () => {
  const ended = (outcome: string) => seen.value('harness_cycles_ended_total', { outcome });
  expect(seen.value('harness_cycles_opened_total', { mode: 'shadow' })).toBe(6);
  expect([ended('COMPLETED'), ended('DEGRADED'), ended('REJECTED')]).toEqual([2, 1, 1]);
  expect([ended('HALTED'), seen.value('harness_cycles_ended_total')]).toEqual([1, 5]);
  expect(seen.value('harness_halts_raised_total')).toBe(2);
  for (const code of ['UNDECLARED_SIDE_EFFECT', 'OPERATOR_HALT'])
    expect(seen.value('harness_halts_raised_total', { code, scope: 'cycle' })).toBe(1);
  expect(seen.value('harness_violations_total')).toBe(1);
  expect(
    seen.value('harness_violations_total', {
      kind: 'SKILL_VIOLATION',
      code: 'UNDECLARED_SIDE_EFFECT',
    }),
  ).toBe(1);
});

test('tasks are counted by what they ended as, and a task type that nobody registered is no series', () => {
  const tasks = (task_type: string, outcome: string, reason: string) =>
    seen.value('harness_tasks_ended_total', { task_type, outcome, reason });
  expect(tasks('validate_state', 'SUCCESS', 'none')).toBe(3);
  expect(tasks('emit_actions', 'SKIPPED', 'CONFIDENCE_TOO_LOW')).toBe(1);
  expect(tasks('other', 'SKIPPED', 'SKILL_UNREGISTERED')).toBe(1);
  expect(tasks('x1', 'SKIPPED', 'SKILL_UNREGISTERED')).toBe(0);
  const latency = 'harness_task_latency_seconds_count';
  expect(seen.value(latency, { task_type: 'skill' })).toBe(1);
  expect(seen.value(latency, { task_type: 'validate_state' })).toBeGreaterThanOrEqual(5);
});

test('the counter of entries is what stands in the trail', async () => {
  let entries = 0;
  for (const cycle of Object.values(cycles)) entries += (await world.entries(cycle)).length;
  await until('the counter and the trail agree', async () => {
    const { samples } = await scrape(metrics);
    entries = 0;
    for (const cycle of Object.values(cycles)) entries += (await world.entries(cycle)).length;
    return samples.find(({ name }) => name === 'harness_audit_entries_total')?.value === entries;
  });
  expect(seen.value('harness_audit_append_failures_total')).toBe(0);
  expect(seen.value('harness_audit_append_seconds_count')).toBeGreaterThan(10);
  expect(seen.value('harness_audit_lag_seconds_count')).toBeGreaterThan(10);
});

test('skills, effects, processes and notices are counted', () => {
  const [skill, ending] = ['acme.zoo', 'OFF_LIMITS'];
  expect(seen.value('harness_skill_runs_total', { skill, ending })).toBe(1);
  const [effect, status] = ['notes', 'PERFORMED'];
  expect(seen.value('harness_effect_receipts_total', { effect, status })).toBe(1);
  expect(seen.value('harness_sandbox_start_seconds_count')).toBeGreaterThan(0);
  expect(seen.value('harness_notice_attempts_total', { result: 'failed' })).toBeGreaterThan(0);
});

test('the gauges tell of the store and the server what stands there now', () => {
  expect(seen.value('harness_latch_set')).toBe(0);
  expect(seen.value('harness_cycles_unfinished')).toBe(1);
  expect(seen.value('harness_cycles_running')).toBe(1);
  expect(seen.value('harness_oldest_halt_open_seconds')).toBeGreaterThan(0);
  const lookedMs = seen.value('harness_look_timestamp_seconds') * 1_000;
  expect(Math.abs(Date.now() - lookedMs)).toBeLessThan(120_000);
});

test('every metric of the catalogue is in the scrape, of its kind, with its labels and no other', () => {
  for (const [name, { kind, labels }] of Object.entries(METRICS)) {
    expect([name, seen.types.get(name)]).toEqual([name, kind]);
    const wanted = Object.keys(labels).sort();
    for (const sample of seen.samples.filter((each) => familyOf(each.name) === name)) {
      const found = Object.keys(sample.labels).filter((label) => label !== 'le');
      expect([name, found.sort()]).toEqual([name, wanted]);
    }
  }
  const ours = [...seen.types.keys()].filter((name) => name.startsWith('harness_'));
  expect(ours.sort()).toEqual(Object.keys(METRICS).sort());
});

test.each(expressions())('$where asks for series that a worker has', ({ expr }) => {
  for (const { metric, matchers, grouping } of askedBy(expr)) {
    const series = seen.samples.filter(({ name }) => name === metric);
    expect([metric, series.length > 0]).toEqual([metric, true]);
    for (const label of grouping)
      expect([label, series.some(({ labels }) => label in labels)]).toEqual([label, true]);
    for (const [label, value] of Object.entries(matchers)) {
      const has = series.some(({ labels }) => labels[label] === value);
      expect([label, value, has || metric.includes('temporal_')]).toEqual([label, value, true]);
      expect(series.some(({ labels }) => label in labels)).toBe(true);
    }
  }
});

test('what halts the whole harness shows at the next look', async () => {
  const { latch } = world.harness.store;
  const cause = { code: 'OPERATOR_HALT', detail: 'a test', raised_by: 'ada' } as const;
  await latch.set(cause, new Date().toISOString());
  await until(
    'the latch is seen',
    async () => (await scrape(metrics)).value('harness_latch_set') === 1,
  );
  await world.clearLatch();
});

describe('health', () => {
  test('a worker that polls is well, and says no more than that', async () => {
    const response = await fetch(`http://${health}/healthz`);
    expect([response.status, await response.text()]).toEqual([200, 'ok\n']);
    expect((await fetch(`http://${health}/metrics`)).status).toBe(404);
    expect(await world.box.run(['health'])).toMatchObject({ status: 0, stdout: 'ok\n' });
  });

  test('an address that is taken is refused in one sentence, and the worker does not start', async () => {
    const { status, stderr } = await world.box.run([
      'worker',
      '--metrics',
      metrics,
      '--health',
      '0',
    ]);
    expect([status, stderr]).toEqual([
      1,
      expect.stringContaining('--health is "0": write a port, or an address and a port'),
    ]);
    const taken = await world.box.run(['worker', '--metrics', metrics]);
    expect(taken.status).toBe(1);
    expect(taken.stderr).toMatch(
      /^harness: metrics cannot be served at 127\.0\.0\.1:\d+ \(.*in use.*\): choose/,
    );
    const busy = await world.box.run(['worker', '--health', health]);
    expect(busy.status).toBe(1);
    expect(busy.stderr).toMatch(/^harness: health cannot be served at /);
  });

  test('a worker whose store cannot be read is not well', async () => {
    await world.box.damageRegistry();
    const response = await fetch(`http://${health}/healthz`);
    expect(response.status).toBe(503);
    expect(await response.text()).toMatch(/registry.*damaged|current\.json/);
    const asked = await world.box.run(['health']);
    expect([asked.status, asked.stdout]).toEqual([1, '']);
  });

  test('where no worker is, it says so', async () => {
    const asked = await world.box.run(['health', '127.0.0.1:9']);
    expect(asked).toMatchObject({ status: 1, stdout: '' });
    expect(asked.stderr).toContain('no worker answers at 127.0.0.1:9');
  });
});

function familyOf(name: string): string {
  return METRICS[name as keyof typeof METRICS] === undefined
    ? name.replace(/_(?:bucket|count|sum)$/, '')
    : name;
}
