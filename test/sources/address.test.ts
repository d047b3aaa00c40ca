import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { readSource, type SourceRead } from '../../src/sources/source';
import { freshBundle } from '../support/bundles';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/bundle`;
}

async function reading(answer: RequestListener, query = ''): Promise<SourceRead> {
  return readSource(`${await serve(answer)}${query}`, new AbortController().signal);
}

async function problemOf(answer: RequestListener, query = ''): Promise<string> {
  const read = await reading(answer, query);
  return read.ok ? 'it was read' : read.problem;
}

const text = JSON.stringify(freshBundle());

test('the body is the bundle, whatever the answer calls it', async () => {
  const read = await reading((_, response) => {
    response.setHeader('content-type', 'text/html').end(text);
  });
  expect(read).toMatchObject({ ok: true, dated: true });
});

test('a compressed answer is read', async () => {
  const read = await reading((_, response) => {
    response.setHeader('content-encoding', 'gzip').end(gzipSync(text));
  });
  expect(read).toMatchObject({ ok: true });
});

describe('SOURCE_FAILED an answer that is no bundle has one sentence', () => {
  test.each<[string, RequestListener, RegExp]>([
    ['HTML', (_, r) => r.end('<html>gateway</html>'), /gave no bundle: /],
    ['no content', (_, r) => r.end(), /gave no bundle: /],
    ['a list', (_, r) => r.end('[]'), /gave no bundle: the document is a list/],
    ['duplicate keys', (_, r) => r.end('{"a":1,"a":1}'), /gave no bundle: .*"a"/],
    ['500', (_, r) => r.writeHead(500).end(text), /answered 500: a bundle comes with 200/],
    ['204', (_, r) => r.writeHead(204).end(), /answered 204/],
    [
      'a redirect, which is not followed',
      (_, r) => r.writeHead(302, { location: 'http://169.254.169.254/' }).end(),
      /answered 302, and none is followed/,
    ],
    [
      'cut off by its length',
      (_, r) => {
        r.writeHead(200, { 'content-length': text.length }).write(text.slice(0, 50));
        setImmediate(() => r.destroy());
      },
      /gave no answer: /,
    ],
    [
      'too large, its length untold',
      (_, r) => {
        const part = Buffer.alloc(1024 * 1024, ' ');
        for (let i = 0; i < 18; i += 1) r.write(part);
        r.end('{}');
      },
      /gave more than the 16777216 bytes/,
    ],
    [
      'too large once it is unpacked',
      (_, r) => {
        r.setHeader('content-encoding', 'gzip').end(gzipSync(Buffer.alloc(64 * 1024 * 1024, ' ')));
      },
      /gave more than the 16777216 bytes/,
    ],
  ])('%s', async (_what, answer, sentence) => {
    const problem = await problemOf(answer, '?token=secret');
    expect(problem).toMatch(sentence);
    expect(problem).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/bundle /);
    expect(problem).not.toContain('secret');
    expect(problem.split('\n')).toHaveLength(1);
  });

  test('nobody listens', async () => {
    const read = await readSource('http://127.0.0.1:1/bundle', new AbortController().signal);
    expect(read).toMatchObject({ ok: false, problem: expect.stringMatching(/gave no answer: /) });
  });
});

test('a source that accepts and says nothing, or drips for ever, is given up after 10 s', async () => {
  const drips: NodeJS.Timeout[] = [];
  const silent = problemOf(() => undefined);
  const dripping = problemOf((_, response) => {
    response.write('{');
    drips.push(setInterval(() => response.write(' '), 100));
  });
  const sentence = 'the source gave no bundle within 10 s';
  expect(await Promise.all([silent, dripping])).toEqual([sentence, sentence]);
  for (const drip of drips) clearInterval(drip);
}, 30_000);

test('it ends at once when it is told to stop', async () => {
  const stop = new AbortController();
  const address = await serve(() => stop.abort(new Error('cancelled')));
  await expect(readSource(address, stop.signal)).rejects.toThrow('cancelled');
});
