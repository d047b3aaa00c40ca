import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { SEARCH_ATTRIBUTES } from '../src/core/start';
import { SERVER, SQL_TOOL, UI_SERVER } from '../src/production/programs';
import { MAX_CONNECTIONS, POSTGRES_USER, readSettings, WORKERS } from '../src/production/settings';
import { connectionSettings } from '../src/server/connection';
import { DEFAULT_PORT, DEFAULT_UI_PORT } from '../src/server/ports';
import { serverArguments } from '../src/server/server-arguments';

const ROOT = join(__dirname, '..');

interface Service {
  readonly image?: string;
  readonly build?: string;
  readonly command?: readonly string[];
  readonly env_file?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: object;
  readonly deploy?: { readonly replicas: number };
  readonly stop_grace_period?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly restart?: string;
}

const text = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const compose = parse(text('docker-compose.yml'), { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>;
};
const { services } = compose;
const settings = readSettings();

function service(name: string): Service {
  const found = services[name];
  if (found === undefined) throw new Error(`docker-compose.yml has no service ${name}`);
  return found;
}

const environment = (name: string): Readonly<Record<string, string>> =>
  service(name).environment ?? {};

describe('docker-compose.yml and `npm run production:local` bring up the same', () => {
  test('versions: of the server, of its schema and of the Web UI', () => {
    const images = Object.values(services).flatMap(({ image }) => image ?? []);
    expect(images).toEqual(
      expect.arrayContaining([
        `temporalio/server:${SERVER.version}`,
        `temporalio/admin-tools:${SQL_TOOL.version}`,
        `temporalio/ui:${UI_SERVER.version}`,
      ]),
    );
    const temporal = images.filter((image) => image.startsWith('temporalio/'));
    expect(new Set(temporal).size).toBe(3);
  });

  test('settings: the server, the schema, the namespace and PostgreSQL take theirs from production/settings.env', () => {
    for (const name of ['temporal', 'schema', 'namespace', 'postgres'])
      expect(service(name).env_file).toEqual(['production/settings.env']);
    // What is said beside it is where things are, and secrets.
    const said = ['temporal', 'schema', 'namespace', 'postgres'].flatMap((name) =>
      Object.keys(environment(name)),
    );
    expect(said.filter((name) => settings[name] !== undefined)).toEqual([]);
  });

  test('names and numbers that stand in both', () => {
    expect(service('postgres').command).toEqual([
      'postgres',
      '-c',
      `max_connections=${MAX_CONNECTIONS}`,
    ]);
    const pools = Number(settings['SQL_MAX_CONNS']) + Number(settings['SQL_VIS_MAX_CONNS']);
    expect(4 * pools).toBeLessThan(MAX_CONNECTIONS / 2);
    for (const name of ['temporal', 'postgres'])
      expect(environment(name)['POSTGRES_USER']).toBe(POSTGRES_USER);
    expect(environment('schema')['SQL_USER']).toBe(POSTGRES_USER);
    expect(service('worker').deploy?.replicas).toBe(WORKERS);
    expect(environment('worker')['TEMPORAL_NAMESPACE']).toBe(settings['TEMPORAL_NAMESPACE']);
    expect(environment('ui')['TEMPORAL_DEFAULT_NAMESPACE']).toBe(settings['TEMPORAL_NAMESPACE']);
    for (const [name, role] of [
      ['worker', 'HARNESS_DB_USER'],
      ['migrate', 'HARNESS_DB_OWNER'],
    ] as const)
      expect(environment(name)['HARNESS_DATABASE_URL']).toMatch(
        new RegExp(`^postgres://${settings[role]}:.*@postgres:5432/${settings['HARNESS_DB']}$`),
      );
  });

  test('steps: each script of production/ is run, and before what needs it', () => {
    const after = (name: string) =>
      Object.entries(service(name).depends_on ?? {}).map(
        ([on, { condition }]) => `${on} ${condition.replace('service_', '')}`,
      );
    expect(service('postgres').volumes).toContain(
      './production/harness-database.sh:/docker-entrypoint-initdb.d/harness-database.sh:ro',
    );
    expect(service('schema').command).toEqual(['sh', '/production/schema.sh']);
    expect(service('namespace').command).toEqual(['sh', '/production/namespace.sh']);
    const user = settings['HARNESS_DB_USER'];
    expect(service('migrate').command).toEqual(['store', 'migrate', '--grant-to', user]);
    expect(after('schema')).toEqual(['postgres healthy']);
    expect(after('temporal')).toEqual(['schema completed_successfully']);
    expect(after('namespace')).toEqual(['temporal healthy']);
    expect(after('migrate')).toEqual(['postgres healthy']);
    expect(after('worker')).toEqual([
      'migrate completed_successfully',
      'namespace completed_successfully',
    ]);
    expect(environment('temporal')['DYNAMIC_CONFIG_FILE_PATH']).toBe(
      '/production/dynamicconfig.yaml',
    );
  });

  test('ports: those that `harness up` has, so that links and commands are the same', () => {
    const published = Object.fromEntries(
      Object.entries(services).flatMap(([name, { ports = [] }]) =>
        ports.map((port) => [name, port] as const),
      ),
    );
    expect(published).toEqual({
      postgres: '127.0.0.1:${POSTGRES_PORT:-5432}:5432',
      temporal: `127.0.0.1:\${TEMPORAL_PORT:-${DEFAULT_PORT}}:7233`,
      ui: `127.0.0.1:\${UI_PORT:-${DEFAULT_UI_PORT}}:8080`,
    });
  });

  test('the search attributes are those of the harness', () => {
    expect(settings['HARNESS_SEARCH_ATTRIBUTES']?.split(' ')).toEqual(
      Object.keys(SEARCH_ATTRIBUTES),
    );
    expect(new Set(Object.values(SEARCH_ATTRIBUTES))).toEqual(new Set(['Keyword']));
  });

  test('the server stops a flood of signals where the embedded one does', () => {
    const dynamic = parse(text('production/dynamicconfig.yaml')) as Record<
      string,
      readonly { readonly value: number }[]
    >;
    const options = { binary: '', home: '', dbFile: null, port: 0, uiPort: 0 };
    const embedded = serverArguments(
      { ...options, searchAttributes: {} },
      { port: 7233, uiPort: 8233 },
    );
    const name = 'history.maximumSignalsPerExecution';
    expect(embedded).toContain(`${name}=${dynamic[name]?.[0]?.value}`);
    expect(Object.keys(dynamic)).toEqual([name, 'limit.maxIDLength']);
  });
});

const withCompose = spawnSync('docker', ['compose', 'version']).status === 0;
const composeSuite = withCompose ? describe : describe.skip;

composeSuite(`docker compose${withCompose ? '' : ' (skipped: it is not on this machine)'}`, () => {
  const read = (env: NodeJS.ProcessEnv) =>
    spawnSync('docker', ['compose', '--env-file', '/dev/null', 'config', '--quiet'], {
      cwd: ROOT,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], ...env },
    });

  test('takes the file, once all three passwords are given, and not before', () => {
    const two = { POSTGRES_PASSWORD: 'a', HARNESS_DB_OWNER_PASSWORD: 'b' };
    expect(read({ ...two, HARNESS_DB_PASSWORD: 'c' })).toMatchObject({ status: 0, stderr: '' });
    expect(read(two).stderr).toContain('write .env first');
  });
});

describe('the containers', () => {
  test('are reached from this machine alone', () => {
    const ports = Object.values(services).flatMap((each) => each.ports ?? []);
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
  });

  test('have no password that nobody has chosen', () => {
    const source = text('docker-compose.yml');
    expect(source).not.toMatch(/PASSWORD:-|PASSWORD\}|password: *\w/i);
    const secrets = Object.values(services)
      .flatMap((each) => Object.entries(each.environment ?? {}))
      .filter(([name]) => /PASSWORD|PWD|DATABASE_URL/.test(name));
    expect(secrets.length).toBeGreaterThan(4);
    expect(secrets.filter(([, value]) => !/\$\{\w+PASSWORD:\?[^}]+\}/.test(value))).toEqual([]);
  });

  test('of the harness are read-only, without powers, and have time to end', () => {
    for (const name of ['worker', 'migrate']) {
      const { read_only, cap_drop, security_opt, tmpfs } = service(name);
      expect({ read_only, cap_drop, security_opt }).toEqual({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
      });
      expect(tmpfs?.map((each) => each.split(':')[0])).toEqual(['/tmp', '/harness']);
    }
    const grace = Number(/GRACE_MS = ([\d_]+)/.exec(text('src/worker.ts'))?.[1]?.replace('_', ''));
    const stop = Number.parseInt(service('worker').stop_grace_period ?? '', 10) * 1_000;
    expect(stop).toBeGreaterThan(grace);
  });

  test('run as the user that owns their folder, on the Node that the package asks for, and say how they are', () => {
    const dockerfile = text('Dockerfile');
    expect(dockerfile).toMatch(/^USER node$/m);
    const bases = [...dockerfile.matchAll(/^FROM node:(\d+)-bookworm-slim/gm)].map(([, n]) => n);
    const { engines } = JSON.parse(text('package.json')) as { engines: { node: string } };
    expect(bases).toEqual([engines.node, engines.node].map((n) => /\d+/.exec(n)?.[0]));
    expect(dockerfile).toMatch(/^HEALTHCHECK .*CMD \["harness", "health"\]$/m);
    expect(dockerfile).toMatch(/^ENV HARNESS_HEALTH=127\.0\.0\.1:\d+$/m);
  });

  test('carry no secret of this folder: .env is not copied, and not committed', () => {
    for (const file of ['.dockerignore', '.gitignore'])
      expect(text(file).split('\n')).toContain('.env');
  });
});

test('the connection profiles that are shipped are read', () => {
  const env = { TEMPORAL_CONFIG_FILE: join(ROOT, 'temporal', 'temporal.toml') };
  expect(connectionSettings({ env, profile: 'compose' })).toMatchObject({
    address: '127.0.0.1:7233',
    namespace: 'default',
    source: 'profile',
  });
});
