import {
  type WorkflowClient,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
} from '@temporalio/client';
import type { JsonObject } from '../core/json';
import type { Policy } from '../core/policy';
import { projectTrail } from '../core/projection';
import { resultOf } from '../core/result';
import { type CycleInput, EXECUTION_CYCLE, TASK_QUEUE, workflowIdFor } from '../core/start';
import { Problem } from '../problem';
import { HARNESS_KEYS } from '../search-attributes';
import { withSearchAttributes } from './attributes';
import { cycleLink, type Harness } from './context';
import { refuseWhileHalted } from './latch';
import type { Prepared } from './prepare';

/** What a start answers: enough to find the cycle everywhere. */
export interface Started {
  readonly cycle_id: string;
  readonly workflow_id: string;
  readonly run_id: string | null;
  readonly mode: 'shadow';
  readonly deduplicated: boolean;
  readonly plan_hash: string;
  readonly link: string;
}

export interface StartOptions {
  /** The halted cycle that this one restarts on a fresh bundle (RESTART_FRESH). */
  readonly restarts?: string;
}

/**
 * Starts one cycle: stores its documents, then starts the workflow. The same bundle, graph, policy and mode are the same
 * cycle: it is returned, not run again, unless it ended CANCELLED or its workflow was cut off (C4.I2, R36).
 * @throws Problem NO_SERVER, REFUSED, HARNESS_HALTED
 */
export async function startCycle(
  harness: Harness,
  prepared: Prepared,
  options: StartOptions = {},
): Promise<Started> {
  const { store } = harness;
  const { cycle_id, mode } = prepared;
  const [known, result] = await Promise.all([
    store.cycles.find(cycle_id),
    store.cycles.result(cycle_id),
  ]);
  const ended = result ?? (known === null ? null : await endOnRecord(store, cycle_id));
  const workflowId =
    known?.workflow_id ?? workflowIdFor(mode, prepared.bundle.value['timestamp'], cycle_id);
  const answer = (runId: string | null, deduplicated: boolean): Started => ({
    cycle_id,
    workflow_id: workflowId,
    run_id: runId,
    mode,
    deduplicated,
    plan_hash: prepared.plan_hash,
    link: cycleLink(harness, workflowId, runId ?? undefined),
  });

  // The server forgets a closed workflow after its retention; the record does not.
  if (ended !== null && ended['outcome'] !== 'CANCELLED')
    return answer(String(ended['run_id']), true);
  await refuseWhileHalted(store);
  await storeDocuments(harness, prepared, workflowId);
  if (ended !== null && !(await isRunning(harness, workflowId)))
    await store.cycles.dropResult(cycle_id);

  try {
    const runId = await startWorkflow(harness, workflowId, inputOf(prepared, options), prepared);
    return answer(runId, false);
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    return answer(await sameCycle(harness, workflowId, cycle_id), true);
  }
}

/**
 * Cut off behind its last entry, before its result was stored, a cycle has ended all the same: the record stands, and the
 * result is made of it. One that ended CANCELLED may be on its way again, and has none then.
 */
async function endOnRecord(
  { audit, cycles }: Harness['store'],
  cycleId: string,
): Promise<JsonObject | null> {
  const entries = (await audit.read(cycleId)) ?? [];
  const last = entries.at(-1);
  if (last?.type !== 'CYCLE_ENDED' || last.data['outcome'] === 'CANCELLED') return null;
  const told = projectTrail(entries);
  const result = resultOf(told.cycle, last.run_id, told.audit) as unknown as JsonObject;
  await cycles.putResult(cycleId, result);
  return result;
}

async function storeDocuments(
  { store }: Harness,
  prepared: Prepared,
  workflowId: string,
): Promise<void> {
  const { bundle, graph, policy, cycle_id, mode } = prepared;
  // All at once: each waits for the disk, and none for another. Nothing runs before all of them are there.
  await Promise.all([
    ...[bundle, graph, policy].map(({ text }) => store.documents.put(Buffer.from(text))),
    store.cycles.put({
      cycle_id,
      workflow_id: workflowId,
      mode,
      input_hash: bundle.hash,
      graph_hash: graph.hash,
      policy_hash: policy.hash,
      created_at: new Date().toISOString(),
    }),
  ]);
}

function inputOf(prepared: Prepared, { restarts }: StartOptions): CycleInput {
  return {
    cycle_id: prepared.cycle_id,
    mode: prepared.mode,
    input_hash: prepared.bundle.hash,
    graph_hash: prepared.graph.hash,
    policy_hash: prepared.policy.hash,
    policy: prepared.policy.value as JsonObject & Policy,
    first_task: prepared.first_task,
    ...(restarts === undefined ? {} : { restarts }),
  };
}

async function startWorkflow(
  harness: Harness,
  workflowId: string,
  input: CycleInput,
  prepared: Prepared,
): Promise<string> {
  const start: () => ReturnType<WorkflowClient['start']> = () =>
    harness.client.workflow.start(EXECUTION_CYCLE, {
      workflowId,
      taskQueue: TASK_QUEUE,
      args: [input],
      // A worker that dies inside a workflow task is missed after this long (R24).
      workflowTaskTimeout: '5s',
      // R36: Temporal itself lets a closed cycle run again only when it was cancelled, terminated, failed or timed out.
      workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
      workflowIdConflictPolicy: 'FAIL',
      staticSummary: summaryOf(prepared),
      staticDetails: detailsOf(prepared),
      memo: { cycle_id: input.cycle_id, graph: prepared.graph.document.graph_id },
      typedSearchAttributes: [
        { key: HARNESS_KEYS.mode, value: input.mode },
        { key: HARNESS_KEYS.phase, value: 'IDLE' },
      ],
    });
  return (await withSearchAttributes(harness, start)).firstExecutionRunId;
}

function summaryOf({ mode, tasks, graph, policy }: Prepared): string {
  const { graph_id } = graph.document;
  return `${mode} cycle: graph ${cut(graph_id)}, ${tasks.length} tasks, policy ${cut(policy.document.policy_id)}`;
}

function detailsOf(prepared: Prepared): string {
  const { bundle, graph, policy, cycle_id, plan_hash } = prepared;
  return [
    `- cycle \`${cycle_id}\``,
    `- bundle \`${bundle.hash}\``,
    `- graph ${cut(graph.document.graph_id)} ${cut(graph.document.version)} \`${graph.hash}\``,
    `- policy ${cut(policy.document.policy_id)} ${cut(policy.document.version)} \`${policy.hash}\``,
    `- plan \`${plan_hash}\``,
  ].join('\n');
}

/** Names of documents are text from outside: short, and nothing that Markdown would read. */
function cut(text: string): string {
  return text.slice(0, 40).replace(/[^A-Za-z0-9._ -]/g, '?');
}

async function isRunning(harness: Harness, workflowId: string): Promise<boolean> {
  try {
    return (
      (await harness.client.workflow.getHandle(workflowId).describe()).status.name === 'RUNNING'
    );
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

/** A workflow id carries 32 bits of the cycle id: two cycles of one second could, once in a great while, share it. */
async function sameCycle(harness: Harness, workflowId: string, cycleId: string): Promise<string> {
  const { memo, runId } = await harness.client.workflow.getHandle(workflowId).describe();
  if (memo?.['cycle_id'] === cycleId) return runId;
  const what = `workflow ${workflowId} belongs to another cycle, ${String(memo?.['cycle_id'])}`;
  throw new Problem('REFUSED', `${what}: submit the bundle again with a new timestamp`, workflowId);
}
