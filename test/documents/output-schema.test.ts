import fc from 'fast-check';
import { z } from 'zod';
import type { Json, JsonObject } from '../../src/core/json';
import { type OutputCheck, readOutputSchema } from '../../src/documents/output-schema';

function checkOf(schema: object): OutputCheck {
  const read = readOutputSchema(schema as JsonObject);
  if (!read.ok) throw new Error(read.problem);
  return read.check;
}

function refusalOf(schema: object): string {
  const read = readOutputSchema(schema as JsonObject);
  return read.ok ? 'it was accepted' : read.problem;
}

describe('an output is checked', () => {
  const ranking = checkOf(
    z.toJSONSchema(
      z.strictObject({
        ranked: z.array(z.object({ belief_id: z.string().min(1), score: z.number().max(1) })),
        at: z.iso.datetime().optional(),
        by: z.enum(['confidence', 'age']),
      }),
    ),
  );
  const ranked = [{ belief_id: 'B-1', score: 0.5 }];

  test.each<readonly [Json, string[]]>([
    [{ ranked, by: 'age', at: '2026-11-22T14:25:29Z' }, []],
    [{ by: 'age' }, ['output.ranked is missing']],
    [{ ranked, by: 'size' }, ['output.by is "size", not one of the values that its schema allows']],
    [{ ranked, by: 'age', note: 1 }, ['output has an unknown key "note"']],
    [{ ranked: [{ belief_id: 1 }], by: 'age' }, ['output.ranked[0].score is missing']],
    [
      { ranked: [{ belief_id: 7, score: 1 }], by: 'age' },
      ['output.ranked[0].belief_id is 7, not of type string'],
    ],
    [
      { ranked: [{ belief_id: 'B', score: 2 }], by: 'age' },
      ['output.ranked[0].score must be <= 1'],
    ],
    [null, ['output is null, not of type object']],
    [[], ['output is a list, not of type object']],
  ])('C7.D: %j, naming the place', (output, problems) => {
    expect(ranking(output)).toEqual(problems);
  });

  test('C7.D: each pattern by its own, also two in one schema', () => {
    const check = checkOf({
      type: 'object',
      properties: { a: { pattern: '^a+$' }, b: { pattern: '^b+$' } },
      patternProperties: { '^x_': { type: 'number' } },
    });
    expect(check({ a: 'aa', b: 'bb', x_1: 1 })).toEqual([]);
    expect(check({ a: 'bb', b: 'bb' })).toHaveLength(1);
    expect(check({ a: 'aa', b: 'aa' })).toHaveLength(1);
    expect(check({ x_1: 'one' })).toEqual(['output.x_1 is "one", not of type number']);
  });

  test('C7.D: in linear time where a backtracking matcher would never end', () => {
    const check = checkOf({ type: 'string', pattern: '^(a+)+$' });
    expect(check(`${'a'.repeat(100_000)}b`)).toHaveLength(1);
    expect(check('a'.repeat(100_000))).toEqual([]);
  });

  test('C7.D: with an end, where the schema refers to itself or asks for work without bound', () => {
    expect(checkOf({ $ref: '#' })(1)).toEqual([
      'output cannot be checked against its schema: it refers to itself without end',
    ]);
    const $defs = Object.fromEntries(
      Array.from({ length: 40 }, (_, i) => {
        const next = { $ref: `#/$defs/d${i + 1}` };
        return [`d${i}`, { anyOf: [next, next] }];
      }),
    );
    const endless = checkOf({ $defs: { ...$defs, d40: false }, $ref: '#/$defs/d0' });
    expect(endless(1)).toEqual([
      'output cannot be checked against its schema: it takes longer than 1500 ms',
    ]);
    // What was broken off leaves nothing behind.
    expect(checkOf({ type: 'number' })(1)).toEqual([]);
    expect(checkOf({ type: 'number' })('1')).toHaveLength(1);
  });

  test('C7.D: a key of the output that a prototype has is its own', () => {
    const check = checkOf(z.toJSONSchema(z.strictObject({ a: z.number() })));
    expect(check({ a: 1, constructor: 1 })).toEqual(['output has an unknown key "constructor"']);
    expect(checkOf({ required: ['constructor'] })({})).toEqual(['output.constructor is missing']);
  });
});

const KEYWORDS = `type pattern $ref $id anyOf items properties required enum $defs const minimum
  format $dynamicRef $schema if not __proto__`.split(/\s+/);

describe('an output schema is refused, in one sentence', () => {
  const deep = Array.from({ length: 100_000 }).reduce<object>((not) => ({ not }), {});
  test.each<readonly [string, object, RegExp]>([
    ['with an unknown keyword', { tpye: 'string' }, /unknown keyword: /],
    ['with an unknown type', { type: 'text' }, /schema is invalid: /],
    ['that refers elsewhere', { $ref: 'https://example.org/x' }, /can't resolve reference/],
    ['of another draft', { $schema: 'http://json-schema.org/draft-07/schema#' }, /draft-07/],
    ['that is asynchronous', { $async: true }, /asynchronous/],
    ['with look-around', { pattern: '^(?!x)' }, /cannot be matched in linear time/],
    ['with a back-reference', { pattern: '(a)\\1' }, /cannot be matched in linear time/],
    ['with a pattern that is none', { pattern: '(' }, /cannot be matched/],
    ['with a pattern without bound', { pattern: 'a'.repeat(1_001) }, /1001 characters/],
    ['with a key as pattern that is none', { patternProperties: { '(': {} } }, /cannot be matched/],
    ['that is too deep', deep, /nested deeper than 64 levels/],
    ['that is too long', { enum: ['x'.repeat(70_000)] }, /more than 65536/],
  ])('C7.D: %s', (_what, schema, words) => {
    const problem = refusalOf(schema);
    expect(problem).toMatch(/^output schema: [^\n]+$/);
    expect(problem).toMatch(words);
  });

  test('C7.D: or read, whatever it is, and neither it nor the output makes the check throw', () => {
    const key = fc.constantFrom(...KEYWORDS);
    const schema = fc.letrec((tie) => ({
      node: fc.oneof(
        { depthSize: 'small' },
        fc.jsonValue({ maxDepth: 1 }),
        fc.constantFrom('#', 'string', '^a$', '#/$defs/a', true),
        fc.dictionary(key, tie('node'), { maxKeys: 4 }),
      ),
    })).node;
    fc.assert(
      fc.property(fc.dictionary(key, schema), fc.jsonValue(), (schema, output) => {
        const read = readOutputSchema(JSON.parse(JSON.stringify(schema)) as JsonObject);
        const said = read.ok ? read.check(output as Json) : [read.problem];
        for (const problem of said) expect(problem).toMatch(/^output[^\n]+$/);
      }),
      { numRuns: 60 },
    );
  });
});
