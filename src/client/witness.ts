import { type Milestone, milestoneIn } from '../core/cycle-ledger';
import { isObject } from '../core/json';
import { EXECUTION_CYCLE } from '../core/start';
import type { Harness } from './context';

/** How many results are asked for at once. */
const AT_ONCE = 20;

/**
 * The ends of chains that Temporal's history holds: what each ended run of a cycle returned. By cycle id; what its retention
 * has dropped, and what was terminated, is not among them.
 */
export async function endsInTemporal(
  harness: Harness,
): Promise<ReadonlyMap<string, readonly Milestone[]>> {
  const ends = new Map<string, Milestone[]>();
  const query = `WorkflowType = '${EXECUTION_CYCLE}' AND ExecutionStatus = 'Completed'`;
  const { workflow } = harness.client;
  const take = async (workflowId: string, runId: string): Promise<void> => {
    const result: unknown = await workflow.getHandle(workflowId, runId).result();
    if (!isObject(result)) return;
    const { cycle_id, audit } = result;
    const end = milestoneIn(audit);
    if (typeof cycle_id !== 'string' || end === null) return;
    ends.set(cycle_id, [...(ends.get(cycle_id) ?? []), end]);
  };
  let asked: Promise<void>[] = [];
  for await (const { workflowId, runId } of workflow.list({ query })) {
    asked.push(take(workflowId, runId));
    if (asked.length < AT_ONCE) continue;
    await Promise.all(asked);
    asked = [];
  }
  await Promise.all(asked);
  return ends;
}
