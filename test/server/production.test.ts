import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { tlsFrom } from '../../src/production/tls';
import type { Topology } from '../../src/production/topology';
import { freshBundle } from '../support/bundles';
import { makeCertificates } from '../support/certificates';
import { bringTopology, describeWithProduction, topologyFolder } from '../support/production';
import { ROOT } from '../support/sandbox';

const BIN = join(ROOT, 'bin', 'harness.js');
const MAIN = join(ROOT, 'dist', 'production', 'main.js');

const TWO_STARTS_MS = 240_000;

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function started(args: readonly string[], env: NodeJS.ProcessEnv, cwd: string) {
  const child = spawn('node', [...args], { cwd, env: { PATH: process.env['PATH'], ...env } });
  const said = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said.stderr += text));
  const closed = once(child, 'close').then(([status]): Ran => ({
    status: status as number,
    ...said,
  }));
  return { child, said, closed };
}

const harness = (args: readonly string[], env: NodeJS.ProcessEnv, cwd: string): Promise<Ran> =>
  started([BIN, ...args], env, cwd).closed;

describeWithProduction('the production topology, as it is typed', () => {
  const folder = topologyFolder();
  const data = join(folder, 'data');
  const running = new Set<ChildProcess>();
  const log = (name: string): string => join(data, 'logs', `${name}.log`);
  afterAll(() => {
    for (const child of running) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  function production(...args: string[]) {
    const free = ['--port', '0', '--postgres-port', '0', '--no-ui', '--data', data];
    const command = started([MAIN, ...free, ...args], { ...process.env }, folder);
    running.add(command.child);
    void command.closed.then(() => running.delete(command.child));
    return command;
  }

  /** It prints where it is when it is up. */
  async function untilUp({ child, closed, said }: ReturnType<typeof production>): Promise<void> {
    const ended = await Promise.race([once(child.stdout ?? child, 'data'), closed]);
    if ('status' in ended) throw new Error(`it did not come up: ${said.stderr}`);
  }

  const variables = (): NodeJS.ProcessEnv =>
    Object.fromEntries(
      [...readFileSync(join(data, 'env'), 'utf8').matchAll(/^export (\w+)='(.*)'$/gm)].map(
        ([, name = '', value]) => [name, value],
      ),
    );

  test(
    'runs a cycle, ends in order at SIGTERM, and goes on with what it has when it is started again',
    async () => {
      const first = production();
      await untilUp(first);
      expect(statSync(join(data, 'env')).mode & 0o077).toBe(0);
      expect(statSync(join(data, 'secrets.json')).mode & 0o077).toBe(0);
      const bundle = join(folder, 'bundle.json');
      writeFileSync(bundle, JSON.stringify(freshBundle()));
      const args = ['cycle', 'start', '--input', bundle, '--wait', '--json'];
      const ran = await harness(args, variables(), folder);
      expect(ran).toMatchObject({ status: 0 });
      const { cycle_id } = JSON.parse(ran.stdout) as { cycle_id: string };

      const second = await production().closed;
      expect(second).toMatchObject({ status: 1, stdout: '' });
      expect(second.stderr).toMatch(/^production: the database .* is in use by another .*\n$/);

      first.child.kill('SIGTERM');
      expect(await first.closed).toMatchObject({ status: 0 });
      // Each writes its last line when it ends: the workers before the server, the server before PostgreSQL.
      const ends = ['worker-1', 'server', 'postgres'].map((name) => statSync(log(name)).mtimeMs);
      expect(ends).toEqual([...ends].sort((a, b) => a - b));
      expect(readFileSync(log('worker-2'), 'utf8')).toContain('draining');
      expect(readFileSync(log('server'), 'utf8')).toContain('All services are stopped.');
      expect(readFileSync(log('postgres'), 'utf8')).toContain('database system is shut down');

      const again = production('--workers', '1');
      await untilUp(again);
      const shown = await harness(['cycle', 'show', cycle_id, '--json'], variables(), folder);
      if (shown.status !== 0) throw new Error(`it does not show the cycle: ${shown.stderr}`);
      expect(JSON.parse(shown.stdout)).toMatchObject({ cycle_id, outcome: 'COMPLETED' });
      const status = await harness(['store', 'status'], variables(), folder);
      expect(status.stdout).toMatch(/user +harness: reads and inserts, no more/);
      again.child.kill('SIGINT');
      expect(await again.closed).toMatchObject({ status: 0 });
    },
    TWO_STARTS_MS,
  );

  test('a port in use is one plain sentence, and nothing is left running', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const bound = server.address();
    const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
    const ran = await production('--postgres-port', String(port)).closed;
    server.close();
    expect(ran).toMatchObject({ status: 1, stdout: '' });
    const sentence = `port ${port} on 127.0.0.1 is taken by another process: stop it, or choose another port with --postgres-port`;
    expect(ran.stderr).toBe(`production: ${sentence}\n`);
  });
});

describeWithProduction('the production topology with mutual TLS', () => {
  const folder = topologyFolder();
  const certificates = makeCertificates(join(folder, 'certificates'));
  const strangers = makeCertificates(join(folder, 'strangers'));
  let topology: Topology;
  beforeAll(async () => {
    // The worker that it waits for is one that polls through TLS.
    const tls = tlsFrom(certificates);
    topology = await bringTopology({ folder: join(folder, 'data'), workers: 1, tls });
  }, TWO_STARTS_MS);
  afterAll(async () => {
    await topology?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const start = (env: NodeJS.ProcessEnv, ...more: string[]): Promise<Ran> => {
    const bundle = join(folder, 'bundle.json');
    writeFileSync(bundle, JSON.stringify(freshBundle()));
    return harness(['cycle', 'start', '--input', bundle, '--wait', ...more], env, folder);
  };
  const withoutTls = (): NodeJS.ProcessEnv =>
    Object.fromEntries(
      Object.entries(topology.variables).filter(([name]) => !name.startsWith('TEMPORAL_TLS')),
    );

  test("a worker and a cycle, by Temporal's own variables", async () => {
    expect(await start(topology.variables)).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('COMPLETED'),
    });
  });

  test('and by a profile of temporal.toml', async () => {
    const { TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, ...others } = withoutTls();
    const file = join(folder, 'temporal.toml');
    const lines = [
      '[profile.team]',
      `address = "${TEMPORAL_ADDRESS}"`,
      `namespace = "${TEMPORAL_NAMESPACE}"`,
      '[profile.team.tls]',
      'server_name = "localhost"',
      `server_ca_cert_path = "${certificates}/ca.pem"`,
      `client_cert_path = "${certificates}/client.pem"`,
      `client_key_path = "${certificates}/client.key"`,
    ];
    writeFileSync(file, lines.join('\n'));
    const env = { ...others, TEMPORAL_CONFIG_FILE: file };
    expect(await start(env, '--profile', 'team')).toMatchObject({ status: 0 });
  });

  test.each([
    [
      'a certificate that the server does not know',
      'stranger',
      "refuses this client's certificate",
    ],
    ['no certificate', 'none', "wants a client's certificate"],
    ['another authority', 'authority', 'is not trusted here'],
    ['another name', 'name', 'is not trusted here'],
    ['no TLS', 'clear', 'wants TLS'],
  ])(
    'with %s neither a command nor a worker gets in, and the sentence says so',
    async (_, way, says) => {
      const ways: Record<string, NodeJS.ProcessEnv> = {
        stranger: {
          ...topology.variables,
          TEMPORAL_TLS_CLIENT_CERT_PATH: join(strangers, 'client.pem'),
          TEMPORAL_TLS_CLIENT_KEY_PATH: join(strangers, 'client.key'),
        },
        none: {
          ...withoutTls(),
          TEMPORAL_TLS_SERVER_CA_CERT_PATH: join(certificates, 'ca.pem'),
          TEMPORAL_TLS_SERVER_NAME: 'localhost',
        },
        authority: {
          ...topology.variables,
          TEMPORAL_TLS_SERVER_CA_CERT_PATH: join(strangers, 'ca.pem'),
        },
        name: { ...topology.variables, TEMPORAL_TLS_SERVER_NAME: 'elsewhere.example' },
        clear: withoutTls(),
      };
      const env = ways[way] ?? {};
      for (const ran of [await start(env), await harness(['worker'], env, folder)]) {
        expect(ran).toMatchObject({ status: 1, stdout: '' });
        expect(ran.stderr).toContain(topology.address);
        expect(ran.stderr).toContain(says);
        expect(ran.stderr.trim().split('\n')).toHaveLength(1);
      }
    },
  );
});
