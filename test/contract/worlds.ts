import fc from 'fast-check';
import type { Json, JsonObject } from '../../src/core/json';
import type { Policy } from '../../src/core/policy';
import type { ReasonCode } from '../../src/core/reasons';
import type { SkillFacts } from '../../src/core/skills';
import { at as later, edited, permission, policyWith } from '../core/samples';
import { changed, fullBundle } from '../documents/samples';
import { type Condition, textOf } from './condition';
import { graphs, mostly } from './graphs';
import type { Decision, World } from './world';

/** Worlds of every kind: mostly sound ones, so that many tasks run, and in each way some that are not. */

/** Ages in milliseconds at the moment of judgement, on both sides of every limit of `policies`. */
const AGES = [60_000, 60_001, 300_000, 300_001, -2_000, -2_001, 86_400_000, 86_400_001];
const TIMES = [
  'timestamp',
  'regime_state.timestamp',
  'regime_state.macro_state.timestamp',
  'factor_permission.timestamp',
  'signals[0].signal.trigger_timestamp',
  'signals[0].signal.expiry_timestamp',
  'signals[0].regime_context.timestamp',
  'signals[0].regime_context.macro_state.timestamp',
  'signals[0].factor_permission.timestamp',
  'signals[0].macro_state.timestamp',
  'signals[0].flow_state.timestamp',
  'active_beliefs[0].timestamp',
  'macro_state.timestamp',
  'flow_state.timestamp',
];

/** Values that may or may not be right where they are put. */
const ODD: readonly (Json | undefined)[] = [
  undefined,
  null,
  true,
  0,
  1.5,
  -1,
  '',
  'UNKNOWN',
  'BULLISH',
  'EVENT_LOCK',
  'B-1',
  '2026-11-22T14:25:29Z',
  '2026-11-22T14:25:29.1239+00:00',
  '2026-11-22t14:25:29Z',
  '2026-11-22T15:25:29+01:00',
  '2026-02-30T00:00:00Z',
  [],
  ['momentum'],
  [null],
  {},
];
const PLACES = [
  ...TIMES,
  ...Object.entries({
    regime_state: 'id behavior bias confidence is_stable macro_state note',
    factor_permission: 'regime_context momentum_permitted odd_permitted max_value_exposure',
    'factor_permission.': 'max_factor_concentration size_multiplier rationale',
    'signals[0]': 'signal regime_context factor_permission macro_state flow_state',
    'signals[0].signal': 'signal_id signal_name signal_category direction lifecycle_state',
    'signals[0].regime_context': 'id behavior confidence',
    'active_beliefs[1]': 'belief_id belief_type value confidence source_layer source_id is_stale',
    'active_beliefs[1].': 'predecessor_id staleness_reason required_permissions source_signal_ids',
    macro_state: 'window_id monetary monetary.rate_level risk odd',
    flow_state: 'rebalance_pressure gamma_exposure month_end',
    '': 'regime_state factor_permission signals active_beliefs macro_state flow_state market',
  }).flatMap(([state, names]) =>
    names.split(' ').map((name) => `${state}.${name}`.replace(/^\.|(?<=\.)\./g, '')),
  ),
];

const beliefs = fc
  .array(
    fc.record({
      confidence: fc.constantFrom(0.7, 0.6, 0.59),
      is_stale: mostly<Json | undefined>(undefined, true, false, null),
      required_permissions: mostly<Json | undefined>(
        [],
        ['momentum'],
        ['value'],
        ['no'],
        undefined,
      ),
      source_signal_ids: mostly<Json | undefined>(['SG-1'], undefined, null, []),
      source_layer: fc.constantFrom('L9', 'L5.5', 'L6', 'L7'),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((list) => {
    const [sample] = fullBundle().active_beliefs;
    return list.map((changes, i) =>
      edited({ ...sample, timestamp: later(0) }, { ...changes, belief_id: `B-${i}` }),
    );
  });

const bundles: fc.Arbitrary<JsonObject> = fc
  .record({
    behavior: mostly('TRENDING_NORMAL_VOL', 'UNDEFINED', 'EVENT_LOCK', 'EVENT_DOMINANT'),
    confidence: mostly(0.8, 0.5, 0.49, 0),
    is_stable: fc.boolean(),
    bias: fc.constantFrom('BULLISH', 'NEUTRAL'),
    factor: fc.record({
      size_multiplier: mostly<number | null>(0.5, 0, null),
      momentum_permitted: mostly<boolean | null>(true, false, null),
      value_permitted: fc.boolean(),
    }),
    active_beliefs: fc.oneof({ arbitrary: beliefs, weight: 9 }, fc.constant([])),
    absent: mostly<readonly string[]>(
      [],
      ['factor_permission'],
      ['macro_state', 'signals'],
      ['factor_permission', 'flow_state'],
      ['regime_state'],
      ['timestamp', 'active_beliefs'],
    ),
    aged: mostly<string | null>(null, ...TIMES),
    age: fc.constantFrom(...AGES),
    odd: fc.array(fc.tuple(fc.constantFrom(...PLACES), fc.constantFrom(...ODD)), { maxLength: 2 }),
    isOdd: mostly(false, true),
  })
  .map(({ absent, aged, age, odd, isOdd, factor, active_beliefs, ...regime }) => {
    let bundle: JsonObject = edited(fullBundle(), {
      ...Object.fromEntries(TIMES.map((path) => [path, later(0)])),
      ...Object.fromEntries(
        Object.entries(regime).map(([name, value]) => [`regime_state.${name}`, value]),
      ),
      factor_permission: permission(factor),
    });
    const put = (path: string, value: Json | undefined): void => {
      const parent = path.replace(/(^|\.)[^.]*$/, '');
      const isThere = parent === '' || hasObject(bundle, parent);
      if (isThere) bundle = changed(bundle, path, value);
    };
    put('active_beliefs', active_beliefs);
    for (const name of absent) put(name, null);
    if (aged !== null) put(aged, later(-age));
    if (isOdd) for (const [path, value] of odd) put(path, value);
    return bundle;
  });

function hasObject(document: JsonObject, path: string): boolean {
  const keys = path.split(/[.[\]]+/).filter((key) => key !== '');
  let held: Json | undefined = document;
  for (const key of keys) held = Reflect.get(Object(held), key) as Json | undefined;
  return typeof held === 'object' && held !== null;
}

const policies: fc.Arbitrary<Policy> = fc
  .record({
    min_belief_confidence: mostly<number | null>(null, 0.6),
    max_staleness_ms: fc.constantFrom(
      { default: 300_000, macro_state: 86_400_000 },
      { default: 60_000, regime_state: 300_000 },
    ),
    factor_layer: fc.constantFrom('LATENT', 'ACTIVE'),
    violations_before_deregistration: fc.constantFrom(3, 1, 2),
    halt_expiry_ms: fc.constantFrom(3_600_000, null),
  })
  .map((changes) => policyWith(changes));

const state = mostly<SkillFacts['state']>(
  'ACTIVE',
  'DEPRECATED',
  'REGISTERED',
  'REMOVED',
  'QUARANTINED',
  'DEREGISTERED',
);
const facts = (skill_id: string): fc.Arbitrary<SkillFacts> =>
  fc.record({
    skill_id: fc.constant(skill_id),
    skill_version: fc.constant('1.0.0'),
    state,
    task_types: mostly<readonly string[]>(['scan', 'rank'], ['scan']),
    required_inputs: mostly<SkillFacts['required_inputs']>(
      ['regime_state'],
      ['signals'],
      ['macro_state'],
    ),
    output_schema: mostly('Ranking', 'Scan'),
    side_effects: mostly<readonly string[]>(['audit_log'], [], ['desk'], ['audit_log', 'db']),
    registration: fc.constant(`sha256:${'a'.repeat(64)}` as const),
  });
const skills = fc.record(
  {
    'acme.a': facts('acme.a'),
    'acme.a@1.0.0': facts('acme.a'),
    'acme.b': facts('acme.b'),
  },
  { requiredKeys: ['acme.a', 'acme.a@1.0.0'] },
);

const FIELDS: readonly (readonly [field: string, kind: 'flag' | 'size' | 'word', Json[]])[] = [
  ['regime.is_stable', 'flag', [true, false]],
  ['regime.confidence', 'size', [0.5, 0.8]],
  ['regime.bias', 'word', ['BULLISH', 'NEUTRAL']],
  ['regime.behavior', 'word', ['UNDEFINED', 'EVENT_DOMINANT']],
  ['factor.momentum_permitted', 'flag', [true, false]],
  ['factor.none_permitted', 'flag', [true, false]],
  ['factor.size_multiplier', 'size', [0, 0.5]],
  ['factor.regime_context', 'word', ['TRENDING_NORMAL_VOL', 'EVENT_LOCK']],
  ['macro.risk.appetite', 'word', ['LOW', 'HIGH']],
  ['macro.liquidity.none', 'word', ['LOW']],
  ['flow.month_end', 'flag', [true, false]],
];
const comparisons: fc.Arbitrary<Condition> = fc
  .record({
    field: fc.constantFrom(...FIELDS),
    by: fc.constantFrom('==', '!=', '<', '<=', '>', '>=', 'in', 'alone'),
    to: fc.nat(),
  })
  .map(({ field: [field, kind, values], by, to }): Condition => {
    const value = values[to % values.length] ?? null;
    if (by === 'alone' && kind === 'flag') return { is: 'alone', field };
    if (by === 'in' || by === 'alone')
      return { is: 'in', field, list: values.slice(0, 1 + (to % 2)) };
    const isOrder = by !== '==' && by !== '!=';
    return { is: 'compared', field, by: isOrder && kind !== 'size' ? '!=' : by, to: value };
  });
const { condition: conditions } = fc.letrec<{ condition: Condition }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    comparisons,
    fc.record({ is: fc.constant('not' as const), of: tie('condition') }),
    fc.record({
      is: fc.constantFrom('and' as const, 'or' as const),
      left: tie('condition'),
      right: tie('condition'),
    }),
  ),
}));

/** Not of the language: refused at construction. */
const FOREIGN = [
  'price > 100',
  "regime.constructor == 'x'",
  'regime.is_stable ==',
  'T1.output',
  '',
];

const failures = fc.constantFrom<ReasonCode>(
  'TASK_ERROR',
  'WORKER_LOST',
  'TIMEOUT',
  'OUTPUT_SCHEMA',
  'UNDECLARED_SIDE_EFFECT',
  'PERMISSION_BYPASS',
  'LAYER_BYPASS',
);
const decisions: fc.Arbitrary<readonly Decision[]> = fc.array(
  fc.record({
    choice: mostly<Decision['choice']>('RESUME', 'ABORT', 'RESTART_FRESH'),
    late: mostly(false, false, true),
  }),
  { maxLength: 4 },
);

export const worlds: fc.Arbitrary<World> = fc
  .record({
    bundle: bundles,
    policy: policies,
    drawn: graphs,
    skills,
    meant: fc.array(conditions, { minLength: 6, maxLength: 6 }),
    foreign: mostly<string | null>(null, null, null, ...FOREIGN),
    failing: fc.array(fc.tuple(fc.nat(), failures), { maxLength: 4 }),
    cut: mostly<World['cut'] | null>(
      null,
      ...(['STALL', 'CANCEL', 'HALT'] as const).map((what) => ({ after: '', what })),
    ),
    after: fc.nat(),
    decisions,
  })
  .map(({ bundle, policy, drawn, meant, foreign, failing, cut, after, ...people }): World => {
    const texts = meant.map(textOf);
    const gates = (drawn.gates ?? []).map((gate, i) => ({
      ...gate,
      condition: i === 0 && foreign !== null ? foreign : (texts[i % texts.length] ?? ''),
    }));
    const graph = { ...drawn, gates };
    const names = graph.tasks.map(({ name }) => name);
    const isBuiltIn = (name: string): boolean => /^T\d$/.test(name);
    const skilled = names.filter((name) => !isBuiltIn(name));
    const from = skilled.length > 0 ? [...skilled, ...skilled, ...names] : names;
    const nameAt = (n: number): string => from[n % from.length] ?? 'T1';
    /** A built-in does nothing against the contract. In parallel the order of ends is anyone's: there nothing bans a skill. */
    const may = (name: string, code: ReasonCode): boolean =>
      code === 'TASK_ERROR' ||
      code === 'WORKER_LOST' ||
      (graph.parallel !== true && (code === 'TIMEOUT' || !isBuiltIn(name)));
    const fails = failing.flatMap(([n, code]) => (may(nameAt(n), code) ? [[nameAt(n), code]] : []));
    return {
      bundle,
      policy,
      graph,
      conditions: Object.fromEntries([
        ...meant.map((condition, i) => [texts[i], condition] as const),
        ...FOREIGN.map((text) => [text, null] as const),
      ]),
      ...people,
      fails: Object.fromEntries(fails) as World['fails'],
      cut: cut === null || graph.parallel === true ? null : { ...cut, after: nameAt(after) },
    };
  });
