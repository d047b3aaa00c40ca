import fc from 'fast-check';
import { TEXT_CHARS_MAX } from '../../src/core/limits';
import { readDecision, readHaltRequest } from '../../src/documents/decision';

const decision = {
  halt_id: 'H-1',
  choice: 'RESUME',
  reason: 'checked',
  root_cause: 'a typing error',
  why_safe: 'corrected',
  by: 'ana',
  decision_id: 'D-1',
};
const halt = { reason: 'odd prices', by: 'ana' };
const longest = 'x'.repeat(TEXT_CHARS_MAX);

const wrong: [what: string, value: unknown, problem: string][] = [
  ['absent', undefined, 'is missing'],
  ['null', null, 'is missing'],
  ['empty', '', 'is empty'],
  ['blank', ' \t\n\u00a0', 'is empty'],
  ['a number', 1, 'is not a text'],
  ['a list', ['x'], 'is not a text'],
  ['too long', `${longest}x`, 'has 4001 characters, more than 4000'],
  ['half a character', 'x\ud800', 'holds a lone surrogate, half of a character'],
];

describe('readDecision', () => {
  test('R31: takes the seven texts, whatever the choice says', () => {
    expect(readDecision(decision)).toEqual({ ok: true, decision, extra: [] });
    const other = { ...decision, choice: 'RELAX', reason: longest };
    expect(readDecision(other)).toEqual({ ok: true, decision: other, extra: [] });
  });

  test.each(Object.keys(decision).flatMap((key) => wrong.map((row) => [key, ...row] as const)))(
    'C3.F3: refuses a decision where %s is %s',
    (key, _what, value, problem) => {
      expect(readDecision({ ...decision, [key]: value })).toEqual({
        ok: false,
        problem: `decision: ${key} ${problem}`,
      });
    },
  );

  test('R14: lists what it carries beyond the seven, without taking it', () => {
    const text = JSON.stringify(decision).replace('{', '{"__proto__":{},"min_confidence":0,');
    expect(readDecision(JSON.parse(text))).toEqual({
      ok: true,
      decision,
      extra: ['__proto__', 'min_confidence'],
    });
  });

  test('R14: what it lists is short and cannot steer a terminal', () => {
    const many = Array.from({ length: 100 }, (_, i) => [`\u001b[2J\ud800${i}${longest}`, 1]);
    const result = readDecision({ ...decision, ...Object.fromEntries(many) });
    if (!result.ok) throw new Error(result.problem);
    expect(result.extra).toHaveLength(20);
    expect(result.extra[0]).toMatch(/^\\u001b\[2J\\ud8000x+…$/);
  });

  test('takes no text from a prototype', () => {
    expect(readDecision(Object.create(decision))).toMatchObject({ ok: false });
  });
});

describe('readHaltRequest', () => {
  test('C3.F3: takes reason and authority, and lets everything else be', () => {
    expect(readHaltRequest(halt)).toEqual({ ok: true, request: halt });
    expect(readHaltRequest({ ...halt, more: 1 })).toEqual({ ok: true, request: halt });
  });

  test.each(['reason', 'by'].flatMap((key) => wrong.map((row) => [key, ...row] as const)))(
    'C3.F3: refuses a halt where %s is %s',
    (key, _what, value, problem) => {
      expect(readHaltRequest({ ...halt, [key]: value })).toEqual({
        ok: false,
        problem: `halt: ${key} ${problem}`,
      });
    },
  );
});

test('anything at all gets an answer', () => {
  fc.assert(
    fc.property(fc.anything({ withNullPrototype: true, withBigInt: true }), (value) => {
      expect(typeof readDecision(value).ok).toBe('boolean');
      expect(typeof readHaltRequest(value).ok).toBe('boolean');
    }),
  );
  for (const value of [undefined, null, 'halt', 1, [], () => 1]) {
    expect(readHaltRequest(value)).toEqual({
      ok: false,
      problem: 'halt: it has to be an object with reason, by',
    });
  }
});
