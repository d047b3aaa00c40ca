import type { Cycle } from './cycle';
import type { Choice } from './events';
import { VIOLATIONS } from './reasons';

/**
 * Who may decide, as the operators file said when the cycle last heard of it; without such a file there is none of this. A
 * file that cannot be used lets nobody decide.
 */
export type Deciders =
  | {
      readonly operators: { readonly count: number; readonly names: readonly string[] };
      /** How many people have to decide the same. */
      readonly required: { readonly default: number; readonly violation: number };
      readonly signed: boolean;
    }
  | { readonly problem: string };

/** What a worker has found out about who decides. `author`: of the skill that halted the cycle. */
export type DecisionCheck =
  | {
      readonly ok: true;
      readonly person: string;
      /** Fingerprint of the key that signed; null: not signed, and it need not be. */
      readonly key: string | null;
      readonly author?: string;
    }
  | { readonly ok: false; readonly why: string };

/** Of many operators a record names this many. */
export const OPERATORS_NAMED_MAX = 10;

/** Choices that end the cycle: the safe side, so one person is enough. */
export function endsCycle(choice: string): boolean {
  return choice === 'ABORT' || choice === 'RESTART_FRESH';
}

/** How many people have to decide this on the halt that waits. */
export function neededFor(cycle: Cycle, choice: Choice): number {
  const { deciders } = cycle;
  if (deciders === null || 'problem' in deciders || endsCycle(choice)) return 1;
  return isViolationHalt(cycle) ? deciders.required.violation : deciders.required.default;
}

/** The halt came of a violation, or one that halts has come since. */
export function isViolationHalt({ halt, violated }: Cycle): boolean {
  return violated || (halt !== null && Object.hasOwn(VIOLATIONS, halt.code));
}

/** Names that a person would take for the same. */
export function samePerson(one: string, other: string): boolean {
  const plain = (name: string): string => name.normalize('NFKC').trim().toLowerCase();
  return plain(one) === plain(other);
}

/**
 * Why this person's decision does not count, though it is theirs: whoever raised the halt, or wrote the skill that did, does
 * not let the cycle go on; and two people are two. Ending the cycle is open to everyone who may decide.
 */
export function notCounted(cycle: Cycle, choice: string, check: DecisionCheck): string | null {
  if (!check.ok) return check.why;
  const { person, author } = check;
  const before = cycle.approvals.find(
    (seen) => seen.choice === choice && samePerson(seen.by, person),
  );
  if (before !== undefined)
    return `${person} has decided ${choice} already: it takes another person to decide the same`;
  if (endsCycle(choice) || cycle.halt === null) return null;
  if (samePerson(cycle.halt.raised_by, person))
    return `${person} has raised this halt: another person lets the cycle go on`;
  if (author !== undefined && samePerson(author, person))
    return `${person} is the author of ${cycle.halt.raised_by}, which has halted the cycle: another person lets it go on`;
  return null;
}
