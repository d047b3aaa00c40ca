import type { Json } from './json';

/**
 * The upstream state that one cycle consumes (C2), as it stands after its form was checked (`documents/bundle`).
 * Fields that the vocabulary does not name pass through untouched and are part of the hash; the harness never reads them.
 * All instants are RFC 3339 strings in UTC. Deep-frozen.
 */
export interface Bundle {
  readonly timestamp: string;
  readonly regime_state: RegimeState;
  readonly factor_permission: FactorPermission | null;
  readonly signals: readonly SignalInContext[] | null;
  readonly active_beliefs: readonly Belief[];
  readonly macro_state: MacroState | null;
  readonly flow_state: FlowState | null;
}

/** The bundle's fields, in the contract's order. `required_state` and `required_inputs` hold these names (R10). */
export const BUNDLE_FIELDS = [
  'timestamp',
  'regime_state',
  'factor_permission',
  'signals',
  'active_beliefs',
  'macro_state',
  'flow_state',
] as const;
export type BundleField = (typeof BUNDLE_FIELDS)[number];

/** R10: absent or null in any bundle → HALTED STATE_MISSING. */
export const REQUIRED_FIELDS = ['timestamp', 'regime_state', 'active_beliefs'] as const;

export const BEHAVIORS = [
  'TRENDING_NORMAL_VOL',
  'TRENDING_HIGH_VOL',
  'MEAN_REVERTING_LOW_VOL',
  'MEAN_REVERTING_HIGH_VOL',
  'EVENT_DOMINANT',
  'EVENT_LOCK',
  'UNDEFINED',
] as const;
export type Behavior = (typeof BEHAVIORS)[number];

export const BIASES = ['BULLISH', 'BEARISH', 'NEUTRAL'] as const;
export type Bias = (typeof BIASES)[number];

/** R12: the only layers that may produce beliefs. */
export const BELIEF_LAYERS = ['L5.5', 'L6', 'L7', 'L9'] as const;

export interface RegimeState {
  readonly id: string;
  readonly timestamp: string;
  readonly behavior: Behavior;
  readonly bias: Bias;
  /** 0–1: quality of the signal; never recomputed. */
  readonly confidence: number;
  readonly is_stable: boolean;
  readonly macro_state?: MacroState | null;
  readonly [extra: string]: unknown;
}

/** `<name>_permitted` booleans are read through `permissions.ts`; limits are passed on, never applied. */
export interface FactorPermission {
  readonly timestamp: string;
  readonly regime_context: Behavior;
  readonly size_multiplier?: number | null;
  readonly [field: string]: unknown;
}

export interface SignalInContext {
  readonly signal: {
    readonly signal_id: string;
    readonly trigger_timestamp: string;
    readonly [field: string]: unknown;
  };
  /** EXE-1. At least the regime's `id`. */
  readonly regime_context: {
    readonly id: string;
    readonly timestamp?: string | null;
    readonly [field: string]: unknown;
  };
  readonly factor_permission?: Partial<FactorPermission> | null;
  readonly macro_state?: Partial<MacroState> | null;
  readonly flow_state?: Partial<FlowState> | null;
  readonly [extra: string]: unknown;
}

export interface Belief {
  readonly belief_id: string;
  readonly belief_type: string;
  readonly value: Json;
  /** 0–1, "conviction". */
  readonly confidence: number;
  readonly timestamp: string;
  readonly source_layer: (typeof BELIEF_LAYERS)[number];
  readonly source_id: string;
  readonly is_stale?: boolean | null;
  readonly staleness_reason?: string | null;
  readonly required_permissions?: readonly string[] | null;
  readonly source_signal_ids?: readonly string[] | null;
  readonly [extra: string]: unknown;
}

export interface MacroState {
  readonly timestamp: string;
  readonly [field: string]: unknown;
}

export interface FlowState {
  readonly timestamp: string;
  readonly [field: string]: unknown;
}
