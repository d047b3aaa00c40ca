import type { AnnouncedTask } from '../core/events';
import { type Graph, V1_GRAPH } from '../core/graph';
import { cycleId, planHash } from '../core/identity';
import type { JsonObject, Sha256 } from '../core/json';
import { identify } from '../core/plan';
import { DEFAULT_POLICY, type Policy } from '../core/policy';
import { readGraph } from '../documents/graph';
import { readDocument } from '../documents/json';
import { readPolicy } from '../documents/policy';
import { Problem } from '../problem';

/** A submitted document: what it says, its canonical text and its hash. */
export interface Submitted {
  readonly value: JsonObject;
  readonly text: string;
  readonly hash: Sha256;
}

/** A document as bytes, with the name that an error should give it; null for the default. */
export type Source = { readonly name: string; readonly bytes: Uint8Array };

/** Everything that is known before anything runs: documents, hashes, order and ids. No state is judged. */
export interface Prepared {
  readonly mode: 'shadow';
  readonly bundle: Submitted;
  readonly graph: Submitted & { readonly document: Graph };
  readonly policy: Submitted & { readonly document: Policy };
  readonly cycle_id: string;
  readonly plan_hash: Sha256;
  readonly tasks: readonly PreparedTask[];
  readonly first_task: AnnouncedTask;
}

export interface PreparedTask {
  readonly name: string;
  readonly task_id: string;
  readonly task_type: string;
  readonly skill_ref: string;
}

/** What a cycle runs by, whatever its bundle. */
export interface Rules {
  readonly mode: 'shadow';
  readonly graph: Prepared['graph'];
  readonly policy: Prepared['policy'];
}

/** Graph, policy and mode, without a bundle: what a schedule starts its cycles by. @throws Problem as {@link prepare} */
export function prepareRules(graph: Source | null, policy: Source | null, mode: string): Rules {
  const submittedGraph = graph === null ? ours(V1_GRAPH) : submitted(graph);
  const submittedPolicy = policy === null ? ours(DEFAULT_POLICY) : submitted(policy);
  const document = graphOf(submittedGraph, graph?.name ?? 'the default graph');
  const policyDocument = policyOf(submittedPolicy, policy?.name ?? 'the default policy');
  return {
    mode: modeOf(mode),
    graph: { ...submittedGraph, document },
    policy: { ...submittedPolicy, document: policyDocument },
  };
}

/**
 * Reads bundle, graph and policy and computes the plan's ids, offline.
 * @throws Problem UNREADABLE for a document without canonical form, USAGE for a policy, GRAPH_INVALID for a graph that
 *   cannot be built (every offender named), USAGE for mode live (R22).
 */
export function prepare(
  bundle: Source,
  graph: Source | null,
  policy: Source | null,
  mode = 'shadow',
): Prepared {
  const submittedBundle = submitted(bundle);
  const rules = prepareRules(graph, policy, mode);
  const hashes = {
    input_hash: submittedBundle.hash,
    graph_hash: rules.graph.hash,
    policy_hash: rules.policy.hash,
  };
  const identified = identify(rules.graph.document, hashes.input_hash);
  const tasks = identified.map(({ task: { name, task_type, skill_ref }, task_id }) => ({
    name,
    task_id,
    task_type,
    skill_ref,
  }));
  const t1 = identified[0];
  if (t1 === undefined)
    throw new Problem('GRAPH_INVALID', 'the graph has no task', graph?.name ?? null);
  return {
    ...rules,
    bundle: submittedBundle,
    cycle_id: cycleId(rules.mode, hashes.input_hash, hashes.graph_hash, hashes.policy_hash),
    plan_hash: planHash({ ...hashes, tasks: tasks.map(({ name, task_id }) => [name, task_id]) }),
    tasks,
    first_task: {
      name: t1.task.name,
      task_id: t1.task_id,
      task_type: t1.task.task_type,
      skill_ref: t1.task.skill_ref,
      timeout_ms: t1.task.timeout_ms,
    },
  };
}

/** R22: V1 does not execute orders. */
function modeOf(mode: string): 'shadow' {
  if (mode === 'shadow') return mode;
  const why = mode === 'live' ? 'V1 executes no orders (C6)' : 'there is no such mode';
  throw new Problem('USAGE', `mode ${mode} is refused: ${why}; use --mode shadow`, '--mode');
}

function submitted({ name, bytes }: Source): Submitted {
  const read = readDocument(bytes);
  if (!read.ok) throw new Problem('UNREADABLE', `${name}: ${read.problem}`, name);
  return read;
}

/** A default document of the interface, as if it had been submitted. */
function ours(document: Graph | Policy): Submitted {
  const read = readDocument(Buffer.from(JSON.stringify(document)));
  if (!read.ok) throw new Error(read.problem);
  return read;
}

function graphOf(document: Submitted, name: string): Graph {
  const { graph, problems } = readGraph(document.value);
  if (graph !== null) return graph;
  throw new Problem('GRAPH_INVALID', `${name}: ${problems.join('; ')}`, name);
}

function policyOf(document: Submitted, name: string): Policy {
  const read = readPolicy(document.value);
  if (read.ok) return read.policy;
  throw new Problem('USAGE', `${name}: ${read.problem}`, read.path);
}
