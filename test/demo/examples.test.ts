import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { prepare, type Source } from '../../src/client/prepare';
import { filterBeliefs } from '../../src/core/beliefs';
import type { JsonObject } from '../../src/core/json';
import { DEFAULT_POLICY } from '../../src/core/policy';
import { parseInstant } from '../../src/core/time';
import { judge } from '../../src/core/validate';
import { fresh } from '../../src/demo/fresh';
import { readBundle } from '../../src/documents/bundle';

const EXAMPLES = join(__dirname, '..', '..', 'examples');
const NOW = Date.parse('2031-05-06T07:08:09.010Z');

function source(path: string): Source {
  return { name: path, bytes: readFileSync(join(EXAMPLES, path)) };
}

function freshBundle(name: string): JsonObject {
  const { bytes } = source(`bundles/${name}`);
  return fresh(JSON.parse(Buffer.from(bytes).toString('utf8')) as JsonObject, NOW);
}

/** What T1 and T3 say under the default policy: the codes, and how many beliefs survive. */
const VERDICTS: Readonly<Record<string, readonly [codes: readonly string[], kept: number]>> = {
  'calm-trend.json': [[], 6],
  'event-lock.json': [[], 6],
  'momentum-denied.json': [[], 3],
  'no-factor-layer.json': [['FACTOR_BYPASSED'], 7],
  'no-regime.json': [['STATE_MISSING'], 0],
  'stale-regime.json': [['STATE_STALE'], 6],
  'thin-conviction.json': [['CONFIDENCE_TOO_LOW'], 6],
};

it('knows a verdict for every bundle', () => {
  expect(readdirSync(join(EXAMPLES, 'bundles')).sort()).toEqual(Object.keys(VERDICTS).sort());
});

it.each(Object.entries(VERDICTS))('C6 judges %s, made fresh, as its name says', (name, verdict) => {
  const { bundle, findings } = readBundle(freshBundle(name));
  const all = bundle === null ? findings : judge(bundle, DEFAULT_POLICY, NOW).findings;
  const kept = bundle === null ? 0 : filterBeliefs(bundle, DEFAULT_POLICY).kept.length;
  expect([all.map(({ code }) => code), kept]).toEqual(verdict);
});

it('C2.U5 refuses every example that is not made fresh first', () => {
  const { bundle } = readBundle(fresh(freshBundle('calm-trend.json'), NOW - 86_400_000));
  expect(bundle).not.toBeNull();
  if (bundle === null) return;
  expect(judge(bundle, DEFAULT_POLICY, NOW).findings).toContainEqual(
    expect.objectContaining({ code: 'STATE_STALE' }),
  );
});

it('keeps the ages inside a bundle when it makes it fresh', () => {
  const [was, is] = [NOW - 5_000, NOW].map((at) => fresh(freshBundle('calm-trend.json'), at));
  expect(is?.['timestamp']).toBe('2031-05-06T07:08:09.010Z');
  const ages = [was, is].map((bundle) => agesIn(bundle ?? {}));
  expect(ages[0]).toEqual(ages[1]);
  expect(ages[1]?.length).toBeGreaterThan(20);
});

it('R3 denies everything to a bundle without factor permission under the policy with L6.5 ACTIVE', () => {
  const bytes = Buffer.from(JSON.stringify(freshBundle('no-factor-layer.json')));
  const { policy } = prepare(
    { name: 'bundle', bytes },
    source('graphs/two-branch-review.json'),
    source('policies/desk-a.json'),
  );
  const { bundle } = readBundle(freshBundle('no-factor-layer.json'));
  expect(bundle).not.toBeNull();
  if (bundle === null) return;
  expect(filterBeliefs(bundle, policy.document).kept).toEqual([]);
  expect(filterBeliefs(bundle, DEFAULT_POLICY).kept).not.toEqual([]);
});

function agesIn(bundle: JsonObject): number[] {
  const own = parseInstant(String(bundle['timestamp'])) ?? 0;
  const found = JSON.stringify(bundle).matchAll(/timestamp":"([^"]+)"/g);
  return [...found].map(([, text = '']) => own - (parseInstant(text) ?? Number.NaN));
}
