import type { RegimeState } from './bundle';
import type { Policy } from './policy';
import type { Reason } from './reasons';

/** T2's output (C6.T2). */
export interface RegimeCheck {
  readonly gate: 'OPEN' | 'CLOSED';
  readonly behavior: string;
  readonly confidence: number;
  /** Why the gate is closed; null while it is open. */
  readonly reason: Reason | null;
}

/** R2: EVENT_LOCK closes the gate whatever the confidence; UNDEFINED only below the threshold. */
export function checkRegime(regime: RegimeState, policy: Policy): RegimeCheck {
  const { behavior, confidence } = regime;
  const threshold = policy.min_regime_confidence;
  let why: string | null = null;
  if (behavior === 'EVENT_LOCK') why = 'the regime is EVENT_LOCK, which blocks everything';
  else if (behavior === 'UNDEFINED' && confidence < threshold)
    why = `the regime is UNDEFINED with confidence ${confidence}, below ${threshold}`;
  return {
    gate: why === null ? 'OPEN' : 'CLOSED',
    behavior,
    confidence,
    reason: why === null ? null : { code: 'REGIME_GATE', detail: why, state: 'regime_state' },
  };
}
