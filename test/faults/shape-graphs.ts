import type { Json, JsonObject } from '../../src/core/json';
import { act } from '../support/skills';
import { patientGraph } from './world';

/** The v1 graph with further tasks. */
export function graphWith(tasks: readonly JsonObject[], changes: JsonObject = {}): JsonObject {
  const graph = patientGraph();
  return { ...graph, ...changes, tasks: [...graph.tasks, ...tasks] } as unknown as JsonObject;
}

/** One task of the skill that does these steps, and one behind it. */
export function skillGraph(skill: string, steps: Json): JsonObject {
  return graphWith([
    act('kept', skill, { steps }),
    act('again', 'acme.kept', { steps: [] }, { depends_on: ['kept'] }),
  ]);
}

/** Two branches behind T3, by skills that nobody registered: they are skipped side by side with T4. */
export function parallelGraph(): JsonObject {
  const branch = (name: string) => ({
    name,
    task_type: 'rank_beliefs',
    skill_ref: 'acme.rank-beliefs',
    required_state: [],
    required_permissions: [],
    depends_on: ['T3'],
    inputs: { name },
    timeout_ms: 60_000,
    output_schema: 'Ranking',
    side_effects: [],
  });
  const both = ['rank-a', 'rank-b'].map(branch);
  return graphWith(both, { graph_id: 'parallel', parallel: true });
}

/** One that our own client refuses. */
export function gatelessGraph(): JsonObject {
  const graph = patientGraph();
  const tasks = graph.tasks.filter(({ name }) => name !== 'T2');
  return { ...graph, tasks } as unknown as JsonObject;
}
