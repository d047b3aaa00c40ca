import type { Attributes } from '@opentelemetry/api';
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, TraceFlags } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { Resource } from '@opentelemetry/resources';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  type IdGenerator,
  RandomIdGenerator,
} from '@opentelemetry/sdk-trace-base';
import type { TaskRan, Watch } from '../activities/dependencies';
import { HARNESS_VERSION } from '../core/start';
import { runSpanId, startSpanId, traceIdOf } from './ids';

/** What was started: enough to tell it in a span. */
export interface CycleStart {
  readonly cycle_id: string;
  readonly workflow_id: string;
  readonly deduplicated: boolean;
}

export interface Tracing {
  /** What a worker's activities see, as spans. */
  readonly watch: Pick<Watch, 'taskRan' | 'cycleEnded'>;
  started(start: CycleStart, beganMs: number): void;
  /** Sends what is waiting, at most for two seconds: nobody waits long for a collector that is not there. */
  close(): Promise<void>;
}

interface Span {
  readonly name: string;
  readonly cycleId: string;
  /** null: any. */
  readonly id: string | null;
  /** null: the first of its trace. */
  readonly parent: string | null;
  readonly beganMs: number;
  readonly kind: SpanKind;
  readonly failed: boolean;
  readonly attributes: Attributes;
}

const CLOSE_MS = 2_000;

/**
 * Spans of cycles over OTLP/HTTP. Headers, timeouts and the like are OpenTelemetry's own environment variables.
 * @param url of the collector's traces; null: as OTEL_EXPORTER_OTLP_ENDPOINT says
 */
export function openTracing(url: string | null): Tracing {
  const ids = new ChosenIds();
  const provider = new BasicTracerProvider({
    idGenerator: ids,
    resource: new Resource({
      'service.name': 'execution-harness',
      'service.version': HARNESS_VERSION,
    }),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter(url === null ? {} : { url }))],
  });
  const tracer = provider.getTracer('execution-harness', HARNESS_VERSION);
  const tell = ({ name, cycleId, id, parent, beganMs, kind, failed, attributes }: Span): void => {
    const traceId = traceIdOf(cycleId);
    ids.choose(traceId, id);
    const above = { traceId, spanId: parent ?? '', traceFlags: TraceFlags.SAMPLED, isRemote: true };
    const context = parent === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, above);
    const told = { ...attributes, 'harness.cycle_id': cycleId };
    const span = tracer.startSpan(name, { kind, startTime: beganMs, attributes: told }, context);
    if (failed) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  };
  return {
    watch: {
      taskRan: (ran) => tell(taskSpan(ran)),
      cycleEnded({ cycle_id, run_id, workflow_id, evaluated_at, mode, outcome, reasons }) {
        const [reason] = reasons;
        tell({
          name: 'RunWorkflow:executionCycle',
          cycleId: cycle_id,
          id: runSpanId(run_id),
          parent: startSpanId(cycle_id),
          beganMs: Date.parse(evaluated_at),
          kind: SpanKind.SERVER,
          failed: outcome === 'HALTED',
          attributes: {
            'harness.workflow_id': workflow_id,
            'harness.run_id': run_id,
            'harness.mode': mode,
            'harness.outcome': outcome ?? 'none',
            ...(reason === undefined ? {} : { 'harness.reason': reason.code }),
          },
        });
      },
    },
    started: ({ cycle_id, workflow_id, deduplicated }, beganMs) =>
      tell({
        name: 'StartWorkflow:executionCycle',
        cycleId: cycle_id,
        // The same cycle started again is no second beginning of its trace.
        id: deduplicated ? null : startSpanId(cycle_id),
        parent: deduplicated ? startSpanId(cycle_id) : null,
        beganMs,
        kind: SpanKind.CLIENT,
        failed: false,
        attributes: { 'harness.workflow_id': workflow_id, 'harness.deduplicated': deduplicated },
      }),
    async close() {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, CLOSE_MS);
      });
      await Promise.race([provider.shutdown().catch(() => undefined), late]);
      clearTimeout(timer);
    },
  };
}

function taskSpan({
  cycleId,
  runId,
  task,
  activityType,
  attempt,
  seconds,
  waited,
  code,
}: TaskRan): Span {
  return {
    name: `RunActivity:${activityType}`,
    cycleId,
    id: null,
    parent: runSpanId(runId),
    beganMs: Date.now() - (seconds - waited) * 1_000,
    kind: SpanKind.INTERNAL,
    failed: code !== null,
    attributes: {
      'harness.task': task,
      'harness.run_id': runId,
      'harness.attempt': attempt,
      'harness.waited_ms': Math.round(waited * 1_000),
      ...(code === null ? {} : { 'harness.reason': code }),
    },
  };
}

/** Ids that are made of the cycle's, where they have to be found again; else any. */
class ChosenIds implements IdGenerator {
  private readonly random = new RandomIdGenerator();
  private traceId: string | null = null;
  private spanId: string | null = null;

  choose(traceId: string, spanId: string | null): void {
    this.traceId = traceId;
    this.spanId = spanId;
  }

  generateTraceId = (): string => this.traceId ?? this.random.generateTraceId();
  generateSpanId = (): string => this.spanId ?? this.random.generateSpanId();
}
