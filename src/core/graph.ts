import type { BundleField } from './bundle';
import type { JsonObject } from './json';

/** A task graph: data, never code (interface, "Graph"). Shape already checked (`documents/graph`). */
export interface Graph {
  readonly graph_id: string;
  readonly version: string;
  readonly parallel?: boolean;
  readonly tasks: readonly Task[];
  readonly gates?: readonly Gate[];
}

/** The contract's Task (§3). `depends_on` names tasks by `name` (R19). */
export interface Task {
  readonly name: string;
  readonly task_type: string;
  readonly skill_ref: string;
  readonly required_state: readonly BundleField[];
  readonly required_permissions: readonly string[];
  readonly depends_on: readonly string[];
  readonly inputs: JsonObject;
  readonly timeout_ms: number;
  readonly output_schema: string;
  readonly side_effects: readonly string[];
  readonly critical?: boolean;
}

/** The contract's ConditionalGate (§4). */
export interface Gate {
  readonly name: string;
  readonly condition: string;
  readonly if_true: string;
  readonly if_false: string;
}

/**
 * The four built-in tasks (C6.T1–T4), known by `skill_ref`, not by name (R26). Each is authorised by an entry of the project's
 * own ledger, `DECISION_LEDGER.md` at the root (R27).
 */
export const BUILT_INS = {
  'harness.validate-state': {
    task_type: 'validate_state',
    output_schema: 'StateValidation',
    clause: 'C6.T1',
    decision_ledger_ref: 'D001',
  },
  'harness.check-regime': {
    task_type: 'check_regime',
    output_schema: 'RegimeCheck',
    clause: 'C6.T2',
    decision_ledger_ref: 'D002',
  },
  'harness.filter-beliefs': {
    task_type: 'filter_beliefs',
    output_schema: 'BeliefFilter',
    clause: 'C6.T3',
    decision_ledger_ref: 'D003',
  },
  'harness.emit-actions': {
    task_type: 'emit_actions',
    output_schema: 'ActionEmission',
    clause: 'C6.T4',
    decision_ledger_ref: 'D004',
  },
} as const;
export type BuiltIn = keyof typeof BUILT_INS;

export function isBuiltIn(skillRef: string): skillRef is BuiltIn {
  return Object.hasOwn(BUILT_INS, skillRef);
}

/** A built-in's version: in results `harness.validate-state@1.0.0`; a graph never writes it. */
export const BUILT_IN_VERSION = '1.0.0';

const builtIn = (
  name: string,
  skillRef: BuiltIn,
  state: BundleField,
  after: readonly string[],
): Task => ({
  name,
  task_type: BUILT_INS[skillRef].task_type,
  skill_ref: skillRef,
  required_state: [state],
  required_permissions: [],
  depends_on: after,
  inputs: {},
  timeout_ms: 5_000,
  output_schema: BUILT_INS[skillRef].output_schema,
  side_effects: ['audit_log'],
  critical: true,
});

/** The contract's minimal v1 graph (C6): the default of every command. */
export const V1_GRAPH: Graph = {
  graph_id: 'v1',
  version: '1.0.0',
  parallel: false,
  tasks: [
    builtIn('T1', 'harness.validate-state', 'regime_state', []),
    builtIn('T2', 'harness.check-regime', 'regime_state', ['T1']),
    builtIn('T3', 'harness.filter-beliefs', 'active_beliefs', ['T2']),
    builtIn('T4', 'harness.emit-actions', 'active_beliefs', ['T3']),
  ],
  gates: [],
};
