import fc from 'fast-check';
import { type Json, type JsonObject, isObject } from '../../src/core/json';
import { DEFAULT_POLICY, STALENESS_KEYS } from '../../src/core/policy';
import { readPolicy } from '../../src/documents/policy';
import { changed } from './samples';

const policy: JsonObject = { ...DEFAULT_POLICY, max_staleness_ms: { default: 300_000 } };

describe('a policy is read', () => {
  test('R6: the default policy is one, as it stands', () => {
    const value = JSON.parse(JSON.stringify(DEFAULT_POLICY));
    expect(readPolicy(value)).toEqual({ ok: true, policy: DEFAULT_POLICY });
  });

  test('R6: with a limit for every state', () => {
    const limits = Object.fromEntries(STALENESS_KEYS.map((key, i) => [key, i + 1]));
    const value = { ...policy, max_staleness_ms: { default: 1, ...limits } };
    expect(readPolicy(value)).toEqual({ ok: true, policy: value });
  });

  const accepted: [string, Json[]][] = [
    ['min_regime_confidence', [0, 1]],
    ['min_belief_confidence', [0, 1, null]],
    ['max_staleness_ms.default', [1, Number.MAX_SAFE_INTEGER]],
    ['future_tolerance_ms', [0, 1]],
    ['factor_layer', ['LATENT', 'ACTIVE']],
    ['active_latent_layers', [[], ['L5.8', 'L5.5', 'L5.7']]],
    ['violations_before_deregistration', [1, 1_000]],
    ['halt_expiry_ms', [1, null]],
  ];
  test.each(accepted)('R6: %s may be each of %j', (path, values) => {
    for (const value of values) {
      expect(readPolicy(changed(policy, path, value))).toMatchObject({ ok: true });
    }
  });
});

describe('a policy is refused', () => {
  test.each([...Object.keys(policy), 'max_staleness_ms.default'])(
    'R6: without %s, and nothing is defaulted',
    (path) => {
      expect(readPolicy(changed(policy, path, undefined))).toEqual({
        ok: false,
        problem: `policy: ${path} is missing`,
        path,
      });
    },
  );

  const wrong: [string, Json[]][] = [
    ['policy_id', ['', 1, null]],
    ['version', ['', 1, null]],
    ['min_regime_confidence', [-0.01, 1.01, null, '0.5', true]],
    ['min_belief_confidence', [-0.01, 1.01, 'none']],
    ['max_staleness_ms', [300_000, null, []]],
    ['max_staleness_ms.default', [0, -1, 1.5, null, '1', true, 2 ** 53]],
    ['max_staleness_ms.signals', [0, 0.5, null]],
    ['future_tolerance_ms', [-1, 0.5, null]],
    ['factor_layer', ['latent', 'NONE', null, true]],
    ['active_latent_layers', ['L5.5', null, {}]],
    ['violations_before_deregistration', [0, 2.5, null]],
    ['halt_expiry_ms', [0, -1, 1.5, 'never', 2 ** 53]],
  ];
  test.each(wrong)('R6: where %s is one of %j, naming the path', (path, values) => {
    for (const value of values) {
      const result = readPolicy(changed(policy, path, value));
      expect(result).toMatchObject({ ok: false, path });
      expect(!result.ok && result.problem).toMatch(/^policy: .* is .*, not /);
    }
  });

  test('R6: where a latent layer is none', () => {
    expect(readPolicy({ ...policy, active_latent_layers: ['L5.5', 'L6.5'] })).toEqual({
      ok: false,
      problem: 'policy: active_latent_layers[1] is "L6.5", not one of L5.5, L5.7, L5.8',
      path: 'active_latent_layers[1]',
    });
  });

  test.each(['min_confidence', '__proto__', 'constructor'])('R6: for the unknown key %s', (key) => {
    const text = JSON.stringify(policy);
    expect(readPolicy(JSON.parse(`{"${key}":1,${text.slice(1)}`))).toEqual({
      ok: false,
      problem: `policy: the document has an unknown key "${key}"`,
      path: key,
    });
    const inside = text.replace('{"default"', `{"${key}":1,"default"`);
    expect(readPolicy(JSON.parse(inside))).toMatchObject({ path: `max_staleness_ms.${key}` });
  });

  test('whatever else it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const result = readPolicy(value as Json);
        expect(result.ok).toBe(false);
        if (!isObject(value)) expect(result).toMatchObject({ path: '' });
      }),
    );
  });
});
