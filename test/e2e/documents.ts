import { randomUUID } from 'node:crypto';
import type { Json, JsonObject } from '../../src/core/json';
import { freshBundle, regime } from '../support/bundles';

/** Documents as a user writes them from the interface's page: nothing here is taken from the product. */

/** A fresh bundle that no other test has: an extra field inside a state passes through and is part of the hash. */
export function uniqueBundle(changes: JsonObject = {}, at = new Date()): JsonObject {
  const timestamp = at.toISOString();
  const regimeState = regime({ timestamp, made_for: randomUUID() });
  return freshBundle({ regime_state: regimeState, ...changes }, at);
}

export function policy(changes: JsonObject = {}): JsonObject {
  return {
    policy_id: 'default',
    version: '1.0.0',
    min_regime_confidence: 0.5,
    min_belief_confidence: null,
    max_staleness_ms: { default: 300000, macro_state: 86400000 },
    future_tolerance_ms: 2000,
    factor_layer: 'LATENT',
    active_latent_layers: [],
    violations_before_deregistration: 3,
    halt_expiry_ms: 3600000,
    ...changes,
  };
}

export function task(name: string, after: readonly string[], changes: JsonObject = {}): JsonObject {
  return {
    name,
    task_type: 'rank_beliefs',
    skill_ref: 'acme.rank-beliefs',
    required_state: [],
    required_permissions: [],
    depends_on: after,
    inputs: { of: name },
    timeout_ms: 5000,
    output_schema: 'Ranking',
    side_effects: ['audit_log'],
    critical: false,
    ...changes,
  };
}

const T = (name: string, state: string, after: readonly string[], what: JsonObject): JsonObject =>
  task(name, after, { required_state: [state], inputs: {}, critical: true, ...what });

/** The four tasks of the contract's v1 graph. */
export const V1_TASKS: readonly JsonObject[] = [
  T('T1', 'regime_state', [], {
    task_type: 'validate_state',
    skill_ref: 'harness.validate-state',
    output_schema: 'StateValidation',
  }),
  T('T2', 'regime_state', ['T1'], {
    task_type: 'check_regime',
    skill_ref: 'harness.check-regime',
    output_schema: 'RegimeCheck',
  }),
  T('T3', 'active_beliefs', ['T2'], {
    task_type: 'filter_beliefs',
    skill_ref: 'harness.filter-beliefs',
    output_schema: 'BeliefFilter',
  }),
  T('T4', 'active_beliefs', ['T3'], {
    task_type: 'emit_actions',
    skill_ref: 'harness.emit-actions',
    output_schema: 'ActionEmission',
  }),
];

/** The v1 graph with further tasks behind it. */
export function graph(more: readonly JsonObject[] = [], changes: JsonObject = {}): JsonObject {
  return {
    graph_id: 'v1',
    version: '1.0.0',
    parallel: false,
    tasks: [...V1_TASKS, ...more],
    gates: [],
    ...changes,
  };
}

/** Narrows what a document holds under a key, for a test to look further into. */
export function objects(list: Json | undefined): readonly JsonObject[] {
  if (!Array.isArray(list)) throw new Error(`not a list: ${JSON.stringify(list)}`);
  return list as readonly JsonObject[];
}

export function object(value: Json | undefined): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`not an object: ${JSON.stringify(value)}`);
  return value as JsonObject;
}

/** `T1 SUCCESS`, `T4 SKIPPED CONFIDENCE_TOO_LOW`: a cycle's tasks in one look. */
export function taskLines(result: JsonObject): string[] {
  return objects(result['tasks']).map(({ name, outcome, reason }) =>
    [name, outcome, ...(reason === null ? [] : [object(reason)['code']])].map(String).join(' '),
  );
}

export function codesOf(list: Json | undefined): string[] {
  return objects(list).map(({ code }) => String(code));
}
