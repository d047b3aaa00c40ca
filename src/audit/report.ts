import type { AuditHead } from '../core/entry';
import type { Alien } from '../store/trail';
import type { ChainProblem } from './chain';

/** UNREADABLE: could not look, so nothing is said about it. */
export type TrailStatus = 'INTACT' | 'BROKEN' | 'INCOMPLETE' | 'UNREADABLE';

/** What a chain is of. All but cycles are governance: the ledger of cycles, the harness-wide halt, schedules. */
export type TrailKind = 'cycle' | 'ledger' | 'latch' | 'schedule';

export interface CycleTrail extends AuditHead {
  readonly kind: TrailKind;
  /** The chain's own id, where it is of no cycle. */
  readonly cycle_id: string;
  /** INTACT of a cycle that has not ended means: so far. */
  readonly status: TrailStatus;
  readonly ended: boolean;
  readonly problem: ChainProblem | null;
}

export interface TrailReport {
  readonly status: TrailStatus;
  /** Of the command: 0 intact, 1 broken, 2 incomplete, 3 could not look. */
  readonly exit: 0 | 1 | 2 | 3;
  readonly cycles: readonly CycleTrail[];
  /** Chains that are of no cycle. */
  readonly governance: readonly CycleTrail[];
  readonly aliens: readonly Alien[];
  /** Cycles that were submitted, but have neither an entry nor a result yet. */
  readonly not_begun: readonly string[];
  /** Why nothing could be looked at; null when something was. */
  readonly problem: string | null;
}

/**
 * Worst first: what is proved wrong outweighs what is missing, that outweighs what could not be
 * read.
 */
const WORST_FIRST = ['BROKEN', 'INCOMPLETE', 'UNREADABLE', 'INTACT'] as const;
const EXITS = { INTACT: 0, BROKEN: 1, INCOMPLETE: 2, UNREADABLE: 3 } as const;

/** The report of what was looked at; the worst finding decides. */
export function conclude(
  trails: readonly CycleTrail[],
  aliens: readonly Alien[],
  notBegun: readonly string[],
): TrailReport {
  const found = new Set<TrailStatus>(trails.map((trail) => trail.status));
  if (aliens.length > 0) found.add('BROKEN');
  const status = WORST_FIRST.find((each) => found.has(each)) ?? 'INTACT';
  const cycles = trails.filter(({ kind }) => kind === 'cycle');
  const governance = trails.filter(({ kind }) => kind !== 'cycle');
  const exit = EXITS[status];
  return { status, exit, cycles, governance, aliens, not_begun: notBegun, problem: null };
}

/** By the type of its first entry; a chain that has none is the cycle's whose name it bears. */
export function kindOf(first: string | null): TrailKind {
  if (first?.startsWith('LEDGER_')) return 'ledger';
  if (first?.startsWith('LATCH_')) return 'latch';
  return first?.startsWith('SCHEDULE_') ? 'schedule' : 'cycle';
}

export function couldNotLook(problem: string): TrailReport {
  const status = 'UNREADABLE';
  const nothing = { cycles: [], governance: [], aliens: [], not_begun: [] };
  return { status, exit: EXITS[status], ...nothing, problem };
}
