import type { Clause } from './clauses';
import type { Draft } from './entry';
import { scheduleLifeId } from './identity';
import type { Json, JsonObject, Sha256 } from './json';
import { nominalTimes, type Rhythm } from './nominal';
import { parseInstant } from './time';

/** Why a nominal time came to no cycle. */
export const NOT_RUN = ['HALTED', 'OVERLAP', 'MISSED', 'PAUSED'] as const;
export type NotRun = (typeof NOT_RUN)[number];

/** What a schedule does, from `since` on, until it is set up otherwise. */
export interface Setup extends Rhythm {
  readonly schedule: string;
  readonly since: string;
  readonly source: string;
  readonly mode: string;
  readonly graph_hash: Sha256;
  readonly policy_hash: Sha256;
  readonly catchup_window_ms: number;
}

/** A cycle that the schedule started. */
export interface Ran {
  readonly nominal_time: string;
  readonly cycle_id: string;
  readonly workflow_id: string;
  /** When the server started it: later than the nominal time by jitter, or after an outage. */
  readonly actual_time: string;
  /** Started by hand, at no nominal time of the schedule. */
  readonly triggered: boolean;
}

/** A stretch of nominal times that came to nothing for one reason. */
interface Gap {
  readonly firstMs: number;
  readonly lastMs: number;
  readonly reason: NotRun;
  count: number;
}

/** An instant of which is known only that it lies between two. */
export interface Bounds {
  readonly earliestMs: number;
  readonly latestMs: number;
}

interface Pause {
  readonly from: Bounds;
  readonly until: Bounds | null;
}

/** What the schedule's chain tells of its present life, from its creation on: a fold over its entries. */
export interface Ledger {
  readonly run_id: string | null;
  readonly seq: number;
  readonly setups: readonly { readonly sinceMs: number; readonly setup: Setup }[];
  readonly pauses: readonly Pause[];
  /** By nominal time, epoch milliseconds. */
  readonly ran: ReadonlyMap<number, Ran>;
  readonly gaps: readonly Gap[];
  /** Every nominal time up to here is accounted for. */
  readonly accountedMs: number;
  readonly deleted: boolean;
}

type Told = Pick<Draft, 'run_id' | 'seq' | 'type' | 'data'>;

export function ledgerOf(entries: readonly Told[]): Ledger {
  const last = entries.at(-1);
  const setups: { sinceMs: number; setup: Setup }[] = [];
  const pauses: Pause[] = [];
  const ran = new Map<number, Ran>();
  const gaps: Gap[] = [];
  let accountedMs = 0;
  let deleted = false;
  for (const { run_id, type, data } of entries) {
    if (run_id !== last?.run_id) continue;
    switch (type) {
      case 'SCHEDULE_CREATED':
      case 'SCHEDULE_UPDATED': {
        const sinceMs = instantOf(data['since']);
        setups.push({ sinceMs, setup: data as unknown as Setup });
        if (type === 'SCHEDULE_CREATED') accountedMs = sinceMs;
        break;
      }
      case 'SCHEDULE_PAUSED':
        pauses.push({ from: boundsOf(data['from'], data['from_latest']), until: null });
        break;
      case 'SCHEDULE_UNPAUSED': {
        const open = pauses.at(-1);
        if (open === undefined || open.until !== null) break;
        const until = boundsOf(data['until_earliest'], data['until']);
        pauses.splice(-1, 1, { ...open, until });
        break;
      }
      case 'SCHEDULE_DELETED':
        deleted = true;
        break;
      case 'CYCLE_RAN': {
        const cycle = data as unknown as Ran;
        const nominalMs = instantOf(cycle.nominal_time);
        ran.set(nominalMs, cycle);
        if (cycle.triggered) break;
        accountedMs = Math.max(accountedMs, nominalMs);
        // It was given up too early: it ran after all.
        const gap = gaps.find(({ firstMs, lastMs }) => firstMs <= nominalMs && nominalMs <= lastMs);
        if (gap !== undefined) gap.count -= 1;
        break;
      }
      case 'CYCLE_NOT_RUN': {
        const firstMs = instantOf(data['nominal_time']);
        const lastMs = instantOf(data['last_nominal_time'] ?? data['nominal_time']);
        const count = typeof data['count'] === 'number' ? data['count'] : 1;
        gaps.push({ firstMs, lastMs, reason: data['reason'] as NotRun, count });
        accountedMs = Math.max(accountedMs, lastMs);
        break;
      }
    }
  }
  return {
    run_id: last?.run_id ?? null,
    seq: last?.seq ?? 0,
    setups,
    pauses,
    ran,
    gaps,
    accountedMs,
    deleted,
  };
}

function instantOf(value: Json | undefined): number {
  return (typeof value === 'string' ? parseInstant(value) : null) ?? 0;
}

function boundsOf(earliest: Json | undefined, latest: Json | undefined): Bounds {
  return { earliestMs: instantOf(earliest), latestMs: instantOf(latest) };
}

/** The nominal times that nothing is on record of, before `beforeMs`. */
export function dueTimes(ledger: Ledger, beforeMs: number): Generator<number> {
  return timesBetween(ledger, ledger.accountedMs, beforeMs);
}

/** The nominal times after the one and before the other, each by the set-up that was in force. */
function* timesBetween({ setups }: Ledger, afterMs: number, beforeMs: number): Generator<number> {
  for (const [i, { sinceMs, setup }] of setups.entries()) {
    const untilMs = Math.min(setups[i + 1]?.sinceMs ?? Infinity, beforeMs - 1);
    yield* nominalTimes(setup.every_ms, Math.max(sinceMs, afterMs), untilMs);
  }
}

/** Whether the schedule itself is due then; a cycle at another time was started by hand. */
export function isNominal({ setups }: Ledger, ms: number): boolean {
  const inForce = setups.findLast(({ sinceMs }) => sinceMs < ms);
  return inForce !== undefined && ms % inForce.setup.every_ms === 0;
}

/**
 * Whether the server had been told to pause. It does not say when it came to know of it: at either end of a pause, from when
 * it was asked until it answered by it, nobody can tell.
 */
export function pausedAt({ pauses }: Ledger, ms: number): 'NO' | 'BEGINS' | 'YES' | 'ENDS' {
  const pause = pauses.findLast(
    ({ from, until }) => from.earliestMs <= ms && (until === null || ms < until.latestMs),
  );
  if (pause === undefined) return 'NO';
  if (ms < pause.from.latestMs) return 'BEGINS';
  return pause.until === null || ms < pause.until.earliestMs ? 'YES' : 'ENDS';
}

/** How many nominal times fell due where a pause began or ended: what Temporal counts of them is not known. */
export function timesAtEdges(ledger: Ledger): number {
  const edges = ledger.pauses.flatMap(({ from, until }) =>
    until === null ? [from] : [from, until],
  );
  let count = 0;
  for (const { earliestMs, latestMs } of edges)
    for (const _ of timesBetween(ledger, earliestMs - 1, latestMs)) count += 1;
  return count;
}

/** How long a cycle was open, and when it waited for a human. `untilMs` null: still. */
export interface Span {
  readonly cycle_id: string;
  readonly untilMs: number | null;
  readonly halts: readonly { readonly fromMs: number; readonly untilMs: number | null }[];
}

/** Why nothing ran at a nominal time, and the cycle that kept it from running. `before`: the last cycle before it. */
export function notRunAt(
  ledger: Ledger,
  ms: number,
  before: Span | null,
): { readonly reason: NotRun; readonly cycle_id: string | null } {
  const covers = (fromMs: number, untilMs: number | null): boolean =>
    fromMs <= ms && (untilMs === null || ms <= untilMs);
  const paused = pausedAt(ledger, ms);
  // What is due by the time that the server takes a pause up it deals with as ever: a cycle that is open keeps it from running.
  if (paused === 'YES' || paused === 'ENDS') return { reason: 'PAUSED', cycle_id: null };
  if (before === null || !covers(0, before.untilMs))
    return { reason: paused === 'NO' ? 'MISSED' : 'PAUSED', cycle_id: null };
  const halted = before.halts.some(({ fromMs, untilMs }) => covers(fromMs, untilMs));
  return { reason: halted ? 'HALTED' : 'OVERLAP', cycle_id: before.cycle_id };
}

/** When the cycle of this trail ended and waited, as the trail tells; `ended` false: it does not tell an end. */
export function spanIn(entries: readonly { readonly type: string; readonly at: string }[]): {
  readonly ended: boolean;
  readonly lastMs: number;
  readonly halts: Span['halts'];
} {
  const halts: { fromMs: number; untilMs: number | null }[] = [];
  for (const { type, at } of entries) {
    const ms = parseInstant(at) ?? 0;
    if (type === 'HALT_RAISED') halts.push({ fromMs: ms, untilMs: null });
    const open = halts.at(-1);
    if (open !== undefined && open.untilMs === null && CLEARS.has(type)) open.untilMs = ms;
  }
  const last = entries.at(-1);
  return {
    ended: last?.type === 'CYCLE_ENDED',
    lastMs: parseInstant(last?.at ?? '') ?? 0,
    halts,
  };
}

const CLEARS = new Set(['DECISION_TAKEN', 'HALT_EXPIRED', 'CANCEL_REQUESTED', 'CYCLE_ENDED']);

/** A line of the chain before it has its place. */
export type Line = Pick<Draft, 'type' | 'at' | 'actor' | 'data'>;

/** Gives the lines their places behind what stands. */
export function placed(ledger: Ledger, lines: readonly Line[]): Draft[] {
  return lines.map(({ type, at, actor, data }, i) => ({
    run_id: ledger.run_id ?? '',
    seq: ledger.seq + 1 + i,
    part: 0,
    at,
    type,
    clause: clauseOf(type, data),
    actor,
    task: null,
    data,
  }));
}

function clauseOf(type: string, data: JsonObject): Clause {
  return type === 'CYCLE_NOT_RUN' && data['reason'] === 'HALTED' ? 'C3.F3' : 'C1.1';
}

/** The ledger of a life that begins: nothing stands in it yet. */
export function newLife(schedule: string, createdAt: string): Ledger {
  return { ...ledgerOf([]), run_id: scheduleLifeId(schedule, createdAt) };
}
