/** The states that staleness is measured for, by the policy's keys. */
export const STALENESS_KEYS = [
  'bundle',
  'regime_state',
  'factor_permission',
  'signals',
  'active_beliefs',
  'macro_state',
  'flow_state',
] as const;
export type StalenessKey = (typeof STALENESS_KEYS)[number];

/** R6: every threshold of the contract that has no number of its own. Versioned, hashed, echoed in the audit. */
export interface Policy {
  readonly policy_id: string;
  readonly version: string;
  readonly min_regime_confidence: number;
  readonly min_belief_confidence: number | null;
  readonly max_staleness_ms: { readonly default: number } & {
    readonly [K in StalenessKey]?: number;
  };
  readonly future_tolerance_ms: number;
  readonly factor_layer: 'LATENT' | 'ACTIVE';
  readonly active_latent_layers: readonly ('L5.5' | 'L5.7' | 'L5.8')[];
  readonly violations_before_deregistration: number;
  /** null: a halt never expires. */
  readonly halt_expiry_ms: number | null;
}

/** The default policy of the public interface: this document, byte for byte after canonicalisation. */
export const DEFAULT_POLICY: Policy = {
  policy_id: 'default',
  version: '1.0.0',
  min_regime_confidence: 0.5,
  min_belief_confidence: null,
  max_staleness_ms: { default: 300_000, macro_state: 86_400_000 },
  future_tolerance_ms: 2_000,
  factor_layer: 'LATENT',
  active_latent_layers: [],
  violations_before_deregistration: 3,
  halt_expiry_ms: 3_600_000,
};

/** R6: MAX_STALENESS is per state object, with a default. Milliseconds. */
export function stalenessLimit(policy: Policy, key: StalenessKey): number {
  return policy.max_staleness_ms[key] ?? policy.max_staleness_ms.default;
}
