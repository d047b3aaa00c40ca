import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '../../src/core/json';
import { ROOT, Sandbox } from '../support/sandbox';
import { objects, uniqueBundle } from './documents';

/** The drills as an operator runs them, beside a home and a namespace of his own, which they must leave alone. */
let box: Sandbox;
let temporary: string;
beforeAll(async () => {
  box = await Sandbox.open();
  temporary = join(box.home, 'tmp');
  mkdirSync(temporary);
  box.env['TMPDIR'] = temporary;
});
afterAll(() => box.close());

async function namespaces(): Promise<string[]> {
  const { namespaces: found } = await box
    .client()
    .workflowService.listNamespaces({ pageSize: 500 });
  return found.map(({ namespaceInfo }) => namespaceInfo?.name ?? '');
}

async function expectNothingLeft(): Promise<void> {
  const isOfDrill = (name: string): boolean => name.startsWith('harness-drill');
  expect(readdirSync(temporary).filter(isOfDrill)).toEqual([]);
  expect((await namespaces()).filter(isOfDrill)).toEqual([]);
}

/** What is on record of the operator's, wherever it is kept. */
async function recordOf(): Promise<readonly unknown[]> {
  const store = await box.store();
  try {
    const ids = await store.audit.cycles();
    const chains = await Promise.all(ids.map((id) => store.audit.read(id)));
    return [
      ids,
      chains,
      await store.cycles.list(),
      await store.latch.now(),
      await store.registry.now(),
    ];
  } finally {
    await store.close();
  }
}

/** Every file under the operator's home, with its bytes. */
function filesOf(folder: string): readonly (readonly [string, string])[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile())
    .map((file) => join(file.parentPath, file.name))
    .sort()
    .map((path) => [path, readFileSync(path, 'base64')]);
}

it('C3.F3, C7.V1–V5 detects every violation and fault, tells of it in time, and leaves nothing behind', async () => {
  // The operator's own: a cycle that waits for a worker, and a configuration that a drill must not read.
  const bundle = box.file('own.json', uniqueBundle());
  const own = (await box.json(['cycle', 'start', '--input', bundle])).value;
  box.file('harness.config.json', {
    notices: [{ type: 'command', command: ['touch', join(box.home, 'disturbed')] }],
  });
  const home = box.env['HARNESS_HOME'] ?? '';
  const [before, record] = [filesOf(home), await recordOf()];
  expect(JSON.stringify(record)).toContain(String(own['cycle_id']));

  const { status, stdout, stderr } = await box.run(['drill', '--json']);
  const value = JSON.parse(stdout) as JsonObject;
  const rows = objects(value['drills']);
  expect(rows.map(({ drill, grade, problems }) => [drill, grade, problems])).toEqual(
    rows.map(({ drill }) => [drill, 'PASSED', []]),
  );
  expect({ status, passed: value['passed'] }).toEqual({ status: 0, passed: true });
  const names = rows.map(({ drill }) => drill);
  const listed = objects((await box.json(['drill', '--list'])).value as never);
  expect(names).toEqual([...listed.map(({ name }) => name), 'wrong-expectations', 'record']);
  expect(names).toEqual(expect.arrayContaining(['clean-cycle', 'worker-killed', 'halt-all']));
  const told = rows.filter(({ notice_ms }) => notice_ms !== null);
  expect(told.map(({ drill }) => drill)).toEqual([
    'operator-halt',
    'undeclared-effect',
    'override-attempt',
    'halt-expiry',
  ]);
  for (const { notice_ms } of told) expect(Number(notice_ms)).toBeLessThanOrEqual(5_000);
  expect(stderr).toMatch(
    /^drill: injects \d+ violations and faults on the server at .* not touched\n/,
  );

  expect([filesOf(home), await recordOf()]).toEqual([before, record]);
  expect(existsSync(join(box.home, 'disturbed'))).toBe(false);
  await expectNothingLeft();
  const shown = (await box.json(['cycle', 'show', String(own['cycle_id'])])).value;
  expect(shown).toMatchObject({ phase: 'IDLE', outcome: null, halt: null });
});

it('one drill alone runs with its controls, and a table is printed', async () => {
  const { status, stdout } = await box.run(['drill', '--only', 'stale-bundle']);
  expect(status).toBe(0);
  const lines = stdout.trim().split('\n');
  expect(lines.map((line) => line.split('\t')[0])).toEqual([
    'drill',
    'clean-cycle',
    'stale-bundle',
    'wrong-expectations',
    'record',
    expect.stringMatching(/^all passed, in \d+\.\d s$/),
  ]);
  const unknown = await box.run(['drill', '--only', 'fire']);
  expect(unknown).toMatchObject({ status: 1, stderr: expect.stringContaining('no drill fire') });
});

it('Ctrl-C in the middle of it leaves nothing behind either', async () => {
  const program = join(ROOT, 'bin', 'harness.js');
  const child = spawn('node', [program, 'drill', '--only', 'operator-halt'], {
    cwd: box.home,
    env: box.env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  const closed = once(child, 'close');
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (text.includes('drilling:')) child.kill('SIGINT');
  });
  expect(await closed).toEqual([1, null]);
  expect(said).toMatch(/the drill was interrupted: run it again\n$/);
  await expectNothingLeft();
});
