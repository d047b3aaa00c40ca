import type { JsonObject } from '../../src/core/json';
import { deniedOf, type Grants, grantsOf, isGranted } from '../../src/core/permissions';
import { fullBundle } from '../documents/samples';
import { bundleOf, bundleWith, permission, policyWith } from './samples';

const LATENT = policyWith({ factor_layer: 'LATENT' });
const ACTIVE = policyWith({ factor_layer: 'ACTIVE' });
const grants = (held: JsonObject | null, policy = LATENT): Grants =>
  grantsOf(bundleWith({ factor_permission: held }), policy);

test('C2.U3, R3: a latent layer that gives nothing is bypassed: every permission counts as granted', () => {
  const bypassed = grants(null);
  expect(bypassed).toEqual({ kind: 'BYPASSED' });
  expect(deniedOf(bypassed, ['momentum', 'anything at all'])).toEqual([]);
});

test('R3: an active layer that gives nothing denies everything', () => {
  const denied = grants(null, ACTIVE);
  expect(denied).toMatchObject({ kind: 'DENIED' });
  expect(deniedOf(denied, ['momentum', 'value'])).toEqual(['momentum', 'value']);
});

test.each([
  ['LATENT', LATENT],
  ['ACTIVE', ACTIVE],
])('R3, R9: with L6.5 %s a permission that is there decides by its own flags', (_, policy) => {
  const held = grants(
    permission({
      momentum_permitted: true,
      value_permitted: false,
      quality_permitted: null,
      permitted: true,
    }),
    policy,
  );
  expect(held.kind).toBe('ENFORCED');
  expect(deniedOf(held, ['size', 'momentum', 'value', 'quality', 'momentum', ''])).toEqual([
    'size',
    'value',
    'quality',
    '',
  ]);
});

test.each([0, -0])(
  'EXE-4, R3: size_multiplier %d denies everything, whatever the flags say',
  (n) => {
    for (const policy of [LATENT, ACTIVE]) {
      const held = grants(permission({ momentum_permitted: true, size_multiplier: n }), policy);
      expect(held).toEqual({ kind: 'DENIED', why: 'size_multiplier is 0' });
      expect(isGranted(held, 'momentum')).toBe(false);
    }
  },
);

test.each([5e-324, 1, null])('EXE-4: size_multiplier %d denies nothing', (n) => {
  const held = grants(permission({ momentum_permitted: true, size_multiplier: n }));
  expect(isGranted(held, 'momentum')).toBe(true);
});

test('R9: a name is looked up as it is written, and never in a prototype', () => {
  const held = grants(permission({ momentum_permitted: true, __proto___permitted: true }));
  expect(deniedOf(held, ['momentum_permitted', 'Momentum', ' momentum', 'constructor'])).toEqual([
    'momentum_permitted',
    'Momentum',
    ' momentum',
    'constructor',
  ]);
  const inherited: Grants = {
    kind: 'ENFORCED',
    permission: Object.create({ value_permitted: true }),
  };
  expect(isGranted(inherited, 'value')).toBe(false);
});

test("C5.I: a permission is never taken from the regime, from limits or from a signal's context", () => {
  const bundle = bundleOf({
    ...fullBundle(),
    factor_permission: permission({ max_momentum_exposure: 1, max_factor_concentration: 1 }),
  });
  expect(isGranted(grantsOf(bundle, LATENT), 'momentum')).toBe(false);
  expect(bundle.signals?.[0]?.factor_permission).toMatchObject({ momentum_permitted: true });
});
