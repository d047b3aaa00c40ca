import type { Belief, Bundle } from './bundle';
import { deniedOf, type Grants, grantsOf } from './permissions';
import type { Policy } from './policy';
import type { Reason } from './reasons';

export interface RemovedBelief {
  readonly belief_id: string;
  readonly reason: Reason;
}

/** T3's finding (C6.T3): the ids that survive, in the bundle's order, and the others with the first reason that applies. */
export interface BeliefFilter {
  readonly kept: readonly string[];
  readonly removed: readonly RemovedBelief[];
}

export function filterBeliefs(bundle: Bundle, policy: Policy): BeliefFilter {
  const grants = grantsOf(bundle, policy);
  const kept: string[] = [];
  const removed: RemovedBelief[] = [];
  for (const belief of bundle.active_beliefs) {
    const reason = removalOf(belief, grants, policy);
    if (reason === null) kept.push(belief.belief_id);
    else removed.push({ belief_id: belief.belief_id, reason });
  }
  return { kept, removed };
}

/** R30's order: stale, confidence, permission undeclared, permission denied. */
function removalOf(belief: Belief, grants: Grants, policy: Policy): Reason | null {
  const state = 'active_beliefs';
  if (belief.is_stale === true) {
    return {
      code: 'BELIEF_STALE',
      detail: belief.staleness_reason ?? 'its own layer marks it stale',
      state,
    }; // R5
  }
  const threshold = policy.min_belief_confidence;
  if (threshold !== null && belief.confidence < threshold) {
    const detail = `confidence ${belief.confidence} is below ${threshold}`;
    return { code: 'BELIEF_CONFIDENCE_TOO_LOW', detail, state };
  }
  if (grants.kind === 'BYPASSED') return null;
  const required = belief.required_permissions ?? null;
  if (required === null) {
    return { code: 'PERMISSION_UNDECLARED', detail: 'it lists no required_permissions', state }; // R9
  }
  // R3: when everything is denied a belief is denied even when it lists no permission.
  if (grants.kind === 'DENIED') return { code: 'PERMISSION_DENIED', detail: grants.why, state };
  const denied = deniedOf(grants, required);
  return denied.length > 0 ? { code: 'PERMISSION_DENIED', detail: denied.join(', '), state } : null;
}
