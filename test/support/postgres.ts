import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';

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

const folder = findBinaries();

/** A suite that needs a PostgreSQL: skipped, with the reason in its name, on a machine without one. */
export function describeWithPostgres(name: string, body: () => void): void {
  if (folder !== null) describe(name, body);
  else describe.skip(`${name} (skipped: no initdb and postgres on the PATH or in /usr/lib)`, body);
}

/** The folder of initdb and postgres: of the PATH, else Debian's. */
function findBinaries(): string | null {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort().reverse() : [];
  const folders = [
    ...(process.env['PATH'] ?? '').split(delimiter).filter((each) => each !== ''),
    ...versions.map((version) => join(debian, version, 'bin')),
  ];
  const has = (each: string) =>
    ['initdb', 'postgres'].every((name) => existsSync(join(each, name)));
  return folders.find(has) ?? null;
}

/** It refuses to run as root: then it runs as the user that its package made, or as nobody. */
function unprivileged(): { readonly uid: number; readonly gid: number } | null {
  if (process.getuid?.() !== 0) return null;
  for (const user of ['postgres', 'nobody']) {
    try {
      const ask = (flag: string) => Number(execFileSync('id', [flag, user], { stdio: 'pipe' }));
      return { uid: ask('-u'), gid: ask('-g') };
    } catch {
      // No such user: the next one.
    }
  }
  throw new Error('PostgreSQL does not run as root, and there is no user postgres or nobody');
}

export async function startPostgres(): Promise<Postgres> {
  if (folder === null) throw new Error('there is no PostgreSQL on this machine');
  const user = unprivileged();
  const home = await mkdtemp(join(tmpdir(), 'harness-postgres-'));
  const secret = join(home, 'password');
  await writeFile(secret, `${PASSWORD}\n`);
  if (user !== null) for (const path of [home, secret]) await chown(path, user.uid, user.gid);
  const data = join(home, 'data');
  const auth = ['--username=harness', `--pwfile=${secret}`, '--auth=scram-sha-256'];
  const plain = ['--no-sync', '--no-locale', '--encoding=UTF8', '-D', data];
  execFileSync(join(folder, 'initdb'), [...auth, ...plain], { cwd: home, stdio: 'pipe', ...user });
  const port = await freePort();
  const settings = ['-k', home, '-h', '127.0.0.1', '-p', String(port), '-c', 'fsync=off'];
  let server: ChildProcess | null = null;

  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (server === null) return;
    const closed = once(server, 'exit');
    server.kill(signal);
    await closed;
    server = null;
  };
  const start = async (): Promise<void> => {
    const child = spawn(join(folder, 'postgres'), ['-D', data, ...settings], {
      cwd: home,
      stdio: ['ignore', 'ignore', 'pipe'],
      ...user,
    });
    server = child;
    await ready(child);
  };
  await start();
  return {
    port,
    url: `postgres://harness:${PASSWORD}@127.0.0.1:${port}/postgres`,
    get pid() {
      return server?.pid ?? 0;
    },
    // Immediate shutdown: connections are cut, recovery at the next start.
    crash: () => end('SIGQUIT'),
    start,
    async stop() {
      await end('SIGINT');
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** Until it says that it takes connections. Its log is read on, or it would wait for its reader. */
async function ready(server: ChildProcess): Promise<void> {
  if (server.stderr === null) throw new Error('PostgreSQL has no log');
  const log = createInterface({ input: server.stderr });
  const seen: string[] = [];
  await new Promise<void>((resolve, reject) => {
    log.on('line', (line) => {
      seen.push(line);
      if (line.includes('ready to accept connections')) resolve();
    });
    server.once('exit', () => reject(new Error(`PostgreSQL ended: ${seen.join('\n')}`)));
    server.once('error', reject);
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
