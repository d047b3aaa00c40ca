import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { msToTs } from '@temporalio/common/lib/time';
import { connectHarness, type Harness } from '../client/context';
import { messageOf } from '../core/invariant';
import { Problem } from '../problem';
import type { ConnectionSettings } from '../server/connection';
import { guard } from '../server/guardian';
import { openFileStore } from '../store/files';
import { openSink, type Sink } from './sink';
import { LEDGER } from './skill';

/** What a drill is made on: a server, and how a worker is started. */
export interface SiteOptions {
  readonly connection: ConnectionSettings;
  readonly profile: string | undefined;
  readonly env: NodeJS.ProcessEnv;
  /** The program that `worker` is a command of. */
  readonly program: string;
}

/** Where the drills take place: a namespace, a HARNESS_HOME, a configuration and workers that are nobody else's. */
export class Site {
  readonly folder: string;
  readonly home: string;
  readonly namespace: string;
  readonly harness: Harness;
  readonly sink: Sink;
  private readonly options: SiteOptions;
  private readonly workers = new Set<ChildProcess>();
  private closed = false;

  private constructor(folder: string, harness: Harness, sink: Sink, options: SiteOptions) {
    this.folder = folder;
    this.home = homeIn(folder);
    this.namespace = harness.namespace;
    this.harness = harness;
    this.sink = sink;
    this.options = options;
  }

  /** @throws Problem NO_SERVER; REFUSED where the server lets nobody make a namespace */
  static async open(options: SiteOptions): Promise<Site> {
    const folder = mkdtempSync(join(tmpdir(), 'harness-drill-'));
    const namespace = `harness-drill-${randomUUID().slice(0, 8)}`;
    const settings = { ...options.connection, namespace };
    let harness: Harness | null = null;
    try {
      harness = await connectHarness(settings, await openFileStore(homeIn(folder)), '');
      await makeNamespace(harness);
      const sink = await openSink();
      configure(folder, sink.url);
      return new Site(folder, harness, sink, options);
    } catch (error) {
      await harness?.close();
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Starts a worker process; resolves when it polls. */
  async startWorker(): Promise<void> {
    this.expectOpen();
    const { connection, profile, env, program } = this.options;
    const named = profile === undefined ? [] : ['--profile', profile];
    const { address } = connection;
    const args = ['worker', '--address', address, '--namespace', this.namespace, ...named];
    const worker = spawn(process.execPath, [program, ...args], {
      cwd: this.folder,
      env: {
        ...env,
        HARNESS_HOME: this.home,
        HARNESS_CONFIG: join(this.folder, CONFIG),
        TEMPORAL_WORKER_BUILD_ID: '', // in its own namespace no build is current
        // The operator's own worker is at these addresses.
        HARNESS_METRICS: '',
        HARNESS_HEALTH: '',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.workers.add(worker);
    let said = '';
    worker.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    const ended = once(worker, 'exit').then(() => {
      this.workers.delete(worker);
      return 'ended' as const;
    });
    // It has to end with us, however we end.
    if (worker.pid !== undefined) void ended.then(guard(worker.pid));
    if ((await Promise.race([once(worker.stdout, 'data'), ended])) === 'ended')
      throw new Problem(
        'NO_SERVER',
        `the drill's worker ended before it was of use: ${said.trim()}`,
      );
  }

  /** A drill that was interrupted ends at its next look. */
  expectOpen(): void {
    if (this.closed) throw new Error('the drill was interrupted');
  }

  /** SIGKILL: nothing is drained. */
  async killWorkers(): Promise<void> {
    await Promise.all(
      [...this.workers].map(async (worker) => {
        const gone = once(worker, 'exit');
        worker.kill('SIGKILL');
        await gone;
      }),
    );
  }

  /** Lines that the effect `notes` has written for the cycle. */
  notesOf(cycleId: string): number {
    const file = join(this.folder, NOTES);
    if (!existsSync(file)) return 0;
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line.includes(cycleId)).length;
  }

  /** Nothing of it stays, neither here nor on the server. Null, or what did stay. */
  async close(): Promise<string | null> {
    this.closed = true;
    await this.killWorkers();
    await this.sink.close();
    const left = await this.dropNamespace();
    await this.harness.close();
    rmSync(this.folder, { recursive: true, force: true });
    return left;
  }

  private async dropNamespace(): Promise<string | null> {
    const { namespace } = this;
    try {
      await this.harness.client.connection.operatorService.deleteNamespace({ namespace });
      return null;
    } catch (error) {
      return `namespace ${namespace} is left on the server, delete it there: ${messageOf(error)}`;
    }
  }
}

const CONFIG = 'harness.config.json';
const NOTES = 'notes.jsonl';

function homeIn(folder: string): string {
  return join(folder, 'home');
}

function configure(folder: string, sink: string): void {
  const config = {
    ledger: 'ledger.md',
    effects: { notes: { type: 'jsonl', path: NOTES, in_shadow: 'perform' } },
    notices: [{ type: 'http', url: sink }],
  };
  writeFileSync(join(folder, 'ledger.md'), LEDGER);
  writeFileSync(join(folder, CONFIG), JSON.stringify(config));
}

const SERVES_MS = 15_000;

async function makeNamespace({ client, namespace }: Harness): Promise<void> {
  const service = client.workflowService;
  try {
    await service.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: msToTs('1 day'),
    });
  } catch (error) {
    throw new Problem(
      'REFUSED',
      `the server does not let the drill make a namespace of its own (${messageOf(error)}): unset TEMPORAL_ADDRESS, and it runs on a server of its own`,
      namespace,
      error,
    );
  }
  // The server's caches learn of a new namespace a moment later.
  const giveUp = performance.now() + SERVES_MS;
  for (;;) {
    try {
      await service.listWorkflowExecutions({ namespace, pageSize: 1 });
      return;
    } catch (error) {
      if (performance.now() > giveUp) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
