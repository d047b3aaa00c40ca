import type { Gate, Graph, Task } from '../../src/core/graph';
import { emits, writesOf, type Row } from './table';

/*
 * Graphs that are not built (interface, "Graph"; R26, R33, R34), as a table. `OVERRIDE` marks what is also a HARNESS_VIOLATION:
 * a graph that leaves out its gate, or goes round it (C5.O).
 */

/** The built-ins, each with the type and the schema that are its alone. */
const BUILT_INS: Readonly<Record<string, readonly [type: string, schema: string]>> = {
  'harness.validate-state': ['validate_state', 'StateValidation'],
  'harness.check-regime': ['check_regime', 'RegimeCheck'],
  'harness.filter-beliefs': ['filter_beliefs', 'BeliefFilter'],
  'harness.emit-actions': ['emit_actions', 'ActionEmission'],
};
const T1 = 'harness.validate-state';
const T2 = 'harness.check-regime';
const T3 = 'harness.filter-beliefs';
const FIRST_THREE = [T1, T2, T3];

const UPSTREAM = [
  'regimestate',
  'factorpermission',
  'signals',
  'signal',
  'signalset',
  'activebeliefs',
  'beliefs',
  'belief',
  'beliefset',
  'macrostate',
  'flowstate',
  'harnessinput',
];

export interface Drawn {
  readonly graph: Graph;
  /** Whether the language has it. */
  readonly isCondition: (text: string) => boolean;
}

type Refusal = 'REFUSED' | 'OVERRIDE';

const row = (
  from: string,
  says: Refusal,
  when: (drawn: Drawn) => boolean,
): Row<Refusal, Drawn> => ({ from, says, when });

const anyTask = (is: (task: Task, graph: Graph) => boolean) => (drawn: Drawn) =>
  drawn.graph.tasks.some((task) => is(task, drawn.graph));
const anyGate = (is: (gate: Gate, drawn: Drawn) => boolean) => (drawn: Drawn) =>
  (drawn.graph.gates ?? []).some((gate) => is(gate, drawn));

export const REFUSED: readonly Row<Refusal, Drawn>[] = [
  row('C3.D3: a name twice', 'REFUSED', ({ graph }) =>
    [graph.tasks, graph.gates ?? []].some((list) => !differ(list.map(({ name }) => name))),
  ),
  row(
    'C3.D3: an unknown dependency',
    'REFUSED',
    anyTask(({ depends_on }, graph) => depends_on.some((name) => !find(graph, name))),
  ),
  row(
    'C3.D3: on itself, or in a circle',
    'REFUSED',
    anyTask(({ name }, graph) => above(graph, name).includes(name)),
  ),
  row(
    'C3.P5: a built-in that there is not',
    'REFUSED',
    anyTask(({ skill_ref }) => skill_ref.startsWith('harness.') && !(skill_ref in BUILT_INS)),
  ),
  row(
    'R33: an output named like an upstream state',
    'REFUSED',
    anyTask(({ output_schema }) =>
      UPSTREAM.includes(output_schema.toLowerCase().replaceAll(/[^a-z0-9]/g, '')),
    ),
  ),
  row('R26: one T1 and one T2', 'OVERRIDE', ({ graph }) =>
    [T1, T2].some((ref) => of(graph, ref).length !== 1),
  ),
  row('R26: no built-in twice', 'OVERRIDE', ({ graph }) =>
    Object.keys(BUILT_INS).some((ref) => of(graph, ref).length > 1),
  ),
  row(
    'R26: each under its own type and schema',
    'OVERRIDE',
    anyTask(({ skill_ref, task_type, output_schema }) => {
      const [type, schema] = BUILT_INS[skill_ref] ?? [task_type, output_schema];
      return type !== task_type || schema !== output_schema;
    }),
  ),
  row(
    "R26: no other skill takes a built-in's type",
    'OVERRIDE',
    anyTask(
      ({ skill_ref, task_type }) =>
        !(skill_ref in BUILT_INS) && Object.values(BUILT_INS).some(([type]) => type === task_type),
    ),
  ),
  row(
    'R26, C6: T1 and T2 cannot be skipped',
    'OVERRIDE',
    anyTask(
      ({ skill_ref, required_permissions, required_state }) =>
        [T1, T2].includes(skill_ref) &&
        (required_permissions.length > 0 ||
          required_state.some(
            (name) => !['timestamp', 'regime_state', 'active_beliefs'].includes(name),
          )),
    ),
  ),
  row(
    'R26: T1 is the first',
    'OVERRIDE',
    anyTask(
      ({ skill_ref, depends_on }, graph) =>
        skill_ref === T1 && depends_on.some((name) => find(graph, name)),
    ),
  ),
  row(
    'R26: T2 comes after T1, all others after T2',
    'OVERRIDE',
    anyTask(({ skill_ref, name }, graph) => {
      const gate = skill_ref === T2 ? T1 : T2;
      return skill_ref !== T1 && of(graph, gate).length > 0 && !isBehind(graph, name, gate);
    }),
  ),
  row(
    'R26: what emits or writes comes after T3',
    'OVERRIDE',
    anyTask(
      (task, graph) =>
        (emits(task) || writesOf(task).length > 0) && !isBehind(graph, task.name, T3),
    ),
  ),
  row(
    'R34: T1–T3 cannot be gated',
    'OVERRIDE',
    anyGate((gate, { graph }) =>
      targets(gate).some((name) => FIRST_THREE.includes(find(graph, name)?.skill_ref ?? '')),
    ),
  ),
  row(
    'C4.G: a gate on an unknown task',
    'REFUSED',
    anyGate((gate, { graph }) => targets(gate).some((name) => !find(graph, name))),
  ),
  row(
    'C4.G: one task for both branches',
    'REFUSED',
    anyGate(({ if_true, if_false }) => if_true === if_false),
  ),
  row(
    'C4.G: no condition of the language',
    'REFUSED',
    anyGate(({ condition }, { isCondition }) => !isCondition(condition)),
  ),
];

const differ = (names: readonly string[]): boolean => new Set(names).size === names.length;

function find(graph: Graph, name: string): Task | undefined {
  return graph.tasks.find((task) => task.name === name);
}

function of(graph: Graph, ref: string): readonly Task[] {
  return graph.tasks.filter(({ skill_ref }) => skill_ref === ref);
}

function targets({ if_true, if_false }: Gate): readonly string[] {
  return if_false === 'SKIP' ? [if_true] : [if_true, if_false];
}

/** All that a task descends from, itself where it stands in a circle. */
export function above(graph: Graph, name: string): readonly string[] {
  const seen: string[] = [];
  const look = (each: string): void => {
    for (const { depends_on } of graph.tasks.filter((task) => task.name === each))
      for (const parent of depends_on) {
        if (seen.includes(parent)) continue;
        seen.push(parent);
        look(parent);
      }
  };
  look(name);
  return seen;
}

function isBehind(graph: Graph, name: string, ref: string): boolean {
  return above(graph, name).some((parent) => find(graph, parent)?.skill_ref === ref);
}
