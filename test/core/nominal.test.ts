import fc from 'fast-check';
import { durationText, nominalOf, nominalTimes, parseDuration } from '../../src/core/nominal';

const SECOND = fc.integer({ min: 1, max: 200_000 }).map((seconds) => seconds * 1_000);
const INSTANT = fc.integer({ min: 0, max: 2 ** 41 });

test('a duration is whole seconds, minutes, hours or days, and nothing else', () => {
  expect(['1s', '90s', '5m', '2h', '1d'].map(parseDuration)).toEqual([
    1_000, 90_000, 300_000, 7_200_000, 86_400_000,
  ]);
  for (const wrong of [
    '0s',
    '-5m',
    '1.5s',
    '500ms',
    '5',
    'm',
    '5 m',
    '5M',
    '1h30m',
    '',
    '9999999s',
  ])
    expect([wrong, parseDuration(wrong)]).toEqual([wrong, null]);
});

test('a duration is written as it is read', () => {
  fc.assert(fc.property(SECOND, (ms) => expect(parseDuration(durationText(ms))).toBe(ms)));
  expect(durationText(90_000)).toBe('90s');
});

test('nominal times are whole multiples since 1970, behind the one instant and not behind the other', () => {
  const times = (everyMs: number, after: string, until: string): string[] =>
    [...nominalTimes(everyMs, Date.parse(after), Date.parse(until))].map((ms) =>
      new Date(ms).toISOString(),
    );
  expect(times(300_000, '2026-11-22T14:00:00Z', '2026-11-22T14:10:00Z')).toEqual([
    '2026-11-22T14:05:00.000Z',
    '2026-11-22T14:10:00.000Z',
  ]);
  expect(times(86_400_000, '2026-11-22T14:00:00Z', '2026-11-23T13:00:00Z')).toEqual([
    '2026-11-23T00:00:00.000Z',
  ]);
});

test('cut anywhere, a stretch of time has the same nominal times, each once', () => {
  fc.assert(
    fc.property(SECOND, INSTANT, fc.nat(50), fc.nat(50), (everyMs, fromMs, one, two) => {
      const midMs = fromMs + one * 777;
      const untilMs = midMs + two * 999;
      const whole = [...nominalTimes(everyMs, fromMs, untilMs)];
      const parts = [
        ...nominalTimes(everyMs, fromMs, midMs),
        ...nominalTimes(everyMs, midMs, untilMs),
      ];
      expect(parts).toEqual(whole);
      expect(whole.every((ms) => ms % everyMs === 0 && ms > fromMs && ms <= untilMs)).toBe(true);
    }),
  );
});

test('an instant that jitter moved belongs to the nominal time before it', () => {
  fc.assert(
    fc.property(
      SECOND,
      fc.nat(1_000_000),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (everyMs, k, part) =>
        expect(nominalOf(everyMs, k * everyMs + Math.floor(part * everyMs))).toBe(k * everyMs),
    ),
  );
});
