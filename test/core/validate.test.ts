import type { Json, JsonObject } from '../../src/core/json';
import { DEFAULT_POLICY, STALENESS_KEYS, stalenessLimit } from '../../src/core/policy';
import { judge, judgeInvalid, type Verdict } from '../../src/core/validate';
import { readBundle } from '../../src/documents/bundle';
import { readPolicy } from '../../src/documents/policy';
import { changed, fullBundle } from '../documents/samples';
import {
  AT,
  AT_MS,
  at,
  belief,
  bundleOf,
  bundleWith,
  edited,
  permission,
  plainBundle,
  policyWith,
} from './samples';

/** What T1 does with any JSON object: form first, then the judgement. */
function verdictOn(document: JsonObject, policy = DEFAULT_POLICY, atMs = AT_MS): Verdict {
  const { bundle, findings } = readBundle(document);
  return bundle === null ? judgeInvalid(findings) : judge(bundle, policy, atMs);
}
const codes = ({ findings }: Verdict): string[] => findings.map(({ code }) => code);

describe('the rows of "Semantics of Unknown States"', () => {
  test.each([
    ['regime_state', undefined],
    ['regime_state', null],
    ['active_beliefs', null],
    ['timestamp', undefined],
  ])('C2.U1, R10: without %s (%s) the cycle halts, and nothing else is tested', (field, value) => {
    const stale = { ...plainBundle(), macro_state: { timestamp: at(-1e12) }, active_beliefs: [] };
    const verdict = verdictOn(changed(stale, field, value));
    expect(verdict).toEqual({
      verdict: 'HALT',
      findings: [{ code: 'STATE_MISSING', detail: `${field} is missing`, state: field }],
      no_beliefs: false,
      low_confidence: false,
      factor_layer: null,
      fresh_until: null,
      seen: {},
    });
  });

  test.each<[string, Json]>([
    ['regime_state.behavior', 'BULLISH'],
    ['regime_state.confidence', true],
    ['macro_state', { timestamp: 'yesterday' }],
    ['factor_permission', { timestamp: AT, regime_context: 'UNKNOWN' }],
    ['extra', 1],
  ])('C2.U1, R13: an invalid %s halts, an optional state too', (path, value) => {
    const verdict = verdictOn(changed(plainBundle(), path, value));
    expect([verdict.verdict, ...codes(verdict)]).toEqual(['HALT', 'STATE_INVALID']);
  });

  test('EXE-1, R11: a signal without its regime context halts the cycle', () => {
    const bare = changed(fullBundle(), 'signals[0].regime_context', null);
    expect(verdictOn(bare)).toMatchObject({ verdict: 'HALT', findings: [{ state: 'signals' }] });
  });

  test.each(['L8', 'L6.5', 'L10', 'L12'])(
    'R12: a belief produced by %s halts the cycle',
    (layer) => {
      const verdict = verdictOn({
        ...plainBundle(),
        active_beliefs: [belief('B-1', { source_layer: layer })],
      });
      expect([verdict.verdict, ...codes(verdict)]).toEqual(['HALT', 'STATE_INVALID']);
    },
  );

  test.each<[number, boolean]>([
    [0.49999999999999994, true],
    [0.5, false],
    [0.8, false],
    [0, true],
  ])('C2.U2, R1: confidence %d against a threshold of 0.5 is low: %s', (confidence, low) => {
    const bundle = bundleWith({ 'regime_state.confidence': confidence });
    const { verdict, low_confidence, findings } = judge(bundle, DEFAULT_POLICY, AT_MS);
    expect([verdict, low_confidence]).toEqual(['PROCEED', low]);
    expect(findings.filter(({ code }) => code === 'CONFIDENCE_TOO_LOW')).toEqual(
      low
        ? [
            {
              code: 'CONFIDENCE_TOO_LOW',
              detail: `regime confidence ${confidence} is below 0.5`,
              state: 'regime_state',
            },
          ]
        : [],
    );
  });

  test.each<['LATENT' | 'ACTIVE', JsonObject | null, string, string[]]>([
    ['LATENT', null, 'BYPASSED', ['FACTOR_BYPASSED']],
    ['ACTIVE', null, 'DENIED', []],
    ['LATENT', permission(), 'ENFORCED', []],
    ['ACTIVE', permission(), 'ENFORCED', []],
    ['LATENT', permission({ size_multiplier: 0 }), 'DENIED', []],
  ])('C2.U3, R3: L6.5 %s with permission %j is %s', (layer, held, kind, findings) => {
    const bundle = bundleWith({ factor_permission: held });
    const verdict = judge(bundle, policyWith({ factor_layer: layer }), AT_MS);
    expect([verdict.verdict, verdict.factor_layer, codes(verdict)]).toEqual([
      'PROCEED',
      kind,
      findings,
    ]);
  });

  test('C2.U4: no beliefs is a clean exit, on record; no signals is nothing to speak of', () => {
    const verdict = judge(bundleWith({ active_beliefs: [], signals: [] }), DEFAULT_POLICY, AT_MS);
    expect(verdict).toMatchObject({ verdict: 'PROCEED', no_beliefs: true });
    expect(codes(verdict)).toEqual(['NO_BELIEFS', 'FACTOR_BYPASSED']);
  });

  test('C2.U5: a rejection says which state, how old and the limit', () => {
    const verdict = judge(
      bundleWith({ 'regime_state.timestamp': at(-300_001) }),
      DEFAULT_POLICY,
      AT_MS,
    );
    expect(verdict.verdict).toBe('REJECT');
    expect(verdict.findings[0]).toEqual({
      code: 'STATE_STALE',
      detail: 'regime_state is 300001 ms old, limit 300000',
      state: 'regime_state',
    });
  });

  test('C6.T1: stale or future, no beliefs, confidence, factor layer: every finding, in this order', () => {
    const bundle = bundleWith({
      'regime_state.confidence': 0.1,
      'regime_state.timestamp': at(2_001),
      active_beliefs: [],
      macro_state: { timestamp: at(-86_400_001) },
    });
    const verdict = judge(bundle, DEFAULT_POLICY, AT_MS);
    expect(verdict).toMatchObject({ verdict: 'REJECT', no_beliefs: true, low_confidence: true });
    expect(codes(verdict)).toEqual([
      'STATE_FROM_FUTURE',
      'STATE_STALE',
      'NO_BELIEFS',
      'CONFIDENCE_TOO_LOW',
      'FACTOR_BYPASSED',
    ]);
  });
});

describe('what T1 says beyond its verdict', () => {
  test('C2.1: contexts of another regime are logged, a permission of another regime too, and judged by nobody', () => {
    const seen = (changes: Record<string, Json>): unknown => {
      const full = { ...fullBundle(), factor_permission: permission(), timestamp: AT };
      const own = { ...full, signals: [{ ...fullBundle().signals[0], factor_permission: null }] };
      const document = Object.entries(changes).reduce<JsonObject>(
        (made, [path, value]) => changed(made, path, value),
        own as unknown as JsonObject,
      );
      const verdict = judge(bundleOf(document), DEFAULT_POLICY, AT_MS);
      expect(verdict.verdict).toBe('PROCEED');
      return verdict.seen['contexts_of_another_regime'];
    };
    const elsewhere = permission({ regime_context: 'EVENT_LOCK' });
    expect(seen({})).toBe(0);
    expect(seen({ 'signals[0].regime_context.id': 'RS-0' })).toBe(1);
    expect(seen({ factor_permission: elsewhere })).toBe(1);
    expect(seen({ 'signals[0].factor_permission': elsewhere })).toBe(1);
    expect(seen({ 'signals[0].factor_permission': { timestamp: null } })).toBe(0);
    expect(seen({ factor_permission: elsewhere, 'signals[0].regime_context.id': 'RS-0' })).toBe(2);
  });

  test('C5.I: what was seen is what was given, confidence and stability included', () => {
    const bundle = bundleWith({ 'regime_state.is_stable': false, 'regime_state.bias': 'BEARISH' });
    expect(judge(bundle, DEFAULT_POLICY, AT_MS).seen).toMatchObject({
      behavior: 'TRENDING_NORMAL_VOL',
      bias: 'BEARISH',
      confidence: 0.8,
      is_stable: false,
      beliefs: 1,
      signals: null,
    });
    const full = judge(bundleOf(fullBundle()), DEFAULT_POLICY, AT_MS).seen;
    expect(full).toMatchObject({ signals: fullBundle().signals.length });
  });

  test('C4.I1: the same bundle, policy and evaluation time give the same verdict, again and again', () => {
    const judgeFull = (): Verdict => judge(bundleOf(fullBundle()), DEFAULT_POLICY, AT_MS + 7);
    expect(judgeFull()).toEqual(judgeFull());
  });

  test("R6: the default policy is the interface's, and limits without a key of their own take the default", () => {
    const published: unknown = JSON.parse(`{"policy_id": "default", "version": "1.0.0",
      "min_regime_confidence": 0.5, "min_belief_confidence": null,
      "max_staleness_ms": {"default": 300000, "macro_state": 86400000}, "future_tolerance_ms": 2000,
      "factor_layer": "LATENT", "active_latent_layers": [],
      "violations_before_deregistration": 3, "halt_expiry_ms": 3600000}`);
    expect(DEFAULT_POLICY).toEqual(published);
    expect(readPolicy(published as Json).ok).toBe(true);
    expect(STALENESS_KEYS.map((key) => stalenessLimit(DEFAULT_POLICY, key))).toEqual([
      300_000, 300_000, 300_000, 300_000, 300_000, 86_400_000, 300_000,
    ]);
  });
});

test('C2.U5, R4: each instant of the bundle is told by its own place, with the state that it belongs to', () => {
  const old = at(-400 * 86_400_000);
  const aged = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(aged);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => [
        key,
        key === 'timestamp' || key === 'trigger_timestamp' ? old : aged(each as Json),
      ]),
    );
  };
  const macro = { timestamp: AT };
  const nested = edited(fullBundle(), {
    'regime_state.macro_state': macro,
    'signals[0].regime_context.macro_state': macro,
    'signals[0].factor_permission': permission(),
    'signals[0].macro_state': macro,
    'signals[0].flow_state': macro,
  });
  const { findings } = judge(bundleOf(aged(nested) as JsonObject), DEFAULT_POLICY, AT_MS);
  const told = findings.flatMap(({ code, detail, state }) =>
    code === 'STATE_STALE' ? [`${detail.split(' is ')[0]} of ${state}`] : [],
  );
  expect(told).toEqual([
    'the bundle of timestamp',
    'regime_state of regime_state',
    'regime_state.macro_state of regime_state',
    'factor_permission of factor_permission',
    'signals[0].signal of signals',
    'signals[0].regime_context of signals',
    'signals[0].factor_permission of signals',
    'signals[0].macro_state of signals',
    'signals[0].flow_state of signals',
    'signals[0].regime_context.macro_state of signals',
    'active_beliefs[0] of active_beliefs',
    'macro_state of macro_state',
    'flow_state of flow_state',
  ]);
});
