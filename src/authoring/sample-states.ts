import { BUNDLE_FIELDS, type BundleField } from '../core/bundle';
import { type Json, type JsonObject, own } from '../core/json';
import type { SkillManifest } from '../core/skills';

/** States that a skill is examined on. Every field that it may read stands in each. */
export interface Sample {
  readonly name: string;
  readonly states: Readonly<Record<string, Json>>;
}

const AT = '2026-11-20T14:25:29.412Z';
const BEFORE = '2026-11-20T14:24:54.412Z';

const regime: JsonObject = {
  id: 'RS-1',
  timestamp: AT,
  behavior: 'TRENDING_NORMAL_VOL',
  bias: 'BULLISH',
  confidence: 0.82,
  is_stable: true,
};

const belief = (nth: number, confidence: number, value: Json): JsonObject => ({
  belief_id: `B-${nth}`,
  belief_type: 'momentum_continuation',
  value,
  confidence,
  timestamp: nth % 2 === 0 ? AT : BEFORE,
  source_layer: 'L9',
  source_id: 'belief-synthesis',
  required_permissions: ['momentum'],
  source_signal_ids: ['SG-1'],
});

const signal = (nth: number): JsonObject => ({
  signal: {
    signal_id: `SG-${nth}`,
    signal_category: 'technical',
    direction: 'BULLISH',
    trigger_timestamp: BEFORE,
  },
  regime_context: regime,
});

const factors: JsonObject = {
  timestamp: AT,
  regime_context: 'TRENDING_NORMAL_VOL',
  momentum_permitted: true,
  value_permitted: true,
  quality_permitted: true,
  max_momentum_exposure: 0.2,
  size_multiplier: 1,
};

/** Everything there, with a tie in the confidences. */
export const FULL: Readonly<Record<BundleField, Json>> = {
  timestamp: AT,
  regime_state: regime,
  factor_permission: factors,
  signals: [signal(1), signal(2)],
  active_beliefs: [
    belief(1, 0.7, { universe: 'US_LARGE_CAP' }),
    belief(2, 0.9, null),
    belief(3, 0.7, ['a', 1, true]),
  ],
  macro_state: {
    timestamp: AT,
    monetary: { policy_stance: 'ON_HOLD', rate_level: 'RESTRICTIVE' },
    risk: { appetite: 'MODERATE' },
  },
  flow_state: {
    timestamp: AT,
    rebalance_pressure: 0.2,
    gamma_exposure: 1.4,
    liquidity_score: 0.8,
    month_end: false,
  },
};

/** The least that each state may hold: no belief survived, no signal is active, no optional field is there. */
const SPARSE: Readonly<Record<BundleField, Json>> = {
  timestamp: AT,
  regime_state: { ...regime, behavior: 'UNDEFINED', bias: 'NEUTRAL', confidence: 0.5 },
  factor_permission: { timestamp: AT, regime_context: 'UNDEFINED' },
  signals: [],
  active_beliefs: [],
  macro_state: { timestamp: AT },
  flow_state: { timestamp: AT },
};

/**
 * The samples for a manifest: a full one, a sparse one, and the given bundle's, unless it lacks a state that the skill needs
 * (R10: then the harness would not run it).
 */
export function samplesFor(manifest: SkillManifest, bundle?: JsonObject): Sample[] {
  const declared = BUNDLE_FIELDS.filter((field) => manifest.required_inputs.includes(field));
  const from = (name: string, held: JsonObject): Sample[] => {
    const states = declared.map((field) => [field, own(held, field) ?? null] as const);
    if (states.some(([, state]) => state === null)) return [];
    return [{ name, states: Object.fromEntries(states) }];
  };
  return [
    ...from('full states', FULL),
    ...from('sparse states', SPARSE),
    ...(bundle === undefined ? [] : from('the given bundle', bundle)),
  ];
}
