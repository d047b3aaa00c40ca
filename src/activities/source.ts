import { Context } from '@temporalio/activity';
import { tickId } from '../core/identity';
import { codeOf, harnessError } from '../core/invariant';
import type { Sha256 } from '../core/json';
import { identify } from '../core/plan';
import { type CycleResult, fitting } from '../core/result';
import { formatInstant, parseInstant } from '../core/time';
import { account } from '../schedules/account';
import { datedText } from '../sources/dated';
import { readSource } from '../sources/source';
import type { Store } from '../store/store';
import type { OpenedTick, Snapshot, SnapshotAnswer, TickCall } from './contract';
import type { Dependencies } from './dependencies';

/**
 * The first step of a scheduled cycle. It puts itself and every nominal time before it on record, then reads the source.
 * A source that fails is an answer (SOURCE_FAILED), not an error: the cycle ends HALTED with it.
 */
export async function readSnapshot(deps: Dependencies, call: TickCall): Promise<SnapshotAnswer> {
  const { store } = deps;
  const cycleId = idOf(call);
  const { currentAttemptScheduledTimestampMs: scheduledMs } = Context.current().info;
  const ended = await store.cycles.result(cycleId);
  if (ended !== null && ended['outcome'] !== 'CANCELLED')
    return { found: 'ENDED', result: fitting(ended as unknown as CycleResult) };
  // Of a worker that comes back late: its run has opened without this attempt, or a later one has.
  if ((await openedMs(store, cycleId)) >= scheduledMs)
    return { found: 'NOTHING', problem: 'the cycle has opened meanwhile' };
  if (ended !== null) await store.cycles.dropResult(cycleId); // R36: it is run again
  if ((await store.cycles.find(cycleId)) === null) await putRecord(deps, call, null);
  await accountForTick(deps, call);
  const begunMs = performance.now();
  await deps.checkpoint?.('before', 'source');
  const read = await readSource(call.tick.source, Context.current().cancellationSignal);
  await deps.checkpoint?.('after', 'source');
  if (!read.ok) return { found: 'NOTHING', problem: read.problem };
  const document = await store.documents.put(Buffer.from(read.text));
  // R4: the server's clock at this attempt's scheduling, and what the reading took: never this worker's clock.
  const read_at = formatInstant(scheduledMs + Math.ceil(performance.now() - begunMs));
  return { found: 'SNAPSHOT', snapshot: { document, dated: read.dated, read_at } };
}

/** When the cycle has last opened, by the server's clock; -1: it has not. */
async function openedMs({ audit }: Store, cycleId: string): Promise<number> {
  const entries = (await audit.read(cycleId)) ?? [];
  const opened = entries.findLast(({ type }) => type === 'CYCLE_OPENED');
  return parseInstant(opened?.at ?? '') ?? -1;
}

/** How often the server is asked before the harness itself counts as failing. */
const ASKS = 3;

async function accountForTick({ store, log }: Dependencies, call: TickCall): Promise<void> {
  const { tick, nominal_time, actual_time, at } = call;
  const look = { at, tick: { nominal_time, actual_time } };
  for (let asks = 1; ; asks += 1) {
    try {
      await account(Context.current().client, store, tick.schedule, look);
      return;
    } catch (error) {
      if (codeOf(error) !== undefined || asks === ASKS) throw error;
      log.warn({ schedule: tick.schedule, error }, 'the schedule could not be asked for: again');
    }
  }
}

/** Only reads, and stores what is the same each time: it may be done again. */
export async function openTick(
  deps: Dependencies,
  call: TickCall,
  snapshot: Snapshot | null,
  evaluatedAt: string,
): Promise<OpenedTick> {
  const { tick, nominal_time } = call;
  const { schedule, source, mode, graph_hash, policy_hash, policy } = tick;
  const cycle_id = idOf(call);
  if (snapshot === null) {
    await putRecord(deps, call, null);
    return { cycle_id, input: null };
  }
  const input_hash = await bundleOf(deps, snapshot, evaluatedAt);
  const { graph, problems } = await deps.states.graph(graph_hash);
  const [first] = graph === null ? [] : identify(graph, input_hash);
  if (first === undefined)
    throw harnessError(`the graph of schedule ${schedule} cannot be built: ${problems.join('; ')}`);
  const { name, task_type, skill_ref, timeout_ms } = first.task;
  await putRecord(deps, call, input_hash);
  return {
    cycle_id,
    input: {
      cycle_id,
      mode,
      input_hash,
      graph_hash,
      policy_hash,
      policy,
      first_task: { name, task_id: first.task_id, task_type, skill_ref, timeout_ms },
      tick: { schedule, nominal_time, source },
    },
  };
}

/** The snapshot itself, or the states in it with the evaluation time. */
async function bundleOf(
  { store }: Dependencies,
  { document, dated }: Snapshot,
  evaluatedAt: string,
): Promise<Sha256> {
  if (dated) return document;
  const bytes = await store.documents.get(document);
  if (bytes === null) throw harnessError(`the snapshot ${document} is not in this worker's store`);
  return store.documents.put(
    Buffer.from(datedText(Buffer.from(bytes).toString('utf8'), evaluatedAt)),
  );
}

/** So that `cycle show`, `halt` and `cancel` know the cycle from its first step on. */
function putRecord(
  { store }: Dependencies,
  { tick, nominal_time, actual_time, workflow_id }: TickCall,
  inputHash: Sha256 | null,
): Promise<void> {
  const { schedule, source, mode, graph_hash, policy_hash } = tick;
  return store.cycles.put({
    cycle_id: tickId(schedule, nominal_time),
    workflow_id,
    mode,
    input_hash: inputHash,
    graph_hash,
    policy_hash,
    created_at: actual_time,
    tick: { schedule, nominal_time, source },
  });
}

function idOf({ tick, nominal_time }: TickCall): string {
  return tickId(tick.schedule, nominal_time);
}
