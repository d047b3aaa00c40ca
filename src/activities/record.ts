import type { GraphAnswer } from '../core/answers';
import { graphProblems } from '../core/construct';
import type { AuditHead, Draft } from '../core/entry';
import type { JsonObject } from '../core/json';
import { buildPlan } from '../core/plan';
import { projectTrail } from '../core/projection';
import { capReasons, type Reason } from '../core/reasons';
import { resultOf } from '../core/result';
import { NO_SKILLS } from '../core/skills';
import type { CycleInput } from '../core/start';
import type { Dependencies } from './dependencies';

/** BUILD_GRAPH (CA): the plan, or every reason why there is none. */
export async function buildGraph(
  { states }: Dependencies,
  start: CycleInput,
  judged: boolean,
): Promise<GraphAnswer> {
  const shape = await states.graph(start.graph_hash);
  if (shape.graph === null) return refusal(shape.problems, false);
  const problems = graphProblems(shape.graph);
  if (problems.length > 0) {
    const override = problems.some(({ clause }) => clause === 'C5.O'); // R26
    return refusal(
      problems.map(({ detail }) => detail),
      override,
    );
  }
  const { input_hash, graph_hash, policy_hash } = start;
  const plan = buildPlan({
    graph: shape.graph,
    bundle: judged ? await states.validBundle(input_hash) : null,
    policy: await states.policy(policy_hash),
    skills: NO_SKILLS,
    hashes: { input_hash, graph_hash, policy_hash },
  });
  return { built: true, plan };
}

function refusal(details: readonly string[], override: boolean): GraphAnswer {
  const problems = details.map((detail): Reason => ({ code: 'GRAPH_INVALID', detail }));
  return { built: false, problems: capReasons(problems), override };
}

/** Entries that do not ride on a task: before a wait, beside parallel tasks. */
export function recordEntries(
  { store }: Dependencies,
  cycleId: string,
  entries: readonly Draft[],
): Promise<AuditHead> {
  return store.audit.append(cycleId, entries);
}

/** FINALIZE (CA): the chain gets its last entries first, then the result is what the chain tells. */
export async function closeCycle(
  { store }: Dependencies,
  cycleId: string,
  entries: readonly Draft[],
): Promise<AuditHead> {
  const closed = await store.audit.append(cycleId, entries);
  const { cycle, run_id, audit } = projectTrail((await store.audit.read(cycleId)) ?? []);
  const result = resultOf(cycle, run_id, audit);
  await store.cycles.putResult(cycleId, result as unknown as JsonObject);
  return closed;
}
