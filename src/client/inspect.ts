import {
  WorkflowFailedError,
  WorkflowNotFoundError,
  type WorkflowExecutionDescription,
} from '@temporalio/client';
import { codeOf, messageOf } from '../core/invariant';
import { isObject, type JsonObject } from '../core/json';
import { haltCard } from '../core/halt-card';
import { projectTrail } from '../core/projection';
import { resultOf } from '../core/result';
import { Problem } from '../problem';
import { HARNESS_KEYS } from '../search-attributes';
import type { CycleRecord, Store } from '../store/store';
import { cycleLink, type Harness } from './context';
import { resolveResult } from './resolve';

/** A worker that is there answers a query within this; else the audit trail is asked. */
const QUERY_MS = 3_000;

/** A halt is on record moments after its worker tells of it; one that cannot be written is told all the same. */
const UNWRITTEN_MS = 1_000;

/** How often a waiting command looks whether the cycle waits for a human. */
const LOOK_MS = 250;

/** `harness` null: the server cannot be reached, and the store alone answers. */
export type Reach = { readonly harness: Harness | null; readonly store: Store };

/** The cycle that an id means: a cycle id, a workflow id or a halt id. @throws Problem NOT_FOUND */
export async function findCycle(store: Store, id: string): Promise<CycleRecord> {
  const cycleId = /^([0-9a-f-]{36})-.{4}-h\d+$/.exec(id)?.[1] ?? id;
  const record = await store.cycles.find(cycleId);
  if (record !== null) return record;
  const hint =
    '`harness cycle list` shows those there are; HARNESS_HOME, or the configured database, says where they are kept';
  throw new Problem('NOT_FOUND', `no cycle ${id} is known here: ${hint}`, id);
}

/**
 * The whole cycle result, with its Web UI link: from the running workflow when a worker answers, else from what is stored.
 * @throws Problem NOT_FOUND for a cycle without any trace
 */
export async function showCycle(reach: Reach, record: CycleRecord): Promise<JsonObject> {
  // A server that cannot tell, as it is only just starting, keeps nobody from reading what is on record.
  const description =
    reach.harness === null
      ? null
      : await describe(reach.harness, record.workflow_id).catch(() => null);
  const running = description?.status.name === 'RUNNING';
  const result =
    (running
      ? await query(reach.harness, record)
      : await reach.store.cycles.result(record.cycle_id)) ?? (await fromTrail(reach.store, record));
  const link =
    reach.harness === null
      ? null
      : cycleLink(reach.harness, record.workflow_id, description?.runId);
  const status = description?.status.name ?? null;
  const whole = await resolveResult(
    reach.store.documents,
    result ?? unstarted(record, description),
  );
  return { ...whole, workflow_status: status, link };
}

/**
 * C3.F3: the halt with all that a person needs to decide, drawn now from the trail, which the cycle has written before it
 * waits. Null when the trail does not tell of it: the halt as the workflow has it then has to do.
 */
export async function cardOf(
  store: Store,
  record: CycleRecord,
  halt: JsonObject,
): Promise<JsonObject | null> {
  const entries = (await store.audit.read(record.cycle_id).catch(() => null)) ?? [];
  if (entries.length === 0) return null;
  const { cycle, audit } = projectTrail(entries);
  const card = haltCard(cycle, new Date().toISOString(), audit);
  if (card === null || card.halt_id !== halt['halt_id'] || !cycle.haltOpen) return null;
  const raised = entries.findLast(
    ({ type, data }) => type === 'HALT_RAISED' && data['halt_id'] === card.halt_id,
  );
  return { ...(card as unknown as JsonObject), audit_seq: raised?.seq ?? null };
}

/**
 * Waits until the cycle has an outcome or waits for a human, at most `timeoutMs`.
 * @returns the whole cycle result as `showCycle` gives it, in which that is so, unless the time is up
 */
export async function waitForCycle(
  harness: Harness,
  record: CycleRecord,
  timeoutMs: number | null,
): Promise<JsonObject> {
  const handle = harness.client.workflow.getHandle(record.workflow_id);
  const until = timeoutMs === null ? Number.POSITIVE_INFINITY : performance.now() + timeoutMs;
  const show = (): Promise<JsonObject> => showCycle({ harness, store: harness.store }, record);
  let over = false;
  // Left open, the long poll would keep the command alive for another 20 s.
  const poll = new AbortController();
  const result = harness.client.connection.withAbortSignal(poll.signal, () => handle.result());
  const ended = result.then(
    () => null,
    (error: unknown) => {
      if (error instanceof WorkflowFailedError || error instanceof WorkflowNotFoundError)
        return null;
      throw error;
    },
  );
  const halted = async (): Promise<JsonObject | null> => {
    let unwrittenUntil: number | null = null;
    while (!over && performance.now() < until) {
      const description = await describe(harness, record.workflow_id);
      if (phaseIn(description) === 'HALTED') {
        // The attribute is there before the halt is on record, and for a moment after a human has decided.
        const shown = await show();
        if (shown['phase'] === 'HALTED' && isObject(shown['halt'])) {
          unwrittenUntil ??= performance.now() + UNWRITTEN_MS;
          const card = await cardOf(harness.store, record, shown['halt']);
          if (card !== null || performance.now() > unwrittenUntil) return shown;
        }
      }
      await new Promise((resolve) =>
        setTimeout(resolve, Math.min(LOOK_MS, Math.max(until - performance.now(), 1))),
      );
    }
    return null;
  };
  try {
    return (await Promise.race([ended, halted()])) ?? (await show());
  } finally {
    over = true;
    poll.abort();
    ended.catch(() => undefined); // whoever waits no longer has no use for its end
  }
}

function phaseIn(description: WorkflowExecutionDescription | null): string {
  return description?.typedSearchAttributes.get(HARNESS_KEYS.phase) ?? 'IDLE';
}

/** null when the server does not know the workflow (any more). */
export async function describe(
  harness: Harness,
  workflowId: string,
): Promise<WorkflowExecutionDescription | null> {
  try {
    return await harness.client.workflow.getHandle(workflowId).describe();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

/** The query `cycle`; null when no worker answers it. */
async function query(harness: Harness | null, record: CycleRecord): Promise<JsonObject | null> {
  if (harness === null) return null;
  const handle = harness.client.workflow.getHandle(record.workflow_id);
  try {
    return await harness.client.connection.withDeadline(Date.now() + QUERY_MS, () =>
      handle.query<JsonObject>('cycle'),
    );
  } catch {
    // No worker, or one too busy to answer: the audit trail tells the same up to its last entry.
    return null;
  }
}

/** The cycle as its audit trail tells it; null when it has none. */
export async function fromTrail(store: Store, record: CycleRecord): Promise<JsonObject | null> {
  const entries = await store.audit.read(record.cycle_id);
  if (entries === null || entries.length === 0) return null;
  const { cycle, run_id, audit } = projectTrail(entries);
  return resultOf(cycle, run_id, audit) as unknown as JsonObject;
}

/** Nothing of it is on record, and no worker tells: as a rule none has taken it yet. */
function unstarted(
  record: CycleRecord,
  description: WorkflowExecutionDescription | null,
): JsonObject {
  const { cycle_id, workflow_id, mode, input_hash, graph_hash, policy_hash } = record;
  const phase = phaseIn(description);
  return {
    outcome: null,
    summary:
      phase === 'IDLE'
        ? 'No worker has taken this cycle yet: `harness worker` starts one.'
        : 'Its worker does not answer, and nothing of it is on record yet: ask again in a moment.',
    phase,
    cycle_id,
    workflow_id,
    run_id: description?.runId ?? null,
    mode,
    deduplicated: false,
    reasons: [],
    input_hash,
    graph_hash,
    plan_hash: null,
    policy_hash,
    evaluated_at: null,
    tasks: [],
    actions: [],
    beliefs_removed: [],
    violations: [],
    halt: null,
    audit: { entries: 0, head: null },
  };
}

export interface ListFilter {
  readonly outcome?: string | undefined;
  readonly phase?: string | undefined;
  readonly mode?: string | undefined;
  /** RFC 3339: cycles created at or after, before. */
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

/** Known cycles, newest last: one line's worth of each. */
export async function listCycles(reach: Reach, filter: ListFilter): Promise<JsonObject[]> {
  const records = (await reach.store.cycles.list()).filter(
    (record) =>
      (filter.mode === undefined || record.mode === filter.mode) &&
      (filter.since === undefined || Date.parse(record.created_at) >= Date.parse(filter.since)) &&
      (filter.until === undefined || Date.parse(record.created_at) < Date.parse(filter.until)),
  );
  const rows = await Promise.all(records.map((record) => row(reach, record)));
  return rows.filter(
    ({ outcome, phase }) =>
      (filter.outcome === undefined || outcome === filter.outcome) &&
      (filter.phase === undefined || phase === filter.phase),
  );
}

async function row({ harness, store }: Reach, record: CycleRecord): Promise<JsonObject> {
  const { cycle_id, workflow_id, mode, created_at } = record;
  const result =
    (await store.cycles.result(cycle_id)) ?? (await safely(() => fromTrail(store, record)));
  return {
    cycle_id,
    workflow_id,
    mode,
    phase: result?.['phase'] ?? 'IDLE',
    outcome: result?.['outcome'] ?? null,
    summary: result?.['summary'] ?? 'no worker has taken this cycle yet',
    created_at,
    link: harness === null ? null : cycleLink(harness, workflow_id),
  };
}

/** A trail that cannot be read must not hide the other cycles of a list. */
async function safely(read: () => Promise<JsonObject | null>): Promise<JsonObject | null> {
  try {
    return await read();
  } catch (error) {
    return {
      phase: null,
      outcome: null,
      summary: `its audit trail cannot be read (${codeOf(error) ?? messageOf(error)}): verify it`,
    };
  }
}

/** What waits for a human: the harness-wide halt first, then the open halts of cycles, each with its cycle. Cycles whose workflow is gone wait for nobody. */
export async function openHalts(reach: Reach): Promise<JsonObject[]> {
  const { halt: latch } = await reach.store.latch.now();
  const suspended: string[] = [];
  const cards = await Promise.all(
    (await reach.store.cycles.unfinished()).map(async (record): Promise<JsonObject[]> => {
      const shown = await showCycle(reach, record);
      const { phase, halt, workflow_status: status, link, summary } = shown;
      if (phase !== 'HALTED' || !isObject(halt)) return [];
      if (status !== 'RUNNING' && reach.harness !== null) return [];
      if (halt['scope'] === 'harness') {
        suspended.push(record.cycle_id);
        return [];
      }
      return [
        {
          ...halt,
          ...(await cardOf(reach.store, record, halt)),
          cycle_id: record.cycle_id,
          workflow_id: record.workflow_id,
          summary: summary ?? null,
          link: link ?? null,
        },
      ];
    }),
  );
  const first = latch === null ? [] : [{ ...latch, cycle_id: null, suspended_cycles: suspended }];
  return [...(first as unknown as JsonObject[]), ...cards.flat()];
}
