import type { MetricMeter } from '@temporalio/common';
import {
  type CounterName,
  type GaugeName,
  type HistogramName,
  knownSeries,
  type LabelsOf,
  METRICS,
  type MetricName,
  nameForMeter,
} from './catalog';

/** Where the worker's parts say what they have seen. Nothing here ever throws or waits. */
export interface Meters {
  count<N extends CounterName>(name: N, labels: LabelsOf<N>, by?: number): void;
  observe<N extends HistogramName>(name: N, labels: LabelsOf<N>, seconds: number): void;
  set<N extends GaugeName>(name: N, labels: LabelsOf<N>, value: number): void;
}

/**
 * The harness's metrics on the SDK's own meter, so that one address serves both in one format. Counters whose series are known
 * beforehand start at 0: an alert on their growth then sees the first one, too.
 */
export function openMeters(meter: MetricMeter): Meters {
  const counters = new Map<string, ReturnType<MetricMeter['createCounter']>>();
  const gauges = new Map<string, ReturnType<MetricMeter['createGauge']>>();
  const histograms = new Map<string, ReturnType<MetricMeter['createHistogram']>>();
  for (const name of Object.keys(METRICS) as MetricName[]) {
    const { kind, help } = METRICS[name];
    const named = nameForMeter(name);
    if (kind === 'histogram')
      histograms.set(name, meter.createHistogram(named, 'float', 'seconds', help));
    else if (kind === 'gauge') gauges.set(name, meter.createGauge(named, 'float', undefined, help));
    else {
      const counter = meter.createCounter(named, undefined, help);
      for (const labels of knownSeries(name)) counter.add(0, labels);
      counters.set(name, counter);
    }
  }
  return {
    count: (name, labels, by = 1) => counters.get(name)?.add(by, { ...labels }),
    observe: (name, labels, seconds) =>
      histograms.get(name)?.record(Math.max(seconds, 0), { ...labels }),
    set: (name, labels, value) => gauges.get(name)?.set(value, { ...labels }),
  };
}
