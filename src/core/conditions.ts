import {
  findField,
  readField,
  type Field,
  type Kind,
  type Literal,
  type Operands,
} from './condition-fields';
import { literalOf, Tokens, type Token } from './condition-tokens';
import { CONDITION_CHARS_MAX } from './limits';

// A parser of our own instead of jsep: there a unary operator always binds tighter than a
// comparison, separators and a trailing comma leave no trace in the tree, operators carry no
// position, and a deep nesting overflows the stack.

/** Why a condition is refused at construction, and where. */
export interface ConditionError {
  /**
   * 0-based offset of the offending token in the text, in UTF-16 code units as in every JavaScript
   * string.
   */
  readonly position: number;
  /** The token as it is written; empty where the text ends or is too long. */
  readonly token: string;
  readonly message: string;
}

export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=';

/** A gate's condition, checked: every field, operator and literal in it is allowed. */
export type Condition =
  | { readonly type: 'and' | 'or'; readonly left: Condition; readonly right: Condition }
  | { readonly type: 'not'; readonly operand: Condition }
  | {
      readonly type: 'compare';
      readonly field: Field;
      readonly operator: Comparison;
      readonly literal: Literal;
    }
  | { readonly type: 'in'; readonly field: Field; readonly literals: readonly Literal[] }
  | { readonly type: 'flag'; readonly field: Field };

type Parsed =
  | { readonly ok: true; readonly condition: Condition }
  | { readonly ok: false; readonly error: ConditionError };

function refuse(token: Token, message: string): { readonly ok: false; error: ConditionError } {
  return { ok: false, error: { position: token.position, token: token.text, message } };
}

/** Interface, "Condition language": `not` binds first, then `and`, then `or`; an open parenthesis holds all of them off. */
const BINDING: ReadonlyMap<string, number> = new Map([
  ['or', 1],
  ['and', 2],
  ['not', 3],
]);
const binding = (token: Token): number => BINDING.get(token.text) ?? 0;

/**
 * Parses a gate's condition (C4.G). Never throws, whatever the text. What the language does not
 * have is refused, naming the first offending token.
 */
export function parseCondition(text: string): Parsed {
  if (text.length > CONDITION_CHARS_MAX) {
    const message = `a condition has at most ${CONDITION_CHARS_MAX} characters`;
    return { ok: false, error: { position: CONDITION_CHARS_MAX, token: '', message } };
  }
  const tokens = new Tokens(text);
  if (tokens.current.type === 'end') return refuse(tokens.current, 'the condition is empty');
  return parseJoined(tokens);
}

/** Joined comparisons: with stacks of its own, so that no nesting is too deep. */
function parseJoined(tokens: Tokens): Parsed {
  const operands: Condition[] = [];
  const open: Token[] = [];
  for (;;) {
    while (tokens.current.text === 'not' || tokens.current.text === '(') open.push(tokens.take());
    const operand = parseComparison(tokens);
    if (!operand.ok) return operand;
    operands.push(operand.condition);

    while (tokens.current.text === ')') {
      reduce(operands, open, 1);
      if (open.pop() === undefined) return refuse(tokens.current, 'no parenthesis is open here');
      tokens.take();
    }
    const { type, text } = tokens.current;
    if (type === 'end') break;
    if (text !== 'and' && text !== 'or') {
      return refuse(tokens.current, 'only and, or, ) or the end of the condition can stand here');
    }
    reduce(operands, open, binding(tokens.current));
    open.push(tokens.take());
  }
  reduce(operands, open, 1);
  const unclosed = open.pop();
  if (unclosed !== undefined) return refuse(unclosed, 'this parenthesis is not closed');
  return { ok: true, condition: pop(operands) };
}

/** Joins what is pending and binds at least as strongly as `least`. */
function reduce(operands: Condition[], open: Token[], least: number): void {
  for (let top = open.at(-1); top && binding(top) >= least; top = open.at(-1)) {
    open.pop();
    const right = pop(operands);
    if (top.text === 'not') operands.push({ type: 'not', operand: right });
    else operands.push({ type: top.text === 'and' ? 'and' : 'or', left: pop(operands), right });
  }
}

function pop(operands: Condition[]): Condition {
  const operand = operands.pop();
  if (operand === undefined) throw new Error('an operator was read without its operands');
  return operand;
}

const COMPARE: Readonly<Record<Comparison, (value: Literal, literal: Literal) => boolean>> = {
  '==': (value, literal) => value === literal,
  '!=': (value, literal) => value !== literal,
  '<': (value, literal) => value < literal,
  '<=': (value, literal) => value <= literal,
  '>': (value, literal) => value > literal,
  '>=': (value, literal) => value >= literal,
};
const isComparison = (text: string): text is Comparison => Object.hasOwn(COMPARE, text);

/** One field and what it is compared with. */
function parseComparison(tokens: Tokens): Parsed {
  const named = tokens.current;
  if (named.type !== 'word' || isKeyword(named.text))
    return refuse(named, 'a field must stand here');
  const field = findField(named.text);
  if ('message' in field) return refuse(partOf(named, field.part), field.message);
  tokens.take();

  const next = tokens.current;
  if (next.text === 'in') return parseList(tokens, field);
  if (isComparison(next.text)) {
    if (next.text !== '==' && next.text !== '!=' && !field.ordered) {
      const message = 'only regime.confidence and factor.size_multiplier can be compared by size';
      return refuse(next, message);
    }
    tokens.take();
    const literal = readLiteral(tokens.current, field);
    if (typeof literal === 'object') return literal;
    tokens.take();
    return { ok: true, condition: { type: 'compare', field, operator: next.text, literal } };
  }
  const alone = next.type === 'end' || ['and', 'or', ')'].includes(next.text);
  if (alone && field.kind === 'boolean') return { ok: true, condition: { type: 'flag', field } };
  return refuse(alone ? named : next, `${field.name} must be followed by ==, != or in`);
}

/** `in [..]`: at least one literal, commas between them. */
function parseList(tokens: Tokens, field: Field): Parsed {
  tokens.take();
  const bracket = tokens.current;
  if (bracket.text !== '[') return refuse(bracket, 'after in, a list must stand in [ ]');
  const literals: Literal[] = [];
  do {
    tokens.take();
    const literal = readLiteral(tokens.current, field);
    if (typeof literal === 'object') return literal;
    literals.push(literal);
    tokens.take();
  } while (tokens.current.text === ',');
  if (tokens.current.text !== ']')
    return refuse(tokens.current, 'a list goes on with , or ends with ]');
  tokens.take();
  return { ok: true, condition: { type: 'in', field, literals } };
}

const isKeyword = (text: string): boolean =>
  BINDING.has(text) || ['in', 'true', 'false'].includes(text);

function partOf(token: Token, part: number | null): Token {
  if (part === null) return token;
  const parts = token.text.split('.');
  const before = parts.slice(0, part).join('.').length + (part > 0 ? 1 : 0);
  return { ...token, text: parts[part] ?? '', position: token.position + before };
}

const FORMS: Readonly<Record<Kind, string>> = {
  string: "a string in single quotes, without \\ or control characters, like 'string'",
  number: 'a number like -0.5',
  boolean: 'true or false',
};

/** The literal that this token stands for, when it is one of the field's kind and vocabulary. */
function readLiteral(token: Token, field: Field): Literal | ReturnType<typeof refuse> {
  const literal = literalOf(token);
  if (typeof literal !== field.kind || literal === undefined) {
    return refuse(token, `${field.name} must be compared with ${FORMS[field.kind]}`);
  }
  if (field.words !== null && !field.words.some((word) => word === literal)) {
    return refuse(token, `${field.name} is always one of ${field.words.join(', ')}`);
  }
  return literal;
}

export interface Evaluation {
  readonly value: boolean;
  /**
   * The fields that were met missing, each once, in the order of the text: they belong into the
   * log.
   */
  readonly missing: readonly string[];
}

/**
 * Evaluates a condition over the bundle's states (C4.G, R34). A comparison with a missing field is
 * false, `!=` too, and a boolean field alone. Every part is looked at, so that `missing` is
 * complete.
 */
export function evaluateCondition(condition: Condition, bundle: Operands): Evaluation {
  const missing = new Set<string>();
  const value = evaluate(condition, bundle, missing);
  return { value, missing: [...missing] };
}

function evaluate(condition: Condition, bundle: Operands, missing: Set<string>): boolean {
  switch (condition.type) {
    case 'not':
      return !evaluate(condition.operand, bundle, missing);
    case 'and':
    case 'or': {
      const left = evaluate(condition.left, bundle, missing);
      const right = evaluate(condition.right, bundle, missing);
      return condition.type === 'and' ? left && right : left || right;
    }
  }
  const value = readField(condition.field, bundle);
  if (value === undefined) {
    missing.add(condition.field.name);
    return false;
  }
  switch (condition.type) {
    case 'flag':
      return value === true;
    case 'in':
      return condition.literals.some((literal) => literal === value);
    case 'compare':
      return COMPARE[condition.operator](value, condition.literal);
  }
}
