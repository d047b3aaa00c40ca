import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTcp, type Server, type Socket } from 'node:net';
import { httpAdapter } from '../../src/effects/http';
import { callOf } from './calls';

interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

describe('an http effect', () => {
  const servers: Server[] = [];
  const sockets: Socket[] = [];
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
    for (const server of servers.splice(0)) server.close();
  });

  async function listen(server: Server): Promise<number> {
    servers.push(server);
    server.on('connection', (socket: Socket) => sockets.push(socket));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return address.port;
  }

  /** A real server that answers as told, and what it saw. */
  async function desk(answer: (response: ServerResponse, request: IncomingMessage) => void) {
    const seen: Seen[] = [];
    const server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      request.on('end', () => {
        const { method, url, headers } = request;
        seen.push({ method, url, headers, body });
        answer(response, request);
      });
    });
    const port = await listen(server);
    return { port, seen, address: `http://127.0.0.1:${port}/notify` };
  }

  /** A server below HTTP: gets the socket. */
  async function wire(onSocket: (socket: Socket) => void): Promise<string> {
    const server = createTcp((socket) => {
      socket.on('error', () => undefined);
      onSocket(socket);
    });
    return `http://127.0.0.1:${await listen(server)}/notify`;
  }

  const post = (address: string, timeoutMs?: number) =>
    httpAdapter(address, timeoutMs).perform(callOf(), false);
  const outcome = (status: string, sentence: string) => ({
    status,
    detail: expect.stringContaining(sentence),
  });

  test('a call is a POST of its payload with the key, and 2xx is PERFORMED', async () => {
    for (const status of [200, 201, 202, 204]) {
      const { address, seen } = await desk((response) => response.writeHead(status).end());
      expect(await post(address)).toEqual({ status: 'PERFORMED', detail: null });
      expect(seen).toHaveLength(1);
      expect(seen[0]).toMatchObject({ method: 'POST', url: '/notify' });
      expect(seen[0]?.headers).toMatchObject({
        'content-type': 'application/json',
        'idempotency-key': callOf().key,
      });
      expect(JSON.parse(seen[0]?.body ?? '')).toEqual(callOf().payload);
    }
  });

  test.each([400, 401, 404, 409, 429, 500, 503])('an answer of %i is FAILED', async (status) => {
    const html = '<html><body>secret detail</body></html>';
    const { address } = await desk((response) => response.writeHead(status).end(html));
    const failed = await post(address);
    expect(failed).toEqual(outcome('FAILED', `answered ${status}`));
    expect(failed.detail).not.toContain('secret');
  });

  test('HTML that comes with 200 is done all the same: the answer is not read', async () => {
    const { address } = await desk((response) => response.end('<html></html>'));
    expect((await post(address)).status).toBe('PERFORMED');
  });

  test('an answer whose body never ends is not waited for', async () => {
    const { address } = await desk((response) => {
      response.writeHead(200);
      response.write('x');
    });
    expect((await post(address)).status).toBe('PERFORMED');
  });

  test('a redirect is FAILED, and not followed', async () => {
    for (const status of [301, 302, 303, 307, 308]) {
      const other = await desk((response) => response.end());
      const { address } = await desk((response) =>
        response.writeHead(status, { location: other.address }).end(),
      );
      expect(await post(address)).toEqual(outcome('FAILED', 'redirect'));
      expect(other.seen).toEqual([]);
    }
  });

  test('where nothing listens it is FAILED: nothing was sent', async () => {
    const { address } = await desk((response) => response.end());
    const [server] = servers.splice(0);
    server?.close();
    expect(await post(address)).toEqual(outcome('FAILED', 'cannot be reached (ECONNREFUSED)'));
    const nowhere = await post('http://no-such-host.invalid/notify');
    expect(nowhere).toEqual(outcome('FAILED', 'cannot be reached'));
  });

  test('C4.I2: a server that does not answer in time is UNKNOWN: it may have taken it', async () => {
    const { address, seen } = await desk(() => undefined);
    expect(await post(address, 300)).toEqual(outcome('UNKNOWN', 'it may have taken it'));
    expect(seen).toHaveLength(1);
  });

  test('C4.I2: a connection that is cut after sending is UNKNOWN', async () => {
    const { address } = await desk((_, request) => request.socket.destroy());
    expect(await post(address)).toEqual(outcome('UNKNOWN', 'it may have taken it'));
    const reset = await wire((socket) => socket.once('data', () => socket.resetAndDestroy()));
    expect(await post(reset)).toEqual(outcome('UNKNOWN', 'it may have taken it'));
    const half = await wire((socket) => socket.once('data', () => socket.end('HTTP/1.1 20')));
    expect(await post(half)).toEqual(outcome('UNKNOWN', 'it may have taken it'));
  });

  test('C4.I2: an answer that is no HTTP is UNKNOWN', async () => {
    const noise = await wire((socket) => socket.once('data', () => socket.end('hello\r\n\r\n')));
    expect(await post(noise)).toEqual(outcome('UNKNOWN', 'without an answer'));
    const upgrade = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n';
    const switched = await wire((socket) => socket.once('data', () => socket.write(upgrade)));
    expect((await post(switched)).status).toBe('UNKNOWN');
  });

  test('where no TLS stands nothing was sent: FAILED', async () => {
    const plain = await wire((socket) => socket.once('data', () => socket.end('no TLS here')));
    const failed = await post(plain.replace('http:', 'https:'));
    expect(failed).toEqual(outcome('FAILED', 'cannot be reached'));
    const silent = await wire(() => undefined);
    const late = await post(silent.replace('http:', 'https:'), 300);
    expect(late).toEqual(outcome('FAILED', 'took no connection'));
  });

  test('credentials of the address are sent, and are in no target and no sentence', async () => {
    const { port, seen } = await desk((response) => response.writeHead(403).end());
    const address = `http://ada:p%40ss@127.0.0.1:${port}/notify?token=s3cret#frag`;
    const adapter = httpAdapter(address);
    const failed = await adapter.perform(callOf(), false);
    const basic = Buffer.from('ada:p@ss').toString('base64');
    expect(seen[0]?.headers.authorization).toBe(`Basic ${basic}`);
    expect(seen[0]?.url).toBe('/notify?token=s3cret');
    expect(adapter.target).toBe(`http://127.0.0.1:${port}/notify`);
    expect(failed.detail).toContain(adapter.target);
    expect(failed.detail).not.toMatch(/ada|p@ss|p%40ss|s3cret/);
    const [server] = servers.splice(0);
    server?.close();
    const unreached = await httpAdapter(address).perform(callOf(), false);
    expect(unreached.detail).not.toMatch(/ada|p@ss|p%40ss|s3cret/);
  });

  test('C4.I2: two calls never share a connection: an old one that is cut makes none UNKNOWN', async () => {
    const { address, seen } = await desk((response, request) => {
      response.writeHead(200).end();
      request.socket.destroySoon();
    });
    const adapter = httpAdapter(address);
    for (let ordinal = 1; ordinal <= 20; ordinal += 1) {
      expect((await adapter.perform(callOf(ordinal), false)).status).toBe('PERFORMED');
    }
    expect(new Set(seen.map(({ headers }) => headers['idempotency-key'])).size).toBe(20);
  });
});
