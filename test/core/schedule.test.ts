import { balanceOf, differences, problemOfSchedule } from '../../src/core/balance';
import { scheduleId } from '../../src/core/identity';
import type { Json, JsonObject } from '../../src/core/json';
import {
  dueTimes,
  isNominal,
  type Ledger,
  ledgerOf,
  type Line,
  newLife,
  notRunAt,
  placed,
  type Span,
  spanIn,
} from '../../src/core/schedule';

const HASH = `sha256:${'0'.repeat(64)}`;
const at = (second: number): string => new Date(second * 1_000).toISOString();
const nominal = (second: number): string => `${at(second).slice(0, 19)}Z`;

/** Seconds since 1970 throughout: a schedule that is due every ten. */
function setup(since: number, everySeconds = 10): JsonObject {
  return {
    schedule: 'plain',
    since: at(since),
    every_ms: everySeconds * 1_000,
    jitter_ms: 0,
    source: 'file:/b.json',
    mode: 'shadow',
    graph_hash: HASH,
    policy_hash: HASH,
    catchup_window_ms: 10_000,
  };
}

const line = (type: string, data: JsonObject): Line => ({
  type,
  at: at(0),
  actor: 'harness',
  data,
});
const created = line('SCHEDULE_CREATED', setup(100.5));
const ran = (second: number, triggered = false): Line =>
  line('CYCLE_RAN', {
    nominal_time: nominal(second),
    cycle_id: `c${second}`,
    workflow_id: `w${second}`,
    actual_time: at(second),
    triggered,
  });
const notRun = (second: number, reason: string, more: JsonObject = {}): Line =>
  line('CYCLE_NOT_RUN', { nominal_time: nominal(second), reason, cycle_id: null, ...more });
const ledger = (...lines: readonly Line[]): Ledger =>
  ledgerOf(placed(newLife('plain', at(100.5)), lines));
const due = (of: Ledger, before: number): number[] =>
  [...dueTimes(of, before * 1_000)].map((ms) => ms / 1_000);

describe('what is due', () => {
  test('is every nominal time since the creation that nothing is on record of', () => {
    expect(due(ledger(created), 131)).toEqual([110, 120, 130]);
    expect(due(ledger(created), 130)).toEqual([110, 120]);
    expect(due(ledger(created, ran(110), notRun(120, 'MISSED')), 145)).toEqual([130, 140]);
    expect(due(ledger(), 145)).toEqual([]);
  });

  test('goes by what was set up at that time', () => {
    const updated = line('SCHEDULE_UPDATED', setup(124, 3));
    expect(due(ledger(created, updated), 134)).toEqual([110, 120, 126, 129, 132]);
    expect(due(ledger(created, ran(110), ran(120), updated), 130)).toEqual([126, 129]);
  });

  test('is nothing of what a trigger started', () => {
    const triggered = ledger(created, ran(115, true));
    expect(due(triggered, 131)).toEqual([110, 120, 130]);
    expect([115, 120, 100].map((second) => isNominal(triggered, second * 1_000))).toEqual([
      false,
      true,
      false,
    ]);
  });
});

describe('why nothing ran', () => {
  const span = (until: number | null, halts: Span['halts'] = []): Span => ({
    cycle_id: 'c110',
    untilMs: until === null ? null : until * 1_000,
    halts,
  });
  const halt = (from: number, until: number | null): Span['halts'] => [
    { fromMs: from * 1_000, untilMs: until === null ? null : until * 1_000 },
  ];
  const why = (second: number, before: Span | null, of: Ledger = ledger(created)) =>
    notRunAt(of, second * 1_000, before);

  test('C3.F3 a cycle before it was open, and waited for a human', () => {
    expect(why(120, span(null, halt(111, null)))).toEqual({ reason: 'HALTED', cycle_id: 'c110' });
    expect(why(120, span(150, halt(111, 121)))).toEqual({ reason: 'HALTED', cycle_id: 'c110' });
  });

  test('a cycle before it was open, and did not wait then', () => {
    expect(why(120, span(121))).toEqual({ reason: 'OVERLAP', cycle_id: 'c110' });
    expect(why(120, span(null, halt(111, 119)))).toMatchObject({ reason: 'OVERLAP' });
    expect(why(120, span(null, halt(121, null)))).toMatchObject({ reason: 'OVERLAP' });
  });

  test('no cycle was open: it was missed', () => {
    expect(why(120, span(119))).toEqual({ reason: 'MISSED', cycle_id: null });
    expect(why(120, null)).toEqual({ reason: 'MISSED', cycle_id: null });
  });

  test('the schedule was paused', () => {
    const [from, from_latest] = [at(115), at(125)];
    const [until_earliest, until] = [at(145), at(155)];
    const paused = line('SCHEDULE_PAUSED', { from, from_latest, note: '', noticed: false });
    const unpaused = line('SCHEDULE_UNPAUSED', { until_earliest, until, note: '', noticed: false });
    const of = ledger(created, paused, unpaused);
    const reasons = (before: Span | null): string[] =>
      [110, 120, 130, 140, 150, 160].map((second) => why(second, before, of).reason);
    const inPause = ['PAUSED', 'PAUSED', 'PAUSED'];
    expect(reasons(null)).toEqual(['MISSED', 'PAUSED', ...inPause, 'MISSED']);
    // As long as the server may not have taken the pause up, what is open keeps a time from running, as ever.
    expect(reasons(span(null))).toEqual(['OVERLAP', 'OVERLAP', ...inPause, 'OVERLAP']);
    expect(why(990, span(null), ledger(created, paused)).reason).toBe('PAUSED');
  });

  test('a trail tells when its cycle waited, over several halts', () => {
    const entries = ['CYCLE_OPENED', 'HALT_RAISED', 'DECISION_TAKEN', 'HALT_RAISED', 'CYCLE_ENDED'];
    const trail = entries.map((type, i) => ({ type, at: at(i) }));
    expect(spanIn(trail)).toEqual({
      ended: true,
      lastMs: 4_000,
      halts: [
        { fromMs: 1_000, untilMs: 2_000 },
        { fromMs: 3_000, untilMs: 4_000 },
      ],
    });
    expect(spanIn(trail.slice(0, 2)).halts).toEqual([{ fromMs: 1_000, untilMs: null }]);
  });
});

describe('the balance', () => {
  const lines = [
    created,
    ran(110),
    notRun(120, 'HALTED'),
    notRun(130, 'MISSED', { last_nominal_time: nominal(190), count: 7 }),
    ran(195, true),
    ran(200),
  ];

  test('C1.1 is exact: what was expected is what ran, what did not, and what is pending', () => {
    expect(balanceOf(ledger(...lines), 225_000)).toEqual({
      since: at(100.5),
      accounted_until: at(200),
      expected: 12,
      ran: 2,
      not_run: { HALTED: 1, OVERLAP: 0, MISSED: 7, PAUSED: 0 },
      pending: 2,
      triggered: 1,
    });
  });

  test('a time that was given up, and ran after all, counts once', () => {
    const balance = balanceOf(ledger(...lines, ran(150), ran(120)), 200_000);
    expect(balance).toMatchObject({
      expected: 10,
      ran: 4,
      not_run: { HALTED: 0, MISSED: 6 },
      pending: 0,
    });
  });

  test('is held against Temporal, and says where they differ', () => {
    const of = ledger(...lines);
    const balance = balanceOf(of, 200_000);
    const counters = { taken: 3, skipped_overlap: 1, missed_catchup_window: 7 };
    expect(differences(of, balance, counters)).toEqual([]);
    expect(differences(of, balance, { ...counters, taken: 4 })).toEqual([
      'cycles that ran: 3 on record, Temporal counts 4',
    ]);
  });

  test('begins anew with a schedule of the same name', () => {
    const first = placed(newLife('plain', at(100.5)), lines);
    const again = placed(newLife('plain', at(300)), [line('SCHEDULE_CREATED', setup(300))]);
    const after = ledgerOf([...first, ...again]);
    expect(balanceOf(after, 315_000)).toMatchObject({ since: at(300), expected: 1, ran: 0 });
    expect(after.seq).toBe(1);
  });
});

describe('the chain of a schedule', () => {
  const entriesOf = (...lines: readonly Line[]) =>
    placed(newLife('plain', at(100.5)), lines).map((draft) => ({
      ...draft,
      v: 1 as const,
      cycle_id: scheduleId('plain'),
      prev: null,
      hash: HASH as `sha256:${string}`,
    }));
  const problem = (...lines: readonly Line[]): Json =>
    problemOfSchedule(scheduleId('plain'), entriesOf(...lines));

  test('is sound when each nominal time is told once', () => {
    expect(problem(created, ran(110), notRun(120, 'MISSED'), ran(130), ran(133, true))).toBeNull();
  });

  test('C1.1 is not sound when a time is told twice, or under another kind', () => {
    expect(problem(created, notRun(120, 'MISSED'), notRun(120, 'HALTED'))).toMatch(/twice/);
    expect(problem(created, ran(110, true))).toMatch(/as triggered, and is not/);
    expect(problem(created, ran(111))).toMatch(/as nominal, and is not/);
  });

  test('is that of its own name', () => {
    expect(problemOfSchedule(scheduleId('other'), entriesOf(created))).toMatch(/another/);
  });
});
