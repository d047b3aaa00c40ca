import type { AuditHead, Draft, Entry } from './entry';
import { type Json, type JsonObject, isObject, type Sha256 } from './json';

/**
 * The ledger of cycles: one audit chain that knows of every run of every cycle, how far its chain had come when the run was
 * opened and when it was closed. A chain that is gone, cut short or put back to an earlier end is missed here (C1.1).
 */
export interface RunNote extends AuditHead {
  readonly kind: 'RUN_OPENED' | 'RUN_CLOSED';
  readonly cycle_id: string;
  readonly run_id: string;
}

const RUN = 'ledger';

/** The next lines of the ledger. `last`: the sequence number of its last line; 0: it is empty, and is opened first. */
export function ledgerDrafts(last: number, notes: readonly RunNote[], at: string): Draft[] {
  const line = (seq: number, type: string, data: JsonObject): Draft => {
    const about = { clause: 'C1.1', actor: 'harness', task: null } as const;
    return { run_id: RUN, seq, part: 0, at, type, data, ...about };
  };
  const opening = last === 0 ? [line(1, 'LEDGER_OPENED', {})] : [];
  const first = Math.max(last, 1) + 1;
  return [
    ...opening,
    ...notes.map(({ kind, cycle_id, run_id, entries, head }, i) =>
      line(first + i, kind, { cycle_id, run_id, entries, head }),
    ),
  ];
}

/** An end that a chain once had, as somebody outside it knows. */
export interface Milestone {
  readonly entries: number;
  readonly head: Sha256;
}

/** What the ledger knows. */
export interface KnownRuns {
  /** When it was opened; null: there is none. */
  readonly since: string | null;
  /** By cycle id. */
  readonly cycles: ReadonlyMap<string, readonly Milestone[]>;
  readonly runs: ReadonlySet<string>;
}

export const NO_LEDGER: KnownRuns = { since: null, cycles: new Map(), runs: new Set() };

export function knownRuns(entries: readonly Entry[]): KnownRuns {
  const cycles = new Map<string, Milestone[]>();
  const runs = new Set<string>();
  for (const { data } of entries) {
    const { cycle_id, run_id } = data;
    const milestone = milestoneIn(data);
    if (typeof cycle_id !== 'string' || milestone === null) continue;
    const known = cycles.get(cycle_id);
    if (known === undefined) cycles.set(cycle_id, [milestone]);
    else known.push(milestone);
    runs.add(String(run_id));
  }
  return { since: entries[0]?.at ?? null, cycles, runs };
}

/** `{entries, head}` of a chain that has entries; null for anything else. */
export function milestoneIn(value: Json | undefined): Milestone | null {
  if (!isObject(value)) return null;
  const { entries, head } = value;
  if (typeof entries !== 'number' || !Number.isSafeInteger(entries) || entries < 1) return null;
  return typeof head === 'string' ? { entries, head: head as Sha256 } : null;
}
