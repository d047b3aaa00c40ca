import type { Bundle } from '../../src/core/bundle';
import { type Gate, type Graph, type Task, V1_GRAPH } from '../../src/core/graph';
import { hashOf } from '../../src/core/identity';
import type { Json, JsonObject } from '../../src/core/json';
import { buildPlan, type Plan } from '../../src/core/plan';
import { DEFAULT_POLICY, type Policy } from '../../src/core/policy';
import { NO_SKILLS, type SkillFacts, type SkillsSnapshot } from '../../src/core/skills';
import { readBundle } from '../../src/documents/bundle';
import { readGraphShape } from '../../src/documents/graph';
import { readPolicy } from '../../src/documents/policy';
import { changed } from '../documents/samples';

/** The instant at which every state of these samples was made, and at which they are judged. */
export const AT = '2026-11-22T14:25:29.000Z';
export const AT_MS = Date.parse(AT);
export const at = (offsetMs: number): string => new Date(AT_MS + offsetMs).toISOString();

/** The least valid bundle with something to do: one belief, no optional state. */
export const plainBundle = (): JsonObject => ({
  timestamp: AT,
  regime_state: {
    id: 'RS-1',
    timestamp: AT,
    behavior: 'TRENDING_NORMAL_VOL',
    bias: 'NEUTRAL',
    confidence: 0.8,
    is_stable: true,
  },
  active_beliefs: [belief('B-1')],
});

export const belief = (id: string, changes: JsonObject = {}): JsonObject => ({
  belief_id: id,
  belief_type: 'momentum',
  value: null,
  confidence: 0.7,
  timestamp: AT,
  source_layer: 'L9',
  source_id: 'SRC-1',
  required_permissions: [],
  ...changes,
});

export const permission = (changes: JsonObject = {}): JsonObject => ({
  timestamp: AT,
  regime_context: 'TRENDING_NORMAL_VOL',
  ...changes,
});

/** The document with several paths changed; undefined removes. */
export function edited(
  document: JsonObject,
  changes: Readonly<Record<string, Json | undefined>>,
): JsonObject {
  return Object.entries(changes).reduce(
    (made, [path, value]) => changed(made, path, value),
    document,
  );
}

/** A bundle as T1 hands it on: read, judged for form, frozen. */
export function bundleOf(document: JsonObject): Bundle {
  const { bundle, findings } = readBundle(document);
  if (bundle === null) throw new Error(findings.map(({ detail }) => detail).join('; '));
  return bundle;
}

export const bundleWith = (changes: Readonly<Record<string, Json | undefined>> = {}): Bundle =>
  bundleOf(edited(plainBundle(), changes));

export function policyWith(changes: JsonObject = {}): Policy {
  const read = readPolicy({ ...DEFAULT_POLICY, ...changes } as unknown as Json);
  if (!read.ok) throw new Error(read.problem);
  return read.policy;
}

/** A task of a skill, behind T3 unless it says otherwise. */
export const task = (name: string, changes: Partial<Task> = {}): Task => ({
  name,
  task_type: 'rank',
  skill_ref: 'acme.rank',
  required_state: [],
  required_permissions: [],
  depends_on: ['T3'],
  inputs: { name },
  timeout_ms: 1_000,
  output_schema: 'Ranking',
  side_effects: ['audit_log'],
  ...changes,
});

export const gate = (condition: string, ifTrue: string, ifFalse = 'SKIP', name = 'g'): Gate => ({
  name,
  condition,
  if_true: ifTrue,
  if_false: ifFalse,
});

/** The v1 graph with further tasks and gates, checked for its shape. */
export const graphWith = (tasks: readonly Task[], gates: readonly Gate[] = []): Graph =>
  shaped({ ...V1_GRAPH, graph_id: 'test', tasks: [...V1_GRAPH.tasks, ...tasks], gates });

/** The v1 graph with one of its tasks changed. */
export const v1With = (name: string, changes: Partial<Task>): Graph =>
  shaped({
    ...V1_GRAPH,
    tasks: V1_GRAPH.tasks.map((each) => (each.name === name ? { ...each, ...changes } : each)),
  });

export function shaped(graph: Graph): Graph {
  const read = readGraphShape(graph as unknown as Json);
  if (read.graph === null) throw new Error(read.problems.join('; '));
  return read.graph;
}

export const skill = (changes: Partial<SkillFacts> = {}): SkillFacts => ({
  skill_id: 'acme.rank',
  skill_version: '1.2.0',
  state: 'ACTIVE',
  task_types: ['rank'],
  required_inputs: [],
  output_schema: 'Ranking',
  side_effects: ['audit_log'],
  registration: `sha256:${'a'.repeat(64)}`,
  ...changes,
});

export const RANK: SkillsSnapshot = { 'acme.rank': skill() };

/** The plan as BUILD_GRAPH makes it, with the hashes of these very documents. */
export function planOf(
  graph: Graph,
  bundle: Bundle = bundleWith(),
  policy: Policy = DEFAULT_POLICY,
  skills: SkillsSnapshot = NO_SKILLS,
): Plan {
  const [input_hash, graph_hash, policy_hash] = [bundle, graph, policy].map((document) =>
    hashOf(document as unknown as Json),
  );
  if (!input_hash || !graph_hash || !policy_hash) throw new Error('three documents, three hashes');
  return buildPlan({
    graph,
    bundle,
    policy,
    skills,
    hashes: { input_hash, graph_hash, policy_hash },
  });
}

/** What bars each task of the plan: its reason's code, or null. */
export const barsOf = (plan: Plan): Record<string, string | null> =>
  Object.fromEntries(plan.tasks.map(({ name, barred }) => [name, barred?.code ?? null]));
