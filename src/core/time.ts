const INSTANT =
  /^(\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:\.(\d+))?(?:Z|\+00:00)$/;
const FIRST_MS = Date.parse('0000-01-01T00:00:00.000Z');
const LAST_MS = Date.parse('9999-12-31T23:59:59.999Z');

/**
 * An RFC 3339 instant in UTC, as epoch milliseconds; null when the text is none (vocabulary, "Times").
 * A fraction of any length is cut to whole milliseconds.
 */
export function parseInstant(text: string): number | null {
  const match = INSTANT.exec(text);
  const [, seconds, fraction = ''] = match ?? [];
  if (seconds === undefined) return null;
  const ms = Date.parse(`${seconds}.${fraction.slice(0, 3).padEnd(3, '0')}Z`);
  // The engine rolls 30 February over into March: only a date that comes back as it went in exists.
  return formatInstant(ms).startsWith(seconds) ? ms : null;
}

/**
 * Epoch milliseconds as RFC 3339 in UTC, always with milliseconds. RFC 3339 ends with the year 9999: what lies beyond
 * (an instant plus a limit without an upper bound) is written as its last millisecond.
 * @throws RangeError for NaN and for instants before the year 0
 */
export function formatInstant(ms: number): string {
  if (!(ms >= FIRST_MS)) throw new RangeError(`no RFC 3339 form: ${ms}`);
  return new Date(Math.min(ms, LAST_MS)).toISOString();
}
