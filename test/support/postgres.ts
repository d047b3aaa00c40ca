import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCluster, findPostgres, startCluster } from '../../src/production/postgres';
import { chooseAll } from '../../src/server/ports';
import { openServerLog } from '../../src/server/server-log';
import type { ServerProcess } from '../../src/server/server-process';

export const PASSWORD = 'p4ss-of-the-test';

/** A PostgreSQL of one's own, on loopback: nothing of it outlives `stop`. */
export interface Postgres {
  readonly port: number;
  /** With user and password. */
  readonly url: string;
  readonly pid: number;
  /** Ends it at once, as a crash does; `start` brings the same data up again at the same port. */
  crash(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

const binaries = findPostgres(process.env['PATH']);

/** A suite that needs a PostgreSQL: skipped, with the reason in its name, on a machine without one. */
export function describeWithPostgres(name: string, body: () => void): void {
  if (binaries !== null) describe(name, body);
  else describe.skip(`${name} (skipped: no initdb and postgres on the PATH or in /usr/lib)`, body);
}

export async function startPostgres(): Promise<Postgres> {
  if (binaries === null) throw new Error('there is no PostgreSQL on this machine');
  const folder = await mkdtemp(join(tmpdir(), 'harness-postgres-'));
  const cluster = { binaries, folder };
  await createCluster({ ...cluster, superuser: 'harness', password: PASSWORD });
  const [port = 0] = await chooseAll([{ port: 0, flag: '' }]);
  const logFile = join(folder, 'log');
  const log = openServerLog(logFile);
  let server: ServerProcess | null = null;

  const start = async (): Promise<void> => {
    const settings = { fsync: 'off' };
    server = await startCluster({ ...cluster, port, settings, logFd: log.fd, logFile });
  };
  await start();
  return {
    port,
    url: `postgres://harness:${PASSWORD}@127.0.0.1:${port}/postgres`,
    get pid() {
      return server?.pid ?? 0;
    },
    // Immediate shutdown: connections are cut, recovery at the next start.
    async crash() {
      if (server === null) return;
      process.kill(server.pid, 'SIGQUIT');
      await server.exited;
      server = null;
    },
    start,
    async stop() {
      await server?.stop();
      log.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
