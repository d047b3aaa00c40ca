import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SCENARIOS } from '../../src/demo/scenarios';
import { ROOT, type Ran } from '../support/sandbox';

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'harness-demo-'));
  // Where the tests have found it on the PATH, so does the demo.
  const fetched = join(process.env['HARNESS_TEST_CACHE'] ?? '', 'bin');
  if (existsSync(fetched)) cpSync(fetched, join(home, 'bin'), { recursive: true });
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** `npm run demo` as a newcomer types it: no server configured, nothing in HARNESS_HOME but the binary. */
async function demo(): Promise<Ran> {
  const env = { PATH: process.env['PATH'], HOME: home, HARNESS_HOME: home };
  const child = spawn('npm', ['run', '--silent', 'demo'], { cwd: ROOT, env });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, stdout, stderr };
}

it('runs one cycle of each kind from nothing, tells how each ended, and leaves no process behind', async () => {
  // Somebody else's program on the usual port: the demo must step aside.
  const squatter = createServer().listen(7233, '127.0.0.1').unref();
  await Promise.race([once(squatter, 'listening'), once(squatter, 'error')]);
  const { status, stdout, stderr } = await demo().finally(() => squatter.close());

  const [head, ...rows] = stdout.trim().split('\n');
  expect(head?.split('\t')).toEqual([
    'scenario',
    'outcome',
    'tasks',
    'actions',
    'reason',
    'Web UI',
  ]);
  const seen = rows.map((row) => row.split('\t'));
  expect(seen.map(([title, outcome, , actions]) => [title, outcome, Number(actions)])).toEqual(
    SCENARIOS.map(({ title, ends }) => [title, ends.outcome, ends.actions]),
  );
  for (const [index, scenario] of SCENARIOS.entries())
    expect(seen[index]?.[4]).toContain(scenario.ends.reason);
  for (const [, , , , , link] of seen)
    expect(link).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/namespaces\/default\/workflows\/shadow-/);

  expect(stderr).toContain('HALT ');
  expect(stderr).toMatch(/free ports are used/);
  expect(stderr).toMatch(/`npx harness up --port \d+ --ui-port \d+` shows these cycles/);
  expect(status).toBe(0);

  // The lock's note names the server's process; its own note is gone.
  expect(existsSync(join(home, 'server.json'))).toBe(false);
  const [pid] = readFileSync(join(home, 'temporal.db.lock'), 'utf8').split(' ');
  expect(Number(pid)).toBeGreaterThan(0);
  expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH');
});
