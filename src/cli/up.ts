import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { SEARCH_ATTRIBUTES } from '../core/start';
import { liveConfig } from '../config';
import { Problem } from '../problem';
import { type Build, buildOf, buildText } from '../server/deployment';
import { DEFAULT_PORT, DEFAULT_UI_PORT } from '../server/ports';
import { tracingFor } from '../tracing/asked';
import type { HarnessWorker } from '../worker';
import { type Context, contextOf } from './context';
import { forgetServer, noteServer } from './own-server';

interface WatchOptions {
  readonly metrics?: string;
  readonly health?: string;
}

interface UpOptions extends WatchOptions {
  readonly inMemory?: boolean;
  readonly port: number;
  readonly uiPort: number;
  readonly data?: string;
  readonly worker: boolean;
  readonly startHalted?: boolean;
  readonly uiCodecEndpoint?: string;
}

interface BuildOptions {
  readonly buildId?: string;
  readonly deploymentName?: string;
}

export function upCommands(root: Command): void {
  root
    .command('up')
    .description(
      'the embedded default: a Temporal server with its Web UI, and a worker, until Ctrl-C',
    )
    .option(
      '--in-memory',
      "the server's store is lost with it (bundles, results and audit stay in HARNESS_HOME)",
    )
    .option('--port <port>', 'of the server; 0: a free one', port, DEFAULT_PORT)
    .option('--ui-port <port>', 'of the Web UI; 0: a free one', port, DEFAULT_UI_PORT)
    .option('--data <dir>', "where the server's database file is (default: HARNESS_HOME)")
    .option('--no-worker', 'the server alone')
    .option(
      '--start-halted',
      'with the whole harness halted: nothing runs until `harness resume --all`',
    )
    .option(
      '--ui-codec-endpoint <url>',
      'of `harness codec`, for the Web UI to read encrypted payloads',
    )
    .option(...METRICS_OPTION)
    .option(...HEALTH_OPTION)
    .action((options: UpOptions, command: Command) => up(contextOf(command), options));
  root
    .command('worker')
    .description('a worker only, against the configured server, until Ctrl-C')
    .option(...METRICS_OPTION)
    .option(...HEALTH_OPTION)
    .option(
      '--build-id <id>',
      'of its code: cycles that it takes stay with this build (default: TEMPORAL_WORKER_BUILD_ID, else it is unversioned)',
    )
    .option(
      '--deployment-name <name>',
      "what the builds are builds of (default: TEMPORAL_DEPLOYMENT_NAME, else 'harness')",
    )
    .action((options: WatchOptions & BuildOptions, command: Command) =>
      work(contextOf(command), options),
    );
}

const METRICS_OPTION = [
  '--metrics <address>',
  'serve Prometheus metrics there, such as 127.0.0.1:9464; a port alone is on loopback (default: HARNESS_METRICS, else none)',
] as const;
const HEALTH_OPTION = [
  '--health <address>',
  'serve /healthz there, such as 127.0.0.1:9465 (default: HARNESS_HEALTH, else none)',
] as const;

async function up(context: Context, options: UpOptions): Promise<void> {
  const { configuredAddress } = await import('../server/connection');
  const { address, namespace, profile } = context.options;
  const configured = configuredAddress({ address, namespace, profile, env: context.env });
  if (configured !== null) {
    const hint =
      'run `harness worker` against it, or unset TEMPORAL_ADDRESS and TEMPORAL_PROFILE to embed one';
    throw new Problem(
      'USAGE',
      `a server is configured already, at ${configured}: ${hint}`,
      configured,
    );
  }
  const { locateBinary } = await import('../server/locate');
  const { startEmbedded } = await import('../server/embedded');
  mkdirSync(context.home, { recursive: true, mode: 0o700 });
  if (options.startHalted === true) await startHalted(context);
  const binary = await locateBinary({
    home: context.home,
    env: context.env,
    progress: (line) => context.say(line),
  });
  const folder = options.data === undefined ? context.home : resolve(options.data);
  const server = await startEmbedded({
    binary: binary.path,
    home: context.home,
    dbFile: options.inMemory ? null : join(folder, 'temporal.db'),
    port: options.port,
    uiPort: options.uiPort,
    searchAttributes: SEARCH_ATTRIBUTES,
    namespace: context.connection().namespace,
    ...(options.uiCodecEndpoint === undefined ? {} : { uiCodecEndpoint: options.uiCodecEndpoint }),
  });
  const { address: at, uiUrl, pid } = server;
  noteServer(context.home, { address: at, ui_url: uiUrl, pid });
  try {
    const worker = options.worker
      ? await startedWorker(context, options, buildOf({}, context.env))
      : null;
    const addresses = {
      address: server.address,
      ui_url: server.uiUrl,
      home: context.home,
      worker: worker !== null,
    };
    context.print(
      addresses,
      [
        `server   ${server.address}  (${options.inMemory ? 'in memory' : join(folder, 'temporal.db')})`,
        `Web UI   ${server.uiUrl ?? 'none'}`,
        `home     ${context.home}`,
        `worker   ${worker === null ? 'none: run `harness worker`' : 'running'}; Ctrl-C drains and stops`,
      ].join('\n'),
    );
    const died = server.exited.then(({ code, signal }) => {
      throw new Problem(
        'NO_SERVER',
        `the Temporal server ended by itself (${signal ?? `exit ${code}`}): see ${join(context.home, 'server.log')}`,
      );
    });
    await untilStopped(context, worker, died);
  } finally {
    forgetServer(context.home);
    await server.stop();
  }
}

/** Before anything can run. Halted already: it stays as it is. */
async function startHalted(context: Context): Promise<void> {
  const { latch } = await context.store();
  if ((await latch.now()).halt !== null) return;
  const cause = {
    code: 'OPERATOR_HALT',
    detail: 'started halted',
    raised_by: context.user(),
  } as const;
  await latch.set(cause, new Date().toISOString());
}

async function work(context: Context, options: WatchOptions & BuildOptions): Promise<void> {
  const build = buildOf(options, context.env);
  const worker = await startedWorker(context, options, build);
  const { address, namespace } = context.connection();
  const as = build === null ? '' : ` as ${buildText(build)}`;
  context.print(
    { address, namespace, home: context.home, worker: true, build },
    `worker running against ${address}, namespace ${namespace}${as}; Ctrl-C drains and stops`,
  );
  await untilStopped(context, worker, null);
}

async function startedWorker(
  context: Context,
  options: WatchOptions,
  build: Build | null,
): Promise<HarnessWorker> {
  const { endpointAt } = await import('../metrics/address');
  const asked = (flag: 'metrics' | 'health') => {
    const variable = `HARNESS_${flag.toUpperCase()}`;
    const address = options[flag] ?? (context.env[variable] || undefined);
    const what = options[flag] === undefined ? variable : `--${flag}`;
    return address === undefined ? undefined : endpointAt(address, what);
  };
  const [metrics, health] = [asked('metrics'), asked('health')];
  // First what may be refused: Temporal's runtime, once it is there, keeps the process alive.
  const connection = context.connection();
  const store = await context.store();
  // The SDK's runtime is made once in a process, before anything connects.
  const exporter =
    metrics === undefined
      ? undefined
      : await (await import('../metrics/exporter')).prometheusAt(metrics);
  const log = await context.log(exporter);
  const tracing = await tracingFor(context.env);
  const { startWorker } = await import('../worker');
  const worker = await startWorker(connection, store, log, {
    config: liveConfig(context.options.config, context.env),
    build,
    metrics: metrics !== undefined,
    ...(health === undefined ? {} : { health }),
    ...(tracing === null ? {} : { tracing }),
  });
  if (worker.idle !== null) context.say(worker.idle);
  return worker;
}

/** Until Ctrl-C, SIGTERM, or the end of what runs: the worker takes no further task, and what runs ends. */
async function untilStopped(
  context: Context,
  worker: HarnessWorker | null,
  died: Promise<never> | null,
): Promise<void> {
  let stop = (): void => undefined;
  const asked = new Promise<void>((resolveAsked) => {
    stop = () => resolveAsked();
  });
  process.once('SIGINT', stop).once('SIGTERM', stop);
  died?.catch(() => undefined); // its error comes out of the race, or no longer matters
  try {
    await Promise.race([
      asked,
      ...(worker === null ? [] : [worker.stopped]),
      ...(died === null ? [] : [died]),
    ]);
    context.say('draining: what runs may end, nothing new is taken');
  } finally {
    process.removeListener('SIGINT', stop).removeListener('SIGTERM', stop);
    await worker?.drain();
  }
}

function port(value: string): number {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number > 65_535)
    throw new InvalidArgumentError('it is a port, 0 to 65535.');
  return number;
}
