import type { Client } from '@temporalio/client';
import type { AuditHead, Entry } from '../core/entry';
import { scheduleId, scheduleLifeId, tickId } from '../core/identity';
import { codeOf } from '../core/invariant';
import type { JsonObject } from '../core/json';
import {
  type Bounds,
  dueTimes,
  isNominal,
  type Ledger,
  ledgerOf,
  type Line,
  newLife,
  type NotRun,
  notRunAt,
  pausedAt,
  placed,
  type Ran,
  type Span,
  spanIn,
} from '../core/schedule';
import { nominalText, tickWorkflowId } from '../core/tick';
import { formatInstant, parseInstant } from '../core/time';
import type { Store } from '../store/store';
import { closedAt, readFacts, type ScheduleFacts } from './facts';

/** Who looks, and what there is to put on record besides. */
export interface Look {
  readonly at: string;
  /** The scheduled cycle that looks, as its first step: all times before its own are settled. */
  readonly tick?: { readonly nominal_time: string; readonly actual_time: string };
  /** What a person has just done to the schedule. */
  readonly act?: Act;
  /** The schedule is about to be deleted: what is not running by now will not. */
  readonly last?: boolean;
}

export interface Act {
  readonly type:
    'SCHEDULE_PAUSED' | 'SCHEDULE_UNPAUSED' | 'SCHEDULE_TRIGGERED' | 'SCHEDULE_DELETED';
  readonly by: string;
  readonly why: string;
  readonly at: string;
  /** Of a pause and its end: before this it made no difference yet to what fell due. Default: `at`. */
  readonly since?: string;
}

export interface Account {
  readonly ledger: Ledger;
  readonly facts: ScheduleFacts | null;
  readonly audit: AuditHead;
}

interface Ground {
  readonly client: Client;
  readonly store: Store;
  readonly name: string;
}

/** A start that the server decided on a moment ago may not be told yet. */
const SETTLED_MS = 5_000;

/** Passes that write at the same time come again: each but one meets a chain that has grown. */
const TRIES = 20;

/** Longer stretches of nominal times that came to nothing for one reason are one line. */
const LINES_MAX = 500;

/**
 * Puts on record what has become of every nominal time that is settled and not on record yet (C1.1), and what of the schedule
 * has changed. Any number of processes may do so at once: a line's place in the chain is taken once, and who comes late looks
 * again.
 * @throws StoreError; whatever the client throws when the server cannot be asked
 */
export async function account(
  client: Client,
  store: Store,
  name: string,
  look: Look,
): Promise<Account> {
  const chain = scheduleId(name);
  for (let tries = 1; ; tries += 1) {
    const facts = await readFacts(client, name);
    const entries = (await store.audit.read(chain)) ?? [];
    const { ledger, lines } = await linesOf({ client, store, name }, entries, facts, look);
    const drafts = placed(ledger, lines);
    try {
      const audit = await store.audit.append(chain, drafts);
      return { ledger: ledgerOf([...entries, ...drafts]), facts, audit };
    } catch (error) {
      if (codeOf(error) !== 'AUDIT_FORK' || tries === TRIES) throw error;
    }
  }
}

async function linesOf(
  ground: Ground,
  entries: readonly Entry[],
  facts: ScheduleFacts | null,
  look: Look,
): Promise<{ ledger: Ledger; lines: readonly Line[] }> {
  const standing = ledgerOf(entries);
  const begins =
    facts !== null && standing.run_id !== scheduleLifeId(ground.name, facts.created_at);
  const ledger = begins ? newLife(ground.name, facts.created_at) : standing;
  if (ledger.run_id === null) return { ledger, lines: [] };
  const changes = changesIn(ledger, facts, look);
  const seen = changes.length === 0 ? ledger : ledgerOf([...entries, ...placed(ledger, changes)]);
  return { ledger, lines: [...changes, ...(await outcomes(ground, seen, facts, look))] };
}

/** How the schedule itself has changed: by the harness's commands, or behind their back. */
function changesIn(ledger: Ledger, facts: ScheduleFacts | null, { act, at }: Look): Line[] {
  const lines: Line[] = [];
  const standing = ledger.setups.at(-1)?.setup;
  if (facts !== null && standing?.since !== facts.setup.since) {
    const first = { ...facts.setup, since: facts.created_at };
    const data = (standing === undefined ? first : facts.setup) as unknown as JsonObject;
    const type = standing === undefined ? 'SCHEDULE_CREATED' : 'SCHEDULE_UPDATED';
    // The same bytes, whoever notices first.
    lines.push({ type, at: String(data['since']), actor: facts.set_by, data });
  }
  const paused = ledger.pauses.at(-1)?.until === null;
  const isPause = act?.type === 'SCHEDULE_PAUSED' || act?.type === 'SCHEDULE_UNPAUSED';
  if (facts !== null && facts.paused !== paused) {
    const type = facts.paused ? 'SCHEDULE_PAUSED' : 'SCHEDULE_UNPAUSED';
    const mine = isPause && act.type === type ? act : null;
    const note = mine?.why ?? facts.note;
    const noticed = mine === null;
    const data = { note, noticed, ...boundsIn(facts, changedBetween(ledger, facts, mine)) };
    lines.push({ type, at: mine?.at ?? at, actor: mine?.by ?? 'temporal', data });
  }
  if (act !== undefined && !isPause)
    lines.push({ type: act.type, at: act.at, actor: act.by, data: { note: act.why } });
  return lines;
}

/** A busy server may take a pause up, or end it, seconds after it was asked: somewhere before what it has not dealt with now. */
function changedBetween(
  ledger: Ledger,
  { nextMs, readMs }: ScheduleFacts,
  act: Act | null,
): Bounds {
  const dealtMs = Math.min(nextMs ?? readMs, readMs);
  // What others did nobody can say since when: from what is on record on.
  const sinceMs =
    act === null ? ledger.accountedMs + 1 : (parseInstant(act.since ?? act.at) ?? dealtMs);
  return { earliestMs: Math.min(sinceMs, dealtMs), latestMs: Math.max(sinceMs, dealtMs) };
}

function boundsIn({ paused }: ScheduleFacts, { earliestMs, latestMs }: Bounds): JsonObject {
  const [earliest, latest] = [formatInstant(earliestMs), formatInstant(latestMs)];
  return paused
    ? { from: earliest, from_latest: latest }
    : { until_earliest: earliest, until: latest };
}

/** What became of the nominal times that are not on record yet, in order, up to the first that is not settled. */
async function outcomes(
  ground: Ground,
  ledger: Ledger,
  facts: ScheduleFacts | null,
  look: Look,
): Promise<Line[]> {
  const lines: Line[] = [];
  const ran = new Map<number, Ran>(ledger.ran);
  const spans = new Map<number, Promise<Span>>();
  const note = (cycle: Ran, ms: number): void => {
    ran.set(ms, cycle);
    lines.push(line(look, 'CYCLE_RAN', cycle as unknown as JsonObject));
  };
  const nowMs = parseInstant(look.at) ?? 0;
  const tickMs = parseInstant(look.tick?.nominal_time ?? '');
  // Times come to be in order; a cycle started by hand tells nothing of them.
  const due = tickMs !== null && isNominal(ledger, tickMs);
  const beforeMs = due ? tickMs : horizon(facts, nowMs);
  for (const [ms, { nominal_time, taken_at }] of facts?.started ?? []) {
    if (!ran.has(ms) && !isNominal(ledger, ms))
      note(ranOf(ground, nominal_time, taken_at, true), ms);
  }
  const gap = new GapLines(look, lines);
  for (const dueMs of dueTimes(ledger, beforeMs)) {
    const started = ran.get(dueMs) === undefined ? facts?.started.get(dueMs) : undefined;
    if (started !== undefined) {
      gap.end();
      note(ranOf(ground, started.nominal_time, started.taken_at, false), dueMs);
      continue;
    }
    const before = await spanBefore(ground, { ...ledger, ran }, spans, dueMs);
    const open = before !== null && before.untilMs === null;
    const settled = due || look.last === true || open || pausedAt(ledger, dueMs) === 'YES';
    if (!settled && dueMs + SETTLED_MS > nowMs) break;
    const { reason, cycle_id } = notRunAt(ledger, dueMs, before);
    gap.add(dueMs, reason, cycle_id, everyAt(ledger, dueMs));
  }
  gap.end();
  if (look.tick !== undefined && tickMs !== null && !ran.has(tickMs)) {
    const { nominal_time, actual_time } = look.tick;
    note(ranOf(ground, nominal_time, actual_time, !isNominal(ledger, tickMs)), tickMs);
  }
  return lines;
}

/** Up to where the server has dealt with what was due. While it is paused it deals with nothing, and starts nothing. */
function horizon(facts: ScheduleFacts | null, nowMs: number): number {
  if (facts === null) return 0;
  return facts.paused ? Math.max(facts.nextMs ?? 0, nowMs) : (facts.nextMs ?? 0);
}

function everyAt({ setups }: Ledger, ms: number): number {
  return setups.findLast(({ sinceMs }) => sinceMs < ms)?.setup.every_ms ?? 0;
}

function line({ at }: Look, type: string, data: JsonObject): Line {
  return { type, at, actor: 'harness', data };
}

function ranOf(
  { name }: Ground,
  nominal_time: string,
  actual_time: string,
  triggered: boolean,
): Ran {
  return {
    nominal_time,
    cycle_id: tickId(name, nominal_time),
    workflow_id: tickWorkflowId(name, nominal_time),
    actual_time,
    triggered,
  };
}

/** The last cycle before a nominal time: overlap is SKIP, so no other can have been open then. */
async function spanBefore(
  ground: Ground,
  { ran }: Pick<Ledger, 'ran'>,
  spans: Map<number, Promise<Span>>,
  ms: number,
): Promise<Span | null> {
  let lastMs = -1;
  for (const ranMs of ran.keys()) if (ranMs < ms && ranMs > lastMs) lastMs = ranMs;
  const cycle = ran.get(lastMs);
  if (cycle === undefined) return null;
  const known = spans.get(lastMs) ?? spanOf(ground, cycle);
  spans.set(lastMs, known);
  return known;
}

async function spanOf({ client, store }: Ground, cycle: Ran): Promise<Span> {
  const { cycle_id, workflow_id } = cycle;
  const trail = spanIn((await store.audit.read(cycle_id)) ?? []);
  const closedMs = await closedAt(client, workflow_id);
  const { halts, lastMs } = trail;
  return { cycle_id, halts, untilMs: closedMs === undefined ? lastMs : closedMs };
}

/** Nominal times that came to nothing, a line each; a long stretch for the same reason in one. */
class GapLines {
  private stretch: { data: JsonObject; times: number[]; everyMs: number } | null = null;
  private readonly look: Look;
  private readonly lines: Line[];

  constructor(look: Look, lines: Line[]) {
    this.look = look;
    this.lines = lines;
  }

  add(ms: number, reason: NotRun, cycle_id: string | null, everyMs: number): void {
    const { stretch } = this;
    const same = stretch?.data['reason'] === reason && stretch.data['cycle_id'] === cycle_id;
    if (stretch !== null && same && stretch.everyMs === everyMs) return void stretch.times.push(ms);
    this.end();
    this.stretch = { data: { reason, cycle_id }, times: [ms], everyMs };
  }

  end(): void {
    const { stretch } = this;
    this.stretch = null;
    if (stretch === null) return;
    const { data, times } = stretch;
    const [first = 0] = times;
    if (times.length > LINES_MAX) {
      const last_nominal_time = nominalText(times.at(-1) ?? first);
      const count = times.length;
      const whole = { nominal_time: nominalText(first), last_nominal_time, count, ...data };
      this.lines.push(line(this.look, 'CYCLE_NOT_RUN', whole));
      return;
    }
    for (const ms of times)
      this.lines.push(line(this.look, 'CYCLE_NOT_RUN', { nominal_time: nominalText(ms), ...data }));
  }
}
