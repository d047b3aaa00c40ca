import { type Context, createContext, Script } from 'node:vm';
import type { ErrorObject, ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020';
import { RE2JS } from 're2js';
import { codeOf, messageOf } from '../core/invariant';
import { isObject, type Json, type JsonObject, own } from '../core/json';
import { DOCUMENT_DEPTH_MAX } from '../core/limits';
import { show, showKey, step } from './show';

/** What is wrong with a skill's output, in plain words with a path; empty: nothing. It never throws. */
export type OutputCheck = (output: Json) => string[];

export type OutputSchemaRead =
  | { readonly ok: true; readonly check: OutputCheck }
  | { readonly ok: false; readonly problem: string };

/** Far above what describes one result; low enough that compiling it is quick. */
const SCHEMA_CHARS_MAX = 64 * 1_024;
const PATTERN_CHARS_MAX = 1_000;
/** A schema can ask for any amount of work, by `$ref` alone. Below the heartbeat timeout of a worker. */
const WORK_MS_MAX = 1_500;
const PROBLEMS_MAX = 20;

/**
 * Compiles an output schema (JSON Schema 2020-12; `format` only annotates, as the standard has it). Nothing is fetched.
 * Patterns are matched in linear time, so that no output can hold the worker up. One plain sentence where it is refused.
 */
export function readOutputSchema(schema: JsonObject): OutputSchemaRead {
  const problem = sizeProblem(schema);
  if (problem !== null) return refused(problem);
  const bounded = bounds();
  const compiled = bounded(() => compile(schema));
  if (!compiled.done) return refused(compileProblem(compiled.error));
  const validate = compiled.value;
  if ('$async' in validate) return refused('it is asynchronous ($async): leave this out');
  return { ok: true, check: (output) => check(bounded, validate, output) };
}

function compile(schema: JsonObject): ValidateFunction {
  const ajv = new Ajv2020({
    strict: true,
    // Zod and people write unions, tuples and required keys as they please.
    strictTypes: false,
    strictTuples: false,
    strictRequired: false,
    validateFormats: false,
    inlineRefs: false,
    ownProperties: true,
    logger: false,
    code: { regExp: Object.assign(linearPattern, { code: 'linearPattern' }) },
  });
  return ajv.compile(schema);
}

/**
 * Matched by RE2's method; what it cannot express (look-around, back-references) throws. Ajv tells patterns apart by
 * `toString`, which gives the pattern.
 */
function linearPattern(pattern: string): RE2JS {
  if (pattern.length > PATTERN_CHARS_MAX) {
    throw new PatternProblem(`a pattern has ${pattern.length} characters`);
  }
  try {
    return RE2JS.compile(RE2JS.translateRegExp(pattern));
  } catch (error) {
    const what = messageOf(error).replace(/^error parsing regexp: /, '');
    throw new PatternProblem(`its pattern "${showKey(pattern)}" has ${showKey(what)}`);
  }
}

class PatternProblem extends Error {}

function check(bounded: Bounds, validate: ValidateFunction, output: Json): string[] {
  const checked = bounded(() => validate(output) === true);
  if (!checked.done) return [`output cannot be checked against its schema: ${why(checked.error)}`];
  if (checked.value) return [];
  const problems = (validate.errors ?? []).slice(0, PROBLEMS_MAX);
  return problems.map((problem) => inWords(problem, output));
}

type Bounded<T> =
  { readonly done: true; readonly value: T } | { readonly done: false; readonly error: unknown };

type Bounds = <T>(work: () => T) => Bounded<T>;

/** Runs work with an end: V8 itself breaks it off when it takes too long. Made once a schema: that takes longer than most checks. */
function bounds(): Bounds {
  const script = new Script('run()');
  const context: Context = createContext({});
  return <T>(work: () => T): Bounded<T> => {
    const held: { result?: Bounded<T> } = {};
    context['run'] = (): void => {
      held.result = { done: true, value: work() };
    };
    try {
      script.runInContext(context, { timeout: WORK_MS_MAX });
    } catch (error) {
      return { done: false, error };
    } finally {
      context['run'] = undefined;
    }
    return held.result ?? { done: false, error: new Error('it ended without a result') };
  };
}

function why(error: unknown): string {
  if (codeOf(error) === 'ERR_SCRIPT_EXECUTION_TIMEOUT') {
    return `it takes longer than ${WORK_MS_MAX} ms`;
  }
  const endless = messageOf(error).includes('call stack');
  return endless ? 'it refers to itself without end' : showKey(messageOf(error));
}

function compileProblem(error: unknown): string {
  if (error instanceof PatternProblem) {
    const mend = `write it without look-around and back-references, in at most ${PATTERN_CHARS_MAX} characters`;
    return `${error.message}, which cannot be matched in linear time: ${mend}`;
  }
  return why(error);
}

function sizeProblem(schema: JsonObject): string | null {
  let level: readonly unknown[] = [schema];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth === DOCUMENT_DEPTH_MAX)
      return `it is nested deeper than ${DOCUMENT_DEPTH_MAX} levels`;
    level = level.flatMap((value) => Object.values(Object(value)).filter(isNested));
  }
  const { length } = JSON.stringify(schema);
  return length > SCHEMA_CHARS_MAX
    ? `it has ${length} characters, more than ${SCHEMA_CHARS_MAX}`
    : null;
}

function isNested(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function inWords(problem: ErrorObject, output: Json): string {
  const { path, value } = located(problem.instancePath, output);
  const { keyword, params, message = 'is not as its schema says' } = problem;
  switch (keyword) {
    case 'required':
      return `${step(path, String(params['missingProperty']))} is missing`;
    case 'additionalProperties':
    case 'unevaluatedProperties': {
      const key = String(params['additionalProperty'] ?? params['unevaluatedProperty']);
      return `${path} has an unknown key ${show(key)}`;
    }
    case 'type':
      return `${path} is ${show(value)}, not of type ${String(params['type'])}`;
    case 'enum':
    case 'const':
      return `${path} is ${show(value)}, not one of the values that its schema allows`;
    default:
      return `${path} ${showKey(message)}`;
  }
}

/** A JSON pointer as documents name places: `output.ranked[2].score`. */
function located(
  pointer: string,
  output: Json,
): { readonly path: string; readonly value: Json | undefined } {
  let path = 'output';
  let value: Json | undefined = output;
  for (const token of pointer.split('/').slice(1)) {
    const key = token.replaceAll('~1', '/').replaceAll('~0', '~');
    if (Array.isArray(value)) {
      const items: readonly Json[] = value;
      value = items[Number(key)];
      path = step(path, Number(key));
    } else {
      value = isObject(value) ? own(value, key) : undefined;
      path = step(path, key);
    }
  }
  return { path, value };
}

function refused(problem: string): { readonly ok: false; readonly problem: string } {
  return { ok: false, problem: `output schema: ${problem}` };
}
