import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '../../src/core/json';
import { openPostgresStore } from '../../src/store/postgres';
import type { Store } from '../../src/store/store';
import { Databases, RUNTIME_ROLE } from '../support/database';
import { describeWithPostgres, PASSWORD } from '../support/postgres';
import { Sandbox } from '../support/sandbox';
import { graph, objects, policy, task, uniqueBundle } from './documents';
import { until } from './until';

const SKILL = `export default {
  skill_id: 'acme.wait', skill_version: '1.0.0', layer: 'L9', task_types: ['wait'],
  required_inputs: [], requires_permissions: [], layer_dependencies: [], side_effects: [],
  output_schema: 'Waited', output: { type: 'object' }, author: 'test', decision_ledger_ref: 'D001',
  run: async (ctx, { ms = 0 }) => {
    await new Promise((go) => setTimeout(go, ms));
    return { ms };
  },
};`;
const LEDGER = ['### [2026-11-22] D001: Wait', '**Decision**: yes', ''].join('\n');
const waiting = (ms: number): JsonObject =>
  graph([
    task('only', ['T4'], {
      task_type: 'wait',
      skill_ref: 'acme.wait',
      output_schema: 'Waited',
      inputs: { ms },
    }),
  ]);

/** Machines share nothing but the database and the Temporal server: each has a HARNESS_HOME of its own. */
describeWithPostgres('workers and people on several machines, with one database', () => {
  let databases: Databases;
  let box: Sandbox;
  let store: Store;
  const homeOf = (machine: string): string => join(box.home, machine);
  const on = (machine: string): void => {
    box.env['HARNESS_HOME'] = homeOf(machine);
  };
  let workers: Awaited<ReturnType<Sandbox['worker']>>[];
  let input = 0;
  const startArgs = (bundle: JsonObject, ...more: readonly string[]): string[] => {
    input += 1;
    return ['cycle', 'start', '--input', box.file(`bundle-${input}.json`, bundle), ...more];
  };

  beforeAll(async () => {
    databases = await Databases.start();
    await databases.asOwner('postgres', ['CREATE DATABASE desk']);
    box = await Sandbox.open();
    box.file('LEDGER.md', LEDGER);
    box.file('harness.config.json', { audit: { type: 'postgres' }, ledger: 'LEDGER.md' });
    box.env['HARNESS_DATABASE_URL'] = databases.url('desk');
    on('desk');
  });
  afterAll(async () => {
    await store?.close();
    await box.close();
    await databases.stop();
  });

  it('a database without the schema is refused in one sentence, and made by its owner with one command', async () => {
    for (const args of [['halts'], ['worker'], ['cycle', 'list'], ['audit', 'verify']]) {
      const { status, stdout, stderr } = await box.run(args);
      expect(status).not.toBe(0);
      expect(`${stdout}${stderr}`).toMatch(/(no schema of the harness|harness store migrate)/);
      expect(`${stdout}${stderr}`).not.toContain(PASSWORD);
    }
    const mine = box.env['HARNESS_DATABASE_URL'];
    box.env['HARNESS_DATABASE_URL'] = databases.ownerUrl('desk');
    const args = ['store', 'migrate', '--grant-to', RUNTIME_ROLE];
    expect(await box.json(args)).toMatchObject({
      status: 0,
      value: { migrations: ['0001_store'], granted_to: RUNTIME_ROLE },
    });
    expect(await box.json(args)).toMatchObject({ status: 0, value: { migrations: [] } });
    const owned = await box.json(['store', 'status']);
    expect(owned.value['excess']).toContain('DELETE on entries');
    box.env['HARNESS_DATABASE_URL'] = mine;
    const status = await box.json(['store', 'status']);
    expect(status).toMatchObject({ status: 0, value: { user: RUNTIME_ROLE, excess: [] } });
    store = await openPostgresStore(databases.url('desk'));
  });

  it('R24: cycles of one machine run on the workers of two others, also when one of them dies', async () => {
    workers = [];
    for (const machine of ['one', 'two']) {
      on(machine);
      workers.push(await box.worker());
    }
    on('desk');
    for (const args of [
      ['register', box.file('wait.mjs', SKILL)],
      ['activate', 'acme.wait', '--ledger', 'D001'],
    ])
      expect(await box.run(['skills', ...args])).toMatchObject({ status: 0, stderr: '' });
    const of = ['--graph', box.file('graph.json', waiting(700))];
    const running = Promise.all(
      Array.from({ length: 6 }, () => box.json([...startArgs(uniqueBundle(), ...of), '--wait'])),
    );
    await until('a skill runs', async () => {
      const chains = await Promise.all((await store.audit.cycles()).map(store.audit.read));
      return chains.some((chain) => chain?.at(-1)?.task === 'only');
    });
    const [first] = workers;
    if (first !== undefined) {
      first.kill('SIGKILL');
      await once(first, 'exit');
    }
    const ended = await running;
    for (const { status, value } of ended) {
      expect([status, value['outcome']]).toEqual([0, 'COMPLETED']);
      expect(objects(value['actions'])).toMatchObject([{ duplicate: false }]);
    }
  });

  it('C4.I2: what one machine emitted is a duplicate on the other', async () => {
    const bundle = uniqueBundle();
    const first = await box.json([...startArgs(bundle), '--wait']);
    const own = ['--policy', box.file('policy.json', policy({ version: '9.0.0' }))];
    on('three');
    const second = await box.json([...startArgs(bundle, ...own), '--wait']);
    on('desk');
    expect([first.status, second.status]).toEqual([0, 0]);
    expect(objects(first.value['actions'])).toMatchObject([{ duplicate: false }]);
    expect(objects(second.value['actions'])).toMatchObject([{ duplicate: true }]);
  });

  it('C3.F3: the harness-wide halt of one machine stops all, until another clears it', async () => {
    on('one');
    const halted = ['halt', '--all', '--reason', 'a drill', '--by', 'ada'];
    expect(await box.run(halted)).toMatchObject({ status: 0 });
    on('desk');
    expect(await box.run(startArgs(uniqueBundle()))).toMatchObject({
      stderr: expect.stringContaining('halted'),
    });
    const why = ['--reason', 'checked', '--root-cause', 'a drill', '--why-safe', 'nothing runs'];
    const clear = ['resume', '--all', '--choice', 'RESUME', ...why, '--by', 'bob'];
    expect(await box.run(clear)).toMatchObject({ status: 0 });
    on('three');
    expect(await box.run([...startArgs(uniqueBundle()), '--wait'])).toMatchObject({ status: 0 });
    on('desk');
  });

  it('C1.1: verify, show, list, doctor and export tell the same from any machine, and none keeps a trail of its own', async () => {
    on('another');
    const report = await box.json(['audit', 'verify', '--against-temporal']);
    expect(report).toMatchObject({ status: 0, value: { status: 'INTACT' } });
    const cycles = objects(report.value['cycles']);
    expect(cycles).toHaveLength(9);
    const [{ cycle_id } = {}] = cycles;
    const shown = await box.json(['cycle', 'show', String(cycle_id)]);
    expect(shown).toMatchObject({ status: 0, value: { outcome: 'COMPLETED' } });
    expect((await box.run(['cycle', 'list'])).stdout).toContain('COMPLETED');
    const findings = objects((await box.json(['doctor'])).value['findings']);
    expect(findings.find(({ check }) => check === 'audit store')).toMatchObject({
      // The server of the tests does not sync its disk, and doctor says so.
      status: 'warning',
      detail: expect.stringMatching(/\/desk, PostgreSQL .*fsync is off/),
    });
    expect(await box.run(['audit', 'export', '--out', 'out'])).toMatchObject({ status: 0 });
    const exported = await box.json(['audit', 'verify', '--export', 'out']);
    expect(exported).toMatchObject({ status: 0, value: { status: 'INTACT' } });
    for (const machine of ['desk', 'one', 'two', 'three', 'another'])
      expect(existsSync(join(homeOf(machine), 'audit'))).toBe(false);
  });
});
