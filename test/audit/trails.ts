import { chainEntry } from '../../src/audit/chain';
import { countOf, type Json, type JsonObject } from '../../src/core/json';
import type { Draft, Entry } from '../../src/core/entry';
import type { Event } from '../../src/core/events';
import { canonicalText } from '../../src/core/identity';
import { DEFAULT_POLICY } from '../../src/core/policy';
import { V1_GRAPH } from '../../src/core/graph';
import type { Store } from '../../src/store/store';
import { bundleWith, policyWith } from '../core/samples';
import type { Script } from '../core/script';
import { simulate } from '../core/simulation';

/** A simulated cycle as the harness records it: its id, and the drafts of its run. */
export interface Trail {
  readonly cycleId: string;
  readonly drafts: readonly Draft[];
  readonly script: Script;
}

export function trailOf(script: Script = {}, run = 'run-0001'): Trail {
  const { events, cycle } = simulate(script);
  const drafts: Draft[] = [];
  events.forEach((each, i) => {
    const data = each.type === 'CYCLE_OPENED' ? { ...each.data, run_id: run } : each.data;
    const draft = { ...each, data: plain(data), run_id: run, seq: i + 1, part: 0 };
    drafts.push(draft, ...emissionOf(draft, events.slice(i + 1)));
  });
  return { cycleId: cycle.opened?.cycle_id ?? '', drafts, script };
}

/** T4's own entries, as its activity writes them under its start, when that start is the one that succeeds. */
function emissionOf(draft: Draft, later: readonly Event[]): Draft[] {
  if (draft.type !== 'TASK_STARTED') return [];
  const end = later.find(({ task, type }) => task === draft.task && type !== 'VIOLATION');
  const actions = end?.type === 'TASK_ENDED' ? end.data.lists?.actions : undefined;
  if (actions === undefined || 'ref' in actions || countOf(actions) === 0) return [];
  const about = { type: 'ACTION_EMITTED', clause: 'C6.T4' as const };
  return actions.map((action, i) => ({
    ...draft,
    ...about,
    part: i + 1,
    data: action as JsonObject,
  }));
}

export function chained(cycleId: string, drafts: readonly Draft[]): Entry[] {
  const entries: Entry[] = [];
  for (const draft of drafts) {
    entries.push(chainEntry(cycleId, draft, entries.at(-1)?.hash ?? null));
  }
  return entries;
}

/** Stores what the cycle was started with. */
export async function keepDocuments(store: Store, script: Script = {}): Promise<void> {
  const { bundle = bundleWith(), graph = V1_GRAPH, policy = DEFAULT_POLICY } = script;
  for (const document of [bundle, graph, policy])
    await store.documents.put(Buffer.from(canonicalText(document as unknown as Json)));
}

function plain(data: object): JsonObject {
  const value: JsonObject = JSON.parse(JSON.stringify(data));
  return value;
}

const SCRIPTS: readonly Script[] = ['1.0.0', '2.0.0', '3.0.0'].map((version) => ({
  policy: policyWith({ version }),
}));
const OPENINGS = SCRIPTS.map((script) => trailOf(script));
export const [CYCLE = '', OTHER_CYCLE = '', THIRD_CYCLE = ''] = OPENINGS.map(
  ({ cycleId }) => cycleId,
);

/** What the three cycles were started with. */
export async function keepAllDocuments(store: Store): Promise<void> {
  for (const script of SCRIPTS) await keepDocuments(store, script);
}

/** An entry of a run in which nothing happens: the first opens it. */
export function draft(
  run: string,
  seq: number,
  changes: Partial<Draft> = {},
  of: string = CYCLE,
): Draft {
  const opening = OPENINGS.find(({ cycleId }) => cycleId === of)?.drafts[0];
  if (opening === undefined) throw new Error('one of the three cycles');
  const base = { ...opening, run_id: run, seq, ...changes };
  if (seq === 1) return { ...base, data: { ...opening.data, run_id: run, ...changes.data } };
  const data = { count: seq, detail: `entry ${seq}`, sign: '€ 𝄞' };
  return { ...base, type: 'SIGNALS_IGNORED', clause: 'C3.F3', data, ...changes };
}

/** A run's entries `from` … `to`. */
export function drafts(run: string, from: number, to: number, of?: string): readonly Draft[] {
  return Array.from({ length: to - from + 1 }, (_, i) => draft(run, from + i, {}, of));
}

/** A run of `length` entries, 3 or more, that is cancelled before anything has begun. */
export function wholeRun(run: string, length: number, of?: string): readonly Draft[] {
  const detail = 'cancelled';
  const end = { outcome: 'CANCELLED', summary: detail, reasons: [{ code: 'CANCELLED', detail }] };
  return [
    ...drafts(run, 1, length - 2, of),
    draft(run, length - 1, { type: 'CANCEL_REQUESTED', clause: 'CA', data: { detail } }, of),
    draft(run, length, { type: 'CYCLE_ENDED', clause: 'CA', data: end }, of),
  ];
}
