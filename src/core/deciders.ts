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
