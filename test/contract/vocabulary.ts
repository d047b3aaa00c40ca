import type { Json } from '../../src/core/json';
import { at, entriesOf, isAbsent, listOf } from './document';

/*
 * The vocabulary as a table: what stands in each state. A `?` behind a name: it may be absent or null. `*` in a name stands for
 * any text. Names that are not in the table may hold anything.
 */

type Kind = (value: Json) => boolean;
type Fields = Readonly<Record<string, Kind>>;

const text: Kind = (value) => typeof value === 'string';
const id: Kind = (value) => text(value) && value !== '';
const number: Kind = (value) => typeof value === 'number';
const flag: Kind = (value) => typeof value === 'boolean';
const within =
  (least: number, most: number): Kind =>
  (value) =>
    typeof value === 'number' && value >= least && value <= most;
const oneOf =
  (...words: readonly string[]): Kind =>
  (value) =>
    words.some((word) => word === value);
const list =
  (item: Kind): Kind =>
  (value) =>
    Array.isArray(value) && value.every(item);
const anything: Kind = () => true;

/** In UTC, with a zone, of a date that there is. */
const instant: Kind = (value) => msOf(value) !== null;

/** Milliseconds since the epoch; null: it is no RFC 3339 time in UTC. Whole milliseconds: what is finer is cut off. */
export function msOf(value: Json | undefined): number | null {
  const shape = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|\+00:00)$/;
  const [, seconds, fraction = ''] = typeof value === 'string' ? (shape.exec(value) ?? []) : [];
  if (seconds === undefined) return null;
  const ms = Date.parse(`${seconds}Z`);
  const isDate = !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(seconds);
  return isDate ? ms + Number(`${fraction}000`.slice(0, 3)) : null;
}

const BEHAVIOR = oneOf(
  'TRENDING_NORMAL_VOL',
  'TRENDING_HIGH_VOL',
  'MEAN_REVERTING_LOW_VOL',
  'MEAN_REVERTING_HIGH_VOL',
  'EVENT_DOMINANT',
  'EVENT_LOCK',
  'UNDEFINED',
);
const BIAS = oneOf('BULLISH', 'BEARISH', 'NEUTRAL');

const GROUP: Fields = { '*?': text };
const MACRO: Fields = {
  timestamp: instant,
  'window_id?': text,
  'monetary?': of(GROUP),
  'liquidity?': of(GROUP),
  'growth_inflation?': of(GROUP),
  'risk?': of(GROUP),
};
const FLOW: Fields = {
  timestamp: instant,
  'rebalance_pressure?': within(-1, 1),
  'gamma_exposure?': number,
  'liquidity_score?': number,
  'index_rebalance_imminent?': flag,
  'options_expiry_today?': flag,
  'month_end?': flag,
};
const REGIME: Fields = {
  id,
  timestamp: instant,
  behavior: BEHAVIOR,
  bias: BIAS,
  confidence: within(0, 1),
  is_stable: flag,
  'macro_state?': of(MACRO),
};
const FACTOR: Fields = {
  timestamp: instant,
  regime_context: BEHAVIOR,
  '*_permitted?': flag,
  'max_*_exposure?': number,
  'max_factor_concentration?': number,
  'size_multiplier?': within(0, 1),
  'rationale?': text,
};
const SIGNAL: Fields = {
  signal: of({
    signal_id: id,
    'signal_name?': text,
    signal_category: text,
    direction: BIAS,
    trigger_timestamp: instant,
    'expiry_timestamp?': instant,
    'lifecycle_state?': text,
  }),
  // EXE-1: at least the regime's id; of the rest each field that it carries.
  regime_context: of({ ...carried(REGIME), id, 'macro_state?': of(carried(MACRO)) }),
  'factor_permission?': of(carried(FACTOR)),
  'macro_state?': of(carried(MACRO)),
  'flow_state?': of(carried(FLOW)),
};
const BELIEF: Fields = {
  belief_id: id,
  belief_type: text,
  value: anything,
  confidence: within(0, 1),
  timestamp: instant,
  source_layer: oneOf('L5.5', 'L6', 'L7', 'L9'), // R12
  source_id: id,
  'predecessor_id?': id,
  'is_stale?': flag,
  'staleness_reason?': text,
  'required_permissions?': list(text),
  'source_signal_ids?': list(id),
};

/** The bundle's fields. Of the states that may be missing, and of those that may not (R10), the form alike. */
export const BUNDLE: Fields = {
  timestamp: instant,
  regime_state: of(REGIME),
  factor_permission: of(FACTOR),
  signals: (value) => list(of(SIGNAL))(value) && differ(value, ['signal', 'signal_id']),
  active_beliefs: (value) => list(of(BELIEF))(value) && differ(value, ['belief_id']),
  macro_state: of(MACRO),
  flow_state: of(FLOW),
};

/** Everything may be absent. */
function carried(fields: Fields): Fields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, kind]) => [`${name.replace(/\?$/, '')}?`, kind]),
  );
}

function of(fields: Fields): Kind {
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
    return Object.entries(fields).every(([name, kind]) => {
      const isOptional = name.endsWith('?');
      const [before = '', after] = name.replace(/\?$/, '').split('*');
      const held = entriesOf(value).filter(([key]) =>
        after === undefined
          ? key === before
          : key.length >= before.length + after.length &&
            key.startsWith(before) &&
            key.endsWith(after),
      );
      if (!isOptional && held.length === 0) return false;
      return held.every(([, each]) => (isOptional && isAbsent(each)) || kind(each));
    });
  };
}

function differ(value: Json, path: readonly string[]): boolean {
  const ids = listOf(value).map((item) => at(item, path));
  return new Set(ids).size === ids.length;
}
