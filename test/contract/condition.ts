import type { Json, JsonObject } from '../../src/core/json';
import { at } from './document';

/** A gate's condition as what it means (interface, "Condition language"). */
export type Condition =
  | { readonly is: 'alone'; readonly field: string }
  | {
      readonly is: 'compared';
      readonly field: string;
      readonly by: keyof typeof COMPARED;
      readonly to: Json;
    }
  | { readonly is: 'in'; readonly field: string; readonly list: readonly Json[] }
  | { readonly is: 'not'; readonly of: Condition }
  | { readonly is: 'and' | 'or'; readonly left: Condition; readonly right: Condition };

type Compare = (value: number, to: number) => boolean;

const COMPARED = {
  '==': (value, to) => value === to,
  '!=': (value, to) => value !== to,
  '<': (value, to) => value < to,
  '<=': (value, to) => value <= to,
  '>': (value, to) => value > to,
  '>=': (value, to) => value >= to,
} as const satisfies Record<string, Compare>;

const STATES: Readonly<Record<string, string>> = {
  regime: 'regime_state',
  factor: 'factor_permission',
  macro: 'macro_state',
  flow: 'flow_state',
};

/** Every comparison with a missing field is false, `!=` too; alone it is false. */
export function holds(condition: Condition, bundle: JsonObject): boolean {
  switch (condition.is) {
    case 'not':
      return !holds(condition.of, bundle);
    case 'and':
      return holds(condition.left, bundle) && holds(condition.right, bundle);
    case 'or':
      return holds(condition.left, bundle) || holds(condition.right, bundle);
  }
  const [root = '', ...path] = condition.field.split('.');
  const value = at(bundle, [STATES[root] ?? root, ...path]);
  if (value === undefined || value === null) return false;
  switch (condition.is) {
    case 'alone':
      return value === true;
    case 'in':
      return condition.list.includes(value);
    case 'compared':
      return COMPARED[condition.by](value as number, condition.to as number);
  }
}

const BINDS = { or: 1, and: 2, not: 3, compared: 4, in: 4, alone: 4 } as const;

/** As it is written: in parentheses only where they are needed. */
export function textOf(condition: Condition): string {
  const part = (inner: Condition, least: number): string =>
    BINDS[inner.is] < least ? `(${textOf(inner)})` : textOf(inner);
  switch (condition.is) {
    case 'alone':
      return condition.field;
    case 'compared':
      return `${condition.field} ${condition.by} ${literal(condition.to)}`;
    case 'in':
      return `${condition.field} in [${condition.list.map(literal).join(', ')}]`;
    case 'not':
      return `not ${part(condition.of, BINDS.not)}`;
    case 'and':
    case 'or': {
      const least = BINDS[condition.is];
      return `${part(condition.left, least)} ${condition.is} ${part(condition.right, least)}`;
    }
  }
}

function literal(value: Json): string {
  return typeof value === 'string' ? `'${value}'` : String(value);
}
