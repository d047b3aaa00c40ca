import { BUILT_INS } from '../core/graph';
import { OUTCOMES, REASONS, VIOLATIONS } from '../core/reasons';
import { NOT_RUN } from '../core/schedule';

/** What one metric is; its key in `METRICS` is its name as it is scraped. */
interface Metric {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  /** By name, every value that the label can have; `null`: bounded by what is registered or configured. */
  readonly labels: Readonly<Record<string, readonly string[] | null>>;
  readonly help: string;
  /** Upper bounds, in seconds. */
  readonly buckets?: readonly number[];
}

const MODE = ['shadow'] as const;
const TASK_TYPES = Object.values(BUILT_INS).map(({ task_type }) => task_type);
/** What raises a halt that waits for a human. */
const HALT_CODES = [
  'HARNESS_ERROR',
  'OPERATOR_HALT',
  'OVERRIDE_ATTEMPT',
  'UNDECLARED_SIDE_EFFECT',
  'GRAPH_INVALID',
] as const satisfies readonly (keyof typeof REASONS)[];
const SHORT = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const LONG = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/**
 * Every metric of the harness's own. No label ever holds an id of a cycle, a run or a task, or a text that somebody wrote:
 * the number of series stays bounded. docs/operations.md shows the same table to people (a test holds them equal).
 */
export const METRICS = {
  harness_cycles_opened_total: {
    kind: 'counter',
    labels: { mode: MODE },
    help: 'runs of cycles whose opening was put on record',
  },
  harness_cycles_ended_total: {
    kind: 'counter',
    labels: { mode: MODE, outcome: OUTCOMES },
    help: 'runs of cycles whose end was put on record, by outcome',
  },
  harness_cycles_running: {
    kind: 'gauge',
    labels: {},
    help: "cycles that run in Temporal, those that wait for a human too (the server's visibility)",
  },
  harness_cycles_unfinished: {
    kind: 'gauge',
    labels: {},
    help: 'cycles on record that have no result: running, waiting, or cut off',
  },
  harness_tasks_ended_total: {
    kind: 'counter',
    labels: { task_type: null, outcome: ['SUCCESS', 'SKIPPED', 'FAILED'], reason: null },
    help: 'tasks of ended cycles by final outcome and reason code, `none` for SUCCESS; `task_type` is `other` for one that no registered skill has',
  },
  harness_task_latency_seconds: {
    kind: 'histogram',
    labels: { task_type: [...TASK_TYPES, 'skill'] },
    help: "from the server's scheduling of a task to the end of an attempt of it on this worker, in seconds",
    buckets: LONG,
  },
  harness_halts_raised_total: {
    kind: 'counter',
    labels: { code: HALT_CODES, scope: ['cycle', 'harness'] },
    help: 'halts of cycles put on record; scope `harness`: a cycle suspended by the harness-wide halt',
  },
  harness_halts_open: {
    kind: 'gauge',
    labels: { scope: ['cycle', 'harness'] },
    help: 'running cycles that wait for a human now',
  },
  harness_oldest_halt_open_seconds: {
    kind: 'gauge',
    labels: {},
    help: 'how long the oldest open halt has waited, the harness-wide one too; 0 when none is open',
  },
  harness_latch_set: {
    kind: 'gauge',
    labels: {},
    help: '1 while the harness-wide halt is in force',
  },
  harness_violations_total: {
    kind: 'counter',
    labels: {
      kind: ['SKILL_VIOLATION', 'HARNESS_VIOLATION'],
      code: Object.keys(VIOLATIONS),
    },
    help: 'violations put on record',
  },
  harness_audit_entries_total: {
    kind: 'counter',
    labels: {},
    help: 'entries that this worker has made durable in the trail',
  },
  harness_audit_append_seconds: {
    kind: 'histogram',
    labels: {},
    help: 'how long an append to the trail took, in seconds',
    buckets: SHORT,
  },
  harness_audit_append_failures_total: {
    kind: 'counter',
    labels: { code: ['AUDIT_UNAVAILABLE', 'AUDIT_FORK', 'OTHER'] },
    help: 'appends that were refused; AUDIT_FORK is a worker that was given up and was kept from writing',
  },
  harness_audit_lag_seconds: {
    kind: 'histogram',
    labels: {},
    help: "from an event's instant (the server's clock) to the append that made it durable, the oldest of each append, in seconds",
    buckets: LONG,
  },
  harness_effect_receipts_total: {
    kind: 'counter',
    labels: { effect: null, status: ['PERFORMED', 'RECORDED', 'FAILED', 'UNKNOWN'] },
    help: 'effect calls by what became of them; `effect` is a configured one',
  },
  harness_skill_runs_total: {
    kind: 'counter',
    labels: {
      skill: null,
      ending: ['RETURNED', 'THREW', 'TIMED_OUT', 'OVERSIZED', 'OFF_LIMITS', 'STOPPED'],
    },
    help: 'runs of skills in the sandbox, by how they ended; `skill` is a registered id, without version',
  },
  harness_sandbox_start_seconds: {
    kind: 'histogram',
    labels: {},
    help: 'from starting a process for a skill until it is ready, in seconds',
    buckets: SHORT,
  },
  harness_sandbox_start_failures_total: {
    kind: 'counter',
    labels: {},
    help: 'processes for skills that did not start',
  },
  harness_notice_attempts_total: {
    kind: 'counter',
    labels: { result: ['delivered', 'failed'] },
    help: 'attempts to tell one sink of a halt',
  },
  harness_notices_failed_total: {
    kind: 'counter',
    labels: { kind: ['RAISED', 'REMINDER', 'ENDED'] },
    help: 'notices that were given up, as the trail has them',
  },
  harness_schedule_times_total: {
    kind: 'counter',
    labels: { fate: ['RAN', ...NOT_RUN] },
    help: 'nominal times of schedules that a worker has accounted for, by what became of them',
  },
  harness_look_timestamp_seconds: {
    kind: 'gauge',
    labels: {},
    help: 'when this worker last computed the gauges above, in seconds since 1970',
  },
  harness_look_failures_total: {
    kind: 'counter',
    labels: {},
    help: 'looks that failed, the store or the server giving no answer: the gauges stand still then',
  },
} as const satisfies Readonly<Record<string, Metric>>;

export type MetricName = keyof typeof METRICS;
type NameOf<K extends Metric['kind']> = {
  [N in MetricName]: (typeof METRICS)[N]['kind'] extends K ? N : never;
}[MetricName];
export type CounterName = NameOf<'counter'>;
export type GaugeName = NameOf<'gauge'>;
export type HistogramName = NameOf<'histogram'>;
export type LabelsOf<N extends MetricName> = {
  readonly [L in keyof (typeof METRICS)[N]['labels']]: string;
};

/** The SDK's exporter appends `_total` to counters and the unit to histograms. */
export function nameForMeter(name: MetricName): string {
  return METRICS[name].kind === 'gauge' ? name : name.replace(/_(?:total|seconds)$/, '');
}

/** Bounds of the buckets by the SDK's name of the histogram. */
export function bucketBounds(): Record<string, number[]> {
  const bounds: Record<string, number[]> = {};
  for (const [name, metric] of Object.entries<Metric>(METRICS)) {
    if (metric.buckets !== undefined)
      bounds[nameForMeter(name as MetricName)] = [...metric.buckets];
  }
  return bounds;
}

/** Every combination of a metric's labels, where all their values are known beforehand; else none. */
export function knownSeries(name: MetricName): Record<string, string>[] {
  const { labels }: Metric = METRICS[name];
  let series: Record<string, string>[] = [{}];
  for (const [label, values] of Object.entries(labels)) {
    if (values === null) return [];
    series = series.flatMap((each) => values.map((value) => ({ ...each, [label]: value })));
  }
  return series.filter(isPossible);
}

/** Of violations the code says the kind. */
function isPossible({ kind, code }: Record<string, string>): boolean {
  if (kind === undefined || code === undefined) return true;
  return (VIOLATIONS as Readonly<Record<string, { kind: string }>>)[code]?.kind === kind;
}
