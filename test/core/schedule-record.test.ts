import { balanceOf, differences, isOfSchedule, problemOfSchedule } from '../../src/core/balance';
import { scheduleId } from '../../src/core/identity';
import type { JsonObject, Sha256 } from '../../src/core/json';
import {
  dueTimes,
  isNominal,
  type Ledger,
  ledgerOf,
  type Line,
  newLife,
  notRunAt,
  pausedAt,
  placed,
  spanIn,
} from '../../src/core/schedule';

const HASH: Sha256 = `sha256:${'0'.repeat(64)}`;
const at = (second: number): string => new Date(second * 1_000).toISOString();
const line = (type: string, data: JsonObject = {}): Line => ({
  type,
  at: at(0),
  actor: 'ada',
  data,
});
/** Due every ten seconds from then on. */
const setup = (since: number, everyMs = 10_000): JsonObject => ({
  schedule: 'plain',
  since: at(since),
  every_ms: everyMs,
  jitter_ms: 0,
  source: 'file:/b.json',
  mode: 'shadow',
  graph_hash: HASH,
  policy_hash: HASH,
  catchup_window_ms: 10_000,
});
const created = line('SCHEDULE_CREATED', setup(100));
const ran = (second: number, triggered = false): Line =>
  line('CYCLE_RAN', {
    nominal_time: at(second),
    cycle_id: `c${second}`,
    workflow_id: `w${second}`,
    actual_time: at(second),
    triggered,
  });
const notRun = (second: number, reason: string, more: JsonObject = {}): Line =>
  line('CYCLE_NOT_RUN', { nominal_time: at(second), reason, cycle_id: null, ...more });
const life = newLife('plain', at(100));
const ledger = (...lines: readonly Line[]): Ledger => ledgerOf(placed(life, lines));
const due = (of: Ledger, beforeMs: number): number[] => [...dueTimes(of, beforeMs)];
const paused = (from: number, latest = from): Line =>
  line('SCHEDULE_PAUSED', { from: at(from), from_latest: at(latest) });
const unpaused = (until: number, earliest = until): Line =>
  line('SCHEDULE_UNPAUSED', { until_earliest: at(earliest), until: at(until) });
const between = (earliest: number, latest = earliest) => ({
  earliestMs: earliest * 1_000,
  latestMs: latest * 1_000,
});

describe('the record of a schedule', () => {
  test('C1.1: its lines stand in one life, numbered on from the last one', () => {
    const first = placed(life, [created, ran(110)]);
    const next = placed(ledgerOf(first), [ran(120), ran(130), ran(140)]);
    expect([...first, ...next].map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
    expect(new Set([...first, ...next].map(({ run_id }) => run_id)).size).toBe(1);
    expect(next[0]).toMatchObject({ part: 0, task: null, actor: 'ada', at: at(0) });
    expect(life.run_id).not.toBe(newLife('plain', at(101)).run_id);
    expect(life.run_id).not.toBe(newLife('other', at(100)).run_id);
  });

  test('C3.F3: only what a waiting halt kept from running stands under the clause of halts', () => {
    const lines = [
      created,
      ran(110),
      notRun(120, 'HALTED'),
      notRun(130, 'MISSED'),
      line('SCHEDULE_UPDATED', { ...setup(140), reason: 'HALTED' }),
    ];
    expect(placed(life, lines).map(({ clause }) => clause)).toEqual([
      'C1.1',
      'C1.1',
      'C3.F3',
      'C1.1',
      'C1.1',
    ]);
  });

  test('C1.1: an empty record is that of no life', () => {
    expect(ledgerOf([])).toEqual({
      run_id: null,
      seq: 0,
      setups: [],
      pauses: [],
      ran: new Map(),
      gaps: [],
      accountedMs: 0,
      deleted: false,
    });
  });

  test('C1.1: a schedule that is set up otherwise leaves nothing out, and one that is deleted is due no more', () => {
    const updated = line('SCHEDULE_UPDATED', setup(125, 5_000));
    expect(due(ledger(created, updated), 136_000)).toEqual([110_000, 120_000, 130_000, 135_000]);
    const deleted = ledger(created, line('SCHEDULE_DELETED'));
    expect(deleted.deleted).toBe(true);
    expect(balanceOf(deleted, 200_000)).toMatchObject({ pending: 0, expected: 0 });
  });

  test('a nominal time is that of the set-up before it: at its very instant a set-up is not in force', () => {
    const of = ledger(created, line('SCHEDULE_UPDATED', setup(120, 7_000)));
    expect([100_000, 110_000, 120_000, 126_000, 130_000].map((ms) => isNominal(of, ms))).toEqual([
      false,
      true,
      true,
      true,
      false,
    ]);
  });

  test('a pause lasts from its first instant to the one before its end, and is ended once', () => {
    const of = ledger(created, paused(115), unpaused(135), unpaused(155));
    expect(of.pauses).toEqual([{ from: between(115), until: between(135) }]);
    const bounds = [114_999, 115_000, 134_999, 135_000];
    expect(bounds.map((ms) => pausedAt(of, ms))).toEqual(['NO', 'YES', 'YES', 'NO']);
    expect(ledger(created, unpaused(135)).pauses).toEqual([]);
    expect(ledger(created, paused(115), unpaused(120), paused(130)).pauses).toEqual([
      { from: between(115), until: between(120) },
      { from: between(130), until: null },
    ]);
  });

  test('an instant that is none stands for the very beginning', () => {
    expect(ledger(created, line('SCHEDULE_PAUSED', { from: 7 })).pauses).toEqual([
      { from: between(0), until: null },
    ]);
  });

  test('where a pause begins and ends nobody can tell to the instant', () => {
    const open = ledger(created, paused(115, 125));
    expect([114_999, 115_000, 124_999, 125_000, 990_000].map((ms) => pausedAt(open, ms))).toEqual([
      'NO',
      'BEGINS',
      'BEGINS',
      'YES',
      'YES',
    ]);
    const over = ledger(created, paused(115, 125), unpaused(155, 145));
    expect([144_999, 145_000, 154_999, 155_000].map((ms) => pausedAt(over, ms))).toEqual([
      'YES',
      'ENDS',
      'ENDS',
      'NO',
    ]);
    const again = ledger(created, paused(115), unpaused(140, 130), paused(138, 139));
    expect([137_999, 138_000, 139_000].map((ms) => pausedAt(again, ms))).toEqual([
      'ENDS',
      'BEGINS',
      'YES',
    ]);
  });

  test('C3.F3: a cycle keeps its schedule from running to its last instant, and a halt to its own', () => {
    const why = (ms: number) =>
      notRunAt(ledger(created), ms, {
        cycle_id: 'c',
        untilMs: 150_000,
        halts: [{ fromMs: 120_000, untilMs: 130_000 }],
      }).reason;
    const at_ms = [119_999, 120_000, 130_000, 130_001, 150_000, 150_001];
    expect(at_ms.map(why)).toEqual(['OVERLAP', 'HALTED', 'HALTED', 'OVERLAP', 'OVERLAP', 'MISSED']);
  });

  test.each(['DECISION_TAKEN', 'HALT_EXPIRED', 'CANCEL_REQUESTED', 'CYCLE_ENDED'])(
    'C3.F3: %s ends the wait of a halt',
    (type) => {
      const trail = ['CYCLE_OPENED', 'HALT_RAISED', 'TASK_STOPPED', type, 'CYCLE_ENDED'];
      const { halts } = spanIn(trail.map((each, i) => ({ type: each, at: at(i) })));
      expect(halts).toEqual([{ fromMs: 1_000, untilMs: 3_000 }]);
    },
  );

  test('C1.1: a trail tells no end that is not its last entry, and an empty one nothing', () => {
    expect(spanIn([])).toEqual({ ended: false, lastMs: 0, halts: [] });
    const open = [
      { type: 'CYCLE_OPENED', at: at(1) },
      { type: 'DECISION_TAKEN', at: at(2) },
    ];
    expect(spanIn(open)).toEqual({ ended: false, lastMs: 2_000, halts: [] });
  });
});

describe('the balance of a schedule', () => {
  test('C1.1: what is due at this very instant is pending, and nothing later', () => {
    expect(balanceOf(ledger(created), 120_000)).toMatchObject({ pending: 2, expected: 2 });
    expect(balanceOf(ledger(created), 119_999)).toMatchObject({ pending: 1, expected: 1 });
  });

  test('C1.1: it is accounted for from its creation on, however it is set up later', () => {
    const updated = line('SCHEDULE_UPDATED', setup(125));
    expect(balanceOf(ledger(created), 105_000).accounted_until).toBe(at(100));
    expect(balanceOf(ledger(created, updated), 126_000).accounted_until).toBe(at(100));
  });

  test('C1.1: what ran before a stretch that was given up takes nothing from that stretch', () => {
    const missed = notRun(130, 'MISSED', { last_nominal_time: at(190), count: 7 });
    const balance = balanceOf(ledger(created, ran(110), missed, ran(120), ran(140)), 190_000);
    expect(balance).toMatchObject({ ran: 3, not_run: { MISSED: 6 } });
  });

  test('C1.1: of a schedule that was never created nothing is expected', () => {
    expect(balanceOf(ledgerOf([]), 999_000)).toEqual({
      since: null,
      accounted_until: null,
      expected: 0,
      ran: 0,
      not_run: { HALTED: 0, OVERLAP: 0, MISSED: 0, PAUSED: 0 },
      pending: 0,
      triggered: 0,
    });
  });

  test('C1.1: it differs from Temporal by what is pending at most, in either direction', () => {
    const lines = [ran(110), ran(115, true), notRun(120, 'OVERLAP'), notRun(130, 'HALTED')];
    const of = ledger(created, ...lines);
    const balance = balanceOf(of, 140_000);
    expect(balance.pending).toBe(1);
    const counted = { taken: 2, skipped_overlap: 2, missed_catchup_window: 0 };
    expect(differences(of, balance, counted)).toEqual([]);
    expect(differences(of, balance, { ...counted, taken: 3 })).toEqual([]);
    expect(differences(of, balance, { ...counted, taken: 0 })).toHaveLength(1);
    expect(differences(of, balance, { ...counted, skipped_overlap: 4 })).toEqual([
      'skipped for an open cycle: 2 on record, Temporal counts 4',
    ]);
    expect(differences(of, balance, { ...counted, missed_catchup_window: 2 })).toHaveLength(1);
  });

  test('C1.1: it may differ by what fell due where a pause began or ended, and by no more', () => {
    const allowed = (...pauses: readonly Line[]): number => {
      const of = ledger(created, ...pauses);
      const counted = (taken: number) => ({ taken, skipped_overlap: 0, missed_catchup_window: 0 });
      const balance = { ...balanceOf(of, 105_000), pending: 0 };
      return [1, 2, 3, 4, 5].filter((n) => differences(of, balance, counted(n)).length === 0)
        .length;
    };
    expect(allowed()).toBe(0);
    expect(allowed(paused(111, 119))).toBe(0);
    expect(allowed(paused(110, 120))).toBe(1);
    expect(allowed(paused(110, 120.001))).toBe(2);
    expect(allowed(paused(110, 120), unpaused(160, 140))).toBe(3);
    expect(allowed(paused(110, 120), unpaused(160, 140), paused(170, 180))).toBe(4);
  });

  test('C1.1: entries of a schedule are told from those of a cycle by their type', () => {
    const own = ['SCHEDULE_CREATED', 'SCHEDULE_DELETED', 'CYCLE_RAN', 'CYCLE_NOT_RUN'];
    expect(own.map((type) => isOfSchedule({ type }))).toEqual([true, true, true, true]);
    const others = ['CYCLE_OPENED', 'CYCLE_ENDED', 'RUN_OPENED', 'NO_SCHEDULE_'];
    expect(others.map((type) => isOfSchedule({ type }))).toEqual([false, false, false, false]);
  });
});

describe('C1.1 what no pass over a schedule can have written', () => {
  const entriesOf = (of: Ledger, ...lines: readonly Line[]) =>
    placed(of, lines).map((draft) => ({
      ...draft,
      v: 1 as const,
      cycle_id: scheduleId('plain'),
      prev: null,
      hash: HASH,
    }));
  const problem = (...lines: readonly Line[]) =>
    problemOfSchedule(scheduleId('plain'), entriesOf(life, ...lines));

  test('a stretch that ends before it begins, or holds fewer than no times', () => {
    const stretch = (last: number, count: number) =>
      problem(created, notRun(120, 'MISSED', { last_nominal_time: at(last), count }));
    expect(stretch(150, 4)).toBeNull();
    expect(stretch(150, 0)).toBeNull();
    expect(stretch(110, 4)).toMatch(/1970-01-01T00:02:00\S* is accounted for in no possible way/);
    expect(stretch(150, -1)).toMatch(/in no possible way/);
  });

  test('a stretch that begins where the one before it ended', () => {
    const behind = (second: number) =>
      problem(
        created,
        notRun(120, 'MISSED', { last_nominal_time: at(150), count: 4 }),
        notRun(second, 'OVERLAP'),
      );
    expect(behind(160)).toBeNull();
    expect(behind(150)).toMatch(/twice/);
  });

  test('a record that begins without its creation', () => {
    expect(problem(ran(110))).toMatch(/another/);
  });

  test('a problem in any of its lives, each by itself', () => {
    const later = newLife('plain', at(300));
    const again = line('SCHEDULE_CREATED', setup(300));
    const both = (first: readonly Line[], second: readonly Line[]) =>
      problemOfSchedule(scheduleId('plain'), [
        ...entriesOf(life, created, ...first),
        ...entriesOf(later, again, ...second),
      ]);
    expect(both([notRun(120, 'MISSED')], [notRun(310, 'MISSED')])).toBeNull();
    expect(both([ran(111)], [ran(310)])).toMatch(/as nominal, and is not/);
    expect(both([ran(110)], [ran(311)])).toMatch(/as nominal, and is not/);
  });
});
