import { isBuiltIn, type Gate, type Graph, type Task } from '../core/graph';

/**
 * What both drawings show. Ids are made here from positions (`n1`, `g1`, `s1`), so that no text of
 * a document ever stands where a drawing's syntax expects an id.
 */
export interface Picture {
  readonly graph: Graph;
  /** Gates, then tasks in execution order, then the SKIP ends: every arrow points forward. */
  readonly nodes: readonly PictureNode[];
  readonly arrows: readonly Arrow[];
}

export type PictureNode = TaskNode | GateNode | SkipNode;

export interface TaskNode {
  readonly kind: 'task';
  readonly id: string;
  /** Place in the execution order, from 1. */
  readonly number: number;
  readonly task: Task;
  readonly origin: 'builtin' | 'skill';
}
export interface GateNode {
  readonly kind: 'gate';
  readonly id: string;
  readonly gate: Gate;
}
/** Where a gate's false branch names no task but `SKIP`. */
export interface SkipNode {
  readonly kind: 'skip';
  readonly id: string;
}

export interface Arrow {
  readonly from: string;
  readonly to: string;
  /** A dependency, or the gate's value under which the task at the arrow's head may run (R34). */
  readonly when: 'dependency' | 'true' | 'false';
}

/** Instead of a task in `if_false`: then none runs (C4.G). */
const SKIP = 'SKIP';

/**
 * The nodes and arrows of `graph`, its tasks in `order` (the plan's task names, C4.O).
 * Throws where `order` is not an execution order of exactly this graph: no plan yields that.
 */
export function pictureOf(graph: Graph, order: readonly string[]): Picture {
  const { tasks, arrows, idOf } = placeTasks(graph, order);
  const gates: GateNode[] = [];
  const skips: SkipNode[] = [];
  for (const [index, gate] of (graph.gates ?? []).entries()) {
    const from = `g${index + 1}`;
    gates.push({ kind: 'gate', id: from, gate });
    arrows.push({ from, to: got(idOf, gate.if_true), when: 'true' });
    if (gate.if_false === SKIP) {
      const to = `s${index + 1}`;
      skips.push({ kind: 'skip', id: to });
      arrows.push({ from, to, when: 'false' });
    } else {
      arrows.push({ from, to: got(idOf, gate.if_false), when: 'false' });
    }
  }
  return { graph, nodes: [...gates, ...tasks, ...skips], arrows };
}

interface PlacedTasks {
  readonly tasks: readonly TaskNode[];
  readonly arrows: Arrow[];
  readonly idOf: ReadonlyMap<string, string>;
}

function placeTasks(graph: Graph, order: readonly string[]): PlacedTasks {
  const byName = new Map(graph.tasks.map((task) => [task.name, task]));
  const tasks: TaskNode[] = [];
  const arrows: Arrow[] = [];
  const idOf = new Map<string, string>();
  for (const name of order) {
    const task = byName.get(name);
    if (task === undefined) throw new Error(`the order names ${name}, which the graph lacks`);
    const number = tasks.length + 1;
    const id = `n${number}`;
    for (const dependency of new Set(task.depends_on)) {
      const from = idOf.get(dependency);
      if (from === undefined) throw new Error(`the order puts ${name} before ${dependency}`);
      arrows.push({ from, to: id, when: 'dependency' });
    }
    idOf.set(name, id);
    const origin = isBuiltIn(task.skill_ref) ? 'builtin' : 'skill';
    tasks.push({ kind: 'task', id, number, task, origin });
  }
  if (idOf.size !== graph.tasks.length || order.length !== graph.tasks.length) {
    throw new Error(`the order has ${order.length} tasks, the graph ${graph.tasks.length}`);
  }
  return { tasks, arrows, idOf };
}

/** What a map holds for `key`, where it must hold something. */
export function got<T>(map: ReadonlyMap<string, T>, key: string): T {
  const value = map.get(key);
  if (value === undefined) throw new Error(`the picture has no ${key}`);
  return value;
}
