import type { z } from 'zod';
import {
  type Belief,
  type Bundle,
  BUNDLE_FIELDS,
  type BundleField,
  type FactorPermission,
  type FlowState,
  type MacroState,
  type RegimeState,
  REQUIRED_FIELDS,
  type SignalInContext,
} from '../core/bundle';
import { type Json, type JsonObject, isObject, own } from '../core/json';
import type { Reason } from '../core/reasons';
import { instant, problemsIn } from './form';
import { show, showKey } from './show';
import * as state from './states';

export interface BundleRead {
  /** The bundle as submitted, optional states that are absent being null; deep-frozen. Null when there is a finding. */
  readonly bundle: Bundle | null;
  /** All STATE_MISSING, then all STATE_INVALID (C2.U1), each in the order of the bundle's fields. */
  readonly findings: readonly Reason[];
}

/** Looking on would not help a person; 16 MiB can hold millions. The last finding then says that there are more. */
const FINDINGS_MAX = 20_000;

/** R10, R13: the form of a bundle. It is neither completed nor mended; every JSON object gets an answer. */
export function readBundle(value: JsonObject): BundleRead {
  const findings: Reason[] = [];
  for (const finding of findingsIn(value)) {
    if (findings.length === FINDINGS_MAX) {
      findings.push({ code: 'STATE_INVALID', detail: 'further problems were not looked for' });
      break;
    }
    findings.push(finding);
  }
  if (findings.length > 0) return { bundle: null, findings };

  const bundle: Bundle = {
    // Each state's form has just been found right: nothing but that makes these types true.
    timestamp: own(value, 'timestamp') as string,
    regime_state: own(value, 'regime_state') as RegimeState & JsonObject,
    factor_permission: (own(value, 'factor_permission') ?? null) as FactorPermission | null,
    signals: (own(value, 'signals') ?? null) as readonly (SignalInContext & JsonObject)[] | null,
    active_beliefs: own(value, 'active_beliefs') as readonly (Belief & JsonObject)[],
    macro_state: (own(value, 'macro_state') ?? null) as MacroState | null,
    flow_state: (own(value, 'flow_state') ?? null) as FlowState | null,
  };
  return { bundle: deepFreeze(bundle), findings };
}

/** One state's problems, as sentences. */
type Form = (value: Json) => Iterable<string>;

const FORMS: Readonly<Record<BundleField, Form>> = {
  timestamp: single('timestamp', instant),
  regime_state: single('regime_state', state.regimeState),
  factor_permission: single('factor_permission', state.factorPermission),
  signals: listOfUnique('signals', state.signalInContext, ['signal', 'signal_id']),
  active_beliefs: listOfUnique('active_beliefs', state.belief, ['belief_id']),
  macro_state: single('macro_state', state.macroState),
  flow_state: single('flow_state', state.flowState),
};
const FIELD_NAMES: ReadonlySet<string> = new Set(BUNDLE_FIELDS);

function* findingsIn(value: JsonObject): Generator<Reason> {
  // R10, C2.U1: null is absent. An empty list of beliefs is there.
  for (const field of REQUIRED_FIELDS) {
    if ((own(value, field) ?? null) !== null) continue;
    yield { code: 'STATE_MISSING', detail: `${field} is missing`, state: field };
  }
  for (const field of BUNDLE_FIELDS) {
    const held = own(value, field) ?? null;
    if (held === null) continue;
    for (const problem of FORMS[field](held)) yield invalid(field, problem);
  }
  // R13: a top-level field that the bundle does not have.
  for (const key of Object.keys(value)) {
    if (FIELD_NAMES.has(key)) continue;
    yield invalid(showKey(key), `the bundle has an unknown field ${show(key)}`);
  }
}

function single(field: BundleField, schema: z.ZodType): Form {
  return (value) => problemsIn(schema, value, field).map((problem) => problem.text);
}

/** A list whose items are each of the schema's form and differ in the id at `idPath`. */
function listOfUnique(field: BundleField, schema: z.ZodType, idPath: readonly string[]): Form {
  return function* (value) {
    if (!Array.isArray(value)) {
      yield `${field} is ${show(value)}, not a list`;
      return;
    }
    const firstWith = new Map<string, number>();
    for (const [index, item] of value.entries()) {
      const path = `${field}[${index}]`;
      for (const problem of problemsIn(schema, item, path)) yield problem.text;

      const id = idPath.reduce<Json | undefined>(
        (held, key) => (isObject(held) ? own(held, key) : undefined),
        item,
      );
      if (typeof id !== 'string') continue;
      const first = firstWith.get(id);
      if (first === undefined) firstWith.set(id, index);
      else yield `${path}.${idPath.join('.')} is ${show(id)}, as in ${field}[${first}] already`;
    }
  };
}

function invalid(field: string, detail: string): Reason {
  return { code: 'STATE_INVALID', detail, state: field };
}

/** C2.1: states are immutable. */
function deepFreeze<T extends object>(root: T): T {
  const open: object[] = [root];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    Object.freeze(next);
    for (const held of Object.values(next)) {
      if (typeof held === 'object' && held !== null && !Object.isFrozen(held)) open.push(held);
    }
  }
  return root;
}
