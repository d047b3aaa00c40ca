import fc from 'fast-check';
import type { JsonObject } from '../../src/core/json';
import { DEFAULT_POLICY } from '../../src/core/policy';
import { judge } from '../../src/core/validate';
import { changed, fullBundle } from '../documents/samples';
import { AT_MS, at, bundleOf, bundleWith, plainBundle, policyWith } from './samples';

describe('what is stale', () => {
  const limits = {
    default: 1,
    bundle: 10_000,
    regime_state: 20_000,
    factor_permission: 30_000,
    signals: 40_000,
    active_beliefs: 50_000,
    macro_state: 60_000,
    flow_state: 70_000,
  };
  const policy = policyWith({ max_staleness_ms: limits, future_tolerance_ms: 500 });
  const judged = (document: JsonObject): string[] =>
    judge(bundleOf(document), policy, Date.parse(fullBundle().timestamp)).findings.map(
      ({ code, state }) => `${code} ${state}`,
    );
  const made = (offsetMs: number): string =>
    new Date(Date.parse(fullBundle().timestamp) + offsetMs).toISOString();

  const S = 'signals[0]';
  test.each<[path: string, key: keyof typeof limits, state: string]>([
    ['timestamp', 'bundle', 'timestamp'],
    ['regime_state.timestamp', 'regime_state', 'regime_state'],
    ['regime_state.macro_state.timestamp', 'macro_state', 'regime_state'],
    ['factor_permission.timestamp', 'factor_permission', 'factor_permission'],
    [`${S}.signal.trigger_timestamp`, 'signals', 'signals'],
    [`${S}.regime_context.timestamp`, 'regime_state', 'signals'],
    [`${S}.regime_context.macro_state.timestamp`, 'macro_state', 'signals'],
    [`${S}.factor_permission.timestamp`, 'factor_permission', 'signals'],
    [`${S}.macro_state.timestamp`, 'macro_state', 'signals'],
    [`${S}.flow_state.timestamp`, 'flow_state', 'signals'],
    ['active_beliefs[0].timestamp', 'active_beliefs', 'active_beliefs'],
    ['macro_state.timestamp', 'macro_state', 'macro_state'],
    ['flow_state.timestamp', 'flow_state', 'flow_state'],
  ])('R4: %s is judged by the limit of %s, to the millisecond', (path, key, state) => {
    const limit = limits[key];
    expect(judged(changed(fullBundle(), path, made(-limit)))).toEqual([]);
    expect(judged(changed(fullBundle(), path, made(-limit - 1)))).toEqual([`STATE_STALE ${state}`]);
    expect(judged(changed(fullBundle(), path, made(500)))).toEqual([]);
    expect(judged(changed(fullBundle(), path, made(501)))).toEqual([`STATE_FROM_FUTURE ${state}`]);
  });

  test('R4: expiry and extra fields never make a bundle stale', () => {
    const old = made(-1e12);
    let document: JsonObject = fullBundle();
    for (const path of [
      `${S}.signal.expiry_timestamp`,
      `${S}.signal.timestamp`,
      `${S}.timestamp`,
      `${S}.extra`,
      'regime_state.computed_at',
      'regime_state.flow_state',
      'active_beliefs[0].value',
      'active_beliefs[0].macro_state',
      'macro_state.risk.timestamp',
    ]) {
      document = changed(document, path, path.endsWith('_state') ? { timestamp: old } : old);
    }
    expect(judged(document)).toEqual([]);
  });

  test('R4: a fraction is cut to whole milliseconds before it is compared', () => {
    const document = plainBundle();
    const verdict = (text: string): string =>
      judge(bundleOf(changed(document, 'regime_state.timestamp', text)), DEFAULT_POLICY, AT_MS)
        .verdict;
    expect(verdict('2026-11-22T14:25:31.000999999Z')).toBe('PROCEED');
    expect(verdict('2026-11-22T14:25:31.001Z')).toBe('REJECT');
    expect(verdict('2026-11-22T14:20:29.000999Z')).toBe('PROCEED');
    expect(verdict('2026-11-22T14:20:28.999999+00:00')).toBe('REJECT');
  });

  test('R4, C3.P4: fresh_until is the last instant at which the same bundle is accepted', () => {
    const ages = fc.record({
      regime: fc.nat(300_000),
      belief: fc.nat(300_000),
      macro: fc.nat(86_400_000),
    });
    fc.assert(
      fc.property(ages, (age) => {
        const bundle = bundleWith({
          'regime_state.timestamp': at(-age.regime),
          'active_beliefs[0].timestamp': at(-age.belief),
          macro_state: { timestamp: at(-age.macro) },
        });
        const { verdict, fresh_until } = judge(bundle, DEFAULT_POLICY, AT_MS);
        expect(verdict).toBe('PROCEED');
        const last = Date.parse(fresh_until ?? '');
        expect(judge(bundle, DEFAULT_POLICY, last)).toMatchObject({ verdict, fresh_until });
        expect(judge(bundle, DEFAULT_POLICY, last + 1).verdict).toBe('REJECT');
      }),
    );
  });

  test('R6: a limit without an upper bound is no error: the bundle stays fresh to the last date', () => {
    const endless = policyWith({ max_staleness_ms: { default: Number.MAX_SAFE_INTEGER } });
    expect(judge(bundleWith(), endless, AT_MS)).toMatchObject({
      verdict: 'PROCEED',
      fresh_until: '9999-12-31T23:59:59.999Z',
    });
  });
});
