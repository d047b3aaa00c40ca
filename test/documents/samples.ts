import type { Json, JsonObject } from '../../src/core/json';

const at = '2026-11-22T14:25:29.123Z';

const macroState = () => ({
  timestamp: at,
  window_id: 'W-1',
  monetary: { policy_stance: 'TIGHT', rate_level: null },
  liquidity: {},
  growth_inflation: { growth: 'SLOW' },
  risk: { appetite: 'LOW' },
});

const flowState = () => ({
  timestamp: at,
  rebalance_pressure: -1,
  gamma_exposure: -12.5,
  liquidity_score: 3,
  index_rebalance_imminent: false,
  options_expiry_today: true,
  month_end: false,
});

const factorPermission = () => ({
  timestamp: at,
  regime_context: 'EVENT_DOMINANT',
  momentum_permitted: true,
  value_permitted: false,
  quality_permitted: null,
  max_momentum_exposure: 0.2,
  max_factor_concentration: 0.5,
  size_multiplier: 0,
  rationale: 'thin',
});

const regimeState = () => ({
  id: 'RS-1',
  timestamp: at,
  behavior: 'TRENDING_NORMAL_VOL',
  bias: 'BULLISH',
  confidence: 0.8,
  is_stable: true,
  macro_state: macroState(),
});

const signalInContext = () => ({
  signal: {
    signal_id: 'SG-1',
    signal_name: 'breakout',
    signal_category: 'technical',
    direction: 'BEARISH',
    trigger_timestamp: at,
    expiry_timestamp: at,
    lifecycle_state: 'ACTIVE',
  },
  regime_context: regimeState(),
  factor_permission: factorPermission(),
  macro_state: macroState(),
  flow_state: flowState(),
});

const belief = () => ({
  belief_id: 'B-1',
  belief_type: 'momentum',
  value: { score: 1 },
  confidence: 0.7,
  timestamp: at,
  source_layer: 'L9',
  source_id: 'SRC-1',
  predecessor_id: 'B-0',
  is_stale: false,
  staleness_reason: 'none',
  required_permissions: ['momentum'],
  source_signal_ids: ['SG-1'],
});

/** A bundle in which every state and every field of vocabulary.md stands, in its right form. */
export const fullBundle = () => ({
  timestamp: at,
  regime_state: regimeState(),
  factor_permission: factorPermission(),
  signals: [signalInContext()],
  active_beliefs: [belief()],
  macro_state: macroState(),
  flow_state: flowState(),
});

/** The document with the value at `path` replaced; `undefined` removes it. */
export function changed(document: JsonObject, path: string, value: Json | undefined): JsonObject {
  const copy: JsonObject = structuredClone(document);
  const steps = path.split(/[.[\]]+/).filter((key) => key !== '');
  const last = steps.pop() ?? '';
  const parent = steps.reduce<unknown>((held, key) => Reflect.get(Object(held), key), copy);
  if (value === undefined) Reflect.deleteProperty(Object(parent), last);
  else Reflect.set(Object(parent), last, value);
  return copy;
}
