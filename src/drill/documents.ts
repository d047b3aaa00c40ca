import { randomUUID } from 'node:crypto';
import { type Graph, V1_GRAPH } from '../core/graph';
import type { Json, JsonObject } from '../core/json';
import { DEFAULT_POLICY, type Policy } from '../core/policy';
import { formatInstant } from '../core/time';
import { type SkillName, skillId } from './skill';

/** A bundle that no other cycle has, good in every way, with permission for momentum and none for value. */
export function bundle(changes: JsonObject = {}, ageMs = 0): JsonObject {
  const timestamp = formatInstant(Date.now() - ageMs);
  const behavior = 'TRENDING_NORMAL_VOL';
  return {
    timestamp,
    regime_state: {
      id: `drill-${randomUUID()}`,
      timestamp,
      behavior,
      bias: 'BULLISH',
      confidence: 0.9,
      is_stable: true,
    },
    factor_permission: {
      timestamp,
      regime_context: behavior,
      momentum_permitted: true,
      value_permitted: false,
    },
    signals: [],
    active_beliefs: [
      {
        belief_id: 'B-drill',
        belief_type: 'direction',
        value: { direction: 'up' },
        confidence: 0.9,
        timestamp,
        source_layer: 'L9',
        source_id: 'drill',
        required_permissions: ['momentum'],
        source_signal_ids: ['S-drill'],
      },
    ],
    ...changes,
  };
}

export function policy(changes: Partial<Policy>): JsonObject {
  return { ...DEFAULT_POLICY, policy_id: 'drill', ...changes } as unknown as JsonObject;
}

export interface Step {
  readonly name: string;
  readonly steps: readonly (readonly [deed: string, about: Json])[];
  readonly timeout_ms?: number;
}

/** The v1 graph, and behind T4 the tasks of the skill. */
export function graph(skill: SkillName, steps: readonly Step[]): JsonObject {
  const more = steps.map(({ name, steps: inputs, timeout_ms = 20_000 }) => ({
    name,
    task_type: 'drill',
    skill_ref: skillId(skill),
    required_state: [],
    required_permissions: [],
    depends_on: ['T4'],
    inputs: { of: name, steps: inputs },
    timeout_ms,
    output_schema: 'Drilled',
    side_effects: ['notes'],
  }));
  return withTasks([...V1_GRAPH.tasks, ...more]);
}

/** The v1 graph without the regime gate: no client of ours would start it. */
export function ungated(): JsonObject {
  const tasks = V1_GRAPH.tasks.filter(({ task_type }) => task_type !== 'check_regime');
  return withTasks(
    tasks.map((task) => (task.name === 'T3' ? { ...task, depends_on: ['T1'] } : task)),
  );
}

function withTasks(tasks: Graph['tasks'] | readonly object[]): JsonObject {
  return { ...V1_GRAPH, graph_id: 'drill', tasks } as unknown as JsonObject;
}
