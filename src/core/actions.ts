import type { Bundle } from './bundle';
import { actionId } from './identity';

/**
 * "Belief approved" (R21): the whole of what V1 emits, with the source ids of EXE-3 and the grant of EXE-2.
 * No side, no size: what the bundle does not give is an explicit null or an empty list, never left out.
 */
export interface Action {
  readonly action_id: string;
  readonly belief_id: string;
  readonly mode: 'SHADOW';
  /** Emitted already by an earlier cycle, or an earlier run of this one: listed, not emitted again. */
  readonly duplicate: boolean;
  readonly source_signal_ids: readonly string[];
  readonly source_regime_state_id: string;
  readonly source_belief_id: string;
  readonly factor_permission: 'GRANTED' | 'BYPASSED';
}

/** The actions for the surviving beliefs, in the bundle's order (C6.T4). */
export function actionsFor(bundle: Bundle, kept: readonly string[], emitTaskId: string): Action[] {
  const survivors = new Set(kept);
  const grant = bundle.factor_permission === null ? 'BYPASSED' : 'GRANTED';
  return bundle.active_beliefs
    .filter((belief) => survivors.has(belief.belief_id))
    .map((belief) => ({
      action_id: actionId(emitTaskId, belief.belief_id),
      belief_id: belief.belief_id,
      mode: 'SHADOW',
      duplicate: false,
      source_signal_ids: belief.source_signal_ids ?? [],
      source_regime_state_id: bundle.regime_state.id,
      source_belief_id: belief.belief_id,
      factor_permission: grant,
    }));
}
