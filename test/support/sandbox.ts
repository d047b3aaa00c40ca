import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { isObject, type Json, type JsonObject } from '../../src/core/json';
import type { AuditConfig } from '../../src/documents/config';
import { openStore, openTrail } from '../../src/store/open';
import type { Store } from '../../src/store/store';
import type { Trail } from '../../src/store/trail';
import { damageRegistryIn, dropDatabase, openDatabase, removeRecordIn } from './production';

export const ROOT = join(__dirname, '..', '..');
const BIN = join(ROOT, 'bin', 'harness.js');

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const CONFIG = 'harness.config.json';

/** With `HARNESS_TEST_TOPOLOGY=production`: where the record is. */
const POSTGRES = { audit: { type: 'postgres', url_env: 'HARNESS_DATABASE_URL' } } as const;

/**
 * One user's world: a HARNESS_HOME and a namespace of their own on the shared server, the commands as they are typed, and
 * workers as real processes. On the production topology a database of their own, too.
 */
export class Sandbox {
  readonly home = mkdtempSync(join(tmpdir(), 'harness-home-'));
  readonly namespace = `test-${randomUUID().slice(0, 8)}`;
  readonly address = process.env['HARNESS_TEST_ADDRESS'] ?? '';
  readonly env: NodeJS.ProcessEnv = {
    PATH: process.env['PATH'],
    HOME: this.home,
    HARNESS_HOME: join(this.home, 'harness'),
    TEMPORAL_ADDRESS: this.address,
    TEMPORAL_NAMESPACE: this.namespace,
    TEMPORAL_UI_URL: process.env['HARNESS_TEST_UI'],
  };
  private connection: Connection | undefined;
  /** With what each has written to standard error. */
  private readonly workers = new Map<ChildProcess, string>();

  static async open(): Promise<Sandbox> {
    const sandbox = new Sandbox();
    await sandbox.openDatabase();
    sandbox.connection = await Connection.connect({ address: sandbox.address });
    await sandbox.connection.workflowService.registerNamespace({
      namespace: sandbox.namespace,
      workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
    });
    await sandbox.untilNamespaceServes();
    return sandbox;
  }

  private async openDatabase(): Promise<void> {
    const url = await openDatabase(this.namespace);
    if (url === null) return;
    this.env['HARNESS_DATABASE_URL'] = url;
    this.file(CONFIG, {});
  }

  /** The server's caches learn of a new namespace a moment later. */
  private async untilNamespaceServes(): Promise<void> {
    for (let tries = 0; ; tries += 1) {
      try {
        await this.client().workflowService.listWorkflowExecutions({
          namespace: this.namespace,
          pageSize: 1,
        });
        return;
      } catch (error) {
        if (tries > 100) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  client(): Client {
    if (this.connection === undefined) throw new Error('open the sandbox first');
    return new Client({ connection: this.connection, namespace: this.namespace });
  }

  private audit(): AuditConfig {
    return this.env['HARNESS_DATABASE_URL'] === undefined ? { type: 'files' } : POSTGRES.audit;
  }

  store(): Promise<Store> {
    return openStore(this.audit(), this.env['HARNESS_HOME'] ?? '', this.env);
  }

  /** The same record, to be judged. */
  trail(): Promise<Trail> {
    return openTrail(this.audit(), this.env['HARNESS_HOME'] ?? '', this.env);
  }

  /** Removes the trail, and what is known of its one cycle: as whoever has all rights over the store can. */
  async removeRecord(cycleId: string): Promise<void> {
    if (this.env['HARNESS_DATABASE_URL'] !== undefined) return removeRecordIn(this.namespace);
    const home = this.env['HARNESS_HOME'] ?? '';
    for (const each of readdirSync(join(home, 'audit'))) rmSync(join(home, 'audit', each));
    for (const folder of ['results', 'cycles']) rmSync(join(home, folder, `${cycleId}.json`));
  }

  /** Nobody can tell any more which skills there are: as a disk, or a hand, may leave it. */
  async damageRegistry(): Promise<void> {
    if (this.env['HARNESS_DATABASE_URL'] !== undefined) return damageRegistryIn(this.namespace);
    const pointer = join(this.env['HARNESS_HOME'] ?? '', 'registry', 'current.json');
    writeFileSync(pointer, 'no pointer');
  }

  /** Writes a document and returns its path. A configuration also says where the record is, unless it says so itself. */
  file(name: string, content: unknown): string {
    const path = join(this.home, name);
    const onPostgres = name === CONFIG && this.env['HARNESS_DATABASE_URL'] !== undefined;
    const whole =
      onPostgres && isObject(content as Json)
        ? { ...POSTGRES, ...(content as JsonObject) }
        : content;
    // Whole from one moment to the next: a process of this world may be reading it.
    const fresh = join(this.home, randomUUID());
    writeFileSync(fresh, typeof whole === 'string' ? whole : JSON.stringify(whole));
    renameSync(fresh, path);
    return path;
  }

  /** Runs `harness …` as a user does. */
  async run(args: readonly string[], input?: string): Promise<Ran> {
    const child = spawn('node', [BIN, ...args], { cwd: this.home, env: this.env });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.stdin.end(input ?? '');
    const [status] = (await once(child, 'close')) as [number | null];
    return { status, stdout, stderr };
  }

  /** Runs with `--json` and parses the one document on standard output. */
  async json(args: readonly string[]): Promise<{ status: number | null; value: JsonObject }> {
    const { status, stdout, stderr } = await this.run([...args, '--json']);
    try {
      return { status, value: JSON.parse(stdout) as JsonObject };
    } catch {
      throw new Error(
        `no JSON on standard output (exit ${status}): ${stdout.slice(0, 500)} ${stderr.slice(0, 1_000)}`,
      );
    }
  }

  /** A worker process; resolves when it polls. Kill it with `kill('SIGKILL')`. */
  async worker(
    script: readonly string[] = [BIN, 'worker'],
    env: NodeJS.ProcessEnv = {},
  ): Promise<ChildProcess> {
    const child = spawn('node', [...script], {
      cwd: this.home,
      env: { ...this.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.workers.set(child, '');
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.workers.set(child, this.said(child) + text);
    });
    const ended = once(child, 'exit').then(() => 'ended' as const);
    const ready = await Promise.race([once(child.stdout ?? child, 'data'), ended]);
    if (ready === 'ended')
      throw new Error(`the worker ended before it polled: ${this.said(child)}`);
    return child;
  }

  /** What a worker has written to standard error. */
  said(worker: ChildProcess): string {
    return this.workers.get(worker) ?? '';
  }

  /** Ends the worker processes that this sandbox started, and removes its folder. */
  async close(): Promise<void> {
    await Promise.all(
      [...this.workers.keys()].map(async (worker) => {
        if (worker.exitCode !== null || worker.signalCode !== null) return;
        const gone = once(worker, 'exit');
        worker.kill('SIGKILL');
        await gone;
      }),
    );
    await this.connection?.close();
    if (this.env['HARNESS_DATABASE_URL'] !== undefined) await dropDatabase(this.namespace);
    rmSync(this.home, { recursive: true, force: true });
  }
}
