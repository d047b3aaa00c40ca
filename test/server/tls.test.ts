import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createSecureServer, type Http2SecureServer, type IncomingHttpHeaders } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificates } from '../support/certificates';

const BIN = join(__dirname, '..', '..', 'bin', 'harness.js');
const home = mkdtempSync(join(tmpdir(), 'harness-tls-'));
const seen: IncomingHttpHeaders[] = [];
let listener: Http2SecureServer;
let address = '';

beforeAll(async () => {
  makeCertificates(home);
  const [key, cert] = ['server.key', 'server.pem'].map((name) => readFileSync(join(home, name)));
  listener = createSecureServer({ key, cert }, (request, response) => {
    seen.push(request.headers);
    // As a server that knows nobody: gRPC's status 16.
    response.writeHead(200, { 'content-type': 'application/grpc', 'grpc-status': '16' }).end();
  }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const bound = listener.address();
  if (bound === null || typeof bound === 'string') throw new Error('no port');
  address = `localhost:${bound.port}`;
});
afterAll(() => {
  listener.close();
  rmSync(home, { recursive: true, force: true });
});

async function harness(args: readonly string[], env: NodeJS.ProcessEnv) {
  const child = spawn('node', [BIN, ...args], {
    cwd: home,
    env: { PATH: process.env['PATH'], HOME: home, HARNESS_HOME: home, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, stderr };
}

test.each(['schedule list', 'worker'])(
  'an API key turns TLS on, and goes with every call: harness %s',
  async (command) => {
    seen.splice(0);
    const { status, stderr } = await harness(command.split(' '), {
      TEMPORAL_ADDRESS: address,
      TEMPORAL_NAMESPACE: 'team',
      TEMPORAL_API_KEY: 'key-of-the-test',
      TEMPORAL_TLS_SERVER_CA_CERT_PATH: join(home, 'ca.pem'),
    });
    expect(status).toBe(1);
    expect(stderr).toContain('does not let this client in');
    expect(stderr).toContain('check TEMPORAL_API_KEY');
    expect(seen.length).toBeGreaterThan(0);
    const sent = seen.map(({ authorization }) => authorization);
    expect(new Set(sent)).toEqual(new Set(['Bearer key-of-the-test']));
  },
);

test('a server whose certificate nobody has vouched for gets no key, and is named with the mend', async () => {
  seen.splice(0);
  const { status, stderr } = await harness(['schedule', 'list'], {
    TEMPORAL_ADDRESS: address,
    TEMPORAL_API_KEY: 'key-of-the-test',
  });
  expect(status).toBe(1);
  expect(stderr).toContain(`the certificate of the Temporal server at ${address} is not trusted`);
  expect(stderr).toContain('TEMPORAL_TLS_SERVER_CA_CERT_PATH');
  expect(seen).toEqual([]);
});
