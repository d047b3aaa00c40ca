import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSandbox } from '../../src/sandbox';
import { startChild } from '../../src/sandbox/child';
import { ready } from '../../src/sandbox/pool';
import { converse } from '../../src/sandbox/run';
import { fileProgram, snapshotProgram } from '../../src/sandbox/snapshot';
import { wallsToTry } from '../../src/sandbox/walls';
import { DISPATCHER } from './animals';
import { invocationOf, recorder } from './world';

/** Looked at from outside, where nothing that runs in the process can lie. */
const CALLS = 'trace=openat,open,creat,connect,sendto,sendmsg,bind,execve,unlink,rename';
const straceThere = spawnSync('strace', ['-V']).status === 0;
const folder = mkdtempSync(join(tmpdir(), 'harness-referee-'));
const written = join(folder, 'written');
afterAll(() => rmSync(folder, { recursive: true }));

/** Lines of a trace that write to a file, or speak to an address. */
function deedsIn(trace: string): string[] {
  return readFileSync(trace, 'utf8')
    .split('\n')
    .filter((line) => !line.includes('"/dev/null"'))
    .filter((line) => /O_WRONLY|O_RDWR|O_CREAT|sa_family=AF_|unlink\(|rename\(/.test(line));
}

test.each(
  [
    ['writes a file', `require('fs').writeFileSync('${written}', 'x')`],
    ['fetches', `await fetch('http://127.0.0.1:9/')`],
    [
      'goes round fetch',
      `${DISPATCHER}.request({ origin: 'http://127.0.0.1:9', path: '/', method: 'GET' })`,
    ],
  ].flatMap(([name = '', body = '']) => [
    [`${name}, out of the snapshot`, body, snapshotProgram()] as const,
    [`${name}, out of the file`, body, fileProgram()] as const,
  ]),
)('R15: the kernel saw nothing of an animal that %s', async (_name, body, program) => {
  if (!straceThere) {
    process.stderr.write('strace is not installed: what the kernel saw is not looked at\n');
    return;
  }
  const trace = join(folder, 'trace');
  const before = ['strace', '-f', '-qq', '-o', trace, '-e', CALLS];
  const child = startChild({ isolation: 'process', before, nested: true }, program ?? []);
  await ready(child);
  const ending = await converse(child, invocationOf(body), recorder(), undefined);
  expect(ending).toMatchObject({ kind: 'OFF_LIMITS' });
  expect(deedsIn(trace)).toEqual([]);
  expect(existsSync(written)).toBe(false);
  // The referee sees what is done when nobody forbids it.
  const control = `require('fs').writeFileSync('${written}', 'x')`;
  spawnSync('strace', ['-f', '-qq', '-o', trace, '-e', CALLS, process.execPath, '-e', control]);
  expect(deedsIn(trace).join('\n')).toContain(written);
  rmSync(written);
});

test('the walls hold without the guard: no network, no byte into a file, no signal to the harness', async () => {
  const sandbox = await openSandbox({ spares: 0 });
  await sandbox.close();
  const walls = wallsToTry().filter(({ isolation }) => isolation === 'os');
  if (sandbox.isolation !== 'os') {
    process.stderr.write('this machine has no namespaces to give: there are no walls to try\n');
    return;
  }
  const connections: unknown[] = [];
  const server = createServer((socket) => connections.push(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  // As text: nobody may read a file of this test.
  const bare = `const fs = require('fs'); const tried = [];
     const attempt = (name, act) => { try { act(); tried.push(name) } catch (error) { tried.push(error.code) } };
     attempt('write', () => fs.writeFileSync('/tmp/harness-walls-' + process.pid, 'x'));
     attempt('kill', () => process.kill(${process.pid}, 0));
     require('net').connect(${port}, '127.0.0.1').on('error', (error) => tried.push(error.code))
       .on('connect', () => tried.push('connect'))
       .on('close', () => fs.writeSync(3, JSON.stringify(tried) + '\\n'));`;
  const before = walls.at(0)?.before ?? [];
  const { output } = spawnSync(
    before[0] ?? '',
    [...before.slice(1), process.execPath, '-e', bare],
    {
      stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
      encoding: 'utf8',
    },
  );
  server.close();
  const [write, kill, connect] = JSON.parse(output[3] ?? '') as string[];
  expect(['EFBIG', 'EACCES', 'EPERM']).toContain(write);
  expect(kill).toBe('ESRCH');
  expect(connect).toMatch(/ENETUNREACH|EADDRNOTAVAIL/);
  expect(connections).toEqual([]);
});
