import type { EmbeddedOptions } from './embedded';
import { HOST, type Ports } from './ports';

/**
 * The command line of the server: these settings are the ones that were measured to be worth it,
 * and no others.
 */
export function serverArguments(options: EmbeddedOptions, { port, uiPort }: Ports): string[] {
  const ui = uiPort === null ? ['--headless'] : ['--ui-port', String(uiPort)];
  const args = ['server', 'start-dev', '--ip', HOST, '--port', String(port), ...ui];
  if (options.uiCodecEndpoint !== undefined)
    args.push('--ui-codec-endpoint', options.uiCodecEndpoint);
  args.push('--log-level', 'warn', '--log-format', 'text');
  if (options.dbFile !== null) args.push('--db-filename', options.dbFile, ...pragmas(DURABLE));
  if (options.namespace !== undefined) args.push('--namespace', options.namespace);
  for (const [key, value] of Object.entries(DYNAMIC_CONFIG)) {
    args.push('--dynamic-config-value', `${key}=${value}`);
  }
  for (const [name, type] of Object.entries(options.searchAttributes)) {
    args.push('--search-attribute', `${name}=${type}`);
  }
  return args;
}

/**
 * Without WAL the file is half as fast; `synchronous=2` makes each commit reach the disk, and costs
 * next to nothing.
 */
const DURABLE = { journal_mode: 'wal', synchronous: 2 } as const;

const DYNAMIC_CONFIG = {
  /**
   * The one setting that pays on a single shard: else back-to-back cycles wait 50 ms for each step.
   */
  'history.transferProcessorMaxPollRPS': 2000,
  /**
   * For safety: a cycle with many more undelivered signals than that can end a worker process,
   * again and again.
   */
  'history.maximumSignalsPerExecution': 2000,
} as const;

function pragmas(settings: Readonly<Record<string, string | number>>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => [
    '--sqlite-pragma',
    `${name}=${value}`,
  ]);
}
