import type { ValidateDone } from '../core/answers';
import { hashOf, taskId } from '../core/identity';
import type { JsonObject } from '../core/json';
import { capReasons } from '../core/reasons';
import type { CycleInput } from '../core/start';
import { parseInstant } from '../core/time';
import { judge, judgeInvalid, type Verdict } from '../core/validate';
import type { TaskCall } from './contract';
import type { Dependencies } from './dependencies';
import { buildGraph } from './record';
import { runTask } from './task';

/** T1 (C6.T1): verifies that the state is present, valid and fresh, and that the start says what the store holds. */
export function validateState(
  deps: Dependencies,
  call: TaskCall,
  start: CycleInput,
): Promise<ValidateDone> {
  return runTask<ValidateDone>(deps, call, async () => {
    const verdict = await verdictOn(deps, call, start);
    const { findings, ...rest } = verdict;
    const { verdict: word, fresh_until, factor_layer, seen } = rest;
    return {
      verdict: { ...rest, findings: capReasons(findings) },
      output: { verdict: word, fresh_until, factor_layer, ...seen },
      ...(word === 'PROCEED' ? await graphAhead(deps, start) : {}),
      ...told(deps),
    };
  });
}

function told({ people }: Dependencies): Pick<ValidateDone, 'people'> {
  const told = people.told();
  return told === undefined ? {} : { people: told };
}

/** What goes wrong here is no failure of T1: the graph is then built in its own step, which tells. */
async function graphAhead(
  deps: Dependencies,
  start: CycleInput,
): Promise<Pick<ValidateDone, 'graph'>> {
  return buildGraph(deps, start, true).then(
    (graph) => ({ graph }),
    () => ({}),
  );
}

async function verdictOn(deps: Dependencies, call: TaskCall, start: CycleInput): Promise<Verdict> {
  const misstated = await misstatementIn(deps, start);
  if (misstated !== null) return judgeInvalid([{ code: 'OVERRIDE_ATTEMPT', detail: misstated }]);
  const [{ bundle, findings }, policy] = await Promise.all([
    deps.states.bundle(call.hashes.input),
    deps.states.policy(call.hashes.policy),
  ]);
  return bundle === null
    ? judgeInvalid(findings)
    : judge(bundle, policy, parseInstant(call.evaluated_at) ?? 0);
}

/** C5.O: a start whose policy or first task is not that of the documents it names asks for something else than it says. */
async function misstatementIn({ states }: Dependencies, start: CycleInput): Promise<string | null> {
  const { input_hash, graph_hash, policy_hash, first_task: announced } = start;
  if (hashOf(start.policy as unknown as JsonObject) !== policy_hash)
    return 'the start carries another policy than its policy_hash names';
  const { graph } = await states.graph(graph_hash);
  if (graph === null) return null; // refused when the graph is built
  const t1 = graph.tasks.find((task) => task.skill_ref === 'harness.validate-state');
  const id = t1 === undefined ? '' : taskId(t1.task_type, input_hash, t1.inputs);
  const same =
    announced.name === t1?.name &&
    announced.task_id === id &&
    announced.timeout_ms === t1?.timeout_ms;
  return same && announced.task_type === t1?.task_type
    ? null
    : 'the start announces another first task than its graph has';
}
