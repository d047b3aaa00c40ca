import { z } from 'zod';
import { BEHAVIORS, BELIEF_LAYERS, BIASES } from '../core/bundle';
import {
  always,
  byKey,
  flag,
  id,
  instant,
  type KeyRule,
  listOf,
  number,
  numberWithin,
  oneOf,
  plainObject,
  text,
  words,
} from './form';

/*
 * The states of vocabulary.md, field by field (R13, C5.I). `nullish` is the vocabulary's `?`: null is absent. Unknown fields
 * pass. Nothing is coerced: `true` is no number, and no word is mapped to another.
 */
const confidence = numberWithin(0, 1);
const behavior = oneOf(BEHAVIORS);
const object = words('an object');

/** Any JSON, null too, but there it must be. */
const present = z.custom<unknown>((value) => value !== undefined);

const maybeText = text.nullish();
/** A group of MacroState: enumerations as strings. */
const group = plainObject
  .superRefine(
    byKey(() => maybeText),
    always,
  )
  .nullish();
const macroFields = {
  window_id: maybeText,
  monetary: group,
  liquidity: group,
  growth_inflation: group,
  risk: group,
};
const flowFields = {
  rebalance_pressure: numberWithin(-1, 1).nullish(),
  gamma_exposure: number.nullish(),
  liquidity_score: number.nullish(),
  index_rebalance_imminent: flag.nullish(),
  options_expiry_today: flag.nullish(),
  month_end: flag.nullish(),
};

export const macroState = z.looseObject({ timestamp: instant, ...macroFields }, object);
export const flowState = z.looseObject({ timestamp: instant, ...flowFields }, object);
const macroContext = z.looseObject({ timestamp: instant.nullish(), ...macroFields }, object);
const flowContext = z.looseObject({ timestamp: instant.nullish(), ...flowFields }, object);

export const regimeState = z.looseObject(
  {
    id,
    timestamp: instant,
    behavior,
    bias: oneOf(BIASES),
    confidence,
    is_stable: flag,
    macro_state: macroState.nullish(),
  },
  object,
);

const maybeFlag = z.boolean(words('true, false or null')).nullish();
const maybeNumber = number.nullish();
const limitsAndFlags: KeyRule = (key) => {
  if (key.endsWith('_permitted')) return maybeFlag;
  const limit = key === 'max_factor_concentration' || /^max_.+_exposure$/.test(key);
  return limit ? maybeNumber : undefined;
};
const factorFields = { size_multiplier: numberWithin(0, 1).nullish(), rationale: maybeText };

export const factorPermission = z
  .looseObject({ timestamp: instant, regime_context: behavior, ...factorFields }, object)
  .superRefine(byKey(limitsAndFlags), always);
const factorContext = z
  .looseObject(
    { timestamp: instant.nullish(), regime_context: behavior.nullish(), ...factorFields },
    object,
  )
  .superRefine(byKey(limitsAndFlags), always);

/** R11, EXE-1. Of the context each field of the vocabulary that it carries is checked, none but `id` is required. */
export const signalInContext = z.looseObject(
  {
    signal: z.looseObject(
      {
        signal_id: id,
        signal_name: maybeText,
        signal_category: text,
        direction: oneOf(BIASES),
        trigger_timestamp: instant,
        expiry_timestamp: instant.nullish(),
        lifecycle_state: maybeText,
      },
      object,
    ),
    regime_context: z.looseObject(
      {
        id,
        timestamp: instant.nullish(),
        behavior: behavior.nullish(),
        bias: oneOf(BIASES).nullish(),
        confidence: confidence.nullish(),
        is_stable: flag.nullish(),
        macro_state: macroContext.nullish(),
      },
      object,
    ),
    factor_permission: factorContext.nullish(),
    macro_state: macroContext.nullish(),
    flow_state: flowContext.nullish(),
  },
  object,
);

export const belief = z.looseObject(
  {
    belief_id: id,
    belief_type: text,
    value: present,
    confidence,
    timestamp: instant,
    source_layer: oneOf(BELIEF_LAYERS), // R12
    source_id: id,
    predecessor_id: id.nullish(),
    is_stale: flag.nullish(),
    staleness_reason: maybeText,
    required_permissions: listOf(text).nullish(),
    source_signal_ids: listOf(id).nullish(),
  },
  object,
);
