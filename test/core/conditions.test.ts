import fc from 'fast-check';

import type { Operands } from '../../src/core/condition-fields';
import { evaluateCondition, parseCondition, type Condition } from '../../src/core/conditions';
import { CONDITION_CHARS_MAX } from '../../src/core/limits';

const FULL: Operands = {
  regime_state: {
    id: 'RS-1',
    timestamp: '2026-11-22T14:25:29Z',
    behavior: 'TRENDING_NORMAL_VOL',
    bias: 'BULLISH',
    confidence: 0.75,
    is_stable: true,
  },
  factor_permission: {
    timestamp: '2026-11-22T14:25:29Z',
    regime_context: 'EVENT_LOCK',
    momentum_permitted: true,
    value_permitted: false,
    size_multiplier: 0.5,
  },
  macro_state: {
    timestamp: '2026-11-22T14:25:29Z',
    monetary: { policy_stance: 'HAWKISH', rate_level: 4.25 },
    risk: { appetite: 'LOW', in: 'yes' },
  },
  flow_state: {
    timestamp: '2026-11-22T14:25:29Z',
    rebalance_pressure: -0.5,
    gamma_exposure: 1200,
    liquidity_score: 0,
    index_rebalance_imminent: true,
    options_expiry_today: false,
    month_end: true,
  },
};
const BARE: Operands = {
  regime_state: FULL.regime_state,
  factor_permission: null,
  macro_state: null,
  flow_state: null,
};

function condition(text: string): Condition {
  const parsed = parseCondition(text);
  if (!parsed.ok) throw new Error(`${text} refused: ${JSON.stringify(parsed.error)}`);
  return parsed.condition;
}

function refusal(text: string): [position: number, token: string] {
  const parsed = parseCondition(text);
  if (parsed.ok) throw new Error(`${text} accepted`);
  return [parsed.error.position, parsed.error.token];
}

const evaluate = (text: string, operands: Operands = FULL) =>
  evaluateCondition(condition(text), operands);

test('C4.G: a text is told by its quotes, a name by its letters, and what is refused is named whole', () => {
  expect(refusal("macro.risk.appetite == \"a'b'")).toEqual([23, "\"a'b'"]);
  expect(refusal('regime.bias == "BULLISH')).toEqual([15, '"BULLISH']);
  expect(refusal("macro.risk.app\u00e9tit == 'LOW'")).toEqual([11, 'app\u00e9tit']);
  expect(refusal('factor.\u00e9_a_permitted')).toEqual([7, '\u00e9_a_permitted']);
  expect(evaluate('regime.confidence < 1e10').value).toBe(true);
  expect(evaluate('regime.confidence > 5e-01').value).toBe(true);
  expect(condition("regime.bias in ['BULLISH', 'BEARISH']")).toMatchObject({
    literals: ['BULLISH', 'BEARISH'],
  });
});

describe('C4.G a condition is true or false of the states', () => {
  test.each<[string, boolean]>([
    ["regime.behavior == 'TRENDING_NORMAL_VOL'", true],
    ["regime.behavior != 'TRENDING_NORMAL_VOL'", false],
    ["regime.behavior in ['EVENT_LOCK', 'TRENDING_NORMAL_VOL']", true],
    ["regime.behavior in ['UNDEFINED']", false],
    ["regime.bias == 'BULLISH'", true],
    ["regime.bias in ['BEARISH','NEUTRAL']", false],
    ['regime.is_stable', true],
    ['regime.is_stable == true', true],
    ['regime.is_stable != true', false],
    ['regime.is_stable in [true, false]', true],
    ['not regime.is_stable', false],
    ['not not regime.is_stable', true],
    ['regime.confidence == 0.75', true],
    ['regime.confidence in [0.5, 0.75]', true],
    ['regime.confidence < 0.75', false],
    ['regime.confidence <= 0.75', true],
    ['regime.confidence > 0.75', false],
    ['regime.confidence >= 7.5e-1', true],
    ['factor.size_multiplier > 0', true],
    ['factor.size_multiplier < 5E-1', false],
    ["factor.regime_context == 'EVENT_LOCK'", true],
    ['factor.momentum_permitted', true],
    ['factor.value_permitted', false],
    ['factor.value_permitted == false', true],
    ["macro.monetary.policy_stance == 'HAWKISH'", true],
    ["macro.risk.appetite in ['LOW', 'é 中 😀']", true],
    ["macro.risk.in == 'yes'", true],
    ["macro.risk.appetite != ''", true],
    ['flow.rebalance_pressure == -0.5', true],
    ['flow.rebalance_pressure in [-1, -0.5]', true],
    ['flow.gamma_exposure == 1.2e+3', true],
    ['flow.liquidity_score == -0', true],
    ['flow.liquidity_score != 0', false],
    ['flow.index_rebalance_imminent', true],
    ['flow.options_expiry_today', false],
    ['flow.month_end', true],
    ["regime.behavior in ['UNDEFINED','EVENT_LOCK'] and factor.momentum_permitted", false],
    ["regime.behavior=='TRENDING_NORMAL_VOL'and(factor.momentum_permitted)", true],
    ["\t regime.bias\r\n in['BULLISH'] ", true],
    ['((((regime.is_stable))))', true],
  ])('%s', (text, value) => {
    expect(evaluate(text)).toEqual({ value, missing: [] });
  });
});

describe('C4.G not, and, or bind in this order, all weaker than a comparison', () => {
  const T = 'regime.is_stable';
  const F = 'flow.options_expiry_today';
  test.each<[string, boolean]>([
    [`not ${T} == false`, true],
    [`not regime.bias in ['BEARISH']`, true],
    [`not ${T} and ${F}`, false],
    [`not (${T} and ${F})`, true],
    [`not ${F} and ${T}`, true],
    [`not ${T} or ${T}`, true],
    [`not (${T} or ${T})`, false],
    [`not(${F})`, true],
    [`${T} or ${F} and ${F}`, true],
    [`(${T} or ${F}) and ${F}`, false],
    [`${F} and ${F} or ${T}`, true],
    [`${F} and (${F} or ${T})`, false],
    [`${T} or ${F} and not ${T}`, true],
    [`${F} or not ${F} and ${T}`, true],
    [`${T} and not ${T} or not ${F}`, true],
    [`not not (${T} and not ${F})`, true],
  ])('%s', (text, value) => {
    expect(evaluate(text).value).toBe(value);
  });

  test('whatever is joined, the result is that of the same tree written out', () => {
    type Tree = { text: string; value: boolean; level: number };
    const leaf = fc.constantFrom<Tree>(
      { text: T, value: true, level: 4 },
      { text: F, value: false, level: 4 },
      { text: 'regime.confidence > 0.5', value: true, level: 4 },
      { text: "regime.bias in ['NEUTRAL', 'BEARISH']", value: false, level: 4 },
      { text: 'flow.liquidity_score == -1', value: false, level: 4 },
    );
    const within = (tree: Tree, level: number): string =>
      tree.level < level ? `(${tree.text})` : tree.text;
    const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 6 },
        leaf,
        tie('tree').map((a) => ({ text: `not ${within(a, 3)}`, value: !a.value, level: 3 })),
        fc.tuple(tie('tree'), tie('tree')).map(([a, b]) => ({
          text: `${within(a, 2)} and ${within(b, 2)}`,
          value: a.value && b.value,
          level: 2,
        })),
        fc.tuple(tie('tree'), tie('tree')).map(([a, b]) => ({
          text: `${within(a, 1)} or ${within(b, 1)}`,
          value: a.value || b.value,
          level: 1,
        })),
      ),
    }));
    fc.assert(
      fc.property(tree, ({ text, value }) => {
        fc.pre(text.length <= CONDITION_CHARS_MAX);
        expect(evaluate(text)).toEqual({ value, missing: [] });
      }),
      { numRuns: 500 },
    );
  });
});

describe('C4.G what the language does not have is refused, at the offending token', () => {
  test.each<[what: string, text: string, position: number, token: string]>([
    ['empty text', '', 0, ''],
    ['spaces alone', ' \n ', 3, ''],
    ['another root', 'price > 100', 0, 'price'],
    ['another root, after a good part', '  regime.is_stable and price > 100', 23, 'price'],
    ["a task's output", "tasks.scan.output == 'x'", 0, 'tasks'],
    ["a signal's value", "signals.direction == 'BULLISH'", 0, 'signals'],
    ["a belief's value", 'active_beliefs.confidence > 0.5', 0, 'active_beliefs'],
    ["a state's own name", "regime_state.behavior == 'UNDEFINED'", 0, 'regime_state'],
    ['the timestamp', "regime.timestamp == 'x'", 7, 'timestamp'],
    ['the nested macro state', "regime.macro_state.risk == 'x'", 7, 'macro_state'],
    ['a name from the prototype', "regime.constructor == 'x'", 7, 'constructor'],
    ['a root from the prototype', "constructor.name == 'x'", 0, 'constructor'],
    ['__proto__ as a root', '__proto__.is_stable', 0, '__proto__'],
    ['__proto__ of a factor', 'factor.__proto__', 7, '__proto__'],
    ['__proto__ of macro', "macro.__proto__.x == 'x'", 6, '__proto__'],
    ['__proto__ in a macro group', "macro.risk.__proto__ == 'x'", 11, '__proto__'],
    ['constructor in a macro group', "macro.risk.constructor == 'x'", 11, 'constructor'],
    ['prototype in a macro group', "macro.risk.prototype == 'x'", 11, 'prototype'],
    ['an unknown macro group', "macro.fiscal.stance == 'x'", 6, 'fiscal'],
    ['a macro group alone', "macro.risk == 'x'", 0, 'macro.risk'],
    ['a root alone', "regime == 'x'", 0, 'regime'],
    ['a name too many', "regime.behavior.length == 'x'", 16, 'length'],
    ['a macro name too many', "macro.risk.appetite.x == 'x'", 20, 'x'],
    ['a factor without its suffix', 'factor.momentum', 7, 'momentum'],
    ['the suffix alone', 'factor._permitted', 7, '_permitted'],
    ['a factor limit', 'factor.max_momentum_exposure > 1', 7, 'max_momentum_exposure'],
    ['a field in capitals', "Regime.behavior == 'UNDEFINED'", 0, 'Regime'],
    ['a space within a field', "regime .behavior == 'UNDEFINED'", 0, 'regime'],
    ['a dot at the end', 'regime.is_stable.', 16, '.'],
    ['computed access', "regime['behavior'] == 'UNDEFINED'", 0, 'regime'],
    ['an index', "regime.behavior[0] == 'U'", 15, '['],
    ['optional access', "regime?.behavior == 'UNDEFINED'", 0, 'regime'],
    ['a call', 'regime.is_stable()', 16, '('],
    ['a function', 'now() > 1', 0, 'now'],
    ['this', 'this.regime.is_stable', 0, 'this'],
    ['an assignment', "regime.behavior = 'UNDEFINED'", 16, '='],
    ['a triple equals', "regime.behavior === 'UNDEFINED'", 16, '==='],
    ['a triple unequals', 'regime.is_stable !== true', 17, '!=='],
    ['an arrow', 'regime.is_stable => true', 17, '=>'],
    ['a diamond', 'regime.confidence <> 1', 18, '<>'],
    ['&&', 'regime.is_stable && flow.month_end', 17, '&&'],
    ['||', 'regime.is_stable || flow.month_end', 17, '||'],
    ['!', '!regime.is_stable', 0, '!'],
    ['AND in capitals', 'regime.is_stable AND flow.month_end', 17, 'AND'],
    ['not in', "regime.behavior not in ['UNDEFINED']", 16, 'not'],
    ['is', "regime.behavior is 'UNDEFINED'", 16, 'is'],
    ['a ternary', 'regime.is_stable ? true : false', 17, '?'],
    ['arithmetic', 'regime.confidence + 1 > 1', 18, '+'],
    ['arithmetic with a literal', 'regime.confidence > 1 - 1', 22, '-'],
    ['arithmetic without spaces', 'regime.confidence > 1-1', 21, '-1'],
    [
      'a field on the right',
      'regime.confidence > factor.size_multiplier',
      20,
      'factor.size_multiplier',
    ],
    ['a literal on the left', "'UNDEFINED' == regime.behavior", 0, "'UNDEFINED'"],
    ['a number on the left', '0.5 < regime.confidence', 0, '0.5'],
    ['a literal alone', 'true', 0, 'true'],
    ['a negated literal', 'not false', 4, 'false'],
    ['a chained comparison', 'regime.confidence > 0.1 < 0.9', 24, '<'],
    ['a string field alone', 'regime.is_stable and regime.bias', 21, 'regime.bias'],
    ['a number field alone', '(regime.confidence) > 1', 1, 'regime.confidence'],
    ['a negated string field', 'not regime.behavior', 4, 'regime.behavior'],
    ['a compared parenthesis', '(regime.is_stable) == true', 19, '=='],
    ['size of a behavior', "regime.behavior > 'EVENT_LOCK'", 16, '>'],
    ['size of a flag', 'regime.is_stable >= false', 17, '>='],
    ['size of a flow number', 'flow.gamma_exposure < 1', 20, '<'],
    ['size of a macro name', "macro.risk.appetite <= 'LOW'", 20, '<='],
    ['a word that is no behavior', "regime.behavior == 'BULLISH'", 19, "'BULLISH'"],
    ['a behavior in small letters', "regime.behavior != 'undefined'", 19, "'undefined'"],
    ['a regime code', "factor.regime_context == 'NO_TRADE'", 25, "'NO_TRADE'"],
    ['a word that is no bias', "regime.bias == 'UNDEFINED'", 15, "'UNDEFINED'"],
    ['a bias too many', "regime.bias in ['BULLISH', 'UP', 'UP']", 27, "'UP'"],
    ['a number for a string', 'regime.behavior == 1', 19, '1'],
    ['a boolean for a string', 'macro.risk.appetite == true', 23, 'true'],
    ['a string for a number', "regime.confidence > '0.5'", 20, "'0.5'"],
    ['a boolean for a number', 'flow.gamma_exposure == false', 23, 'false'],
    ['a number for a boolean', 'flow.month_end == 1', 18, '1'],
    ['a string for a boolean', "factor.momentum_permitted == 'true'", 29, "'true'"],
    ['null', 'regime.is_stable == null', 20, 'null'],
    ['a literal of another kind in a list', 'regime.confidence in [0.5, true]', 27, 'true'],
    ['an empty list', 'regime.behavior in []', 20, ']'],
    ['a trailing comma', "regime.bias in ['BULLISH',]", 26, ']'],
    ['a hole', "regime.bias in ['BULLISH',,'BEARISH']", 26, ','],
    ['a missing comma', "regime.bias in ['BULLISH' 'BEARISH']", 26, "'BEARISH'"],
    ['an open list', "regime.bias in ['BULLISH'", 25, ''],
    ['a list in parentheses', "regime.bias in ('BULLISH')", 15, '('],
    ['a list without brackets', "regime.bias in 'BULLISH'", 15, "'BULLISH'"],
    ['a list in a list', "regime.bias in [['BULLISH']]", 16, '['],
    ['a list compared with ==', "regime.bias == ['BULLISH']", 15, '['],
    ['a literal in parentheses', "regime.bias == ('BULLISH')", 15, '('],
    ['double quotes', 'regime.bias == "BULLISH"', 15, '"BULLISH"'],
    ['a template string', 'regime.bias == `BULLISH`', 15, '`'],
    ['an open string', "regime.bias == 'BULLISH", 15, "'BULLISH"],
    ['an escape', "macro.risk.appetite == 'a\\'b'", 23, "'a\\'"],
    ['an escaped letter', "macro.risk.appetite == 'a\\n'", 23, "'a\\n'"],
    ['a line break in a string', "macro.risk.appetite == 'a\nb'", 23, "'a\nb'"],
    ['a plus sign', 'regime.confidence > +0.5', 20, '+'],
    ['a detached minus', 'flow.rebalance_pressure == - 1', 27, '-'],
    ['a double minus', 'flow.rebalance_pressure == --1', 27, '-'],
    ['a leading dot', 'regime.confidence > .5', 20, '.5'],
    ['a dangling dot', 'regime.confidence > 1.', 20, '1.'],
    ['a leading zero', 'regime.confidence > 01', 20, '01'],
    ['a hexadecimal number', 'regime.confidence > 0x1', 20, '0x1'],
    ['a grouped number', 'flow.gamma_exposure == 1_000', 23, '1_000'],
    ['half an exponent', 'regime.confidence > 1e', 20, '1e'],
    ['a number beyond a double', 'regime.confidence < 1e999', 20, '1e999'],
    ['a percentage', 'regime.confidence > 50%', 22, '%'],
    ['NaN', 'regime.confidence == NaN', 21, 'NaN'],
    ['Infinity', 'regime.confidence < Infinity', 20, 'Infinity'],
    ['two conditions', 'regime.is_stable flow.month_end', 17, 'flow.month_end'],
    ['a semicolon', 'regime.is_stable;', 16, ';'],
    ['a comma', 'regime.is_stable, flow.month_end', 16, ','],
    ['a line comment', 'regime.is_stable // yes', 17, '/'],
    ['a block comment', '/* yes */ regime.is_stable', 0, '/'],
    ['a hash comment', 'regime.is_stable # yes', 17, '#'],
    ['an object', '{regime.is_stable}', 0, '{'],
    ['an operator at the end', 'regime.is_stable and  ', 22, ''],
    ['an operator at the beginning', 'and regime.is_stable', 0, 'and'],
    ['not at the end', 'regime.is_stable or not', 23, ''],
    ['a comparison without its literal', 'regime.confidence >', 19, ''],
    ['two operators', 'regime.is_stable and or flow.month_end', 21, 'or'],
    ['in at the end', 'regime.behavior in', 18, ''],
    ['empty parentheses', '()', 1, ')'],
    ['an open parenthesis', 'regime.is_stable and ((flow.month_end)', 21, '('],
    ['a parenthesis too many', '(regime.is_stable)) and flow.month_end', 18, ')'],
    ['the second of two equal tokens', 'regime.is_stable or regime.is_stable.x', 37, 'x'],
    ['a look-alike letter in a name', "regime.behavi\u043er == 'UNDEFINED'", 7, 'behavi\u043er'],
    ['a look-alike letter in a macro name', "macro.risk.\u0430 == 'x'", 11, '\u0430'],
    ['a look-alike letter in and', 'regime.is_stable \u0430nd flow.month_end', 17, '\u0430nd'],
    ['a letter that folds to k', "macro.ris\u212a.x == 'x'", 6, 'ris\u212a'],
    ['a zero-width character', "macro.risk.a\u200bb == 'x'", 12, '\u200b'],
    ['a look-alike quote', 'regime.bias == \u2018BULLISH\u2019', 15, '\u2018'],
    ['a look-alike operator', 'regime.confidence \u2265 0.5', 18, '\u2265'],
    ['a full-width operator', "regime.bias \uff1d\uff1d 'BULLISH'", 12, '\uff1d'],
    ['a look-alike minus', 'flow.rebalance_pressure == \u22121', 27, '\u2212'],
    ['a look-alike digit', 'regime.confidence > \u0661', 20, '\u0661'],
    ['a no-break space', 'regime.is_stable\u00a0and flow.month_end', 16, '\u00a0'],
    ['a byte order mark', '\ufeffregime.is_stable', 0, '\ufeff'],
    ['a character outside the basic plane', 'regime.is_stable 😀', 17, '😀'],
    ['what follows such a character', "macro.risk.x == '😀' and x", 25, 'x'],
    ['a dollar name', "macro.risk.$a == 'x'", 11, '$a'],
    ['a NUL', 'regime.is_stable\0', 16, '\0'],
  ])('%s: %s', (_what, text, position, token) => {
    expect(refusal(text)).toEqual([position, token]);
  });

  test('the problem is a plain part of a sentence that says what can stand there', () => {
    const message = (text: string) => {
      const parsed = parseCondition(text);
      return parsed.ok ? '' : parsed.error.message;
    };
    expect(message('price > 100')).toBe('a field begins with regime, factor, macro, flow');
    expect(message('regime.constructor')).toBe(
      'the fields of regime are behavior, bias, confidence, is_stable',
    );
    expect(message("regime.bias == 'UP'")).toBe(
      'regime.bias is always one of BULLISH, BEARISH, NEUTRAL',
    );
    expect(message('flow.gamma_exposure > 0')).toBe(
      'only regime.confidence and factor.size_multiplier can be compared by size',
    );
  });
});

describe('C4.G a comparison with a missing field is false, and the field is named', () => {
  test.each<[string, boolean, string[]]>([
    ['flow.month_end', false, ['flow.month_end']],
    ['flow.month_end == false', false, ['flow.month_end']],
    ['flow.month_end != true', false, ['flow.month_end']],
    ['not flow.month_end', true, ['flow.month_end']],
    ["macro.risk.appetite != 'LOW'", false, ['macro.risk.appetite']],
    ["macro.risk.appetite in ['LOW']", false, ['macro.risk.appetite']],
    ['factor.size_multiplier <= 1', false, ['factor.size_multiplier']],
    ['factor.size_multiplier >= 0 or regime.is_stable', true, ['factor.size_multiplier']],
    ['regime.is_stable or flow.month_end', true, ['flow.month_end']],
    ['not regime.is_stable and flow.month_end', false, ['flow.month_end']],
    [
      "flow.month_end or (macro.risk.a == 'x' and flow.gamma_exposure == 1) or flow.month_end",
      false,
      ['flow.month_end', 'macro.risk.a', 'flow.gamma_exposure'],
    ],
  ])('%s', (text, value, missing) => {
    expect(evaluate(text, BARE)).toEqual({ value, missing });
  });

  test('null and undefined are missing, as is a group that is no object', () => {
    const operands: Operands = {
      ...FULL,
      factor_permission: {
        timestamp: '2026-11-22T14:25:29Z',
        regime_context: 'UNDEFINED',
        size_multiplier: null,
        momentum_permitted: undefined,
      },
      macro_state: { timestamp: '2026-11-22T14:25:29Z', risk: ['LOW'], monetary: 'LOW' },
    };
    const text =
      'factor.size_multiplier < 1 or factor.momentum_permitted' +
      " or macro.risk.length != 'x' or macro.monetary.length != 'x' or macro.liquidity.x != 'x'";
    expect(evaluate(text, operands)).toEqual({
      value: false,
      missing: [
        'factor.size_multiplier',
        'factor.momentum_permitted',
        'macro.risk.length',
        'macro.monetary.length',
        'macro.liquidity.x',
      ],
    });
  });

  test('a value of another kind than the field is missing, never converted', () => {
    expect(evaluate("macro.monetary.rate_level != '4.25'")).toEqual({
      value: false,
      missing: ['macro.monetary.rate_level'],
    });
    const operands: Operands = {
      ...FULL,
      flow_state: { timestamp: '2026-11-22T14:25:29Z', month_end: 1, gamma_exposure: '1' },
    };
    expect(evaluate('flow.month_end or flow.gamma_exposure == 1', operands)).toEqual({
      value: false,
      missing: ['flow.month_end', 'flow.gamma_exposure'],
    });
  });

  test('only own properties are read', () => {
    const inherited = Object.create({ toString: 'x', appetite: 'LOW' }) as object;
    const operands: Operands = {
      ...FULL,
      macro_state: { timestamp: '2026-11-22T14:25:29Z', risk: inherited },
    };
    for (const name of ['toString', 'appetite', 'valueOf', 'hasOwnProperty']) {
      expect(evaluate(`macro.risk.${name} != 'y'`, operands).missing).toHaveLength(1);
    }
  });

  test('a permission is read by its own name, of whatever factor', () => {
    expect(evaluate('factor.quality_permitted').missing).toEqual(['factor.quality_permitted']);
    expect(evaluate('factor.max_value_permitted').missing).toEqual(['factor.max_value_permitted']);
  });
});

describe('C4.G whatever the text, it is parsed or refused', () => {
  const sound = (text: string): void => {
    const parsed = parseCondition(text);
    expect(parseCondition(text)).toEqual(parsed);
    if (parsed.ok) {
      const full = evaluateCondition(parsed.condition, FULL);
      expect(evaluateCondition(parsed.condition, FULL)).toEqual(full);
      const bare = evaluateCondition(parsed.condition, BARE);
      expect(new Set(bare.missing).size).toBe(bare.missing.length);
      return;
    }
    const { position, token, message } = parsed.error;
    expect(text.slice(position, position + token.length)).toBe(token);
    if (token === '') expect(position).toBe(Math.min(text.length, CONDITION_CHARS_MAX));
    expect(message).toMatch(/^[a-z].*[^.]$/);
  };

  test('any string', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), sound), {
      numRuns: 2_000,
    });
    fc.assert(fc.property(fc.string({ unit: 'grapheme-ascii' }), sound), { numRuns: 2_000 });
    fc.assert(fc.property(fc.string({ maxLength: 3 * CONDITION_CHARS_MAX, size: 'max' }), sound));
  });

  const PIECES = [
    'regime.is_stable regime.behavior regime.confidence factor.size_multiplier flow.month_end',
    'factor.momentum_permitted macro.risk.appetite flow.gamma_exposure and or not in ( ) [ ] ,',
    "== != < <= > >= 'UNDEFINED' 'x' 1 -0.5 true false \" ' . - = && \\ regime price __proto__ ;",
    '😀 \ud800 \u0430 regime.constructor 1e9',
  ].flatMap((line) => line.split(' '));

  test('any soup of tokens', () => {
    const soup = fc
      .array(fc.tuple(fc.constantFrom(...PIECES), fc.constantFrom(' ', ' ', '', '\n')))
      .map((pieces) => pieces.flat().join(''));
    fc.assert(fc.property(soup, sound), { numRuns: 5_000 });
  });

  test('any good condition with one token replaced', () => {
    const good =
      "not ( regime.bias in [ 'BULLISH' , 'BEARISH' ] or flow.month_end ) and regime.is_stable";
    const words = good.split(' ');
    fc.assert(
      fc.property(fc.nat(words.length - 1), fc.constantFrom(...PIECES), (at, piece) =>
        sound(words.with(at, piece).join(' ')),
      ),
      { numRuns: 2_000 },
    );
  });

  test('the deepest nesting that fits is evaluated, a deeper one refused', () => {
    const inner = 'flow.month_end';
    const deep = (CONDITION_CHARS_MAX - inner.length) / 2;
    expect(evaluate('('.repeat(deep) + inner + ')'.repeat(deep)).value).toBe(true);
    const nots = Math.floor((CONDITION_CHARS_MAX - inner.length) / 4);
    expect(evaluate('not '.repeat(nots) + inner).value).toBe(nots % 2 === 0);
    const groups = Math.floor((CONDITION_CHARS_MAX - inner.length) / (inner.length + 7));
    const nested = `${inner} and (`.repeat(groups) + inner + ')'.repeat(groups);
    expect(evaluate(nested).value).toBe(true);
    expect(refusal('('.repeat(CONDITION_CHARS_MAX))).toEqual([CONDITION_CHARS_MAX, '']);
    expect(refusal(`${inner} and `.repeat(1_000))).toEqual([CONDITION_CHARS_MAX, '']);
  });

  test('a condition of the greatest length is parsed, one character more is refused', () => {
    const text = 'regime.is_stable'.padEnd(CONDITION_CHARS_MAX);
    expect(evaluate(text).value).toBe(true);
    expect(refusal(`${text} `)).toEqual([CONDITION_CHARS_MAX, '']);
  });
});

describe('C4.G what is no condition, and what is said of it', () => {
  const refused = (text: string) => {
    const parsed = parseCondition(text);
    return parsed.ok ? null : parsed.error;
  };

  test.each(['and', 'or', 'in', 'true', 'false', 'not', '=='])(
    'C4.G: where a field must stand, %s stands in vain',
    (word) => {
      const message = 'a field must stand here';
      for (const text of [`not ${word}`, `regime.is_stable and ${word}`])
        expect(refused(text)).toMatchObject(
          word === 'not' ? { token: '', position: text.length } : { token: word, message },
        );
    },
  );

  test.each(['', '   '])('C4.G: %j is empty', (text) => {
    expect(refused(text)).toEqual({
      position: text.length,
      token: '',
      message: 'the condition is empty',
    });
  });

  test('C4.G: a name that begins like a field, or ends like one, is none', () => {
    for (const name of ['factor.9_permitted', 'factor.a_permitted2', 'factor.a-b_permitted'])
      expect(refused(name)).not.toBeNull();
    expect(refused('factor.a_b2_permitted')).toBeNull();
    expect(refused("macro.growth_inflation.x == 'a'")).toBeNull();
    for (const name of [
      'macro.growth.x',
      'macro.risk',
      'macro.risk.x.y',
      'macro..x',
      'macro.risk.',
    ])
      expect(refused(`${name} == 'a'`)).not.toBeNull();
  });

  test('C4.G: of a name that is no field the fields of its state are told', () => {
    expect(refused('flow.none')?.message).toBe(
      'the fields of flow are rebalance_pressure, gamma_exposure, liquidity_score, index_rebalance_imminent, options_expiry_today, month_end',
    );
    expect(refused('macro.none.x')?.message).toBe(
      'the fields of macro are monetary.<name>, liquidity.<name>, growth_inflation.<name>, risk.<name>',
    );
  });

  test('C4.G: a field is compared with what is of its own kind, in the spelling that is told', () => {
    const told = (text: string) => refused(text)?.message;
    expect(told('regime.is_stable == 1')).toMatch(/compared with true or false$/);
    expect(told('regime.confidence > true')).toMatch(/compared with a number like -0\.5$/);
    expect(told('macro.risk.x == 7')).toMatch(/a string in single quotes, .* like 'string'$/);
    for (const text of ['"a"', "'a\\\\b'", "'a\tb'", "'a", 'true', 'a'])
      expect(refused(`macro.risk.x == ${text}`)).not.toBeNull();
  });

  test('C4.G: only confidence and size are compared by size, in a number as JSON writes it', () => {
    for (const name of ['regime.bias', 'regime.is_stable', 'flow.gamma_exposure'])
      expect(refused(`${name} < 1`)).toMatchObject({ token: '<' });
    for (const number of ['1', '-0.5', '1e3', '1E+3', '2e-1', '0'])
      expect(refused(`regime.confidence < ${number}`)).toBeNull();
    for (const number of ['01', '1.', '.5', '1e', '1e999', "'1'", 'true'])
      expect(refused(`regime.confidence < ${number}`)).not.toBeNull();
  });

  test.each([
    ['<', [true, false, false]],
    ['<=', [true, true, false]],
    ['>', [false, false, true]],
    ['>=', [false, true, true]],
    ['==', [false, true, false]],
    ['!=', [true, false, true]],
  ])('C4.G: regime.confidence %s 0.75, below, at and above it', (operator, expected) => {
    const compared = condition(`regime.confidence ${operator} 0.75`);
    const values = [0.74, 0.75, 0.76].map((confidence) => {
      const regime_state = { ...FULL.regime_state, confidence };
      return evaluateCondition(compared, { ...FULL, regime_state }).value;
    });
    expect(values).toEqual(expected);
  });
});
