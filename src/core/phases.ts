import { harnessError } from './invariant';

/** Appendix A, plus the wait for a human that C3.F3 asks for. */
export const PHASES = ['IDLE', 'VALIDATE', 'BUILD_GRAPH', 'EXECUTE', 'HALTED', 'FINALIZE'] as const;
export type HarnessPhase = (typeof PHASES)[number];
export type PhaseEvent =
  | 'INPUT_RECEIVED'
  | 'STATE_VALID'
  | 'GRAPH_BUILT'
  | 'HALT_RAISED'
  | 'HALT_CLEARED'
  | 'FINALIZING'
  | 'ENDED';

/** HALT_CLEARED returns to the phase that the halt interrupted, so its cell is filled in by `nextPhase`. */
const NEXT = {
  IDLE: { INPUT_RECEIVED: 'VALIDATE' },
  VALIDATE: { STATE_VALID: 'BUILD_GRAPH', HALT_RAISED: 'HALTED', FINALIZING: 'FINALIZE' },
  BUILD_GRAPH: { GRAPH_BUILT: 'EXECUTE', HALT_RAISED: 'HALTED', FINALIZING: 'FINALIZE' },
  EXECUTE: { HALT_RAISED: 'HALTED', FINALIZING: 'FINALIZE' },
  HALTED: { HALT_RAISED: 'HALTED', HALT_CLEARED: 'HALTED', FINALIZING: 'FINALIZE' },
  FINALIZE: { HALT_RAISED: 'HALTED', FINALIZING: 'FINALIZE', ENDED: 'IDLE' },
} as const satisfies Record<HarnessPhase, Partial<Record<PhaseEvent, HarnessPhase>>>;

/**
 * CA: the only way a phase changes.
 * @throws HARNESS_ERROR for a change that the state machine does not have.
 */
export function nextPhase(
  from: HarnessPhase,
  event: PhaseEvent,
  interrupted: HarnessPhase,
): HarnessPhase {
  if (from === 'HALTED' && event === 'HALT_CLEARED') return interrupted;
  const cells: Partial<Record<PhaseEvent, HarnessPhase>> = NEXT[from];
  const to = cells[event];
  if (to === undefined) throw harnessError(`CA: ${event} is not possible in phase ${from}`);
  return to;
}
