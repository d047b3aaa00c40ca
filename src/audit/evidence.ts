import type { Cycle } from '../core/cycle';
import type { Entry } from '../core/entry';
import type { Graph } from '../core/graph';
import { codeOf } from '../core/invariant';
import { isObject, isRef, type Json, type JsonObject, type Sha256, valueOf } from '../core/json';
import { buildPlan, type Plan } from '../core/plan';
import type { Policy } from '../core/policy';
import { NO_SKILLS } from '../core/skills';
import { readGraph } from '../documents/graph';
import type { DocumentStore } from '../store/store';

/** A document that entries stand on, by the line of the first that names it. */
export interface Needed {
  readonly line: number;
  readonly seq: number;
  readonly ref: Sha256;
  /** In a sentence: `the bundle`. */
  readonly what: string;
  /** What is wrong with what stands there; null: nothing. */
  readonly judge?: (document: Json) => string | null;
}

export type Finding = {
  readonly line: number;
  readonly seq: number;
  readonly missing: boolean;
  readonly problem: string;
};

/** The documents that an entry stands on; `cycle` has been told of it already. */
export function neededBy(entry: Entry, line: number, cycle: Cycle): Needed[] {
  const { seq, type, data } = entry;
  const at = { line, seq };
  const opened = cycle.opened;
  switch (type) {
    case 'CYCLE_OPENED': {
      if (opened === null) return [];
      const { input_hash, graph_hash, policy_hash } = opened;
      const bundle = input_hash === null ? [] : [{ ...at, ref: input_hash, what: 'the bundle' }];
      const documents = [
        { ...at, ref: graph_hash, what: 'the graph' },
        { ...at, ref: policy_hash, what: 'the policy' },
      ];
      return [...bundle, ...documents];
    }
    case 'GRAPH_BUILT': {
      if (opened === null) return [];
      const plan = data as unknown as Plan;
      const { input_hash, graph_hash, policy_hash } = opened;
      if (input_hash === null) return [];
      const hashes = { input_hash, graph_hash, policy_hash };
      const judge = (graph: Json) => planProblem(plan, graph, opened.policy, hashes);
      return [{ ...at, ref: graph_hash, what: 'the graph', judge }];
    }
    case 'TASK_ENDED': {
      const { lists, left, output } = data;
      const held = isObject(lists) ? Object.entries(lists) : [];
      const effects = isObject(left) ? left['effects'] : null;
      return [...held, ['output', output ?? null], ['effects', effects ?? null]].flatMap(
        ([name, value]) =>
          isRef(value) ? [{ ...at, ref: value.ref, what: `the ${String(name)} of a task` }] : [],
      );
    }
    case 'ACTION_EMITTED':
    case 'ACTION_KNOWN':
      return survivorOf(data, at, cycle);
    default:
      return [];
  }
}

/** C6.T4: what is emitted has survived T3. A list of up to 1 KiB is judged as it stands on record. */
function survivorOf(
  { belief_id }: JsonObject,
  at: { readonly line: number; readonly seq: number },
  { lists }: Cycle,
): Needed[] {
  const { survivors } = lists;
  if (survivors === undefined || !isRef(survivors)) return [];
  const judge = (list: Json): string | null =>
    Array.isArray(list) && list.includes(belief_id ?? null)
      ? null
      : `the action for ${String(belief_id)} is of no belief that survived T3 (C6.T4)`;
  return [{ ...at, ref: survivors.ref, what: 'the list of surviving beliefs', judge }];
}

/** C4.I1: the plan is the one that bundle, graph and policy give; task ids are those of R19. */
function planProblem(
  plan: Plan,
  document: Json,
  policy: Policy,
  hashes: {
    readonly input_hash: Sha256;
    readonly graph_hash: Sha256;
    readonly policy_hash: Sha256;
  },
): string | null {
  const graph = graphOf(document);
  if (graph === null) return 'a plan was built of a graph that is refused (C3.D3)';
  // Nothing of the bundle but its hash: what it bars, and by which skills, is the engine's to say, and may change with it.
  const own = buildPlan({ graph, bundle: null, policy, skills: NO_SKILLS, hashes });
  if (shapeOf(own) !== shapeOf(plan))
    return 'the plan is not the one that its graph gives: tasks, order, task ids or dependencies (C4.I1)';
  return own.plan_hash === plan.plan_hash
    ? null
    : 'the plan hash is not that of bundle, graph and policy (C4.I1)';
}

function shapeOf({ tasks, parallel }: Plan): string {
  const shapes = tasks.map(({ name, task_id, task_type, after, timeout_ms, critical, effects }) => [
    name,
    task_id,
    task_type,
    after,
    timeout_ms,
    critical,
    effects,
  ]);
  return JSON.stringify([parallel, shapes]);
}

type Known = Json | null | 'DAMAGED';

/** How many small documents are kept: cycles share graphs and policies. */
const KEPT = 500;
const KEPT_CHARS = 64 * 1024;

/** What entries stand on, read from one store. */
export class Evidence {
  private readonly kept = new Map<Sha256, Known>();
  private readonly documents: DocumentStore;

  constructor(documents: DocumentStore) {
    this.documents = documents;
  }

  /** The first problem, in the chain's order. */
  async examine(needed: readonly Needed[]): Promise<Finding | null> {
    const read = new Map<Sha256, Known>();
    for (const { ref, what, line, seq, judge } of needed) {
      const known = read.get(ref) ?? (await this.documentAt(ref));
      read.set(ref, known);
      if (known === null)
        return { line, seq, missing: true, problem: `${what} ${ref} is not in the store` };
      if (known === 'DAMAGED')
        return { line, seq, missing: false, problem: `${what} ${ref} does not hash to its name` };
      const problem = judge?.(known) ?? null;
      if (problem !== null) return { line, seq, missing: false, problem };
    }
    return null;
  }

  private async documentAt(ref: Sha256): Promise<Known> {
    const kept = this.kept.get(ref);
    if (kept !== undefined) return kept;
    const { known, chars } = await readDocument(this.documents, ref);
    if (chars <= KEPT_CHARS) this.kept.set(ref, known);
    const [oldest] = this.kept.keys();
    if (this.kept.size > KEPT && oldest !== undefined) this.kept.delete(oldest);
    return known;
  }
}

async function readDocument(
  documents: DocumentStore,
  ref: Sha256,
): Promise<{ readonly known: Known; readonly chars: number }> {
  try {
    const bytes = await documents.get(ref);
    if (bytes === null) return { known: null, chars: 0 };
    const known = valueOf(Buffer.from(bytes).toString('utf8')) ?? 'DAMAGED';
    return { known, chars: bytes.length };
  } catch (error) {
    if (codeOf(error) === 'DOCUMENT_DAMAGED') return { known: 'DAMAGED', chars: 0 };
    throw error;
  }
}

/** Many plans are of one graph: it is judged once, as long as its document is kept. */
const graphs = new WeakMap<object, Graph | null>();

function graphOf(document: Json): Graph | null {
  if (!isObject(document)) return null;
  const known = graphs.get(document);
  if (known !== undefined) return known;
  const { graph } = readGraph(document);
  graphs.set(document, graph);
  return graph;
}
