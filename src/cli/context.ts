import { userInfo } from 'node:os';
import type { Command } from 'commander';
import type { Harness } from '../client/context';
import type { Source } from '../client/prepare';
import { harnessHome, loadConfig, readFileOrThrow } from '../config';
import { codeOf, messageOf } from '../core/invariant';
import type { Config } from '../documents/config';
import type { Logger } from '../logger';
import { Problem } from '../problem';
import type { MetricsExporterConfig } from '@temporalio/worker';
import { type ConnectionSettings, connectionSettings } from '../server/connection';
import type { Store } from '../store/store';
import type { Trail } from '../store/trail';
import { ownServer } from './own-server';

/** The options that every command takes (interface, "Global"). */
export interface GlobalOptions {
  readonly json?: boolean;
  readonly debug?: boolean;
  readonly color?: boolean;
  readonly config?: string;
  readonly address?: string;
  readonly namespace?: string;
  readonly profile?: string;
}

/** What a command acts with; everything is made when it is asked for, so that `plan` needs no server. */
export class Context {
  readonly env: NodeJS.ProcessEnv;
  readonly options: GlobalOptions;
  readonly home: string;
  private loadedConfig: Config | undefined;

  constructor(options: GlobalOptions, env: NodeJS.ProcessEnv) {
    this.options = options;
    this.env = env;
    this.home = harnessHome(env);
  }

  get json(): boolean {
    return this.options.json === true;
  }

  /** Colour, tables and spinners are for a terminal only. */
  get terminal(): boolean {
    return process.stdout.isTTY && !this.json;
  }

  config(): Config {
    this.loadedConfig ??= loadConfig(this.options.config, this.env);
    return this.loadedConfig;
  }

  /** The graph and policy of a command: its own option, else the configuration's, else null for the default. */
  source(option: string | undefined, configured: 'graph' | 'policy'): Source | null {
    const path = option ?? this.config()[configured];
    return path === undefined ? null : this.read(path);
  }

  read(path: string): Source {
    return { name: path === '-' ? 'standard input' : path, bytes: readFileOrThrow(path) };
  }

  /** @throws Problem REFUSED when it cannot be opened */
  async store(): Promise<Store> {
    const { openStore } = await import('../store/open');
    return asRefusal(() => openStore(this.config().audit, this.home, this.env));
  }

  /** The same record, to be judged; `folder`: an exported one instead. @throws Problem REFUSED when it cannot be opened */
  async trail(folder?: string): Promise<Trail> {
    const { openTrail } = await import('../store/open');
    const { audit } = folder === undefined ? this.config() : FILES;
    return asRefusal(() => openTrail(audit, folder ?? this.home, this.env));
  }

  /** The server to talk to: flags, Temporal's own environment, else the one that `harness up` runs on this HARNESS_HOME. */
  connection(): ConnectionSettings {
    const { address, namespace, profile } = this.options;
    const settings = connectionSettings({ address, namespace, profile, env: this.env });
    if (settings.source !== 'default') return settings;
    const own = ownServer(this.home);
    if (own === null) return settings;
    return {
      ...settings,
      address: own.address,
      connectionOptions: { ...settings.connectionOptions, address: own.address },
    };
  }

  /** Where the Web UI is: TEMPORAL_UI_URL, else our own server's, else where a dev server has it: 1 000 ports up. */
  uiUrl(): string {
    const named = this.env['TEMPORAL_UI_URL'];
    if (named) return named.replace(/\/+$/, '');
    const { address } = this.connection();
    const own = ownServer(this.home);
    if (own?.address === address && own.ui_url !== null) return own.ui_url;
    const [host = '127.0.0.1', port = '7233'] = address.split(':');
    return `http://${host}:${Number(port) + 1_000}`;
  }

  async harness(): Promise<Harness> {
    const { connectHarness } = await import('../client/context');
    return connectHarness(this.connection(), await this.store(), this.uiUrl());
  }

  /** The server if it can be reached: what is only shown is shown without it, too. */
  async reach(): Promise<{ harness: Harness | null; store: Store }> {
    try {
      const harness = await this.harness();
      return { harness, store: harness.store };
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== 'NO_SERVER') throw error;
      return { harness: null, store: await this.store() };
    }
  }

  /** A process that runs a worker logs; others are silent but for their answer. */
  async log(metrics?: MetricsExporterConfig): Promise<Logger> {
    // Loads the SDK's native part, which a command that only asks has no use for.
    const { createLogger, installRuntime } = await import('../logger');
    const log = createLogger(
      this.env['HARNESS_LOG_LEVEL'] ?? (this.options.debug ? 'debug' : 'warn'),
    );
    installRuntime(log, metrics);
    return log;
  }

  /** Who acts, when `--by` does not say: the user's login. */
  user(): string {
    try {
      return userInfo().username;
    } catch {
      return this.env['USER'] ?? 'unknown';
    }
  }

  /** The command's answer: one JSON document with `--json`, else the text. */
  print(value: unknown, text: string): void {
    process.stdout.write(this.json ? `${JSON.stringify(value)}\n` : `${text}\n`);
  }

  /** A line about what is going on: standard error, so that an answer stays alone on standard output. */
  say(line: string): void {
    process.stderr.write(`${line}\n`);
  }
}

const FILES = { audit: { type: 'files' } } as const;

/** A store that does not open says why in one sentence, which is the command's own answer. */
export async function asRefusal<T>(body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (codeOf(error) !== 'STORE_UNAVAILABLE') throw error;
    throw new Problem('REFUSED', messageOf(error), 'audit', error);
  }
}

export function contextOf(command: Command): Context {
  return new Context(command.optsWithGlobals<GlobalOptions>(), process.env);
}
