import { WorkflowNotFoundError } from '@temporalio/client';
import type { Halt } from '../core/events';
import type { DecisionCheck } from '../core/deciders';
import type { DecisionRequest } from '../core/halts';
import { projectTrail } from '../core/projection';
import type { CycleResult } from '../core/result';
import { LATCH_SIGNAL } from '../core/start';
import { Problem } from '../problem';
import type { CycleRecord, Store } from '../store/store';
import type { Harness } from './context';
import type { Reach } from './inspect';

/** A task whose start was on record when the latch was set: it had begun, or is refused at the gate. */
export interface InFlight {
  readonly cycle_id: string;
  readonly workflow_id: string;
  readonly task: string;
  readonly started_at: string | null;
}

export interface HaltedAll {
  readonly halt: Halt;
  readonly in_flight: readonly InFlight[];
  /** Open cycles that were told, so that they show it at once; one that was not told is refused at its next task all the same. */
  readonly told: number;
  readonly open_cycles: number;
}

/** How many cycles are told at a time. */
const AT_ONCE = 25;
/** How long clearing waits to see cycles go on. */
const SETTLE_MS = 3_000;

/**
 * C3.F3: halts the whole harness. When it returns, no further task starts in any cycle of any worker; what was in flight is
 * listed, and is stopped. It works without a server: the latch is on record in the store.
 */
export async function haltAll(
  { harness, store }: Reach,
  cause: { readonly reason: string; readonly by: string },
): Promise<HaltedAll> {
  const { reason: detail, by: raised_by } = cause;
  const at = new Date().toISOString();
  const { halt } = await store.latch.set({ code: 'OPERATOR_HALT', detail, raised_by }, at);
  // Cleared by somebody else in the same moment.
  if (halt === null) throw new Problem('REFUSED', 'the halt was cleared at once: ask again', null);
  // In this order: a task is either refused by the latch, or its start was on record before and is found here.
  const open = await store.cycles.unfinished();
  const in_flight = (await Promise.all(open.map((record) => runningIn(store, record)))).flat();
  const told = await ring(harness, open);
  return { halt, in_flight, told, open_cycles: open.length };
}

/** A human's decision on the latch: RESUME clears it, and the cycles that it suspended go on. @throws Problem REFUSED */
export async function resumeAll(
  { harness, store }: Reach,
  decision: Omit<DecisionRequest, 'halt_id'> & { readonly halt_id?: string },
  check: DecisionCheck | null = null,
): Promise<{ message: string; halt_id: string; told: number; open_cycles: number }> {
  const { halt, cleared } = await store.latch.now();
  const halt_id = decision.halt_id ?? halt?.halt_id ?? cleared?.halt_id ?? '';
  const request = { ...decision, halt_id };
  const answer = await store.latch.clear(request, new Date().toISOString(), check);
  if (!answer.accepted)
    throw new Problem('REFUSED', `the decision is refused: ${answer.message}`, halt_id);
  const open = await store.cycles.unfinished();
  const told = await ring(harness, open);
  if (harness !== null) await untilTheyGoOn(harness, open);
  return {
    message: answer.message,
    halt_id,
    told,
    open_cycles: open.length,
  };
}

/** @throws Problem HARNESS_HALTED: while the latch is set no cycle is admitted */
export async function refuseWhileHalted(store: Store): Promise<void> {
  const { halt } = await store.latch.now();
  if (halt === null) return;
  const what = `the whole harness is halted since ${halt.since} by ${halt.raised_by} (${halt.detail})`;
  throw new Problem(
    'HARNESS_HALTED',
    `${what}: nothing is started until \`harness resume --all\` clears it`,
    halt.halt_id,
  );
}

async function runningIn({ audit }: Store, record: CycleRecord): Promise<InFlight[]> {
  const entries = (await audit.read(record.cycle_id)) ?? [];
  if (entries.length === 0) return [];
  const { cycle_id, workflow_id } = record;
  return projectTrail(entries)
    .cycle.tasks.filter(({ status }) => status === 'RUNNING')
    .map(({ planned, started_at }) => ({ cycle_id, workflow_id, task: planned.name, started_at }));
}

/** What is shown right after is better than `HALTED`: moments, where a worker runs; not waited for, where none does. */
async function untilTheyGoOn(harness: Harness, records: readonly CycleRecord[]): Promise<void> {
  const deadline = Date.now() + SETTLE_MS;
  const suspended = async (record: CycleRecord): Promise<boolean> => {
    const handle = harness.client.workflow.getHandle(record.workflow_id);
    const ask = (): Promise<Pick<CycleResult, 'phase' | 'halt'>> => handle.query('cycle');
    const shown = await harness.client.connection.withDeadline(deadline, ask).catch(() => null);
    return shown?.phase === 'HALTED' && shown.halt?.scope === 'harness';
  };
  const settle = async (record: CycleRecord): Promise<void> => {
    while ((await suspended(record)) && Date.now() < deadline);
  };
  await Promise.all(records.slice(0, AT_ONCE).map(settle));
}

/** A doorbell: what a cycle then does it reads from the record. A cycle that is gone needs none. */
export async function ring(
  harness: Harness | null,
  records: readonly Pick<CycleRecord, 'workflow_id'>[],
): Promise<number> {
  if (harness === null) return 0;
  let told = 0;
  const waiting = [...records];
  const next = async (): Promise<void> => {
    for (let record = waiting.shift(); record !== undefined; record = waiting.shift()) {
      try {
        await harness.client.workflow.getHandle(record.workflow_id).signal(LATCH_SIGNAL);
        told += 1;
      } catch (error) {
        if (!(error instanceof WorkflowNotFoundError)) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
  return told;
}
