import type { Clause } from './clauses';
import { BUNDLE_FIELDS, REQUIRED_FIELDS } from './bundle';
import { parseCondition } from './conditions';
import { BUILT_INS, type BuiltIn, type Gate, type Graph, isBuiltIn, type Task } from './graph';

/** Why a graph cannot be built. Clause `C5.O` marks what R26 forbids: leaving out or going round the gate. */
export interface GraphProblem {
  readonly clause: Clause;
  readonly detail: string;
}

/** Where a graph's tasks stand: positions in declaration order, edges by position. */
interface Wiring {
  readonly graph: Graph;
  readonly at: ReadonlyMap<string, number>;
  readonly parents: readonly (readonly number[])[];
  readonly children: readonly (readonly number[])[];
}

/**
 * Everything that is refused at construction, every offender named (interface, "Graph"; R26, R33, R34). Empty: it can be built.
 * The shape has been checked already (`documents/graph`).
 */
export function graphProblems(graph: Graph): GraphProblem[] {
  const wiring = wire(graph);
  return [
    ...nameProblems(graph),
    ...dependencyProblems(wiring),
    ...cycleProblems(wiring),
    ...builtInProblems(graph.tasks),
    ...pathProblems(wiring),
    ...schemaProblems(graph.tasks),
    ...gateProblems(wiring),
  ];
}

/**
 * C4.O: topological order; among candidates, declaration order. For a graph without problems.
 * @returns positions in `graph.tasks`, in execution order.
 */
export function executionOrder(graph: Graph): number[] {
  const { parents, children } = wire(graph);
  const waiting = parents.map((list) => list.length);
  const candidates = new Set<number>();
  waiting.forEach((count, i) => count === 0 && candidates.add(i));
  const order: number[] = [];
  while (candidates.size > 0) {
    const next = Math.min(...candidates);
    candidates.delete(next);
    order.push(next);
    for (const child of children[next] ?? []) {
      const left = (waiting[child] ?? 0) - 1;
      waiting[child] = left;
      if (left === 0) candidates.add(child);
    }
  }
  return order;
}

function wire(graph: Graph): Wiring {
  const at = new Map<string, number>();
  graph.tasks.forEach((task, i) => {
    if (!at.has(task.name)) at.set(task.name, i);
  });
  const children: number[][] = graph.tasks.map(() => []);
  const parents = graph.tasks.map((task, i) => {
    const known = new Set<number>();
    for (const name of task.depends_on) {
      const parent = at.get(name);
      if (parent !== undefined) known.add(parent);
    }
    for (const parent of known) children[parent]?.push(i);
    return [...known];
  });
  return { graph, at, parents, children };
}

function nameProblems(graph: Graph): GraphProblem[] {
  const twice = (kind: string, names: readonly string[]): GraphProblem[] => {
    const seen = new Set<string>();
    // One pass: a search for each name would be quadratic in the gates, of which a document holds 200 000.
    const again = names.filter((name) => seen.size === seen.add(name).size);
    return [...new Set(again)].map((name) => ({
      clause: 'C3.D3',
      detail: `${kind} ${quote(name)} is declared more than once`,
    }));
  };
  return [
    ...twice(
      'task',
      graph.tasks.map((task) => task.name),
    ),
    ...twice(
      'gate',
      (graph.gates ?? []).map((gate) => gate.name),
    ),
  ];
}

function dependencyProblems({ graph, at }: Wiring): GraphProblem[] {
  return graph.tasks.flatMap((task) =>
    task.depends_on.flatMap((name): GraphProblem[] => {
      if (name === task.name)
        return [{ clause: 'C3.D3', detail: `task ${quote(name)} depends on itself` }];
      if (at.has(name)) return [];
      return [
        {
          clause: 'C3.D3',
          detail: `task ${quote(task.name)} depends on unknown task ${quote(name)}`,
        },
      ];
    }),
  );
}

/** C3.D3: names the members of every dependency cycle (strongly connected tasks, by Tarjan). */
function cycleProblems({ graph, children }: Wiring): GraphProblem[] {
  const index: (number | undefined)[] = [];
  const low: number[] = [];
  const stack: number[] = [];
  const onStack = new Set<number>();
  const problems: GraphProblem[] = [];
  let visited = 0;
  // Depth is at most the number of tasks, which the shape bounds to 1 000.
  const visit = (node: number): void => {
    const mine = visited++;
    index[node] = mine;
    low[node] = mine;
    stack.push(node);
    onStack.add(node);
    for (const child of children[node] ?? []) {
      if (index[child] === undefined) {
        visit(child);
        low[node] = Math.min(low[node] ?? mine, low[child] ?? mine);
      } else if (onStack.has(child)) {
        low[node] = Math.min(low[node] ?? mine, index[child] ?? mine);
      }
    }
    if (low[node] !== mine) return;
    const members = stack.splice(stack.indexOf(node));
    for (const member of members) onStack.delete(member);
    if (members.length < 2) return;
    const names = members.sort((a, b) => a - b).map((i) => quote(graph.tasks[i]?.name ?? ''));
    problems.push({
      clause: 'C3.D3',
      detail: `tasks ${names.join(', ')} depend on each other in a circle`,
    });
  };
  graph.tasks.forEach((_, i) => index[i] === undefined && visit(i));
  return problems;
}

/** R26: the built-ins stand once, as themselves; T1 and T2 carry nothing that could skip them (C6). */
function builtInProblems(tasks: readonly Task[]): GraphProblem[] {
  const problems: GraphProblem[] = [];
  const refuse = (detail: string): void => void problems.push({ clause: 'C5.O', detail });
  const types = new Map(
    Object.entries(BUILT_INS).map(([ref, { task_type }]) => [task_type as string, ref]),
  );
  for (const task of tasks) {
    const name = quote(task.name);
    if (!isBuiltIn(task.skill_ref)) {
      if (task.skill_ref.startsWith('harness.')) {
        problems.push({
          clause: 'C3.P5',
          detail: `task ${name} names a built-in that does not exist: ${quote(task.skill_ref)} (a built-in has no version)`,
        });
      }
      const owner = types.get(task.task_type);
      if (owner !== undefined)
        refuse(`task ${name} takes task_type ${task.task_type}, which is of ${owner} alone`);
      continue;
    }
    const { task_type, output_schema } = BUILT_INS[task.skill_ref];
    if (task.task_type !== task_type)
      refuse(
        `task ${name} runs ${task.skill_ref} under task_type ${quote(task.task_type)}, not ${task_type}`,
      );
    if (task.output_schema !== output_schema)
      refuse(
        `task ${name} runs ${task.skill_ref} with output_schema ${quote(task.output_schema)}, not ${output_schema}`,
      );
  }
  for (const ref of Object.keys(BUILT_INS) as BuiltIn[]) {
    const holders = tasks.filter((task) => task.skill_ref === ref);
    const names = holders.map((task) => quote(task.name)).join(', ');
    if (holders.length > 1) refuse(`${ref} stands more than once: ${names}`);
    if (ref !== 'harness.validate-state' && ref !== 'harness.check-regime') continue;
    if (holders.length === 0) refuse(`no task runs ${ref}: the gate cannot be left out`);
    for (const task of holders) {
      if (task.required_permissions.length > 0)
        refuse(`task ${quote(task.name)} (${ref}) lists a permission: it cannot be skipped`);
      for (const state of task.required_state) {
        if ((REQUIRED_FIELDS as readonly string[]).includes(state)) continue;
        refuse(
          `task ${quote(task.name)} (${ref}) lists the optional state ${state}: it cannot be skipped`,
        );
      }
    }
  }
  return problems;
}

/** R26: everything passes T1 and T2; what emits or writes beyond the audit log passes T3. */
function pathProblems({ graph, parents, children }: Wiring): GraphProblem[] {
  const problems: GraphProblem[] = [];
  const only = (ref: BuiltIn): number => graph.tasks.findIndex((task) => task.skill_ref === ref);
  const [t1, t2, t3] = [
    only('harness.validate-state'),
    only('harness.check-regime'),
    only('harness.filter-beliefs'),
  ];
  const below = (start: number): ReadonlySet<number> => descendants(start, children);
  const behindT1 = below(t1);
  const behindT2 = below(t2);
  const behindT3 = below(t3);
  graph.tasks.forEach((task, i) => {
    const refuse = (detail: string): void =>
      void problems.push({ clause: 'C5.O', detail: `task ${quote(task.name)} ${detail}` });
    if (i === t1) {
      if (parents[i]?.length)
        refuse('(harness.validate-state) depends on another task: it is the first');
    } else if (i === t2) {
      if (t1 >= 0 && !behindT1.has(i))
        refuse('(harness.check-regime) does not come after harness.validate-state');
    } else if (t2 >= 0 && !behindT2.has(i)) {
      refuse('does not come after harness.check-regime: it would bypass the regime gate');
    }
    const emits = task.skill_ref === 'harness.emit-actions';
    const writes = effectsOf(task);
    if ((emits || writes.length > 0) && !behindT3.has(i)) {
      const what = emits ? 'emits actions' : `writes to ${writes.map(quote).join(', ')}`;
      refuse(`${what} but does not come after harness.filter-beliefs`);
    }
  });
  return problems;
}

function descendants(start: number, children: readonly (readonly number[])[]): ReadonlySet<number> {
  const seen = new Set<number>();
  const queue = start < 0 ? [] : [start];
  for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
    for (const child of children[node] ?? []) {
      if (seen.has(child)) continue;
      seen.add(child);
      queue.push(child);
    }
  }
  return seen;
}

/** SK-1 (R33): no output may pass for an upstream state. */
function schemaProblems(tasks: readonly Task[]): GraphProblem[] {
  return tasks
    .filter((task) => namesUpstreamState(task.output_schema))
    .map((task) => ({
      clause: 'C7.SK1',
      detail: `task ${quote(task.name)} has output_schema ${quote(task.output_schema)}, the name of an upstream state`,
    }));
}

const UPSTREAM = new Set(
  [...BUNDLE_FIELDS, 'harness_input', 'signal_set', 'signal', 'belief_set', 'beliefs', 'belief']
    .filter((name) => name !== 'timestamp')
    .map(bare),
);

/** `RegimeState`, `regime_state` and `regime-state` are one name. */
export function namesUpstreamState(schema: string): boolean {
  return UPSTREAM.has(bare(schema));
}

function bare(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}

function gateProblems(wiring: Wiring): GraphProblem[] {
  return (wiring.graph.gates ?? []).flatMap((gate) => [
    ...gateTargetProblems(gate, wiring),
    ...conditionProblems(gate),
  ]);
}

function gateTargetProblems(gate: Gate, { graph, at }: Wiring): GraphProblem[] {
  const problems: GraphProblem[] = [];
  const name = quote(gate.name);
  const fixed = new Set<string>([
    'harness.validate-state',
    'harness.check-regime',
    'harness.filter-beliefs',
  ]);
  for (const target of gateTargets(gate)) {
    const task = graph.tasks[at.get(target) ?? -1];
    if (task === undefined)
      problems.push({ clause: 'C4.G', detail: `gate ${name} names unknown task ${quote(target)}` });
    else if (fixed.has(task.skill_ref)) {
      // R34: T1–T3 cannot be gated: that would let a graph choose its own gate.
      problems.push({
        clause: 'C5.O',
        detail: `gate ${name} gates task ${quote(target)} (${task.skill_ref}), which cannot be gated`,
      });
    }
  }
  if (gate.if_true === gate.if_false) {
    problems.push({
      clause: 'C4.G',
      detail: `gate ${name} names task ${quote(gate.if_true)} for both branches`,
    });
  }
  return problems;
}

/** The tasks a gate decides about; `SKIP` as `if_false` is no task. */
export function gateTargets(gate: Gate): string[] {
  return gate.if_false === 'SKIP' ? [gate.if_true] : [gate.if_true, gate.if_false];
}

function conditionProblems(gate: Gate): GraphProblem[] {
  const parsed = parseCondition(gate.condition);
  if (parsed.ok) return [];
  const { position, token, message } = parsed.error;
  const detail = `gate ${quote(gate.name)}: ${message}, at position ${position}: ${quote(token)}`;
  return [{ clause: 'C4.G', detail }];
}

/** Side effects beyond the audit log, which every task has. */
export function effectsOf(task: Pick<Task, 'side_effects'>): string[] {
  return task.side_effects.filter((effect) => effect !== 'audit_log');
}

/** A name from outside in a sentence: quoted, control and format characters escaped, not longer than it need be. */
export function quote(text: string): string {
  const quoted = JSON.stringify(text.length > 80 ? `${text.slice(0, 79)}…` : text);
  // JSON leaves C1 controls, bidirectional marks and line separators as they are.
  return quoted.replace(
    /[\p{C}\p{Zl}\p{Zp}]/gu,
    (unseen) => `\\u{${unseen.codePointAt(0)?.toString(16)}}`,
  );
}
