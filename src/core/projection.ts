import { type Cycle, fold, newCycle } from './cycle';
import type { AuditHead, Entry } from './entry';
import type { Event } from './events';
import { invariant } from './invariant';

/** A cycle as its audit trail tells it: its newest run, folded from the same events that the workflow folded. */
export interface Projection {
  readonly cycle: Cycle;
  readonly run_id: string;
  readonly audit: AuditHead;
}

/** @throws HARNESS_ERROR for a chain that no run of the harness can have written: verify it. */
export function projectTrail(entries: readonly Entry[]): Projection {
  const last = entries.at(-1);
  invariant(last !== undefined, 'C1.1', 'the trail has entries');
  const cycle = newCycle();
  for (const entry of entries) {
    if (entry.run_id !== last.run_id) continue;
    // The chain holds what `event()` built; its form is the verifier's business, its order is checked by `fold`.
    fold(cycle, entry as unknown as Event);
  }
  return { cycle, run_id: last.run_id, audit: { entries: entries.length, head: last.hash } };
}
