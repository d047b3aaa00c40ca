import { createServer } from 'node:net';
import type { MetricsExporterConfig } from '@temporalio/worker';
import { messageOf } from '../core/invariant';
import { Problem } from '../problem';
import { type Endpoint, textOf } from './address';
import { bucketBounds } from './catalog';

/**
 * What the SDK's runtime is told, so that it serves `/metrics` in Prometheus's form: its own metrics, and the harness's.
 * @throws Problem USAGE when the address cannot be bound
 */
export async function prometheusAt(endpoint: Endpoint): Promise<MetricsExporterConfig> {
  await tryToBind(endpoint);
  return {
    attachServiceName: false,
    prometheus: {
      bindAddress: textOf(endpoint),
      // Prometheus's conventions; Temporal's own dashboards know these names, too.
      countersTotalSuffix: true,
      unitSuffix: true,
      useSecondsForDurations: true,
      histogramBucketOverrides: bucketBounds(),
    },
  };
}

/** The SDK's own complaint names neither the address nor what to do. */
function tryToBind({ host, port }: Endpoint): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error) => {
      const at = textOf({ host, port });
      const sentence = `metrics cannot be served at ${at} (${messageOf(error)}): choose another address with --metrics`;
      reject(new Problem('USAGE', sentence, at, error));
    });
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve()));
  });
}
