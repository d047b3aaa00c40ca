import type { MetricMeter, MetricTags } from '@temporalio/common';

/** A meter that adds up what it is told, by the SDK's name and the labels. */
export class CountingMeter implements MetricMeter {
  private readonly sums = new Map<string, number>();

  of(name: string, labels: MetricTags = {}): number {
    return this.sums.get(keyOf(name, labels)) ?? 0;
  }

  createCounter(name: string) {
    const add = (value: number, labels: MetricTags = {}): void => this.add(name, labels, value);
    const counter = { name, kind: 'counter' as const, valueType: 'int' as const, add };
    return { ...counter, withTags: () => this.createCounter(name) };
  }

  createHistogram(name: string) {
    const record = (_: number, labels: MetricTags = {}): void => this.add(name, labels, 1);
    const histogram = { name, kind: 'histogram' as const, valueType: 'float' as const, record };
    return { ...histogram, withTags: () => this.createHistogram(name) };
  }

  createGauge(name: string) {
    const set = (value: number, labels: MetricTags = {}): void =>
      void this.sums.set(keyOf(name, labels), value);
    const gauge = { name, kind: 'gauge' as const, valueType: 'float' as const, set };
    return { ...gauge, withTags: () => this.createGauge(name) };
  }

  withTags(): MetricMeter {
    return this;
  }

  private add(name: string, labels: MetricTags, value: number): void {
    const key = keyOf(name, labels);
    this.sums.set(key, (this.sums.get(key) ?? 0) + value);
  }
}

function keyOf(name: string, labels: MetricTags): string {
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return `${name} ${JSON.stringify(sorted)}`;
}
