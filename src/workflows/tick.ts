import * as temporal from '@temporalio/workflow';
import type { Snapshot, SourceActivities, TickCall } from '../activities/contract';
import type { Event } from '../core/events';
import { openingEvent, sourcelessEvents } from '../core/recorded';
import { sourceSummary } from '../core/report';
import type { CycleResult } from '../core/result';
import type { CycleInput } from '../core/start';
import { nominalText, problemOfTick, type TickInput } from '../core/tick';
import { formatInstant, parseInstant } from '../core/time';
import { SCHEDULED_START_KEY } from '../search-attributes';
import { books } from './books';
import { bookFailureOf, detailOf, sourceOptions } from './options';
import { now } from './clock';

/** How a run begins: what goes on record first, and what its tasks run on. */
export interface Beginning {
  readonly events: readonly Event[];
  /** null: there is no bundle, so no task runs. */
  readonly input: CycleInput | null;
  /** A failure of the harness before there was a cycle to halt (C3.F3). */
  readonly trouble: string | null;
}

type Workflow = ReturnType<typeof temporal.workflowInfo>;

/** The nominal time that the schedule started this run for; null for a start by anybody else. */
export function nominalTimeOf({ typedSearchAttributes }: Workflow): number | null {
  return typedSearchAttributes.get(SCHEDULED_START_KEY)?.getTime() ?? null;
}

/**
 * A scheduled cycle before it opens: its source is read fresh. Messages wait meanwhile, as long as a source may take, or until the
 * cycle can be opened; a cancellation ends the reading at once. A result: this nominal time has had its cycle (R36).
 */
export async function beginTick(
  tick: TickInput,
  info: Workflow,
  scope: temporal.CancellationScope,
): Promise<Beginning | CycleResult> {
  const nominalMs = nominalTimeOf(info);
  const problem = problemOfTick(tick, nominalMs, info.workflowId);
  if (problem !== null || nominalMs === null)
    throw temporal.ApplicationFailure.nonRetryable(problem ?? 'no nominal time', 'USAGE');
  const call: TickCall = {
    tick,
    nominal_time: nominalText(nominalMs),
    actual_time: formatInstant(info.startTime.getTime()),
    workflow_id: info.workflowId,
    at: now(),
  };
  const read = await readOnce(call, scope);
  if ('result' in read) return read.result;
  return open(call, read, info);
}

/** C3.F3: what cannot be opened waits until it can, and then halts; nothing of it ends unrecorded. */
async function open(call: TickCall, read: Read, info: Workflow): Promise<Beginning> {
  const { tick, nominal_time } = call;
  let { snapshot, problem, trouble } = read;
  for (let waits = 0; ;) {
    const at = evaluationTime(snapshot);
    try {
      const { cycle_id, input } = await books('open the cycle').openTick(call, snapshot, at);
      const events =
        input === null
          ? sourcelessEvents(tick, { cycle_id, nominal_time }, info, problem, at)
          : [openingEvent(input, info, at)];
      return { events, input, trouble };
    } catch (error) {
      const detail = detailOf(bookFailureOf(error));
      trouble ??= detail;
      problem ??= `the harness could not open the cycle: ${detail}`;
      if (snapshot === null) await waitToOpen(waits++, detail);
      // Without it less is asked for: that may go well at once.
      snapshot = null;
    }
  }
}

const WAIT_MS = 5_000;
const WAIT_MS_MAX = 300_000;

function waitToOpen(waits: number, detail: string): Promise<void> {
  const ms = Math.min(WAIT_MS * 2 ** Math.min(waits, 10), WAIT_MS_MAX);
  return temporal.sleep(ms, {
    summary: `the cycle cannot be opened, and tries again: ${detail}`.slice(0, 200),
  });
}

/**
 * R4: behind the reading, so that what it found is not from the future, also where the server's hosts do not agree on the time.
 */
function evaluationTime(snapshot: Read['snapshot']): string {
  const readMs = parseInstant(snapshot?.read_at ?? '') ?? 0;
  return formatInstant(Math.max(Date.now(), readMs));
}

interface Read {
  readonly snapshot: Snapshot | null;
  readonly problem: string | null;
  readonly trouble: string | null;
}

async function readOnce(
  call: TickCall,
  scope: temporal.CancellationScope,
): Promise<Read | { readonly result: CycleResult }> {
  const nothing: Read = { snapshot: null, problem: null, trouble: null };
  const reading = new temporal.CancellationScope();
  scope.cancelRequested.catch(() => reading.cancel());
  const options = sourceOptions(sourceSummary(call.tick.source, call.nominal_time));
  const { readSnapshot } = temporal.proxyActivities<SourceActivities>(options);
  try {
    const answer = await reading.run(() => readSnapshot(call));
    if (answer.found === 'ENDED') return { result: { ...answer.result, deduplicated: true } };
    return answer.found === 'SNAPSHOT'
      ? { ...nothing, snapshot: answer.snapshot }
      : { ...nothing, problem: answer.problem };
  } catch (error) {
    const failure = bookFailureOf(error, reading.consideredCancelled);
    switch (failure.kind) {
      case 'STOPPED':
        return nothing;
      case 'REFUSED':
        throw temporal.ApplicationFailure.nonRetryable(failure.detail, 'USAGE');
      case 'FAILED':
      case 'BARRED':
        return { ...nothing, problem: `the reading of the source: ${failure.reason.detail}` };
      case 'LATCHED':
        return { ...nothing, problem: failure.detail };
      case 'HARNESS_ERROR':
        return {
          ...nothing,
          problem: `the harness could not read the source: ${failure.detail}`,
          trouble: failure.detail,
        };
    }
  }
}
