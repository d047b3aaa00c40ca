import { filterBeliefs, type RemovedBelief } from '../../src/core/beliefs';
import { BELIEF_LAYERS } from '../../src/core/bundle';
import type { JsonObject } from '../../src/core/json';
import { DEFAULT_POLICY } from '../../src/core/policy';
import { readBundle } from '../../src/documents/bundle';
import { belief, bundleWith, permission, plainBundle, policyWith } from './samples';

const GRANTED = permission({ momentum_permitted: true, value_permitted: false });
const ACTIVE = policyWith({ factor_layer: 'ACTIVE' });
const STRICT = policyWith({ min_belief_confidence: 0.6 });

function filtered(
  beliefs: JsonObject[],
  held: JsonObject | null = GRANTED,
  policy = DEFAULT_POLICY,
) {
  return filterBeliefs(bundleWith({ active_beliefs: beliefs, factor_permission: held }), policy);
}
const codes = (removed: readonly RemovedBelief[]): string[] =>
  removed.map(({ belief_id, reason }) => `${belief_id} ${reason.code}`);

/** Everything that can be said against a belief, at once. */
const WORST = { is_stale: true, confidence: 0.5, required_permissions: null };

test('C6.T3: the survivors keep the order of the bundle, and nothing is lost between kept and removed', () => {
  const { kept, removed } = filtered([
    belief('B-3', { required_permissions: ['momentum'] }),
    belief('B-1', { required_permissions: ['value'] }),
    belief('B-2'),
    belief('B-0', { required_permissions: ['value', 'momentum', 'size'] }),
  ]);
  expect(kept).toEqual(['B-3', 'B-2']);
  expect(removed).toEqual([
    {
      belief_id: 'B-1',
      reason: { code: 'PERMISSION_DENIED', detail: 'value', state: 'active_beliefs' },
    },
    {
      belief_id: 'B-0',
      reason: { code: 'PERMISSION_DENIED', detail: 'value, size', state: 'active_beliefs' },
    },
  ]);
});

test('R5: a belief that its own layer marks stale goes, with the reason that it gave', () => {
  const { kept, removed } = filtered([
    belief('B-1', { is_stale: true, staleness_reason: 'no tick since noon' }),
    belief('B-2', { is_stale: false, staleness_reason: 'left over' }),
    belief('B-3', { is_stale: null }),
    belief('B-4', { is_stale: true }),
  ]);
  expect(kept).toEqual(['B-2', 'B-3']);
  expect(codes(removed)).toEqual(['B-1 BELIEF_STALE', 'B-4 BELIEF_STALE']);
  expect(removed[0]?.reason.detail).toBe('no tick since noon');
});

test('R30: of all that applies to a belief the first in order is its reason', () => {
  const all = [
    belief('stale', WORST),
    belief('low', { ...WORST, is_stale: false }),
    belief('undeclared', { ...WORST, is_stale: false, confidence: 0.6 }),
    belief('denied', { required_permissions: ['value'] }),
    belief('kept'),
  ];
  const { kept, removed } = filtered(all, GRANTED, STRICT);
  expect(kept).toEqual(['kept']);
  expect(codes(removed)).toEqual([
    'stale BELIEF_STALE',
    'low BELIEF_CONFIDENCE_TOO_LOW',
    'undeclared PERMISSION_UNDECLARED',
    'denied PERMISSION_DENIED',
  ]);
});

test.each<[number, boolean]>([
  [0.5999999999999999, false],
  [0.6, true],
  [1, true],
])('R30: confidence %d against min_belief_confidence 0.6 stays: %s', (confidence, stays) => {
  expect(filtered([belief('B-1', { confidence })], GRANTED, STRICT).kept).toEqual(
    stays ? ['B-1'] : [],
  );
});

test('R30: without min_belief_confidence no belief is too weak', () => {
  expect(filtered([belief('B-1', { confidence: 0 })]).kept).toEqual(['B-1']);
});

test('R9: an empty list needs nothing; a missing one is removed as undeclared', () => {
  const missing = belief('absent');
  const { required_permissions: _, ...absent } = missing;
  const { kept, removed } = filtered([
    belief('empty'),
    absent,
    belief('null', { required_permissions: null }),
  ]);
  expect(kept).toEqual(['empty']);
  expect(codes(removed)).toEqual(['absent PERMISSION_UNDECLARED', 'null PERMISSION_UNDECLARED']);
});

test('R3, R9: while L6.5 is bypassed, undeclared and unheard-of permissions pass; stale and weak beliefs do not', () => {
  const { kept, removed } = filtered(
    [
      belief('undeclared', { required_permissions: null }),
      belief('any', { required_permissions: ['never heard of'] }),
      belief('stale', { is_stale: true }),
      belief('weak', { confidence: 0.1 }),
    ],
    null,
    STRICT,
  );
  expect(kept).toEqual(['undeclared', 'any']);
  expect(codes(removed)).toEqual(['stale BELIEF_STALE', 'weak BELIEF_CONFIDENCE_TOO_LOW']);
});

test('EXE-4, R3: when everything is denied, so is a belief that asks for nothing', () => {
  const beliefs = [belief('empty'), belief('null', { required_permissions: null })];
  const expected = ['empty PERMISSION_DENIED', 'null PERMISSION_UNDECLARED'];
  const zero = permission({ momentum_permitted: true, size_multiplier: 0 });
  for (const result of [filtered(beliefs, zero), filtered(beliefs, null, ACTIVE)]) {
    expect(result.kept).toEqual([]);
    expect(codes(result.removed)).toEqual(expected);
  }
  expect(filtered(beliefs, zero).removed[0]?.reason.detail).toBe('size_multiplier is 0');
});

test('C5.I: type, text, layer and value of a belief grant and deny nothing', () => {
  const held = permission({ momentum_permitted: false });
  const beliefs = BELIEF_LAYERS.map((source_layer) =>
    belief(`of ${source_layer}`, { source_layer, belief_type: 'momentum', value: 'momentum' }),
  );
  expect(filtered(beliefs, held).kept).toHaveLength(BELIEF_LAYERS.length);
});

test('R12: the four belief layers are read, and every other layer makes the bundle invalid', () => {
  const readable = (source_layer: string): boolean =>
    readBundle({ ...plainBundle(), active_beliefs: [belief('B-1', { source_layer })] }).bundle !==
    null;
  const layers = ['1', '2', '3', '4', '5', '5.5', '5.7', '5.8', '6', '6.5', '7', '8', '9', '10'];
  const all = [...layers, '11', '12', '13', '14'].map((number) => `L${number}`);
  expect(all.filter(readable)).toEqual(['L5.5', 'L6', 'L7', 'L9']);
});

test('C6.T3: no beliefs are no survivors, and no error', () => {
  expect(filtered([])).toEqual({ kept: [], removed: [] });
});
