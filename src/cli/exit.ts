import type { Json } from '../core/json';

/** Exit status of commands that wait for a cycle (interface, "Exit status"). */
const BY_OUTCOME: Readonly<Record<string, number>> = {
  COMPLETED: 0,
  SKIPPED: 0,
  DEGRADED: 2,
  REJECTED: 3,
  HALTED: 4,
  CANCELLED: 5,
};

export const STILL_RUNNING = 6;

/** Of a cycle result: by its outcome; 4 while it waits for a human; 6 while it runs; 1 when its workflow was cut off. */
export function exitStatusOf(result: { readonly [key: string]: Json }): number {
  const { outcome, phase, workflow_status: status } = result;
  if (typeof outcome === 'string') return BY_OUTCOME[outcome] ?? 1;
  if (typeof status === 'string' && status !== 'RUNNING') return 1;
  return phase === 'HALTED' ? 4 : STILL_RUNNING;
}
