import type { Draft } from '../core/entry';
import { parseInstant } from '../core/time';
import type { Meters } from './meters';

/** What one entry that has just become durable counts as. */
export function countEntry(meters: Meters, { type, data }: Draft): void {
  const said = (key: string): string => {
    const value = data[key];
    return typeof value === 'string' ? value : 'none';
  };
  meters.count('harness_audit_entries_total', {});
  switch (type) {
    case 'CYCLE_OPENED':
      meters.count('harness_cycles_opened_total', { mode: said('mode') });
      return;
    case 'HALT_RAISED':
      meters.count('harness_halts_raised_total', { code: said('code'), scope: said('scope') });
      return;
    case 'VIOLATION':
      meters.count('harness_violations_total', { kind: said('kind'), code: said('code') });
      return;
    case 'NOTICE_FAILED':
      meters.count('harness_notices_failed_total', { kind: said('kind') });
      return;
    case 'CYCLE_RAN':
      meters.count('harness_schedule_times_total', { fate: 'RAN' });
      return;
    case 'CYCLE_NOT_RUN': {
      const { count } = data;
      const times = typeof count === 'number' ? count : 1;
      meters.count('harness_schedule_times_total', { fate: said('reason') }, times);
    }
  }
}

/** How long the oldest of what was written had been known to its cycle alone. Only of cycles: their entries have the server's time. */
export function noteLag(meters: Meters, written: readonly Draft[], atMs: number): void {
  if (written.some(({ type }) => OF_SCHEDULES.test(type))) return;
  const instants = written.flatMap(({ at }) => parseInstant(at) ?? []);
  if (instants.length === 0) return;
  meters.observe('harness_audit_lag_seconds', {}, (atMs - Math.min(...instants)) / 1_000);
}

const OF_SCHEDULES = /^(?:SCHEDULE_|CYCLE_RAN$|CYCLE_NOT_RUN$)/;
