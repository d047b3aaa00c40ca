import { ScheduleAlreadyRunning } from '@temporalio/client';
import type { JsonObject } from '../core/json';
import { CATCHUP_MS_MIN, durationText, type Rhythm } from '../core/nominal';
import type { Policy } from '../core/policy';
import { EXECUTION_CYCLE, SEARCH_ATTRIBUTES, TASK_QUEUE } from '../core/start';
import { type TickInput, tickWorkflowPrefix } from '../core/tick';
import { formatInstant } from '../core/time';
import { Problem } from '../problem';
import { type Account, account, type Act } from '../schedules/account';
import { readFacts, type ScheduleFacts } from '../schedules/facts';
import { HARNESS_KEYS } from '../search-attributes';
import { ensureSearchAttributes } from '../server/search-attributes';
import { withSearchAttributes } from './attributes';
import type { Harness } from './context';
import type { Rules } from './prepare';

export type { Account };

export interface SchedulePlan extends Rhythm {
  readonly schedule: string;
  /** With an absolute path. */
  readonly source: string;
  readonly rules: Rules;
  readonly by: string;
}

type Action = Parameters<Harness['client']['schedule']['create']>[0];

/**
 * Creates the schedule, or sets it up anew when there is one of this name; whether it is paused stays as it is.
 * @throws Problem REFUSED for a name that a schedule of somebody else has
 */
export async function createSchedule(
  harness: Harness,
  plan: SchedulePlan,
): Promise<{ readonly created: boolean; readonly account: Account }> {
  const { store, client } = harness;
  const { graph, policy } = plan.rules;
  await Promise.all([graph, policy].map(({ text }) => store.documents.put(Buffer.from(text))));
  await ensureSearchAttributes(client.connection, harness.namespace, SEARCH_ATTRIBUTES);
  const options = optionsOf(plan);
  const created = await create(harness, plan.schedule, options);
  const at = formatInstant(Date.now());
  return { created, account: await account(client, store, plan.schedule, { at }) };
}

async function create(harness: Harness, name: string, options: Action): Promise<boolean> {
  const { client, store } = harness;
  try {
    await withSearchAttributes(harness, () => client.schedule.create(options));
    return true;
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
  }
  if ((await readFacts(client, name)) === null) {
    const what = `the server has a schedule ${name} that is not the harness's`;
    throw new Problem('REFUSED', `${what}: choose another name`, name);
  }
  // What was due until now was due by what stood until now.
  await account(client, store, name, { at: formatInstant(Date.now()) });
  const { spec, action, policies } = options;
  await client.schedule.getHandle(name).update(({ state }) => ({
    spec,
    action,
    ...(policies === undefined ? {} : { policies }),
    state,
  }));
  return false;
}

function optionsOf(plan: SchedulePlan): Action {
  const { schedule, source, every_ms, jitter_ms, rules, by } = plan;
  const { mode, graph, policy } = rules;
  const input: TickInput = {
    schedule,
    source,
    mode,
    graph_hash: graph.hash,
    policy_hash: policy.hash,
    policy: policy.value as JsonObject & Policy,
    set_by: by,
  };
  return {
    scheduleId: schedule,
    spec: { intervals: [{ every: every_ms }], ...(jitter_ms > 0 ? { jitter: jitter_ms } : {}) },
    policies: { overlap: 'SKIP', catchupWindow: catchupOf(policy.document).window_ms },
    action: {
      type: 'startWorkflow',
      workflowType: EXECUTION_CYCLE,
      workflowId: tickWorkflowPrefix(schedule),
      taskQueue: TASK_QUEUE,
      args: [input],
      workflowTaskTimeout: '5s',
      memo: { schedule },
      staticSummary: `${mode} cycle of schedule ${schedule}, every ${durationText(every_ms)}`,
      typedSearchAttributes: [
        { key: HARNESS_KEYS.mode, value: mode },
        { key: HARNESS_KEYS.phase, value: 'IDLE' },
      ],
    },
  };
}

/** C2.U5: a start that comes later than any state may be old is not made up for; Temporal knows no window under 10 s. */
export function catchupOf({ max_staleness_ms }: Policy): {
  readonly window_ms: number;
  readonly raised: boolean;
} {
  const limit = Math.min(...Object.values(max_staleness_ms));
  return { window_ms: Math.max(limit, CATCHUP_MS_MIN), raised: limit < CATCHUP_MS_MIN };
}

/** Who does it, and why. */
type Deed = Pick<Act, 'by' | 'why'>;

/** Stops or starts the schedule, audited with who and why. @throws Problem NOT_FOUND */
export async function pauseSchedule(
  harness: Harness,
  name: string,
  act: Deed & { readonly type: 'SCHEDULE_PAUSED' | 'SCHEDULE_UNPAUSED' },
): Promise<Account> {
  const { nextMs } = await factsOf(harness, name);
  const handle = harness.client.schedule.getHandle(name);
  const note = `${act.why} (${act.by})`;
  const pauses = act.type === 'SCHEDULE_PAUSED';
  const askedMs = Date.now();
  await (pauses ? handle.pause(note) : handle.unpause(note));
  // What was due before, and not dealt with when the server was asked, a pause may have brought to nothing too.
  const since = formatInstant(pauses ? Math.min(askedMs, nextMs ?? askedMs) : askedMs);
  return look(harness, name, { ...act, since, at: formatInstant(Date.now()) });
}

/**
 * One cycle now, at the nominal time of this second.
 * @throws Problem NOT_FOUND; REFUSED while a cycle of the schedule is open: it would be skipped
 */
export async function triggerSchedule(
  harness: Harness,
  name: string,
  act: Deed,
): Promise<{ readonly workflow_id: string | null; readonly account: Account }> {
  const { running, counters } = await factsOf(harness, name);
  const [open] = running;
  if (open !== undefined) {
    const what = `cycle ${open} of schedule ${name} is still open, so nothing else of it may start`;
    throw new Problem('REFUSED', `${what}: wait for it, decide on its halt or cancel it`, name);
  }
  const at = formatInstant(Date.now());
  await harness.client.schedule.getHandle(name).trigger('SKIP');
  const workflow_id = await newStart(harness, name, counters.taken);
  return {
    workflow_id,
    account: await look(harness, name, { ...act, type: 'SCHEDULE_TRIGGERED', at }),
  };
}

/** How long a trigger's cycle is waited for, to tell its id. */
const START_MS = 5_000;

async function newStart(harness: Harness, name: string, taken: number): Promise<string | null> {
  const until = performance.now() + START_MS;
  while (performance.now() < until) {
    const facts = await readFacts(harness.client, name);
    if (facts !== null && facts.counters.taken > taken)
      return [...facts.started.values()].at(-1)?.workflow_id ?? null;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return null;
}

/** Its cycles and its chain stay; a cycle that is open goes on. @throws Problem NOT_FOUND */
export async function deleteSchedule(harness: Harness, name: string, act: Deed): Promise<Account> {
  await factsOf(harness, name);
  const { client, store } = harness;
  await account(client, store, name, { at: formatInstant(Date.now()), last: true });
  await client.schedule.getHandle(name).delete();
  const at = formatInstant(Date.now());
  return look(harness, name, { ...act, type: 'SCHEDULE_DELETED', at });
}

function look({ client, store }: Harness, name: string, act: Act): Promise<Account> {
  return account(client, store, name, { at: formatInstant(Date.now()), act });
}

async function factsOf({ client }: Harness, name: string): Promise<ScheduleFacts> {
  const facts = await readFacts(client, name);
  if (facts !== null) return facts;
  throw notFound(name);
}

function notFound(name: string): Problem {
  const hint = '`harness schedule list` shows those there are';
  return new Problem(
    'NOT_FOUND',
    `the server has no schedule ${name} of the harness: ${hint}`,
    name,
  );
}

/** The account as it stands, after one more look. @throws Problem NOT_FOUND for what neither server nor trail knows */
export async function accountOf({ client, store }: Harness, name: string): Promise<Account> {
  const found = await account(client, store, name, { at: formatInstant(Date.now()) });
  if (found.facts === null && found.ledger.run_id === null) throw notFound(name);
  return found;
}

export interface ScheduleRow {
  readonly schedule: string;
  readonly every_ms: number;
  readonly source: string;
  readonly mode: string;
  readonly paused: boolean;
  readonly note: string;
  readonly next_time: string | null;
  readonly link: string;
}

/** The harness's schedules on the server, by name. */
export async function listSchedules(harness: Harness): Promise<ScheduleRow[]> {
  const names: string[] = [];
  for await (const { scheduleId, action } of harness.client.schedule.list())
    if (action?.workflowType === EXECUTION_CYCLE) names.push(scheduleId);
  const rows: ScheduleRow[] = [];
  for (const name of names.sort()) {
    const facts = await readFacts(harness.client, name);
    if (facts === null) continue;
    const { setup, paused, note, next_times } = facts;
    const { schedule, every_ms, source, mode } = setup;
    const link = scheduleLink(harness, name);
    const next_time = paused ? null : (next_times[0] ?? null);
    rows.push({ schedule, every_ms, source, mode, paused, note, next_time, link });
  }
  return rows;
}

export function scheduleLink(
  { uiUrl, namespace }: Pick<Harness, 'uiUrl' | 'namespace'>,
  name: string,
): string {
  const [space = '', id = ''] = [namespace, name].map(encodeURIComponent);
  return `${uiUrl}/namespaces/${space}/schedules/${id}`;
}
