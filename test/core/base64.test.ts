import fc from 'fast-check';
import { isBase64 } from '../../src/core/base64';

const unpadded = (text: string): string => text.replace(/=+$/, '');

test('bytes as RFC 4648 writes them are base64, with their padding or without', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const text = Buffer.from(bytes).toString('base64');
      expect([isBase64(text), isBase64(unpadded(text))]).toEqual([true, true]);
    }),
  );
});

test('what is base64 is one text for its bytes: whatever else Node would read is none', () => {
  const words = fc.constantFrom(...'AQgwBZaz09+/EI=[-_ \n');
  fc.assert(
    fc.property(fc.array(words, { maxLength: 9 }), (characters) => {
      const text = characters.join('');
      const again = Buffer.from(text, 'base64').toString('base64');
      expect(isBase64(text)).toBe(text === again || text === unpadded(again));
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  'A',
  'AB',
  'AAB',
  'A===',
  'AA=',
  'AAA==',
  'AAAA=',
  '=',
  'AA==AAAA',
  'AAAA[',
  ' AAAA',
  '-AAA',
])('%j is no base64', (text) => {
  expect(isBase64(text)).toBe(false);
});

test.each(['', 'AA', 'AA==', 'AAA', 'AAA=', 'AAAA', 'zzzz/+9w', 'AAAAAAAA', 'AAAAAE8='])(
  '%j is base64',
  (text) => {
    expect(isBase64(text)).toBe(true);
  },
);
