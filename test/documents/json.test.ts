import fc from 'fast-check';
import { canonicalText, hashOf } from '../../src/core/identity';
import type { Json } from '../../src/core/json';
import { DOCUMENT_BYTES_MAX, DOCUMENT_DEPTH_MAX } from '../../src/core/limits';
import { parseJson, readDocument } from '../../src/documents/json';

function read(text: string) {
  return readDocument(Buffer.from(text, 'utf8'));
}

function problemOf(text: string): string {
  const result = read(text);
  return result.ok ? 'accepted' : result.problem;
}

const nested = (depth: number): string =>
  '{"a":' + '['.repeat(depth - 1) + ']'.repeat(depth - 1) + '}';

describe('a document is read', () => {
  test('with its canonical text and hash, its value untouched', () => {
    const result = read(' {"b": 1.0, "a": ["\\u0041", null, -0]}\r\n');
    expect(result).toEqual({
      ok: true,
      value: { b: 1, a: ['A', null, -0] },
      text: '{"a":["A",null,0],"b":1}',
      hash: hashOf({ b: 1, a: ['A', null, 0] }),
    });
  });

  test('from a part of a larger buffer', () => {
    const bytes = Buffer.from('xx{"a":1}xx').subarray(2, 9);
    expect(readDocument(bytes)).toMatchObject({ ok: true, text: '{"a":1}' });
  });

  test('whatever its JSON is: the same value, and the hash of it', () => {
    const object = fc.dictionary(
      fc.string({ unit: 'binary' }),
      fc.jsonValue({ maxDepth: 5, stringUnit: 'binary' }),
    );
    fc.assert(
      fc.property(object, (value) => {
        const text = JSON.stringify(value);
        const result = read(text);
        expect(result.ok && result.value).toEqual(JSON.parse(text));
        expect(result.ok && result.hash).toBe(hashOf(JSON.parse(text)));
      }),
    );
  });

  test('with keys like __proto__, constructor and toJSON as its own', () => {
    const text = '{"__proto__":{"polluted":true},"constructor":{"__proto__":1},"toJSON":"x"}';
    const result = read(text);
    if (!result.ok) throw new Error(result.problem);
    expect(Object.keys(result.value)).toEqual(['__proto__', 'constructor', 'toJSON']);
    expect(result.text).toBe(text);
    expect(Object.getPrototypeOf(result.value)).toBe(Object.prototype);
    expect('polluted' in {}).toBe(false);
  });

  test('with the same key in different objects', () => {
    expect(problemOf('{"a":{"a":[{"a":1},{"a":1}]},"b":{"a":{}}}')).toBe('accepted');
  });

  test('with keys that only look the same', () => {
    expect(problemOf('{"\u00e9":1,"e\u0301":2,"A":3,"a":4,"a ":5}')).toBe('accepted');
  });
});

describe('a document is refused', () => {
  test.each([
    ['NaN', '{"a":NaN}', 'unexpected "NaN" at line 1, column 6'],
    ['Infinity', '{"a":\n -Infinity}', 'at line 2, column 2'],
    ['a comment', '{"a":1} // one', 'unexpected "// one" at line 1, column 9'],
    ['a trailing comma', '{"a":1,}', 'unexpected "}" at line 1, column 8'],
    ['a trailing comma in a list', '{"a":[1,]}', 'unexpected "]"'],
    ['single quotes', "{'a':1}", 'line 1, column 2'],
    ['a bare key', '{a:1}', 'unexpected "a"'],
    ['a number with a leading zero', '{"a":01}', 'line 1, column 7'],
    ['a number with a plus', '{"a":+1}', 'line 1, column 6'],
    ['a number that ends in a point', '{"a":1.}', 'line 1, column 6'],
    ['a hexadecimal number', '{"a":0x1}', 'line 1, column 7'],
    ['a raw control character', '{"a":"\u0001"}', 'line 1, column 6'],
    ['a raw line break in a text', '{"a":"x\ny"}', 'line 1, column 6'],
    ['an unknown escape', '{"a":"\\x41"}', 'line 1, column 6'],
    ['a short escape', '{"a":"\\u12"}', 'line 1, column 6'],
    ['a document cut off', '{"a":[1', 'ends too early at line 1, column 8'],
    ['nothing', '', 'ends too early'],
    ['two documents', '{} {}', 'unexpected "{" at line 1, column 4'],
    ['another blank', '{\u00a0"a":1}', 'line 1, column 2'],
    ['undefined', '{"a":undefined}', 'unexpected "undefined"'],
  ])('for not being JSON: %s', (_what, text, where) => {
    expect(problemOf(text)).toContain('the document is not JSON: ');
    expect(problemOf(text)).toContain(where);
  });

  test.each(['[]', '1', '"a"', 'null', 'true', '[{}]'])('for not being an object: %s', (text) =>
    expect(problemOf(text)).toMatch(/^the document is .*: it has to be one JSON object$/),
  );

  test.each([
    ['plainly', '{"x":1,\n "a":1,"b":2,"a":1}', '"a" stands twice', 'line 2, column 14'],
    ['with another value', '{"a":1,"a":2}', '"a" stands twice', 'line 1, column 8'],
    ['behind an escape', '{"a":1,"\\u0061":2}', '"a" stands twice', 'line 1, column 8'],
    ['deep inside', '{"q":[{"r":{"k":1,"l":{"k":0},"k":1}}]}', '"k" stands twice', 'column 31'],
    ['as __proto__', '{"__proto__":1,"__proto__":1}', '"__proto__" stands twice', 'column 16'],
    ['as the empty key', '{"":1,"":1}', '"" stands twice', 'column 7'],
  ])('for a key that stands twice, %s', (_how, text, key, where) => {
    expect(problemOf(text)).toContain(key);
    expect(problemOf(text)).toContain(where);
  });

  test.each([
    ['{"a":1e400}', '"1e400"'],
    ['{"a":[-1e309]}', '"-1e309"'],
    [`{"a":${'9'.repeat(400)}}`, '"99999'],
  ])('for a number beyond a double: %.30s', (text, number) => {
    expect(problemOf(text)).toMatch(/^the number .* is beyond a double at line 1, column \d+$/);
    expect(problemOf(text)).toContain(number);
  });

  test('for no number that a double only rounds', () => {
    expect(problemOf('{"a":[1.7976931348623157e308,5e-324,1e-400,9007199254740993]}')).toBe(
      'accepted',
    );
  });

  test.each([
    ['a high one', '{"a":"\\ud800"}'],
    ['a low one', '{"a":"x\\uDFFFy"}'],
    ['a reversed pair', '{"a":["\\ude00\\ud83d"]}'],
    ['one in a key', '{"\\ud83d":1}'],
    ['two high ones', '{"a":"\\ud83d\\ud83d\\ude00"}'],
  ])('for a lone surrogate by an escape: %s', (_what, text) => {
    expect(problemOf(text)).toMatch(/holds a lone surrogate, half of a character, at line 1/);
  });

  test('for no surrogate that is paired, raw or by an escape', () => {
    expect(problemOf('{"\\ud83d\\ude00":"\u{1f600}","b":"\\\\ud800"}')).toBe('accepted');
  });

  test.each([
    ['a raw lone surrogate', [0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x3a, 0x31, 0x7d]],
    ['Latin-1', [0x7b, 0x22, 0xe9, 0x22, 0x3a, 0x31, 0x7d]],
    ['an overlong form', [0x7b, 0x22, 0xc0, 0xaf, 0x22, 0x3a, 0x31, 0x7d]],
    ['UTF-16', [0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00]],
  ])('for not being UTF-8: %s', (_what, bytes) => {
    const result = readDocument(Uint8Array.from(bytes));
    expect(result).toEqual({
      ok: false,
      problem: 'the document is not UTF-8: save it in this encoding',
    });
  });

  test('for a byte order mark', () => {
    expect(problemOf('\ufeff{}')).toContain('byte order mark');
  });
});

describe('limits', () => {
  test('64 levels are read', () => {
    expect(problemOf(nested(DOCUMENT_DEPTH_MAX))).toBe('accepted');
  });

  test.each([65, 5_000, 100_000, 4_000_000])('%p levels are refused', (depth) => {
    expect(problemOf(nested(depth))).toContain('nested deeper than 64 levels at line 1, column 69');
  });

  test('nesting that never closes, or closes wrongly, is refused as well', () => {
    expect(problemOf('{"a":' + '['.repeat(1_000_000))).toContain('deeper than 64 levels');
    expect(problemOf('{"a":' + '[}'.repeat(1_000_000))).toContain('unexpected "}"');
    expect(problemOf('{"a":"\n' + '[}'.repeat(1_000_000))).toContain('not JSON');
    expect(problemOf('/*"*/' + '[}'.repeat(1_000_000) + '"')).toContain('not JSON');
  });

  test('16 MiB are read, one byte more is not', () => {
    const most = '{"a":"' + 'x'.repeat(DOCUMENT_BYTES_MAX - 8) + '"}';
    expect(problemOf(most)).toBe('accepted');
    expect(problemOf(most + ' ')).toBe(
      'the document has 16777217 bytes, more than 16777216 (16 MiB)',
    );
    expect(problemOf('{"a":"' + 'x'.repeat(16.1 * 1024 * 1024) + '"}')).toContain('16 MiB');
  });

  test('16 MiB bound the canonical form too', () => {
    const text = '{"a":[' + '1e20,'.repeat(800_000) + '1]}';
    expect(problemOf(text)).toBe(
      'the document has 17600009 bytes in canonical form, more than 16777216 (16 MiB)',
    );
  });

  test('what a problem quotes is short and cannot steer a terminal', () => {
    const problem = problemOf(`{"\\u001b[2J\\u202e${'k'.repeat(10_000)}":1,"a":1e999,"b":2}`);
    expect(problem).toContain('"1e999"');
    const twice = `"\\u001b[2J\u202e${'k'.repeat(10_000)}":1`;
    expect(problemOf(`{${twice},${twice}}`)).toMatch(
      /^the key "\\u001b\[2J\\u202ek{60,70}…" stands twice/,
    );
  });
});

describe('parseJson', () => {
  test('accepts what JSON.parse accepts, and nothing else, of texts near JSON', () => {
    const tokens = ['{', '}', '[', ']', ',', ':', '"a"', '"b"', '1', '-0.5e3', 'true', 'null'];
    const odd = [' ', '\n', '"', '\\', '/', '/*', '*/', '01', '1.', '.5', 'NaN', '\t', '"\\u00e9"'];
    const near = fc.array(fc.constantFrom(...tokens, ...odd), { maxLength: 12 });
    fc.assert(
      fc.property(
        near.map((parts) => parts.join('')),
        (text) => {
          const result = parseJson(text);
          const strict = jsonOrUndefined(text);
          if (result.ok) expect(result.value).toEqual(strict);
          else expect(result.problem).toMatch(/ at line \d+, column \d+/);
          if (!result.ok && strict !== undefined) {
            expect(result.problem).toMatch(/stands twice|is beyond a double/);
          }
        },
      ),
      { numRuns: 5_000 },
    );
  });

  test('gives any text and any bytes an answer', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseJson(text)));
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void readDocument(bytes)));
  });

  test('reads what canonicalText wrote', () => {
    const json = fc.jsonValue({ stringUnit: 'binary' }).map((value) => value as Json);
    fc.assert(
      fc.property(json, (value) => {
        const result = parseJson(canonicalText(value));
        expect(result.ok && canonicalText(result.value)).toBe(canonicalText(value));
      }),
    );
  });
});

function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
