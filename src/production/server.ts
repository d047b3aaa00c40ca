import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectionSettings } from '../server/connection';
import { chooseBetween, HOST } from '../server/ports';
import { untilServing } from '../server/readiness';
import { type ServerProcess, spawnServer } from '../server/server-process';
import { Problem } from '../problem';
import { POSTGRES_USER, PRODUCTION_FOLDER } from './settings';
import type { Tls } from './tls';

export interface ServerOptions {
  readonly binary: string;
  readonly port: number;
  /** As `insidePorts` gives them. */
  readonly insidePorts: readonly number[];
  readonly postgres: { readonly port: number; readonly password: string };
  readonly settings: Readonly<Record<string, string>>;
  /** More of the server's own variables: certificates. */
  readonly variables?: Readonly<Record<string, string>>;
  readonly logFd: number;
  readonly logFile: string;
  readonly lockFd: number | null;
}

/** The ports of its services among themselves, by the names of the server's configuration template. */
const INSIDE = [
  'FRONTEND_HTTP_PORT',
  'FRONTEND_MEMBERSHIP_PORT',
  'HISTORY_GRPC_PORT',
  'HISTORY_MEMBERSHIP_PORT',
  'MATCHING_GRPC_PORT',
  'MATCHING_MEMBERSHIP_PORT',
  'WORKER_GRPC_PORT',
  'WORKER_MEMBERSHIP_PORT',
] as const;

/** Free ones for those. PostgreSQL's schema keeps the ports of membership in 15 bits: a higher one is refused at the start. */
export function insidePorts(): Promise<number[]> {
  return chooseBetween(20_000, 32_767, INSIDE.length);
}

/** Ready to be asked, and the namespace that every server makes for itself is there. */
const OWN_NAMESPACE = 'temporal-system';

/**
 * Starts the Temporal server as its image does: configured by its environment alone, through the template that it has inside.
 * It need not serve yet: `untilServerServes` waits for that.
 * @throws Problem `NO_SERVER` when it cannot be run.
 */
export async function startServer(options: ServerOptions): Promise<ServerProcess> {
  const {
    binary,
    port,
    insidePorts: inside,
    postgres,
    settings,
    variables,
    logFd,
    lockFd,
  } = options;
  return spawnServer(binary, ['start'], {
    logFd,
    lockFd,
    env: {
      ...settings,
      POSTGRES_SEEDS: HOST,
      DB_PORT: String(postgres.port),
      POSTGRES_USER,
      POSTGRES_PWD: postgres.password,
      BIND_ON_IP: HOST,
      FRONTEND_GRPC_PORT: String(port),
      ...Object.fromEntries(INSIDE.map((name, i) => [name, String(inside[i])])),
      DYNAMIC_CONFIG_FILE_PATH: join(PRODUCTION_FOLDER, 'dynamicconfig.yaml'),
      ...variables,
    },
  });
}

/** @throws Problem `NO_SERVER` when it ends, or does not answer in time */
export async function untilServerServes(
  server: ServerProcess,
  { port, logFile }: Pick<ServerOptions, 'port' | 'logFile'>,
  tls: Tls | null,
): Promise<void> {
  const ports = { port, uiPort: null };
  const how = connectionSettings({ env: { ...tls?.client } }).connectionOptions;
  const problem = await untilServing(ports, OWN_NAMESPACE, () => server.running(), how);
  if (problem === null) return;
  throw new Problem('NO_SERVER', `the Temporal server ${problem}: see ${logFile}`, logFile);
}

/** Starts the Web UI, on loopback; resolves when it has been started. @throws Problem `NO_SERVER` when it cannot be run */
export async function startUi(options: {
  readonly binary: string;
  readonly folder: string;
  readonly port: number;
  readonly serverPort: number;
  readonly namespace: string;
  readonly tls: Tls | null;
  readonly logFd: number;
}): Promise<ServerProcess> {
  const { binary, folder, port, serverPort, namespace, tls, logFd } = options;
  mkdirSync(folder, { recursive: true });
  // It is configured by a file, whose name is its environment's. JSON is YAML.
  const config = {
    temporalGrpcAddress: `${HOST}:${serverPort}`,
    host: HOST,
    port,
    enableUi: true,
    defaultNamespace: namespace,
    disableNewsFetch: true,
    ...(tls === null ? {} : { tls: tls.ui }),
    cors: { allowOrigins: [`http://${HOST}:${port}`, `http://localhost:${port}`] },
  };
  writeFileSync(join(folder, 'production.yaml'), JSON.stringify(config));
  const args = ['--root', folder, '--config', '.', '--env', 'production', 'start'];
  return spawnServer(binary, args, { name: 'Web UI', logFd, lockFd: null, env: {}, cwd: folder });
}
