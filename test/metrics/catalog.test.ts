import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  bucketBounds,
  knownSeries,
  METRICS,
  type MetricName,
  nameForMeter,
} from '../../src/metrics/catalog';

const ROOT = join(__dirname, '..', '..');
const NAMES = Object.keys(METRICS) as MetricName[];

/** As docs/operations.md shows them to people. */
function rows(): string {
  const lines = NAMES.map((name) => {
    const { kind, labels, help } = METRICS[name];
    const named = Object.keys(labels).map((label) => `\`${label}\``);
    return `| \`${name}\` | ${kind} | ${named.join(', ') || '–'} | ${help} |`;
  });
  return ['| name | kind | labels | what it tells |', '|---|---|---|---|', ...lines].join('\n');
}

test('docs/operations.md has a row for each metric, as the code registers it, and no other', () => {
  const text = readFileSync(join(ROOT, 'docs', 'operations.md'), 'utf8');
  const shown = /<!-- metrics -->\n([\s\S]*?)\n<!-- \/metrics -->/.exec(text)?.[1];
  expect(shown?.trim()).toBe(rows());
});

test("names follow Prometheus's conventions", () => {
  for (const name of NAMES) {
    const { kind } = METRICS[name];
    expect(name).toMatch(/^harness_[a-z]+(?:_[a-z]+)*$/);
    expect([name, name.endsWith('_total')]).toEqual([name, kind === 'counter']);
    if (kind === 'histogram') expect(name).toMatch(/_seconds$/);
  }
});

test('no label can hold an id or a text: its values are known beforehand, registered or configured', () => {
  const open = NAMES.flatMap((name) =>
    Object.entries(METRICS[name].labels).flatMap(([label, values]) =>
      values === null ? [`${name} ${label}`] : [],
    ),
  );
  expect(open.sort()).toEqual([
    'harness_effect_receipts_total effect',
    'harness_skill_runs_total skill',
    'harness_tasks_ended_total reason',
    'harness_tasks_ended_total task_type',
  ]);
});

test('a violation has the kind that the contract gives its code', () => {
  const codes = knownSeries('harness_violations_total').map(({ kind, code }) => `${kind} ${code}`);
  expect(codes).toContain('SKILL_VIOLATION UNDECLARED_SIDE_EFFECT');
  expect(codes).toContain('HARNESS_VIOLATION OVERRIDE_ATTEMPT');
  expect(codes).not.toContain('HARNESS_VIOLATION UNDECLARED_SIDE_EFFECT');
});

test('every histogram has bounds of its own, under the name that the exporter knows', () => {
  const histograms = NAMES.filter((name) => METRICS[name].kind === 'histogram');
  expect(Object.keys(bucketBounds()).sort()).toEqual(histograms.map(nameForMeter).sort());
});
