import type { Entry } from './entry';
import { scheduleId } from './identity';
import {
  dueTimes,
  isNominal,
  type Ledger,
  ledgerOf,
  NOT_RUN,
  type NotRun,
  timesAtEdges,
} from './schedule';
import { formatInstant } from './time';

/** What Temporal itself counts of a schedule, since its creation. */
export interface Counters {
  readonly taken: number;
  readonly skipped_overlap: number;
  readonly missed_catchup_window: number;
}

/** Every nominal time since the schedule's creation: `expected` is the sum of the others, but for `triggered`. */
export interface Balance {
  readonly since: string | null;
  readonly accounted_until: string | null;
  readonly expected: number;
  readonly ran: number;
  readonly not_run: Readonly<Record<NotRun, number>>;
  /** Due by now, and not settled yet: the server may still start them. */
  readonly pending: number;
  /** Cycles started by hand, besides. */
  readonly triggered: number;
}

export function balanceOf(ledger: Ledger, nowMs: number): Balance {
  const cycles = [...ledger.ran.values()];
  const triggered = cycles.filter((cycle) => cycle.triggered).length;
  const ran = cycles.length - triggered;
  const not_run = Object.fromEntries(
    NOT_RUN.map((reason) => [
      reason,
      ledger.gaps.reduce((sum, gap) => sum + (gap.reason === reason ? gap.count : 0), 0),
    ]),
  ) as Record<NotRun, number>;
  let pending = 0;
  for (const _ of ledger.deleted ? [] : dueTimes(ledger, nowMs + 1)) pending += 1;
  const none = NOT_RUN.reduce((sum, reason) => sum + not_run[reason], 0);
  const [first] = ledger.setups;
  return {
    since: first?.setup.since ?? null,
    accounted_until: first === undefined ? null : formatInstant(ledger.accountedMs),
    expected: ran + none + pending,
    ran,
    not_run,
    pending,
    triggered,
  };
}

/** Where the record and Temporal's own counters differ by more than what nobody can know yet, or ever; a sentence each. */
export function differences(ledger: Ledger, balance: Balance, counters: Counters): string[] {
  const { ran, triggered, not_run, pending } = balance;
  const unknown = pending + timesAtEdges(ledger);
  const pairs = [
    ['cycles that ran', ran + triggered, counters.taken],
    ['skipped for an open cycle', not_run.HALTED + not_run.OVERLAP, counters.skipped_overlap],
    ['missed', not_run.MISSED, counters.missed_catchup_window],
  ] as const;
  return pairs
    .filter(([, recorded, counted]) => Math.abs(recorded - counted) > unknown)
    .map(
      ([what, recorded, counted]) => `${what}: ${recorded} on record, Temporal counts ${counted}`,
    );
}

export function isOfSchedule({ type }: Pick<Entry, 'type'>): boolean {
  return type.startsWith('SCHEDULE_') || type === 'CYCLE_RAN' || type === 'CYCLE_NOT_RUN';
}

/** C1.1: what no pass of the harness can have written, in any life of the schedule; null: nothing. */
export function problemOfSchedule(chainId: string, entries: readonly Entry[]): string | null {
  const lives = [...new Set(entries.map(({ run_id }) => run_id))];
  for (const life of lives) {
    const ledger = ledgerOf(entries.filter(({ run_id }) => run_id === life));
    const name = ledger.setups[0]?.setup.schedule ?? '';
    if (scheduleId(name) !== chainId) return `it tells of schedule ${name}, whose chain is another`;
    const problem = problemOfLedger(ledger);
    if (problem !== null) return problem;
  }
  return null;
}

function problemOfLedger(ledger: Ledger): string | null {
  let lastMs = 0;
  for (const { firstMs, lastMs: untilMs, count } of ledger.gaps) {
    const what = `nominal time ${formatInstant(firstMs)}`;
    if (firstMs <= lastMs) return `${what} is accounted for twice`;
    if (untilMs < firstMs || count < 0) return `${what} is accounted for in no possible way`;
    lastMs = untilMs;
  }
  for (const [nominalMs, { triggered }] of ledger.ran) {
    if (triggered === isNominal(ledger, nominalMs))
      return `the cycle of ${formatInstant(nominalMs)} is on record as ${triggered ? 'triggered' : 'nominal'}, and is not`;
  }
  return null;
}
