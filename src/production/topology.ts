import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Problem } from '../problem';
import { connectionSettings } from '../server/connection';
import { chooseAll, HOST } from '../server/ports';
import { type ServerProcess, spawnServer } from '../server/server-process';
import { Bringing, readSecrets, script, type Secrets, type TopologyOptions } from './bringing';
import { untilPolling } from './polling';
import { createCluster, hasCluster, startCluster } from './postgres';
import { insidePorts, startServer, startUi, untilServerServes } from './server';
import { MAX_CONNECTIONS, POSTGRES_USER, PRODUCTION_FOLDER, setting } from './settings';

export interface Topology {
  readonly address: string;
  readonly namespace: string;
  readonly uiUrl: string | null;
  /** The harness's own database, with its user and password. */
  readonly databaseUrl: string;
  /** The same server's superuser. */
  readonly adminUrl: string;
  /** What a command needs to find all of this: the lines of the file `env`. */
  readonly variables: Readonly<Record<string, string>>;
  /** A file of these lines, for a shell to read. */
  readonly envFile: string;
  /** Says which part has ended by itself. Never rejects. */
  readonly died: Promise<string>;
  /** Drains the workers, then stops the Web UI, the server and PostgreSQL, in this order. May be called again. */
  stop(): Promise<void>;
}

const ROOT = join(__dirname, '..', '..');
const HARNESS = join(ROOT, 'bin', 'harness.js');
/** Above the worker's own grace (src/worker.ts), as in docker-compose.yml. */
const WORKER_STOP_MS = 45_000;

/**
 * Brings the production topology up on this machine, without containers: PostgreSQL, the schema, the server, its namespace, the
 * Web UI, the harness's own tables and its workers, each step as docker-compose.yml has it and by the same scripts. What is
 * there of an earlier run is kept.
 * @throws Problem, one plain sentence, after all that was started has been stopped again
 */
export async function startTopology(options: TopologyOptions): Promise<Topology> {
  const bringing = new Bringing(options);
  try {
    return await bringUp(bringing);
  } catch (error) {
    await bringing.stop();
    throw error;
  }
}

async function bringUp(bringing: Bringing): Promise<Topology> {
  const { folder, ports, progress } = bringing.options;
  const lock = await bringing.lockFolder();
  const ui = ports.ui === null ? [] : [{ port: ports.ui, flag: '--ui-port' }];
  const [frontend = 0, postgres = 0, uiPort = null] = await chooseAll([
    { port: ports.frontend, flag: '--port' },
    { port: ports.postgres, flag: '--postgres-port' },
    ...ui,
  ]);
  const address = `${HOST}:${frontend}`;
  lock.note({ pid: process.pid, address });
  const secrets = readSecrets(folder);
  progress('PostgreSQL, and the databases in it');
  await bringPostgres(bringing, postgres, secrets);
  progress(`the Temporal server, its namespace and its search attributes`);
  await bringServer(bringing, { frontend, postgres, inside: await insidePorts() }, secrets);
  await bringUi(bringing, frontend, uiPort);
  const topology = describe(bringing, { address, postgres, uiPort }, secrets);
  progress("the harness's own tables, and its workers");
  await migrate(bringing, topology, postgres, secrets);
  await bringWorkers(bringing, topology);
  return topology;
}

async function bringPostgres(bringing: Bringing, port: number, secrets: Secrets): Promise<void> {
  const { options, settings } = bringing;
  const cluster = { binaries: options.programs.postgres, folder: join(options.folder, 'postgres') };
  if (!hasCluster(cluster))
    await createCluster({ ...cluster, superuser: POSTGRES_USER, password: secrets.postgres });
  const server = await startCluster({
    ...cluster,
    port,
    settings: { max_connections: MAX_CONNECTIONS, ...options.postgresSettings },
    ...bringing.log('postgres'),
    lockFd: bringing.lockFd,
  });
  bringing.keep('PostgreSQL', server);
  await script(bringing, 'sh', [join(PRODUCTION_FOLDER, 'harness-database.sh')], {
    ...settings,
    PGHOST: HOST,
    PGPORT: String(port),
    PGUSER: POSTGRES_USER,
    PGPASSWORD: secrets.postgres,
    HARNESS_DB_OWNER_PASSWORD: secrets.owner,
    HARNESS_DB_PASSWORD: secrets.harness,
    PATH: `${cluster.binaries}:${options.env['PATH'] ?? ''}`,
  });
}

async function bringServer(
  bringing: Bringing,
  ports: {
    readonly frontend: number;
    readonly postgres: number;
    readonly inside: readonly number[];
  },
  secrets: Secrets,
): Promise<void> {
  const { options, settings } = bringing;
  const { tls = null } = options;
  await script(bringing, 'sh', [join(PRODUCTION_FOLDER, 'schema.sh')], {
    ...settings,
    TEMPORAL_SQL_TOOL_PATH: options.programs.sqlTool,
    SQL_HOST: HOST,
    SQL_PORT: String(ports.postgres),
    SQL_USER: POSTGRES_USER,
    SQL_PASSWORD: secrets.postgres,
  });
  const log = bringing.log('server');
  const server = await startServer({
    binary: options.programs.server,
    port: ports.frontend,
    insidePorts: ports.inside,
    postgres: { port: ports.postgres, password: secrets.postgres },
    settings,
    variables: tls?.server ?? {},
    ...log,
    lockFd: bringing.lockFd,
  });
  bringing.keep('the Temporal server', server);
  await untilServerServes(server, { port: ports.frontend, logFile: log.logFile }, tls);
  await script(bringing, 'sh', [join(PRODUCTION_FOLDER, 'namespace.sh')], {
    ...settings,
    TEMPORAL_CLI_PATH: options.programs.cli,
    TEMPORAL_ADDRESS: `${HOST}:${ports.frontend}`,
    ...tls?.client,
  });
}

async function bringUi(bringing: Bringing, serverPort: number, port: number | null): Promise<void> {
  const { folder, programs, tls = null } = bringing.options;
  if (programs.ui === null || port === null) return;
  const { logFd } = bringing.log('ui');
  const namespace = setting(bringing.settings, 'TEMPORAL_NAMESPACE');
  const where = { folder: join(folder, 'ui'), port, serverPort, namespace, tls, logFd };
  bringing.keep('the Web UI', await startUi({ binary: programs.ui, ...where }));
}

/** As the owner of the tables, which no worker is. */
async function migrate(
  bringing: Bringing,
  { variables }: Topology,
  port: number,
  secrets: Secrets,
): Promise<void> {
  const named = (name: string) => setting(bringing.settings, name);
  const args = [HARNESS, 'store', 'migrate', '--grant-to', named('HARNESS_DB_USER')];
  const HARNESS_DATABASE_URL = databaseUrl(named('HARNESS_DB_OWNER'), secrets.owner, port, named);
  await script(bringing, process.execPath, args, { ...variables, HARNESS_DATABASE_URL });
}

function databaseUrl(
  user: string,
  password: string,
  port: number,
  named: (name: string) => string,
): string {
  return `postgres://${user}:${password}@${HOST}:${port}/${named('HARNESS_DB')}`;
}

async function bringWorkers(bringing: Bringing, topology: Topology): Promise<void> {
  const { options } = bringing;
  if (options.workers === 0) return;
  const workers: ServerProcess[] = [];
  for (let n = 1; n <= options.workers; n += 1) {
    const worker = await spawnServer(process.execPath, [HARNESS, 'worker'], {
      name: 'worker',
      logFd: bringing.log(`worker-${n}`).logFd,
      lockFd: bringing.lockFd,
      env: { ...options.env, ...topology.variables },
      cwd: options.folder,
      graceMs: WORKER_STOP_MS,
    });
    workers.push(bringing.keep(`worker ${n}`, worker));
  }
  const all = () => workers.every((worker) => worker.running());
  const settings = connectionSettings({ env: topology.variables });
  if (
    await untilPolling(
      settings,
      workers.map(({ pid }) => pid),
      all,
    )
  )
    return;
  const logs = join(options.folder, 'logs');
  throw new Problem('NO_SERVER', `a worker does not take up its work: see worker-*.log in ${logs}`);
}

function describe(
  bringing: Bringing,
  { address, postgres, uiPort }: { address: string; postgres: number; uiPort: number | null },
  secrets: Secrets,
): Topology {
  const { options, settings, running } = bringing;
  const named = (name: string) => setting(settings, name);
  const user = named('HARNESS_DB_USER');
  const uiUrl = options.programs.ui === null || uiPort === null ? null : `http://${HOST}:${uiPort}`;
  const variables = {
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: named('TEMPORAL_NAMESPACE'),
    ...options.tls?.client,
    ...(uiUrl === null ? {} : { TEMPORAL_UI_URL: uiUrl }),
    HARNESS_HOME: join(options.folder, 'harness'),
    HARNESS_CONFIG:
      options.env['HARNESS_CONFIG'] || join(PRODUCTION_FOLDER, 'config', 'harness.config.json'),
    HARNESS_DATABASE_URL: databaseUrl(user, secrets.harness, postgres, named),
  };
  const envFile = join(options.folder, 'env');
  const lines = Object.entries(variables).map(([name, value]) => `export ${name}='${value}'\n`);
  writeFileSync(envFile, lines.join(''), { mode: 0o600 });
  return {
    address,
    namespace: variables.TEMPORAL_NAMESPACE,
    uiUrl,
    databaseUrl: variables.HARNESS_DATABASE_URL,
    adminUrl: `postgres://${POSTGRES_USER}:${secrets.postgres}@${HOST}:${postgres}/postgres`,
    variables,
    envFile,
    get died() {
      return Promise.race(running.map(({ what, process }) => process.exited.then(() => what)));
    },
    stop: () => bringing.stop(),
  };
}
