import { actionsFor } from '../../src/core/actions';
import { actionId } from '../../src/core/identity';
import { belief, bundleWith, permission } from './samples';

const T4 = '5f7c6ad1-3b0e-5c35-9a51-1f6f1d9a7f10';

test('R21, EXE-3: an action says which belief, signals and regime state it comes from, and nothing of side or size', () => {
  const bundle = bundleWith({
    active_beliefs: [
      belief('B-1', {
        source_signal_ids: ['SG-2', 'SG-1'],
        value: 'buy 100',
        direction: 'BULLISH',
      }),
    ],
    factor_permission: permission({ size_multiplier: 0.5, max_momentum_exposure: 0.2 }),
  });
  expect(actionsFor(bundle, ['B-1'], T4)).toEqual([
    {
      action_id: actionId(T4, 'B-1'),
      belief_id: 'B-1',
      mode: 'SHADOW',
      duplicate: false,
      source_signal_ids: ['SG-2', 'SG-1'],
      source_regime_state_id: 'RS-1',
      source_belief_id: 'B-1',
      factor_permission: 'GRANTED',
    },
  ]);
});

test.each([undefined, null, []])(
  'R21: signals that the belief does not give (%j) are an explicit empty list',
  (source_signal_ids) => {
    const { source_signal_ids: _, ...without } = belief('B-1', { source_signal_ids: null });
    const given = source_signal_ids === undefined ? without : { ...without, source_signal_ids };
    const [action] = actionsFor(bundleWith({ active_beliefs: [given] }), ['B-1'], T4);
    expect(action?.source_signal_ids).toEqual([]);
  },
);

test('EXE-2: every action carries the permission it was let through by, an explicit BYPASSED too', () => {
  const grant = (held: ReturnType<typeof permission> | null): unknown =>
    actionsFor(bundleWith({ factor_permission: held }), ['B-1'], T4)[0]?.factor_permission;
  expect(grant(null)).toBe('BYPASSED');
  expect(grant(permission())).toBe('GRANTED');
});

test('C6.T4: each surviving belief is one action, in the order of the bundle, and no other belief is', () => {
  const bundle = bundleWith({ active_beliefs: ['B-3', 'B-1', 'B-2'].map((id) => belief(id)) });
  const ids = (kept: string[]): string[] =>
    actionsFor(bundle, kept, T4).map(({ belief_id }) => belief_id);
  expect(ids(['B-2', 'B-3'])).toEqual(['B-3', 'B-2']);
  expect(ids(['B-2', 'B-2', 'no such belief'])).toEqual(['B-2']);
  expect(ids([])).toEqual([]);
});

test('C4.I2: the same belief of the same T4 is the same action; another T4 or belief is another', () => {
  const bundle = bundleWith({ active_beliefs: [belief('B-1'), belief('B-2')] });
  const ids = (taskId: string): string[] =>
    actionsFor(bundle, ['B-1', 'B-2'], taskId).map(({ action_id }) => action_id);
  expect(ids(T4)).toEqual(ids(T4));
  expect(new Set([...ids(T4), ...ids(T4.replace('5f', '6f'))]).size).toBe(4);
});
