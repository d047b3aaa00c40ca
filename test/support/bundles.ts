import type { JsonObject } from '../../src/core/json';

/** A fresh bundle as an upstream system would give it; `changes` replace top-level fields. */
export function freshBundle(changes: JsonObject = {}, at = new Date()): JsonObject {
  const timestamp = at.toISOString();
  return {
    timestamp,
    regime_state: regime({ timestamp }),
    factor_permission: {
      timestamp,
      regime_context: 'TRENDING_NORMAL_VOL',
      momentum_permitted: true,
      value_permitted: false,
    },
    signals: [],
    active_beliefs: [
      belief('B-1', { timestamp }),
      belief('B-2', { timestamp, required_permissions: ['value'] }),
    ],
    macro_state: null,
    flow_state: null,
    ...changes,
  };
}

export function regime(changes: JsonObject = {}): JsonObject {
  return {
    id: 'RS-1',
    timestamp: new Date().toISOString(),
    behavior: 'TRENDING_NORMAL_VOL',
    bias: 'BULLISH',
    confidence: 0.82,
    is_stable: true,
    ...changes,
  };
}

export function belief(id: string, changes: JsonObject = {}): JsonObject {
  return {
    belief_id: id,
    belief_type: 'direction',
    value: { direction: 'up' },
    confidence: 0.7,
    timestamp: new Date().toISOString(),
    source_layer: 'L9',
    source_id: 'SYNTH-1',
    required_permissions: ['momentum'],
    source_signal_ids: ['SG-1'],
    ...changes,
  };
}
