import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { METRICS } from '../../src/metrics/catalog';
import { testPromtool } from '../support/promtool';
import { alerts, expressions, panels, RULES } from './operations';
import { askedBy } from './promql';

const OPERATIONS = readFileSync(join(__dirname, '..', '..', 'docs', 'operations.md'), 'utf8');

test.each(expressions())('$where is PromQL over metrics that there are', ({ expr }) => {
  const asked = askedBy(expr);
  expect(asked.length).toBeGreaterThan(0);
  for (const { metric } of asked) {
    const name = metric.replace(/_(?:bucket|count|sum)$/, '');
    if (!metric.startsWith('temporal_')) expect(Object.keys(METRICS)).toContain(name);
  }
});

test('what is no PromQL is told from what is', () => {
  expect(() => askedBy('sum by ((')).toThrow('no PromQL');
});

test('every alert says how grave it is, in a sentence what it means, and has a runbook of its own', () => {
  const all = alerts();
  expect(all.length).toBeGreaterThan(9);
  expect(new Set(all.map(({ alert }) => alert)).size).toBe(all.length);
  for (const { alert, labels, annotations } of all) {
    expect(['page', 'warning']).toContain(labels.severity);
    expect(annotations.summary.length).toBeGreaterThan(15);
    expect(annotations.runbook).toBe(`docs/operations.md#${alert.toLowerCase()}`);
  }
  const headings = [...OPERATIONS.matchAll(/^### (Harness\w+)$/gm)].map(([, name]) => name);
  expect(headings).toEqual(all.map(({ alert }) => alert));
});

test('a gauge that every worker computes from the same place is never added up', () => {
  const shared = /\bsum\b[^(]*\(\s*harness_(?:latch_set|halts_open|cycles_|oldest)/;
  const added = expressions().filter(
    ({ expr }) => shared.test(expr) && !/harness_cycles_(?:opened|ended)/.test(expr),
  );
  expect(added).toEqual([]);
});

test('no panel of the dashboard lies on another, and each has a title and an id of its own', () => {
  const all = panels();
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
  for (const { title, gridPos: a, id } of all) {
    expect(title).not.toBe('');
    expect(a.x + a.w).toBeLessThanOrEqual(24);
    const under = all.filter(
      ({ id: other, gridPos: b }) =>
        other !== id && a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h,
    );
    expect(under.map((panel) => `${panel.title} / ${title}`)).toEqual([]);
  }
});

testPromtool("Prometheus's own tool takes the rules", (promtool) => {
  expect(execFileSync(promtool, ['check', 'rules', RULES], { encoding: 'utf8' })).toContain(
    'SUCCESS',
  );
});
