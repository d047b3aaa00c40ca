import type { Logger } from 'pino';
import { messageOf } from '../core/invariant';
import { projectTrail } from '../core/projection';
import { EXECUTION_CYCLE } from '../core/start';
import { parseInstant } from '../core/time';
import type { Store } from '../store/store';
import type { Meters } from './meters';

/** What Temporal's visibility is asked; the worker's own connection answers. */
export interface Visibility {
  count(query: string): Promise<number>;
  /** Workflow ids, at most so many. */
  list(query: string, most: number): Promise<readonly string[]>;
}

export interface Look {
  stop(): void;
}

const EVERY_MS = 15_000;
/** Of more halts than these the number is told, and the age of the oldest among these. */
const HALTS_READ = 1_000;
const RUNNING = `WorkflowType = '${EXECUTION_CYCLE}' AND ExecutionStatus = 'Running'`;

/**
 * The gauges: what stands in the store and in Temporal's visibility, looked at every 15 seconds. No worker remembers any of
 * it, so every worker tells the same, and one that has just started too.
 */
export function lookRegularly(
  meters: Meters,
  store: Store,
  visibility: Visibility,
  log: Logger,
  everyMs = EVERY_MS,
): Look {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const look = async (): Promise<void> => {
    try {
      await lookOnce(meters, store, visibility);
    } catch (error) {
      meters.count('harness_look_failures_total', {});
      log.warn(`the gauges cannot be computed now: ${messageOf(error)}`);
    }
    if (stopped) return;
    timer = setTimeout(() => void look(), everyMs);
    timer.unref();
  };
  void look();
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

export async function lookOnce(
  meters: Meters,
  store: Store,
  visibility: Visibility,
): Promise<void> {
  const { halt: latch } = await store.latch.now();
  const [unfinished, running, halted] = await Promise.all([
    store.cycles.unfinished(),
    visibility.count(RUNNING),
    visibility.list(`${RUNNING} AND HarnessPhase = 'HALTED'`, HALTS_READ),
  ]);
  const open = { cycle: 0, harness: 0 };
  const since = latch === null ? [] : [parseInstant(latch.since) ?? Date.now()];
  const byWorkflow = new Map(
    unfinished.map(({ workflow_id, cycle_id }) => [workflow_id, cycle_id]),
  );
  for (const workflowId of halted) {
    const { scope, since: at } = await haltOf(store, byWorkflow.get(workflowId));
    open[scope] += 1;
    if (scope === 'cycle') since.push(parseInstant(at) ?? Date.now());
  }
  const nowMs = Date.now();
  meters.set('harness_latch_set', {}, latch === null ? 0 : 1);
  meters.set('harness_cycles_unfinished', {}, unfinished.length);
  meters.set('harness_cycles_running', {}, running);
  meters.set('harness_halts_open', { scope: 'cycle' }, open.cycle);
  meters.set('harness_halts_open', { scope: 'harness' }, open.harness);
  const oldestMs = since.length === 0 ? nowMs : Math.min(...since);
  meters.set('harness_oldest_halt_open_seconds', {}, Math.max(nowMs - oldestMs, 0) / 1_000);
  meters.set('harness_look_timestamp_seconds', {}, nowMs / 1_000);
}

/** A halt that could not be put on record waits all the same: since the last thing that was. */
async function haltOf(
  { audit }: Store,
  cycleId: string | undefined,
): Promise<{ readonly scope: 'cycle' | 'harness'; readonly since: string }> {
  const entries = cycleId === undefined ? null : await audit.read(cycleId);
  const last = entries?.at(-1);
  if (entries === null || last === undefined) return { scope: 'cycle', since: '' };
  const { halt, haltOpen } = projectTrail(entries).cycle;
  return haltOpen && halt !== null ? halt : { scope: 'cycle', since: last.at };
}
