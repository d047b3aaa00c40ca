import type { GraphAnswer } from '../core/answers';
import type { AuditHead, Draft, Entry } from '../core/entry';
import type { JsonObject } from '../core/json';
import { PLAN_BYTES_MAX } from '../core/limits';
import { isBuiltIn } from '../core/graph';
import { buildPlan } from '../core/plan';
import { codeOf } from '../core/invariant';
import { type Projection, projectTrail } from '../core/projection';
import { capReasons, type Reason } from '../core/reasons';
import { type CycleResult, fitting, resultOf } from '../core/result';
import { snapshotFor } from '../core/registry';
import { NO_SKILLS } from '../core/skills';
import type { CycleInput } from '../core/start';
import type { Closed, Closing, Looked, Recorded } from './contract';
import type { Dependencies } from './dependencies';
import { appendEntries, noteOf } from './opening';

/** BUILD_GRAPH (CA): the plan, or every reason why there is none. */
export async function buildGraph(
  { store, states }: Dependencies,
  start: CycleInput,
  judged: boolean,
): Promise<GraphAnswer> {
  const { graph, problems, override } = await states.graph(start.graph_hash);
  if (graph === null) return refusal(problems, override);
  const { input_hash, graph_hash, policy_hash } = start;
  const refs = graph.tasks.map(({ skill_ref }) => skill_ref).filter((ref) => !isBuiltIn(ref));
  const known = refs.length === 0 ? null : await store.registry.now();
  const plan = buildPlan({
    graph,
    bundle: judged ? await states.validBundle(input_hash) : null,
    policy: await states.policy(policy_hash),
    skills: known === null ? NO_SKILLS : snapshotFor(known.registry, refs),
    registry: known?.pointer ?? null,
    hashes: { input_hash, graph_hash, policy_hash },
  });
  const bytes = Buffer.byteLength(JSON.stringify(plan));
  if (bytes > PLAN_BYTES_MAX) {
    const detail = `the plan takes ${bytes} bytes, more than the ${PLAN_BYTES_MAX} that a cycle carries: use fewer or shorter names and gates`;
    return refusal([detail], false);
  }
  return { built: true, plan };
}

function refusal(details: readonly string[], override: boolean): GraphAnswer {
  const problems = details.map((detail): Reason => ({ code: 'GRAPH_INVALID', detail }));
  return { built: false, problems: capReasons(problems), override };
}

/** Entries that do not ride on a task: before a wait, beside parallel tasks. */
export async function recordEntries(
  deps: Dependencies,
  cycleId: string,
  entries: readonly Draft[],
): Promise<Recorded> {
  try {
    return { audit: await appendEntries(deps.store, cycleId, entries), closed: false };
  } catch (error) {
    const stood = await standing(deps, cycleId, entries.at(-1)?.run_id ?? '', error);
    return { audit: stood.audit, closed: true };
  }
}

export async function lookAtRecord(
  { store }: Dependencies,
  cycleId: string,
  runId: string,
): Promise<Looked> {
  const [latch, entries] = await Promise.all([store.latch.now(), store.audit.read(cycleId)]);
  return { latch, closed: isClosed(entries ?? [], runId) };
}

/** FINALIZE (CA): the chain gets its last entries first, then the result is stored with the chain's head. */
export async function closeCycle(deps: Dependencies, close: Closing): Promise<Closed> {
  const { cycle_id, run_id, entries, result } = close;
  const count = (): void => deps.watch?.cycleEnded(result);
  try {
    const audit = await appendEntries(deps.store, cycle_id, entries, count);
    const whole = { ...result, audit: { entries: audit.entries, head: audit.head } };
    await Promise.all([storeResult(deps, whole), noteClose(deps, cycle_id, run_id, audit)]);
    return { audit, stood: null };
  } catch (error) {
    const { cycle, audit } = await standing(deps, cycle_id, run_id, error);
    const stood = resultOf(cycle, run_id, audit);
    await Promise.all([storeResult(deps, stood), noteClose(deps, cycle_id, run_id, audit)]);
    return { audit, stood: fitting(stood) };
  }
}

function noteClose(
  { store }: Dependencies,
  cycleId: string,
  runId: string,
  audit: AuditHead,
): Promise<void> {
  return store.ledger.note(noteOf('RUN_CLOSED', cycleId, runId, audit));
}

function storeResult({ store }: Dependencies, result: CycleResult): Promise<void> {
  return store.cycles.putResult(result.cycle_id, result as unknown as JsonObject);
}

/** An append that met other entries: if this very run is closed on record, the record stands. Else the error does. */
async function standing(
  { store }: Dependencies,
  cycleId: string,
  runId: string,
  error: unknown,
): Promise<Projection> {
  if (codeOf(error) !== 'AUDIT_FORK') throw error;
  const entries = (await store.audit.read(cycleId)) ?? [];
  if (!isClosed(entries, runId)) throw error;
  return projectTrail(entries);
}

function isClosed(entries: readonly Entry[], runId: string): boolean {
  const last = entries.at(-1);
  return last?.run_id === runId && last.type === 'CYCLE_ENDED';
}
