import { z } from 'zod';
import { BUNDLE_FIELDS } from '../core/bundle';
import { graphProblems } from '../core/construct';
import type { Gate, Graph, Task } from '../core/graph';
import { type Json, isObject, own } from '../core/json';
import { GRAPH_GATES_MAX, GRAPH_TASKS_MAX, TASK_TIMEOUT_MS_MAX } from '../core/limits';
import { flag, id, listOf, oneOf, plainObject, problemsIn, text, wholeNumber, words } from './form';

export interface GraphRead {
  /** The graph as submitted; null when there is a problem. */
  readonly graph: Graph | null;
  /** Every offender, named by its path. */
  readonly problems: readonly string[];
}

/** A graph of 16 MiB can hold millions of wrong gates. */
const PROBLEMS_MAX = 1_000;

const object = words('an object');
const NAME = 'a name of 1 to 64 of the characters A–Z a–z 0–9 _ -';

const task: z.ZodType<Task> = z.strictObject(
  {
    name: z.string(words(NAME)).regex(/^[A-Za-z0-9_-]{1,64}$/, words(NAME)),
    task_type: id,
    skill_ref: id,
    required_state: listOf(oneOf(BUNDLE_FIELDS)), // R10
    required_permissions: listOf(id),
    depends_on: listOf(id),
    inputs: plainObject,
    timeout_ms: wholeNumber(1, TASK_TIMEOUT_MS_MAX),
    output_schema: id,
    side_effects: listOf(id),
    critical: flag.exactOptional(),
  },
  object,
);

const gate: z.ZodType<Gate> = z.strictObject(
  { name: id, condition: text, if_true: id, if_false: id },
  object,
);

/** Tasks and gates are judged one by one, so that no list of problems grows without bound. */
const list = z.custom<readonly Json[]>(Array.isArray, { ...words('a list'), abort: true });
const outline = z.strictObject(
  {
    graph_id: id,
    version: id,
    parallel: flag.exactOptional(),
    tasks: list
      .refine((tasks) => tasks.length > 0, words('a list with at least one task'))
      .refine(
        (tasks) => tasks.length <= GRAPH_TASKS_MAX,
        words(`a list of at most ${GRAPH_TASKS_MAX} tasks`),
      ),
    gates: list
      .refine(
        (gates) => gates.length <= GRAPH_GATES_MAX,
        words(`a list of at most ${GRAPH_GATES_MAX} gates`),
      )
      .exactOptional(),
  },
  object,
);

export interface ConstructionRead {
  /** A graph that can be built; null when there is a problem. */
  readonly graph: Graph | null;
  readonly problems: readonly string[];
  /** R26: it leaves out the gate, or goes round it. */
  readonly override: boolean;
}

/** A graph's shape, and where that is right, what it means: everything that is refused at construction. */
export function readGraph(value: Json): ConstructionRead {
  const { graph, problems } = readGraphShape(value);
  if (graph === null) return { graph, problems, override: false };
  const refused = graphProblems(graph);
  return {
    graph: refused.length === 0 ? graph : null,
    problems: refused.map(({ detail }) => detail),
    override: refused.some(({ clause }) => clause === 'C5.O'),
  };
}

/** The shape of a graph (interface, "Graph"). What it means is judged at construction (`core/construct`). */
export function readGraphShape(value: Json): GraphRead {
  const problems: string[] = [];
  for (const problem of problemsOf(value)) {
    if (problems.length === PROBLEMS_MAX) {
      problems.push('further problems were not looked for');
      break;
    }
    problems.push(problem);
  }
  if (problems.length > 0) return { graph: null, problems };

  const { tasks, gates, ...rest } = outline.parse(value);
  const graph: Graph = { ...rest, tasks: tasks.map((entry) => task.parse(entry)) };
  if (gates === undefined) return { graph, problems };
  return { graph: { ...graph, gates: gates.map((entry) => gate.parse(entry)) }, problems };
}

function* problemsOf(value: Json): Generator<string> {
  for (const problem of problemsIn(outline, value)) yield `graph: ${problem.text}`;
  if (!isObject(value)) return;
  yield* problemsOfEach('tasks', task, own(value, 'tasks'), GRAPH_TASKS_MAX);
  yield* problemsOfEach('gates', gate, own(value, 'gates'), GRAPH_GATES_MAX);
}

function* problemsOfEach(
  key: string,
  schema: z.ZodType,
  entries: Json | undefined,
  most: number,
): Generator<string> {
  if (!Array.isArray(entries) || entries.length > most) return;
  for (const [index, entry] of entries.entries()) {
    for (const problem of problemsIn(schema, entry, `${key}[${index}]`)) {
      yield `graph: ${problem.text}`;
    }
  }
}
