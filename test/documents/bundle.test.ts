import fc from 'fast-check';
import { BEHAVIORS, BELIEF_LAYERS, BIASES, BUNDLE_FIELDS } from '../../src/core/bundle';
import { canonicalText } from '../../src/core/identity';
import type { Json, JsonObject } from '../../src/core/json';
import { readBundle } from '../../src/documents/bundle';
import { changed, fullBundle } from './samples';

const full: JsonObject = fullBundle();
const B = 'active_beliefs[0]';
const S = 'signals[0]';

function detailsOf(value: JsonObject): string[] {
  const { bundle, findings } = readBundle(value);
  expect(bundle === null).toBe(findings.length > 0);
  return findings.map((finding) => `${finding.code} ${finding.state}: ${finding.detail}`);
}

function parsed(text: string): JsonObject {
  return JSON.parse(text);
}

describe('a right bundle', () => {
  test('C2.1: is given back as it came, frozen', () => {
    const { bundle, findings } = readBundle(fullBundle());
    expect(findings).toEqual([]);
    expect(bundle).toEqual(full);
    expect(Object.isFrozen(bundle?.active_beliefs[0]?.required_permissions)).toBe(true);
  });

  test('R10: absent optional states become null, and nothing else is added', () => {
    const { timestamp, regime_state, active_beliefs } = fullBundle();
    const least = { timestamp, regime_state, active_beliefs };
    const nulls = { factor_permission: null, signals: null, macro_state: null, flow_state: null };
    expect(readBundle(least).bundle).toEqual({ ...least, ...nulls });
    expect(readBundle({ ...least, ...nulls }).bundle).toEqual({ ...least, ...nulls });
  });

  test('R10, R11: no beliefs and no signals are still lists', () => {
    expect(detailsOf({ ...full, active_beliefs: [], signals: [] })).toEqual([]);
  });

  test('R13: extra fields inside any state pass untouched, also hostile ones', () => {
    const extra = '"__proto__":{"confidence":9,"value":1},"constructor":null,"toJSON":{"a":[]}';
    const text = canonicalText(full);
    const last = text.lastIndexOf('"timestamp":'); // the bundle's own
    const states = text.slice(0, last).replaceAll('"timestamp":', `${extra},"timestamp":`);
    const fields = parsed(states + text.slice(last));
    const { bundle, findings } = readBundle(fields);
    expect(findings).toEqual([]);
    expect(canonicalText({ ...bundle } as JsonObject)).toBe(canonicalText(fields));
    expect(Object.keys(bundle?.regime_state ?? {})).toContain('__proto__');
  });

  test.each(['factor_permission', 'signals', 'macro_state', 'flow_state'])(
    'R10: %s may be absent or null',
    (field) => {
      expect(detailsOf(changed(full, field, undefined))).toEqual([]);
      expect(detailsOf(changed(full, field, null))).toEqual([]);
    },
  );

  test.each([
    'regime_state.macro_state',
    'factor_permission.momentum_permitted',
    'factor_permission.max_momentum_exposure',
    'factor_permission.max_factor_concentration',
    'factor_permission.size_multiplier',
    'factor_permission.rationale',
    `${S}.signal.signal_name`,
    `${S}.signal.expiry_timestamp`,
    `${S}.signal.lifecycle_state`,
    ...['timestamp', 'behavior', 'bias', 'confidence', 'is_stable', 'macro_state'].map(
      (key) => `${S}.regime_context.${key}`,
    ),
    `${S}.regime_context.macro_state.timestamp`,
    ...['factor_permission', 'macro_state', 'flow_state'].flatMap((key) => [
      `${S}.${key}`,
      `${S}.${key}.timestamp`,
    ]),
    `${S}.factor_permission.regime_context`,
    ...[
      'predecessor_id',
      'is_stale',
      'staleness_reason',
      'required_permissions',
      'source_signal_ids',
    ].map((key) => `${B}.${key}`),
    ...['window_id', 'monetary', 'liquidity', 'growth_inflation', 'risk', 'risk.appetite'].map(
      (key) => `macro_state.${key}`,
    ),
    ...['rebalance_pressure', 'gamma_exposure', 'liquidity_score', 'month_end'].map(
      (key) => `flow_state.${key}`,
    ),
  ])('R13: the optional field %s may be absent or null', (path) => {
    expect(detailsOf(changed(full, path, undefined))).toEqual([]);
    expect(detailsOf(changed(full, path, null))).toEqual([]);
  });

  const accepted: [string, Json[]][] = [
    ['timestamp', ['2026-11-22T14:25:29+00:00', '2026-11-22T14:25:29.123456789Z']],
    ['regime_state.behavior', [...BEHAVIORS]],
    ['regime_state.bias', [...BIASES]],
    ['regime_state.confidence', [0, 1, 0.5, -0, 5e-324]],
    ['factor_permission.size_multiplier', [0, 1]],
    ['factor_permission.max_value_exposure', [-3, 0, 1e300]],
    ['factor_permission.regime_context', [...BEHAVIORS]],
    [`${B}.value`, [null, 0, '', false, [], {}, { deep: [[[1]]] }]],
    [`${B}.source_layer`, [...BELIEF_LAYERS]],
    [`${B}.required_permissions`, [[], ['momentum', 'momentum']]],
    [`${B}.source_signal_ids`, [[], ['not-in-the-bundle']]],
    ['flow_state.rebalance_pressure', [-1, 1, 0.5]],
    ['macro_state.monetary', [{}, { anything: 'A', other: null }]],
  ];
  test.each(accepted.flatMap(([path, values]) => values.map((v) => [path, v] as [string, Json])))(
    'R13: %s may be %j',
    (path, value) => expect(detailsOf(changed(full, path, value))).toEqual([]),
  );
});

describe('a missing state', () => {
  test.each(['timestamp', 'regime_state', 'active_beliefs'])('C2.U1, R10: %s', (field) => {
    const missing = [`STATE_MISSING ${field}: ${field} is missing`];
    expect(detailsOf(changed(full, field, undefined))).toEqual(missing);
    expect(detailsOf(changed(full, field, null))).toEqual(missing);
  });

  test('C2.U1: all missing ones come first, then what is invalid, in the order of the fields', () => {
    expect(detailsOf({ flow_state: 1, extra: 2, factor_permission: 'x' })).toEqual([
      'STATE_MISSING timestamp: timestamp is missing',
      'STATE_MISSING regime_state: regime_state is missing',
      'STATE_MISSING active_beliefs: active_beliefs is missing',
      'STATE_INVALID factor_permission: factor_permission is "x", not an object',
      'STATE_INVALID flow_state: flow_state is 1, not an object',
      'STATE_INVALID extra: the bundle has an unknown field "extra"',
    ]);
    expect(detailsOf({})).toHaveLength(3);
  });
});

describe('an invalid state', () => {
  test.each([
    ...['id', 'timestamp', 'behavior', 'bias', 'confidence', 'is_stable'].map(
      (key) => `regime_state.${key}`,
    ),
    'regime_state.macro_state.timestamp',
    'factor_permission.timestamp',
    'factor_permission.regime_context',
    'macro_state.timestamp',
    'flow_state.timestamp',
    `${S}.signal`,
    ...['signal_id', 'signal_category', 'direction', 'trigger_timestamp'].map(
      (key) => `${S}.signal.${key}`,
    ),
    `${S}.regime_context`, // EXE-1
    `${S}.regime_context.id`,
    ...['belief_id', 'belief_type', 'confidence', 'timestamp', 'source_layer', 'source_id'].map(
      (key) => `${B}.${key}`,
    ),
  ])('R13: the required field %s is absent or null', (path) => {
    const state = path.split(/[.[]/)[0];
    const absent = `STATE_INVALID ${state}: ${path} is missing`;
    expect(detailsOf(changed(full, path, undefined))).toEqual([absent]);
    expect(detailsOf(changed(full, path, null))).toEqual([
      expect.stringMatching(/^STATE_INVALID .* is null, not /),
    ]);
  });

  test('R13: a belief without a value', () => {
    expect(detailsOf(changed(full, `${B}.value`, undefined))).toEqual([
      `STATE_INVALID active_beliefs: ${B}.value is missing`,
    ]);
  });

  const unit = 'not a number from 0 to 1';
  const badConfidence: Json[] = [1.2, 1.0000001, -0.0001, true, '0.5', 'DEGRADED', [], {}, 2 ** 53];
  const badTime: Json[] = ['2026-02-30T00:00:00Z', '2026-11-22T14:25:29', 1763821529000, '', true];
  const badWord: Json[] = [
    'trending_normal_vol',
    'UNKNOWN',
    'RISK_ON',
    ' EVENT_LOCK',
    '',
    7,
    ['EVENT_LOCK'],
  ];
  const notText: Json[] = [1, true, [], {}];
  const notId: Json[] = ['', ...notText];
  const notFlag: Json[] = ['true', 1, 0, []];
  const notNumber: Json[] = ['1', true, []];
  const notObject: Json[] = ['x', 1, true, []];
  const refused: [paths: string[], values: Json[], expected: string][] = [
    [
      ['timestamp', 'regime_state.timestamp', `${B}.timestamp`, 'flow_state.timestamp'],
      badTime,
      'not an RFC 3339 time in UTC',
    ],
    [
      [
        'factor_permission.timestamp',
        'macro_state.timestamp',
        'regime_state.macro_state.timestamp',
        `${S}.signal.trigger_timestamp`,
        `${S}.signal.expiry_timestamp`,
        `${S}.regime_context.timestamp`,
        `${S}.macro_state.timestamp`,
        `${S}.flow_state.timestamp`,
        `${S}.factor_permission.timestamp`,
      ],
      badTime,
      'not an RFC 3339',
    ],
    [
      [
        'regime_state',
        'factor_permission',
        'macro_state',
        'flow_state',
        'regime_state.macro_state',
        'macro_state.risk',
        S,
        B,
        `${S}.signal`,
        `${S}.regime_context`,
        `${S}.factor_permission`,
        `${S}.regime_context.macro_state.liquidity`,
      ],
      notObject,
      'not an object',
    ],
    [
      ['signals', 'active_beliefs', `${B}.required_permissions`, `${B}.source_signal_ids`],
      ['x', {}, 1, true],
      'not a list',
    ],
    [
      [
        'regime_state.confidence',
        `${B}.confidence`,
        `${S}.regime_context.confidence`,
        'factor_permission.size_multiplier',
        `${S}.factor_permission.size_multiplier`,
      ],
      badConfidence,
      unit,
    ],
    [
      [
        'regime_state.behavior',
        'factor_permission.regime_context',
        `${S}.regime_context.behavior`,
        `${S}.factor_permission.regime_context`,
      ],
      ['BULLISH', ...badWord],
      'not one of TRENDING_NORMAL_VOL, ',
    ],
    [
      ['regime_state.bias', `${S}.signal.direction`, `${S}.regime_context.bias`],
      ['LONG', ...badWord],
      'not one of BULLISH, BEARISH, NEUTRAL',
    ],
    [[`${B}.source_layer`], ['L8', 'L6.5', 'L10', 'l9', 9, ''], 'not one of L5.5, L6, L7, L9'], // R12
    [
      [
        'regime_state.id',
        `${B}.belief_id`,
        `${B}.source_id`,
        `${B}.predecessor_id`,
        `${S}.signal.signal_id`,
        `${S}.regime_context.id`,
      ],
      notId,
      'not a text that is not empty',
    ],
    [
      [
        `${B}.belief_type`,
        `${B}.staleness_reason`,
        `${S}.signal.signal_category`,
        `${S}.signal.signal_name`,
        `${S}.signal.lifecycle_state`,
        'factor_permission.rationale',
        'macro_state.window_id',
        'macro_state.monetary.policy_stance',
        'macro_state.risk.other',
        `${S}.macro_state.risk.appetite`,
      ],
      notText,
      'not a text',
    ],
    [
      [
        'regime_state.is_stable',
        `${B}.is_stale`,
        'flow_state.month_end',
        'flow_state.index_rebalance_imminent',
        `${S}.flow_state.options_expiry_today`,
        `${S}.regime_context.is_stable`,
      ],
      notFlag,
      'not true or false',
    ],
    [
      [
        'factor_permission.momentum_permitted',
        'factor_permission.brand_new_permitted',
        `${S}.factor_permission.x_permitted`,
      ],
      notFlag,
      'not true, false or null',
    ],
    [
      [
        'factor_permission.max_factor_concentration',
        'factor_permission.max_x_exposure',
        'flow_state.gamma_exposure',
        'flow_state.liquidity_score',
        `${S}.flow_state.liquidity_score`,
      ],
      notNumber,
      'not a number',
    ],
    [['flow_state.rebalance_pressure'], [1.01, -1.01, '0', true], 'not a number from -1 to 1'],
  ];
  const rows = refused.flatMap(([paths, values, expected]) =>
    paths.map((path) => [path, values, expected] as const),
  );
  test.each(rows)('R13: %s being one of %j is refused', (path, values, expected) => {
    for (const value of values) {
      const details = detailsOf(changed(full, path, value));
      expect(details).toEqual([
        expect.stringContaining(`STATE_INVALID ${path.split(/[.[]/)[0]}: ${path} is `),
      ]);
      expect(details[0]).toContain(expected);
    }
  });

  test('R13: the wrong item of a list is named', () => {
    expect(detailsOf(changed(full, `${B}.required_permissions`, ['a', 1, null]))).toEqual([
      `STATE_INVALID active_beliefs: ${B}.required_permissions[1] is 1, not a text`,
      `STATE_INVALID active_beliefs: ${B}.required_permissions[2] is null, not a text`,
    ]);
    expect(detailsOf(changed(full, `${B}.source_signal_ids`, ['']))).toEqual([
      `STATE_INVALID active_beliefs: ${B}.source_signal_ids[0] is "", not a text that is not empty`,
    ]);
  });

  test('R13: every wrong field is found, flags of a permission too', () => {
    const permission = { regime_context: 'X', a_permitted: 1, size_multiplier: 2 };
    expect(detailsOf({ ...full, factor_permission: permission })).toHaveLength(4);
  });

  test('R13: a document with regime_code instead of a behavior is no regime state', () => {
    const other = { regime_code: 'TRENDING_NORMAL_VOL', regime_confidence: 0.9 };
    expect(detailsOf({ ...full, regime_state: other })).toContain(
      'STATE_INVALID regime_state: regime_state.behavior is missing',
    );
  });

  test.each(['regime', '__proto__', 'constructor', 'Timestamp', 'market_state'])(
    'R13: the bundle has no field %s',
    (key) => {
      const value = parsed(`{"${key}":null,${canonicalText(full).slice(1)}`);
      expect(detailsOf(value)).toEqual([
        `STATE_INVALID ${key}: the bundle has an unknown field "${key}"`,
      ]);
    },
  );

  test('R13: belief ids and signal ids are unique, letter by letter', () => {
    const { active_beliefs: beliefs, signals } = fullBundle();
    const [belief] = beliefs;
    const [signal] = signals;
    if (belief === undefined || signal === undefined) throw new Error('empty sample');
    const other = { ...belief, belief_id: 'b-1' };
    expect(detailsOf({ ...full, active_beliefs: [belief, other] })).toEqual([]);
    expect(detailsOf({ ...full, active_beliefs: [belief, other, belief] })).toEqual([
      'STATE_INVALID active_beliefs: active_beliefs[2].belief_id is "B-1", as in active_beliefs[0] already',
    ]);
    expect(detailsOf({ ...full, signals: [signal, signal] })).toEqual([
      'STATE_INVALID signals: signals[1].signal.signal_id is "SG-1", as in signals[0] already',
    ]);
  });
});

describe('hostile bundles', () => {
  test('what a detail quotes is short, on one line, with nothing unseen in it', () => {
    const text = `\u001b[2J\n\u202e\u200b${'x'.repeat(10_000)}`;
    const details = [
      ...detailsOf(changed(full, 'regime_state.behavior', text)),
      ...detailsOf({ ...full, [text]: 1 }),
      ...detailsOf(
        changed(full, 'factor_permission', {
          ...fullBundle().factor_permission,
          [`${text}_permitted`]: 1,
        }),
      ),
    ];
    expect(details).toHaveLength(3);
    for (const detail of details) {
      expect(detail).toContain('\\u001b[2J\\n\\u202e\\u200b');
      expect(detail).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
      expect(detail.length).toBeLessThan(450);
    }
    expect(detailsOf(changed(full, 'regime_state.behavior', 'EVENT_LOCK\u200b'))[0]).toContain(
      'is "EVENT_LOCK\\u200b", not one of',
    );
    expect(detailsOf(changed(full, 'regime_state.behavior', '\u00a0EVENT_LOCK'))[0]).toContain(
      '"\\u00a0EVENT_LOCK"',
    );
  });

  test('a million wrong entries are an answer, not a flood', () => {
    const many = Array.from({ length: 1_000_000 }, () => 1);
    const keys = Object.fromEntries(many.map((value, i) => [`k${i}_permitted`, value]));
    expect(detailsOf({ ...full, active_beliefs: many }).length).toBe(20_001);
    expect(detailsOf({ ...full, ...keys }).at(-1)).toContain(
      'further problems were not looked for',
    );
    expect(detailsOf(changed(full, `${B}.required_permissions`, many)).length).toBe(20);
    const permission = { ...fullBundle().factor_permission, ...keys };
    expect(detailsOf({ ...full, factor_permission: permission }).length).toBe(20);
    expect(detailsOf(changed(full, 'macro_state.risk', keys)).length).toBe(20);
  });

  test('any JSON in place of any field gets an answer', () => {
    const json = fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' }).map((value) => value as Json);
    const field = fc.constantFrom(...BUNDLE_FIELDS, B, S, `${S}.signal`, `${S}.regime_context`);
    fc.assert(
      fc.property(field, json, (path, value) => {
        const document = changed(full, path, value);
        const before = canonicalText(document);
        const { bundle, findings } = readBundle(document);
        expect(bundle === null).toBe(findings.length > 0);
        expect(canonicalText(document)).toBe(before);
      }),
    );
  });

  test('any JSON object gets an answer', () => {
    const object = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue());
    fc.assert(fc.property(object, (value) => readBundle(value as JsonObject).bundle === null));
  });

  test('a belief of any depth and width in its value is not looked into', () => {
    let deep: Json = null;
    for (let level = 0; level < 100_000; level++) deep = [deep];
    const value = { ...full, active_beliefs: [{ ...fullBundle().active_beliefs[0], value: deep }] };
    expect(readBundle(value as JsonObject).findings).toEqual([]);
  });
});
