import type { AuditHead } from '../../src/core/entry';
import type { JsonObject } from '../../src/core/json';
import { CYCLE } from './drafts';

/** A result as a cycle leaves it. */
export function storedResult(
  changes: JsonObject = {},
  { entries, head }: AuditHead = { entries: 0, head: null },
): JsonObject {
  return {
    outcome: 'COMPLETED',
    summary: 'a test',
    phase: 'IDLE',
    cycle_id: CYCLE,
    workflow_id: 'w',
    run_id: 'r1',
    mode: 'shadow',
    tasks: [],
    reasons: [],
    violations: [],
    actions: [],
    beliefs_removed: [],
    audit: { entries, head },
    ...changes,
  };
}
