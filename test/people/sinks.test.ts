import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newCycle } from '../../src/core/cycle';
import { noticeOf } from '../../src/core/notice';
import type { NoticeConfig } from '../../src/documents/config';
import { runCommand } from '../../src/people/command';
import { postNotice } from '../../src/people/http';
import { openSinks, type Sink } from '../../src/people/sinks';
import { at, policyWith } from '../core/samples';
import { simulate } from '../core/simulation';

const HEAD = { entries: 3, head: null };
const { cycle } = simulate({
  policy: policyWith({ halt_expiry_ms: null }),
  cuts: { 'TASK_STARTED T3': [{ halt: 'look' }] },
});
const drawn = noticeOf(cycle, 'RAISED', at(0), HEAD);
if (drawn === null) throw new Error('the cycle is halted');
const notice = drawn;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sinks-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const never = (): AbortSignal => new AbortController().signal;
const sinkOf = (config: NoticeConfig, env: NodeJS.ProcessEnv = process.env): Sink => {
  const [sink] = openSinks([config], env);
  if (sink === undefined) throw new Error('one sink');
  return sink;
};

async function answering(status: number | null): Promise<{ server: Server; url: string }> {
  const server = createServer((_, response) => {
    if (status !== null) response.writeHead(status, { location: '/elsewhere' }).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://user:secret@127.0.0.1:${(server.address() as AddressInfo).port}/secret`;
  return { server, url };
}

async function closed({ server }: { server: Server }): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
}

describe('an http sink', () => {
  test.each([
    [200, null],
    [204, null],
    [302, 'answered 302'],
    [500, 'answered 500'],
  ])('a %d is delivered, or says why not without any secret', async (status, expected) => {
    const answer = await answering(status);
    const sink = sinkOf({ type: 'http', url: answer.url });
    const problem = await sink.deliver(notice, 'k', never());
    expect(problem).toBe(expected === null ? null : `${sink.label} ${expected}`);
    expect(sink.label).not.toContain('secret');
    await closed(answer);
  });

  test('what nobody listens at is not delivered', async () => {
    const answer = await answering(200);
    await closed(answer);
    const sink = sinkOf({ type: 'http', url: answer.url });
    expect(await sink.deliver(notice, 'k', never())).toMatch(/cannot be reached \(ECONNREFUSED\)$/);
  });

  test('one that never answers is given up after its time, or when it is told to stop', async () => {
    const answer = await answering(null);
    const url = new URL(answer.url);
    const post = { url, label: 'it', notice, key: 'k', stop: never() };
    expect(await postNotice({ ...post, answerMs: 50 })).toBe('it has not answered in 50 ms');
    const stopping = new AbortController();
    const waiting = postNotice({ ...post, stop: stopping.signal });
    stopping.abort();
    expect(await waiting).toBe('it was not waited for any longer');
    await closed(answer);
  });
});

describe('a command sink', () => {
  const program = (name: string, source: string): string => {
    const file = join(folder, name);
    writeFileSync(file, source);
    return file;
  };

  test('gets the card on standard input, the text in its environment, and no secret of ours', async () => {
    const file = program(
      'keep.js',
      `const { HARNESS_NOTICE_TEXT, OWN_SECRET } = process.env;
       let card = ''; process.stdin.on('data', (part) => (card += part)).on('end', () =>
         require('node:fs').writeFileSync(process.argv[2],
           JSON.stringify({ card: JSON.parse(card), HARNESS_NOTICE_TEXT, OWN_SECRET: OWN_SECRET ?? null, args: process.argv.slice(3) })));`,
    );
    const out = join(folder, 'kept.json');
    const command = [process.execPath, file, out, '$(id)', 'a b'];
    const sink = sinkOf({ type: 'command', command }, { ...process.env, OWN_SECRET: 'x' });
    expect(await sink.deliver(notice, 'k', never())).toBe(null);
    const kept = JSON.parse(readFileSync(out, 'utf8')) as Record<string, unknown>;
    expect(kept).toEqual({
      card: JSON.parse(JSON.stringify(notice)) as unknown,
      HARNESS_NOTICE_TEXT: notice.text,
      OWN_SECRET: null,
      args: ['$(id)', 'a b'],
    });
  });

  test.each([
    ['that fails', 'process.exit(3)', 'ended with exit 3'],
    ['that is killed', "process.kill(process.pid, 'SIGKILL')", 'ended with SIGKILL'],
  ])('one %s is not delivered', async (name, source, expected) => {
    const sink = sinkOf({
      type: 'command',
      command: [process.execPath, program(`${name}.js`, source)],
    });
    expect(await sink.deliver(notice, 'k', never())).toBe(`command node ${expected}`);
  });

  test('one that is not there is not delivered', async () => {
    const sink = sinkOf({ type: 'command', command: [join(folder, 'none')] });
    expect(await sink.deliver(notice, 'k', never())).toBe('command none cannot be run (ENOENT)');
  });

  test('one that does not end is killed, with all that it has started', async () => {
    const file = program(
      'sleep.js',
      `const { spawn } = require('node:child_process');
       const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
       require('node:fs').writeFileSync(process.argv[2], String(child.pid));
       setInterval(() => {}, 1000);`,
    );
    const pidFile = join(folder, 'pid');
    const stopping = new AbortController();
    const command = [process.execPath, file, pidFile];
    const run = { command, label: 'it', notice, env: process.env, stop: stopping.signal };
    const ended = runCommand({ ...run, runMs: 60_000 });
    const started = (): string => {
      try {
        return readFileSync(pidFile, 'utf8');
      } catch {
        return '';
      }
    };
    while (started() === '') await new Promise((resolve) => setTimeout(resolve, 20));
    stopping.abort();
    expect(await ended).toBe('it was not waited for any longer');
    const alive = (): boolean => {
      try {
        // A process that was killed and not yet reaped is still known by its id, as a zombie.
        return !/^State:\s+Z/m.test(readFileSync(`/proc/${started()}/status`, 'utf8'));
      } catch {
        return false;
      }
    };
    while (alive()) await new Promise((resolve) => setTimeout(resolve, 20));
  });

  test('one that runs too long says so', async () => {
    const command = [process.execPath, '-e', 'setInterval(() => {}, 1000)'];
    const run = { command, label: 'it', notice, env: process.env, stop: never() };
    expect(await runCommand({ ...run, runMs: 50 })).toBe('it ran longer than 50 ms');
  });
});

test('C3.F3: a cycle without a halt has no notice', () => {
  expect(noticeOf(newCycle(), 'RAISED', at(0), HEAD)).toBe(null);
});
