import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { chown, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Problem } from '../problem';
import { runCommand } from '../server/command';
import { type ServerProcess, spawnServer } from '../server/server-process';

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** A PostgreSQL whose data lies in a folder, on loopback. */
export interface ClusterOptions {
  /** The folder of initdb and postgres, as `findPostgres` gives it. */
  readonly binaries: string;
  /** Its files lie in `data` under it; with them the sockets. It is given to the account that PostgreSQL runs as. */
  readonly folder: string;
}

/** What has to lie in one folder. */
const NEEDED = ['initdb', 'postgres', 'pg_isready', 'psql'];

const READY_MS = 60_000;
const POLL_MS = 50;
const STOP_MS = 60_000;

/** The folder of initdb and postgres: of the PATH, else Debian's newest; null when there is none. */
export function findPostgres(path: string | undefined): string | null {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort().reverse() : [];
  const folders = [
    ...(path ?? '').split(delimiter).filter((each) => each !== ''),
    ...versions.map((version) => join(debian, version, 'bin')),
  ];
  const has = (each: string) => NEEDED.every((name) => existsSync(join(each, name)));
  return folders.find(has) ?? null;
}

/**
 * The account that PostgreSQL runs as, since it refuses to run as root: the one that its package made, or nobody. Null: ours.
 * @throws Problem when there is neither.
 */
export function postgresAccount(): Account | null {
  if (process.getuid?.() !== 0) return null;
  for (const user of ['postgres', 'nobody']) {
    try {
      const ask = (flag: string) => Number(execFileSync('id', [flag, user], { stdio: 'pipe' }));
      return { uid: ask('-u'), gid: ask('-g') };
    } catch {
      // No such user: the next one.
    }
  }
  throw new Problem(
    'REFUSED',
    'PostgreSQL does not run as root, and there is no user postgres or nobody: run this as another user',
  );
}

/** Whether its data is there already. */
export function hasCluster({ folder }: ClusterOptions): boolean {
  return existsSync(join(folder, 'data', 'PG_VERSION'));
}

/**
 * Makes the data: one superuser, who needs the password from everywhere. It is there whole, or not at all.
 * @throws Problem `REFUSED` when initdb fails, with its last line.
 */
export async function createCluster(
  options: ClusterOptions & { readonly superuser: string; readonly password: string },
): Promise<void> {
  const { binaries, folder, superuser, password } = options;
  const account = postgresAccount();
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const secret = join(folder, 'password');
  await writeFile(secret, `${password}\n`, { mode: 0o600 });
  if (account !== null)
    for (const path of [folder, secret]) await chown(path, account.uid, account.gid);
  reachable(folder, account);
  const data = join(folder, 'data.new');
  await rm(data, { recursive: true, force: true });
  const auth = [`--username=${superuser}`, `--pwfile=${secret}`, '--auth=scram-sha-256'];
  const plain = ['--no-locale', '--encoding=UTF8', '-D', data];
  try {
    const how = { cwd: folder, stdio: 'pipe', ...account } as const;
    execFileSync(join(binaries, 'initdb'), [...auth, ...plain], how);
  } catch (error) {
    const said = String((error as { stderr?: Buffer }).stderr ?? '').trim();
    const last = said.split('\n').at(-1) ?? '';
    const sentence = `PostgreSQL's data cannot be made in ${folder}: ${last}`;
    throw new Problem('REFUSED', sentence, folder, error);
  } finally {
    await rm(secret, { force: true });
  }
  await rename(data, join(folder, 'data'));
}

/** Its account has to come through every folder above its own. @throws Problem `REFUSED` that names the first it cannot pass */
function reachable(folder: string, account: Account | null): void {
  if (account === null) return;
  const seen: string[] = [];
  for (let each = dirname(folder); !seen.includes(each); each = dirname(each)) seen.push(each);
  const closed = seen.reverse().find((each) => !passes(each, account));
  if (closed === undefined) return;
  throw new Problem(
    'REFUSED',
    `PostgreSQL does not run as root, and its account cannot enter ${closed}: choose a folder elsewhere with --data`,
    closed,
  );
}

function passes(folder: string, { uid, gid }: Account): boolean {
  try {
    execFileSync('/bin/sh', ['-c', 'test -x "$1"', 'sh', folder], { stdio: 'ignore', uid, gid });
    return true;
  } catch {
    return false;
  }
}

/**
 * Starts it on 127.0.0.1 at `port`; resolves when it takes connections. `stop` is a fast shutdown: connections are cut, what was
 * committed stays.
 * @throws Problem `NO_SERVER` when it ends, or takes none in a minute.
 */
export async function startCluster(
  options: ClusterOptions & {
    readonly port: number;
    readonly settings: Readonly<Record<string, string | number>>;
    readonly logFd: number;
    readonly logFile: string;
    readonly lockFd?: number | null;
  },
): Promise<ServerProcess> {
  const { binaries, folder, port, settings, logFd, logFile, lockFd = null } = options;
  const set = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const where = ['-D', join(folder, 'data'), '-k', folder, '-h', '127.0.0.1', '-p', String(port)];
  const server = await spawnServer(join(binaries, 'postgres'), [...where, ...set], {
    name: 'PostgreSQL server',
    logFd,
    lockFd,
    cwd: folder,
    user: postgresAccount(),
    stopSignal: 'SIGINT',
    graceMs: STOP_MS,
  });
  const giveUpAt = performance.now() + READY_MS;
  while (!(await takesConnections(binaries, port))) {
    if (!server.running() || performance.now() > giveUpAt) {
      await server.stop();
      throw new Problem('NO_SERVER', `PostgreSQL did not start: see ${logFile}`, logFile);
    }
    await delay(POLL_MS);
  }
  return server;
}

async function takesConnections(binaries: string, port: number): Promise<boolean> {
  const args = ['--quiet', '-h', '127.0.0.1', '-p', String(port)];
  const env = { PATH: process.env['PATH'] };
  const asked = await runCommand(join(binaries, 'pg_isready'), args, { env, timeoutMs: 5_000 });
  return asked.problem === null;
}
