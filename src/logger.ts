import pino, { type Logger } from 'pino';
import {
  DefaultLogger,
  makeTelemetryFilterString,
  type MetricsExporterConfig,
  Runtime,
} from '@temporalio/worker';

import { Problem } from './problem';

export type { Logger };

/** Logs go to standard error: standard output belongs to the commands' answers. Never a state, never an environment. */
export function createLogger(level: string): Logger {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: 2, sync: false }),
  );
}

const NO_WORKFLOWS = 'No workflows registered';

const LEVELS = {
  TRACE: 'trace',
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  ERROR: 'error',
} as const;

/**
 * Sends the SDK's own logs to ours, once per process; without it the SDK's core prints to standard output. Its metrics, and
 * ours beside them, go where `metrics` says; nowhere by default.
 */
export function installRuntime(log: Logger, metrics?: MetricsExporterConfig): void {
  Runtime.install({
    logger: new DefaultLogger('INFO', ({ level, message, meta }) => {
      // The worker of the bookkeeping has no workflows.
      if (message.startsWith(NO_WORKFLOWS)) return;
      const { taskToken: _, error, ...rest } = meta ?? {};
      // What is wrong with the operator's side is told in its own sentence; where our code noticed it helps nobody.
      if (error instanceof Problem) return log[LEVELS[level]](rest, `${message}: ${error.message}`);
      log[LEVELS[level]]({ ...rest, ...(error === undefined ? {} : { err: error }) }, message);
    }),
    telemetryOptions: {
      logging: { filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }), forward: {} },
      ...(metrics === undefined ? {} : { metrics }),
    },
    // The commands decide what a signal means: a drain, or the end of waiting.
    shutdownSignals: [],
  });
}
