import { BEHAVIORS, BIASES, type Bundle } from './bundle';
import { isObject, own } from './json';

/** The states that a gate may look at: never signals, beliefs or a task's output (R33). */
export type Operands = Pick<
  Bundle,
  'regime_state' | 'factor_permission' | 'macro_state' | 'flow_state'
>;

export type Kind = 'string' | 'number' | 'boolean';
export type Literal = string | number | boolean;

/** What the language knows of a field, wherever it stands. */
interface FieldRule {
  readonly kind: Kind;
  /** The only strings that it may be compared with; null where the vocabulary is open. */
  readonly words: readonly string[] | null;
  /** Whether `<  <=  >  >=` are allowed. */
  readonly ordered: boolean;
}

export interface Field extends FieldRule {
  /** As it is written: `regime.behavior`. */
  readonly name: string;
  readonly state: keyof Operands;
  readonly path: readonly string[];
}

/** Why a name is no field; `part` is the offending part of the dotted name, null for all of it. */
export interface NoField {
  readonly part: number | null;
  readonly message: string;
}

interface Root {
  readonly state: keyof Operands;
  /** How many names follow the root. */
  readonly depth: number;
  readonly choices: string;
  /** The rule of a whole path, or the index in the path of the name that is wrong. */
  readonly rule: (path: readonly string[]) => FieldRule | number;
}

const TEXT: FieldRule = { kind: 'string', words: null, ordered: false };
const NUMBER: FieldRule = { kind: 'number', words: null, ordered: false };
const SIZE: FieldRule = { kind: 'number', words: null, ordered: true };
const FLAG: FieldRule = { kind: 'boolean', words: null, ordered: false };
const BEHAVIOR: FieldRule = { kind: 'string', words: BEHAVIORS, ordered: false };

const REGIME: ReadonlyMap<string, FieldRule> = new Map([
  ['behavior', BEHAVIOR],
  ['bias', { kind: 'string', words: BIASES, ordered: false }],
  ['confidence', SIZE],
  ['is_stable', FLAG],
]);
const FACTOR: ReadonlyMap<string, FieldRule> = new Map([
  ['size_multiplier', SIZE],
  ['regime_context', BEHAVIOR],
]);
const FLOW: ReadonlyMap<string, FieldRule> = new Map([
  ['rebalance_pressure', NUMBER],
  ['gamma_exposure', NUMBER],
  ['liquidity_score', NUMBER],
  ['index_rebalance_imminent', FLAG],
  ['options_expiry_today', FLAG],
  ['month_end', FLAG],
]);

/** The groups are closed, the names in them open: any identifier that no prototype answers to. */
const MACRO_GROUPS = ['monetary', 'liquidity', 'growth_inflation', 'risk'];
const PROTOTYPE_NAMES = ['__proto__', 'constructor', 'prototype'];
const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;
const PERMITTED = /^[A-Za-z_][A-Za-z0-9_]*_permitted$/;

const ROOTS: ReadonlyMap<string, Root> = new Map([
  [
    'regime',
    {
      state: 'regime_state',
      depth: 1,
      choices: [...REGIME.keys()].join(', '),
      rule: ([name = '']) => REGIME.get(name) ?? 0,
    },
  ],
  [
    'factor',
    {
      state: 'factor_permission',
      depth: 1,
      choices: `<name>_permitted, ${[...FACTOR.keys()].join(', ')}`,
      rule: ([name = '']) => FACTOR.get(name) ?? (PERMITTED.test(name) ? FLAG : 0),
    },
  ],
  [
    'macro',
    {
      state: 'macro_state',
      depth: 2,
      choices: MACRO_GROUPS.map((group) => `${group}.<name>`).join(', '),
      rule: ([group = '', name = '']) => {
        if (!MACRO_GROUPS.includes(group)) return 0;
        return IDENTIFIER.test(name) && !PROTOTYPE_NAMES.includes(name) ? TEXT : 1;
      },
    },
  ],
  [
    'flow',
    {
      state: 'flow_state',
      depth: 1,
      choices: [...FLOW.keys()].join(', '),
      rule: ([name = '']) => FLOW.get(name) ?? 0,
    },
  ],
] satisfies [string, Root][]);

/** The field of that dotted name (interface, "Condition language"), or why there is none. */
export function findField(name: string): Field | NoField {
  const [first = '', ...path] = name.split('.');
  const root = ROOTS.get(first);
  if (root === undefined) {
    return { part: 0, message: `a field begins with ${[...ROOTS.keys()].join(', ')}` };
  }
  const message = `the fields of ${first} are ${root.choices}`;
  const rule = root.rule(path);
  if (typeof rule === 'number') return { part: rule < path.length ? rule + 1 : null, message };
  if (path.length > root.depth) return { part: root.depth + 1, message };
  return { ...rule, name, state: root.state, path };
}

/**
 * The field's value in these states. Undefined, which is "missing": the state or the field is
 * absent or null, or the value is of another kind than the field's. Only own properties are read.
 */
export function readField(field: Field, operands: Operands): Literal | undefined {
  let value: unknown = operands[field.state];
  for (const key of field.path) value = isObject(value) ? own(value, key) : undefined;
  if (typeof value !== field.kind) return undefined;
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? value
    : undefined;
}
