import type { Tracing } from './open';

/**
 * Tracing, when the environment asks for it: HARNESS_OTLP, the address of the collector, or OpenTelemetry's own variables. Its
 * libraries are loaded only then.
 */
export async function tracingFor(env: NodeJS.ProcessEnv): Promise<Tracing | null> {
  const address = env['HARNESS_OTLP'] || null;
  const standard =
    env['OTEL_EXPORTER_OTLP_ENDPOINT'] || env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] || null;
  if ((address ?? standard) === null || env['OTEL_SDK_DISABLED'] === 'true') return null;
  const { openTracing } = await import('./open');
  return openTracing(address === null ? null : `${address.replace(/\/+$/, '')}/v1/traces`);
}
