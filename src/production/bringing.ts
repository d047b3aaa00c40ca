import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Problem } from '../problem';
import { runCommand } from '../server/command';
import { type DatabaseLock, lockDatabase } from '../server/database-lock';
import { openServerLog, type ServerLog } from '../server/server-log';
import type { ServerProcess } from '../server/server-process';
import { readSettings } from './settings';
import type { Tls } from './tls';

const SCRIPT_MS = 300_000;

export interface TopologyOptions {
  /** Everything that outlives the processes: made where it is missing. */
  readonly folder: string;
  /** 0: a free one; `ui` null: no Web UI. */
  readonly ports: {
    readonly frontend: number;
    readonly ui: number | null;
    readonly postgres: number;
  };
  readonly workers: number;
  readonly programs: {
    /** The folder of initdb and postgres. */
    readonly postgres: string;
    readonly server: string;
    readonly sqlTool: string;
    readonly ui: string | null;
    /** Temporal's command line. */
    readonly cli: string;
  };
  /** What the workers and the scripts get of the environment, beside their own. */
  readonly env: NodeJS.ProcessEnv;
  /** In the clear without it. */
  readonly tls?: Tls;
  /** More settings of PostgreSQL. */
  readonly postgresSettings?: Readonly<Record<string, string | number>>;
  readonly progress: (line: string) => void;
}

export interface Secrets {
  readonly postgres: string;
  readonly owner: string;
  readonly harness: string;
}

interface Running {
  readonly what: string;
  readonly process: ServerProcess;
}

/** Everything that one topology is made of, as it is brought up. */
export class Bringing {
  readonly settings = readSettings();
  readonly running: Running[] = [];
  private readonly logs: ServerLog[] = [];
  private lock: DatabaseLock | null = null;
  private stopping: Promise<void> | null = null;

  readonly options: TopologyOptions;

  constructor(options: TopologyOptions) {
    this.options = options;
  }

  log(name: string): { readonly logFd: number; readonly logFile: string } {
    const logFile = join(this.options.folder, 'logs', `${name}.log`);
    const log = openServerLog(logFile);
    this.logs.push(log);
    return { logFd: log.fd, logFile };
  }

  /** One topology a folder. The lock is handed down: it lasts as long as the last process that writes there. */
  async lockFolder(): Promise<DatabaseLock> {
    mkdirSync(join(this.options.folder, 'logs'), { recursive: true });
    this.lock = await lockDatabase(join(this.options.folder, 'topology'));
    return this.lock;
  }

  get lockFd(): number | null {
    return this.lock === null ? null : this.lock.fd;
  }

  keep(what: string, process: ServerProcess): ServerProcess {
    this.running.push({ what, process });
    return process;
  }

  stop(): Promise<void> {
    this.stopping ??= this.stopAll();
    return this.stopping;
  }

  private async stopAll(): Promise<void> {
    const workers = this.running.filter(({ what }) => what.startsWith('worker'));
    await Promise.all(workers.map(({ process }) => process.stop()));
    // What was started last goes first: the Web UI, the server, PostgreSQL.
    for (const { process } of this.running.filter((each) => !workers.includes(each)).reverse())
      await process.stop();
    for (const log of this.logs) log.close();
    this.lock?.close();
  }
}

/** Made at the first start, kept in the folder, for its owner alone. Hexadecimal: they stand in an address. */
export function readSecrets(folder: string): Secrets {
  const file = join(folder, 'secrets.json');
  if (!existsSync(file)) {
    const secret = () => randomBytes(24).toString('hex');
    const made: Secrets = { postgres: secret(), owner: secret(), harness: secret() };
    writeFileSync(file, JSON.stringify(made), { mode: 0o600 });
  }
  return JSON.parse(readFileSync(file, 'utf8')) as Secrets;
}

/** Runs a step to its end. @throws Problem with what it said last */
export async function script(
  { options }: Bringing,
  command: string,
  args: readonly string[],
  variables: Readonly<Record<string, string>>,
): Promise<void> {
  const env = { PATH: options.env['PATH'], HOME: options.env['HOME'], ...variables };
  const ran = await runCommand(command, args, { env, timeoutMs: SCRIPT_MS });
  if (ran.problem === null) return;
  const said = `${ran.stdout}\n${ran.stderr}`.trim().split('\n').at(-1) ?? '';
  throw new Problem('REFUSED', `${[command, ...args].join(' ')}: ${ran.problem}: ${said}`);
}
