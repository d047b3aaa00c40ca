import { BEHAVIORS, type Behavior, BIASES } from '../../src/core/bundle';
import { checkRegime } from '../../src/core/regime';
import { bundleWith, policyWith } from './samples';

const policy = policyWith({ min_regime_confidence: 0.6 });

function gateOf(behavior: Behavior, confidence: number, more = {}): string {
  const regime = bundleWith({ 'regime_state.behavior': behavior, ...more }).regime_state;
  return checkRegime({ ...regime, confidence }, policy).gate;
}

test.each([0, 0.59, 0.6, 1])('R2: EVENT_LOCK closes the gate with confidence %d', (confidence) => {
  expect(gateOf('EVENT_LOCK', confidence)).toBe('CLOSED');
});

test.each<[number, 'OPEN' | 'CLOSED']>([
  [0, 'CLOSED'],
  [0.5999999999999999, 'CLOSED'],
  [0.6, 'OPEN'],
  [1, 'OPEN'],
])('R2: UNDEFINED with confidence %d against 0.6 leaves the gate %s', (confidence, gate) => {
  expect(gateOf('UNDEFINED', confidence)).toBe(gate);
});

const OTHERS = BEHAVIORS.filter((behavior) => !['EVENT_LOCK', 'UNDEFINED'].includes(behavior));
test.each(OTHERS)('C6.T2: %s never closes the gate, not even with low confidence', (behavior) => {
  expect([0, 0.59, 0.6, 1].map((confidence) => gateOf(behavior, confidence))).toEqual(
    Array(4).fill('OPEN'),
  );
});

test('C5.I: no bias and no stability opens or closes the gate', () => {
  for (const bias of BIASES) {
    for (const is_stable of [true, false]) {
      const more = { 'regime_state.bias': bias, 'regime_state.is_stable': is_stable };
      expect(gateOf('TRENDING_HIGH_VOL', 0.6, more)).toBe('OPEN');
      expect(gateOf('EVENT_LOCK', 1, more)).toBe('CLOSED');
    }
  }
});

test('C6.T2: a closed gate says which regime closed it, an open one gives no reason', () => {
  const regime = bundleWith({ 'regime_state.behavior': 'UNDEFINED' }).regime_state;
  expect(checkRegime({ ...regime, confidence: 0.25 }, policy)).toEqual({
    gate: 'CLOSED',
    behavior: 'UNDEFINED',
    confidence: 0.25,
    reason: {
      code: 'REGIME_GATE',
      detail: 'the regime is UNDEFINED with confidence 0.25, below 0.6',
      state: 'regime_state',
    },
  });
  expect(checkRegime(regime, policy)).toEqual({
    gate: 'OPEN',
    behavior: 'UNDEFINED',
    confidence: 0.8,
    reason: null,
  });
  expect(checkRegime({ ...regime, behavior: 'EVENT_LOCK' }, policy).reason).toMatchObject({
    code: 'REGIME_GATE',
    detail: expect.stringContaining('EVENT_LOCK'),
  });
});
