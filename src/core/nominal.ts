/** How often a schedule is due. Nominal times are whole multiples of `every_ms` since 1970 in UTC, as Temporal counts them. */
export interface Rhythm {
  readonly every_ms: number;
  /** Each cycle starts up to this much after its nominal time; the nominal times stay. */
  readonly jitter_ms: number;
}

const UNITS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** `30s`, `5m`, `2h`, `1d`: milliseconds; null for anything else, and for 0. */
export function parseDuration(text: string): number | null {
  const [, digits = '', unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const ms = Number(digits) * (UNITS[unit] ?? 0);
  return ms > 0 ? ms : null;
}

/** The way people write it: `5m`, `90s`. */
export function durationText(ms: number): string {
  const unit = ['d', 'h', 'm'].find((each) => ms % (UNITS[each] ?? 1) === 0) ?? 's';
  return ms === 0 ? '0s' : `${ms / (UNITS[unit] ?? 1)}${unit}`;
}

/** The nominal times after `afterMs`, up to and including `untilMs`, ascending. */
export function* nominalTimes(
  everyMs: number,
  afterMs: number,
  untilMs: number,
): Generator<number> {
  const first = Math.floor(afterMs / everyMs) + 1;
  for (let k = first; k * everyMs <= untilMs; k += 1) yield k * everyMs;
}

/** The nominal time of an instant that jitter has moved: the last one at or before it. */
export function nominalOf(everyMs: number, instantMs: number): number {
  return Math.floor(instantMs / everyMs) * everyMs;
}

/** Temporal raises a shorter one to this without a word. */
export const CATCHUP_MS_MIN = 10_000;
