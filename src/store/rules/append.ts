import {
  checkChain,
  comparePositions,
  draftOf,
  endsRun,
  parseEntry,
  place,
  readEntry,
  sealEntry,
  stepProblem,
} from '../../audit/chain';
import type { Draft, Entry } from '../../core/entry';
import { canonicalText } from '../../core/identity';
import type { Sha256 } from '../../core/json';
import { StoreError, type Claimant } from '../store';

/** What stands in a chain, for those who have to look further back than its last entry. */
export interface Standing {
  /** The lines, last first. */
  backward(): Iterable<string>;
  hasRun(runId: string): boolean;
}

/** What is to be written behind a chain's last line, and its head then. */
export interface Addition {
  readonly lines: readonly string[];
  readonly head: Sha256 | null;
}

/**
 * How drafts meet a chain: what stands already is left out, what is left is chained to `tail`. The one rule of every store,
 * which asks it while nobody else can write to the chain, or whose constraints find out that somebody did.
 * @throws StoreError AUDIT_FORK for a writer that was given up
 * @throws StoreError AUDIT_UNAVAILABLE where what the drafts follow is missing
 */
export function meet(
  chainId: string,
  tail: Entry | null,
  drafts: readonly Draft[],
  standing: Standing,
): Addition {
  return chain(chainId, tail, drafts.slice(countStanding(tail, drafts, standing)));
}

/** Will {@link meet} ask what stands further back? Not for what is new, and comes behind the last entry. */
export function looksBack(tail: Entry | null, drafts: readonly Draft[]): boolean {
  const [first] = drafts;
  if (tail === null || first === undefined) return false;
  return tail.run_id !== first.run_id || comparePositions(first, tail) <= 0;
}

/** A batch is of one run and in order; a caller that breaks this is broken itself. */
export function refuseDisorder(drafts: readonly Draft[]): void {
  drafts.forEach((draft, index) => {
    const before = drafts[index - 1];
    if (before === undefined) return;
    if (before.run_id !== draft.run_id || comparePositions(before, draft) >= 0) {
      throw new Error(`audit batch out of order: ${place(draft)} after ${place(before)}`);
    }
  });
}

/** The chain's last entry, of its last line. What is damaged is not built upon: the damage must stay to be seen. */
export function tailEntry(chainId: string, where: string, line: string): Entry {
  const reading = readEntry(chainId, line);
  if (reading.problem === null) return reading.entry;
  throw new StoreError(
    'AUDIT_UNAVAILABLE',
    `the last entry of the audit chain ${where} is damaged, ${reading.problem}: ` +
      `run harness audit verify ${chainId}`,
  );
}

/** A chain's entries, up to the first line that is damaged. */
export interface Entries {
  readonly entries: readonly Entry[];
  /** In a sentence; null: none is. */
  readonly damage: string | null;
}

export function entriesIn(chainId: string, lines: Iterable<string>): Entries {
  const entries: Entry[] = [];
  const { problem } = checkChain(chainId, lines, (entry) => entries.push(entry));
  const damage = problem === null ? null : `line ${problem.line}, ${problem.problem}`;
  return { entries, damage };
}

/**
 * All of them, or none: who went on without a damaged entry would take for not done what it tells, a harness that is halted
 * among the rest.
 * @throws StoreError AUDIT_UNAVAILABLE
 */
export function intactEntries(
  chainId: string,
  where: string,
  { entries, damage }: Entries,
): readonly Entry[] {
  if (damage === null) return entries;
  throw new StoreError(
    'AUDIT_UNAVAILABLE',
    `the audit chain ${where} is damaged at ${damage}: run harness audit verify ${chainId}`,
  );
}

/** C4.I2: the action ids that the run has on record as emitted. */
export function emittedBy(entries: readonly Entry[], owner: Claimant): ReadonlySet<string> {
  return emittedIn(entries.filter(({ run_id }) => run_id === owner.run_id));
}

/** The actions that these drafts, or entries, emit. */
export function emittedIn(drafts: readonly Draft[]): ReadonlySet<string> {
  const emitted = new Set<string>();
  for (const { type, data } of drafts) {
    if (type === 'ACTION_EMITTED' && typeof data.action_id === 'string')
      emitted.add(data.action_id);
  }
  return emitted;
}

/**
 * How many of the drafts, from the first, stand in the chain already.
 * @throws StoreError AUDIT_FORK
 */
function countStanding(tail: Entry | null, drafts: readonly Draft[], standing: Standing): number {
  const [first] = drafts;
  if (tail === null || first === undefined) return 0;
  if (tail.run_id !== first.run_id) {
    if (standing.hasRun(first.run_id)) throw forked(first, 'a later run has begun');
    return 0;
  }
  const there = drafts.filter((draft) => comparePositions(draft, tail) <= 0);
  const lines = standing.backward()[Symbol.iterator]();
  for (const draft of there.toReversed()) {
    const entry = entryAt(lines, draft);
    if (entry === null) throw forked(draft, 'later entries follow');
    if (canonicalText({ ...draftOf(entry) }) !== canonicalText({ ...draftOf(draft) })) {
      throw forked(draft, 'another entry stands there');
    }
  }
  const fresh = drafts[there.length];
  if (fresh !== undefined && endsRun(tail.type)) throw forked(fresh, 'the run has ended');
  return there.length;
}

/** Goes on backwards to the draft's position; null when it is not taken in the draft's run. */
function entryAt(lines: Iterator<string>, draft: Draft): Entry | null {
  for (let next = lines.next(); next.done !== true; next = lines.next()) {
    const entry = parseEntry(next.value);
    if (entry === null || entry.run_id !== draft.run_id) return null;
    const order = comparePositions(entry, draft);
    if (order === 0) return entry;
    if (order < 0) return null;
  }
  return null;
}

/**
 * The lines of the fresh drafts.
 * @throws StoreError AUDIT_UNAVAILABLE where what they follow is missing
 */
function chain(chainId: string, tail: Entry | null, drafts: readonly Draft[]): Addition {
  let before: Draft | null = tail;
  let head = tail?.hash ?? null;
  const lines: string[] = [];
  for (const draft of drafts) {
    const problem = stepProblem(before, draft);
    if (problem !== null) {
      throw new StoreError(
        'AUDIT_UNAVAILABLE',
        `the audit chain of cycle ${chainId} cannot be continued, ${problem}: ` +
          `run harness audit verify ${chainId}`,
      );
    }
    const sealed = sealEntry(chainId, draft, head);
    lines.push(sealed.line);
    head = sealed.hash;
    before = draft;
  }
  return { lines, head };
}

/** A writer that was given up: it must end. */
export function forked(draft: Draft, why: string): StoreError {
  return new StoreError(
    'AUDIT_FORK',
    `${place(draft)} of run ${draft.run_id} cannot be written to the audit chain, ${why}: ` +
      'this writer was given up and must end',
  );
}
