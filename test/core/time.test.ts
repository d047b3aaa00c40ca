import fc from 'fast-check';
import { formatInstant, parseInstant } from '../../src/core/time';

const BASE = Date.UTC(2026, 10, 22, 14, 25, 29);

describe('parseInstant', () => {
  test.each([
    ['2026-11-22T14:25:29Z', BASE],
    ['2026-11-22T14:25:29+00:00', BASE],
    ['2026-11-22T14:25:29.1Z', BASE + 100],
    ['2026-11-22T14:25:29.123Z', BASE + 123],
    ['2026-11-22T14:25:29.1239999999999999999999Z', BASE + 123],
    ['2026-11-22T14:25:29.999999+00:00', BASE + 999],
    [`2026-11-22T14:25:29.${'9'.repeat(100_000)}Z`, BASE + 999],
    ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
    ['1969-12-31T23:59:59.5Z', -500],
    ['0000-01-01T00:00:00Z', -62_167_219_200_000],
    ['9999-12-31T23:59:59.999Z', 253_402_300_799_999],
  ])('R4: %.40s is an instant', (text, ms) => {
    expect(parseInstant(text)).toBe(ms);
  });

  test.each([
    ['no zone', '2026-11-22T14:25:29'],
    ['another offset', '2026-11-22T15:25:29+01:00'],
    ['an unknown local offset', '2026-11-22T14:25:29-00:00'],
    ['an offset without a colon', '2026-11-22T14:25:29+0000'],
    ['a small t', '2026-11-22t14:25:29Z'],
    ['a small z', '2026-11-22T14:25:29z'],
    ['a blank for T', '2026-11-22 14:25:29Z'],
    ['a date alone', '2026-11-22'],
    ['no seconds', '2026-11-22T14:25Z'],
    ['a fraction without digits', '2026-11-22T14:25:29.Z'],
    ['a comma', '2026-11-22T14:25:29,5Z'],
    ['30 February', '2026-02-30T00:00:00Z'],
    ['29 February of a common year', '2026-02-29T00:00:00Z'],
    ['29 February 1900', '1900-02-29T00:00:00Z'],
    ['31 April', '2026-04-31T00:00:00Z'],
    ['day 0', '2026-04-00T00:00:00Z'],
    ['day 32', '2026-01-32T00:00:00Z'],
    ['month 0', '2026-00-10T00:00:00Z'],
    ['month 13', '2026-13-10T00:00:00Z'],
    ['hour 24', '2026-11-22T24:00:00Z'],
    ['minute 60', '2026-11-22T23:60:00Z'],
    ['second 60', '2016-12-31T23:59:60Z'],
    ['a year of five digits', '+12026-11-22T14:25:29Z'],
    ['other digits', '２０２６-11-22T14:25:29Z'],
    ['a line break behind it', '2026-11-22T14:25:29Z\n'],
    ['a blank before it', ' 2026-11-22T14:25:29Z'],
    ['nothing', ''],
    ['words', 'yesterday'],
  ])('R13: %s is none', (_what, text) => {
    expect(parseInstant(text)).toBeNull();
  });
});

describe('formatInstant', () => {
  test('milliseconds are always written', () => {
    expect(formatInstant(BASE)).toBe('2026-11-22T14:25:29.000Z');
  });

  test('what it writes is read back as the same millisecond', () => {
    const years0To9999 = fc.integer({ min: -62_167_219_200_000, max: 253_402_300_799_999 });
    fc.assert(fc.property(years0To9999, (ms) => parseInstant(formatInstant(ms)) === ms));
  });

  test.each([253_402_300_800_000, Number.MAX_SAFE_INTEGER, Infinity])(
    'an instant past the year 9999 (%p) is written as the last one there is',
    (ms) => expect(formatInstant(ms)).toBe('9999-12-31T23:59:59.999Z'),
  );

  test.each([NaN, -Infinity, -62_167_219_200_001])('%p has no form', (ms) => {
    expect(() => formatInstant(ms)).toThrow(RangeError);
  });
});
