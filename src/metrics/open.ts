import type { MetricMeter } from '@temporalio/common';
import type { NativeConnection } from '@temporalio/worker';
import type { Logger } from 'pino';
import type { Watch } from '../activities/dependencies';
import { AUDIT_LOG } from '../core/effects';
import type { Store } from '../store/store';
import { METRICS } from './catalog';
import { lookRegularly, type Visibility } from './look';
import { openMeters } from './meters';
import { openWatch } from './watch';
import { watchedStore } from './watched-store';

/** What one worker needs to be counted. */
export interface WorkerMetrics {
  /** The worker's store: what becomes durable through it is counted. */
  readonly store: Store;
  readonly watch: Watch;
  sandboxStarted(ms: number | null): void;
  stop(): void;
}

interface Server {
  readonly workflowService: NativeConnection['workflowService'];
  readonly namespace: string;
}

export function openWorkerMetrics(
  meter: MetricMeter,
  store: Store,
  server: Server,
  log: Logger,
  effects: readonly string[],
): WorkerMetrics {
  const meters = openMeters(meter);
  // An alert on the growth of a series sees the first one only where it began at 0.
  for (const effect of [AUDIT_LOG, ...effects]) {
    for (const status of METRICS.harness_effect_receipts_total.labels.status)
      meters.count('harness_effect_receipts_total', { effect, status }, 0);
  }
  const look = lookRegularly(meters, store, visibilityOf(server), log);
  return {
    store: watchedStore(store, meters),
    watch: openWatch(meters, store),
    sandboxStarted(ms) {
      if (ms === null) meters.count('harness_sandbox_start_failures_total', {});
      else meters.observe('harness_sandbox_start_seconds', {}, ms / 1_000);
    },
    stop: () => look.stop(),
  };
}

const PAGE = 200;

function visibilityOf({ workflowService, namespace }: Server): Visibility {
  return {
    async count(query) {
      const { count } = await workflowService.countWorkflowExecutions({ namespace, query });
      return Number(count);
    },
    async list(query, most) {
      const ids: string[] = [];
      let nextPageToken: Uint8Array | null | undefined;
      do {
        const page = await workflowService.listWorkflowExecutions({
          namespace,
          query,
          pageSize: PAGE,
          ...(nextPageToken ? { nextPageToken } : {}),
        });
        for (const { execution } of page.executions ?? [])
          if (execution?.workflowId) ids.push(execution.workflowId);
        nextPageToken = page.nextPageToken;
      } while (nextPageToken && nextPageToken.length > 0 && ids.length < most);
      return ids.slice(0, most);
    },
  };
}
