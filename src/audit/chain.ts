import { hash as digestOf } from 'node:crypto';
import type { Clause } from '../core/clauses';
import type { AuditHead, Draft, Entry } from '../core/entry';
import { canonicalText } from '../core/identity';
import { isDigest, isObject, type Json, type JsonObject, type Sha256, valueOf } from '../core/json';

/** The form of an entry that this version writes and reads. */
const FORM = 1;
const DOMAIN = `harness/audit/v${FORM}\0`;
const AT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;

/** The type of the first entry of a cycle's run. */
const FIRST_TYPE = 'CYCLE_OPENED';
/** Of a schedule's chain: a run is its life from creation to deletion. A cycle that it started may still come behind its end. */
const SCHEDULE_FIRST_TYPE = 'SCHEDULE_CREATED';
const SCHEDULE_LAST_TYPE = 'SCHEDULE_DELETED';
/** Of the latch's chain: a run is one harness-wide halt, from its raising to its clearing. */
const LATCH_FIRST_TYPE = 'LATCH_SET';
const LATCH_LAST_TYPE = 'LATCH_CLEARED';
/** Of the ledger of cycles: one run without end. */
const LEDGER_FIRST_TYPE = 'LEDGER_OPENED';
const FIRST_TYPES = [FIRST_TYPE, SCHEDULE_FIRST_TYPE, LATCH_FIRST_TYPE, LEDGER_FIRST_TYPE];
/** Nothing more comes in a run behind one of these. */
const LAST_TYPES = ['CYCLE_ENDED', LATCH_LAST_TYPE];

export function endsRun(type: string): boolean {
  return LAST_TYPES.includes(type);
}

/** An entry's hash, and the line (without its newline) that stands in the file. */
export interface Sealed {
  readonly hash: Sha256;
  readonly line: string;
}

/**
 * The recipe of `core/entry.ts`. In RFC 8785 the keys are sorted, so `hash` stands between `data`
 * and `part`: the two halves around it are written once and serve for the hash and for the line.
 * @throws Error for data that has no canonical form
 */
export function sealEntry(cycleId: string, draft: Draft, prev: Sha256 | null): Sealed {
  const { actor, at, clause, data, part, run_id, seq, task, type } = draft;
  const before = canonicalText({ actor, at, clause, cycle_id: cycleId, data }).slice(0, -1);
  const after = canonicalText({ part, prev, run_id, seq, task, type, v: FORM }).slice(1);
  const hash: Sha256 = `sha256:${digestOf('sha256', `${DOMAIN}${before},${after}`)}`;
  return { hash, line: `${before},"hash":"${hash}",${after}` };
}

/** The draft as an entry of the chain whose newest hash is `prev`. */
export function chainEntry(cycleId: string, draft: Draft, prev: Sha256 | null): Entry {
  const { hash } = sealEntry(cycleId, draft, prev);
  return { v: FORM, cycle_id: cycleId, ...draftOf(draft), prev, hash };
}

/** The fields of a draft and no others. */
export function draftOf(entry: Draft): Draft {
  const { run_id, seq, part, at, type, clause, actor, task, data } = entry;
  return { run_id, seq, part, at, type, clause, actor, task, data };
}

/** Order within a run: by (seq, part). Negative when `a` stands before `b`. */
export function comparePositions(
  a: Pick<Draft, 'seq' | 'part'>,
  b: Pick<Draft, 'seq' | 'part'>,
): number {
  return a.seq - b.seq || a.part - b.part;
}

/**
 * What keeps `next` from standing right after `before` in one chain (null: it is the first); null
 * when nothing does.
 */
export function stepProblem(before: Draft | null, next: Draft): string | null {
  const opens = next.seq === 1 && next.part === 0;
  if (opens !== FIRST_TYPES.includes(next.type)) {
    return opens
      ? `a run begins with ${FIRST_TYPES.join(' or ')}, this one does not`
      : `${next.type} stands at ${place(next)}, but only the first entry of a run may be one`;
  }
  if (before === null || before.run_id !== next.run_id) {
    return opens ? null : `its run begins at ${place(next)}, the entries before are missing`;
  }
  if (endsRun(before.type)) return `${place(next)} follows the end of its run`;
  const follows =
    (next.seq === before.seq && next.part === before.part + 1) ||
    (next.seq === before.seq + 1 && next.part === 0);
  if (follows) return null;
  return `${place(next)} follows ${place(before)}: an entry is missing, doubled or out of order`;
}

/** A position as people read it: `entry 5`, or `entry 5.2` for a part. */
export function place(draft: Pick<Draft, 'seq' | 'part'>): string {
  return draft.part === 0 ? `entry ${draft.seq}` : `entry ${draft.seq}.${draft.part}`;
}

/**
 * The entry of one line, with every field of its right type; null for anything else. Judges no
 * hash.
 */
export function parseEntry(line: string): Entry | null {
  return entryOf(valueOf(line));
}

function entryOf(value: Json | undefined): Entry | null {
  if (!isObject(value)) return null;
  const { v, cycle_id, prev, hash, run_id, seq, part, at, type, clause, actor, task, data } = value;
  if (v !== FORM || !isDigest(hash) || (prev !== null && !isDigest(prev))) return null;
  if (!isText(cycle_id) || !isText(run_id) || !isText(type) || !isText(actor)) return null;
  if (!isCount(seq, 1) || !isCount(part, 0) || !isText(at) || !AT.test(at)) return null;
  if (!isClause(clause) || (task !== null && !isText(task)) || !isObject(data)) return null;
  return { v, cycle_id, run_id, seq, part, at, type, clause, actor, task, data, prev, hash };
}

/**
 * An entry that is sound in itself (form, cycle, hash, every byte), or the problem with it and its
 * number if it has one.
 */
export type Reading =
  | { readonly entry: Entry; readonly problem: null }
  | ({ readonly entry: null } & Omit<ChainProblem, 'line'>);

/**
 * Reads one line of the chain of `cycleId`; its link to the line before is the caller's to judge.
 */
export function readEntry(cycleId: string, line: string): Reading {
  const value = valueOf(line);
  const entry = entryOf(value);
  if (entry === null) return newer(value) ?? bad('it is not an audit entry', null);
  if (entry.cycle_id !== cycleId) {
    return bad('it belongs to another cycle', entry.seq);
  }
  if (isSound(entry, value, line)) return { entry, problem: null };
  const sealed = sealOrNull(cycleId, entry);
  if (sealed === null) return bad('it has no canonical form', entry.seq);
  if (sealed.line === line) return { entry, problem: null };
  // One comparison covers every byte; only a line that failed it is asked why.
  if (sealed.hash !== entry.hash) return bad('its hash does not fit its content', entry.seq);
  return bad('it is not in canonical form, or has a field too many', entry.seq);
}

/**
 * The quick way to a sound line, several times as fast as to write it anew: what is written as it was read, with all keys in
 * order, is in canonical form, so the hash is that of the line itself without its hash. Says no where it cannot tell.
 */
function isSound(entry: Entry, value: Json | undefined, line: string): boolean {
  if (!isObject(value) || Object.keys(value).length !== FIELDS) return false;
  if (!inOrder(value) || line.includes('\\ud') || JSON.stringify(value) !== line) return false;
  // Behind it stand texts only in quotes, and a quote within a text is escaped.
  const field = `"hash":"${entry.hash}",`;
  const at = line.lastIndexOf(field);
  const hashed = DOMAIN + line.slice(0, at) + line.slice(at + field.length);
  return `sha256:${digestOf('sha256', hashed)}` === entry.hash;
}

const FIELDS = 13;

/** Deeper than any document may be. */
const DEPTH = 100;

function inOrder(value: Json, depth = 0): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (depth > DEPTH) return false;
  if (Array.isArray(value)) return value.every((item: Json) => inOrder(item, depth + 1));
  const object = value as JsonObject;
  let before = '';
  for (const key of Object.keys(object)) {
    if (key < before || !inOrder(object[key] ?? null, depth + 1)) return false;
    before = key;
  }
  return true;
}

export interface ChainProblem {
  /** 1 for the first line of the file; 0 when no line is to blame. */
  readonly line: number;
  readonly seq: number | null;
  readonly problem: string;
  /** A newer harness wrote what stands there: it is neither proved nor broken, this version cannot tell. */
  readonly foreign?: true;
}

/** A chain up to its first problem: `entries` and `head` tell how far it is good. */
export interface ChainReport extends AuditHead {
  readonly runs: number;
  /** Type of the first entry: what kind of chain it is; null while there is none. */
  readonly first: string | null;
  /** The newest run has its CYCLE_ENDED. */
  readonly ended: boolean;
  readonly problem: ChainProblem | null;
}

/**
 * Checks whole lines (without newlines) in order; `onEntry` sees each good entry with its number,
 * from 1.
 */
export function checkChain(
  cycleId: string,
  lines: Iterable<string>,
  onEntry?: (entry: Entry, count: number) => void,
): ChainReport {
  const runs = new Set<string>();
  let last: Entry | null = null;
  let entries = 0;
  let problem: ChainProblem | null = null;
  let ended = false;
  let first: string | null = null;
  for (const line of lines) {
    const at = entries + 1;
    const reading = readEntry(cycleId, line);
    if (reading.entry === null) {
      const { entry: _, ...what } = reading;
      problem = { line: at, ...what };
      break;
    }
    const broken = linkProblem(last, reading.entry, runs);
    if (broken !== null) {
      problem = { line: at, seq: reading.entry.seq, problem: broken };
      break;
    }
    last = reading.entry;
    first ??= last.type;
    ended = endedBy(last, ended);
    entries = at;
    runs.add(last.run_id);
    onEntry?.(last, entries);
  }
  return { entries, head: last?.hash ?? null, runs: runs.size, first, ended, problem };
}

/** Behind a schedule's deletion its last cycle may still come to be told. */
function endedBy({ type, seq, part }: Entry, before: boolean): boolean {
  if (endsRun(type) || type === SCHEDULE_LAST_TYPE) return true;
  return before && !(seq === 1 && part === 0);
}

function linkProblem(last: Entry | null, next: Entry, runs: ReadonlySet<string>): string | null {
  if (next.prev !== (last?.hash ?? null)) return 'it does not link to the entry before it';
  if (last !== null && last.run_id !== next.run_id && runs.has(next.run_id)) {
    return 'its run comes back after a later run';
  }
  return stepProblem(last, next);
}

/** An entry in a form that is still to come. */
function newer(value: Json | undefined): Reading | null {
  const form = isObject(value) ? value['v'] : undefined;
  if (!isCount(form, FORM + 1)) return null;
  const problem = `it is written in form v${form}, by a newer harness: verify it with that one`;
  return { entry: null, seq: null, problem, foreign: true };
}

function bad(problem: string, seq: number | null): Reading {
  return { entry: null, problem, seq };
}

/** Null for what parses but has no canonical form: a lone surrogate, a nesting too deep to walk. */
function sealOrNull(cycleId: string, entry: Entry): Sealed | null {
  try {
    return sealEntry(cycleId, entry, entry.prev);
  } catch {
    return null;
  }
}

function isText(value: Json | undefined): value is string {
  return typeof value === 'string' && value !== '';
}

function isCount(value: Json | undefined, least: number): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= least;
}

/** Any text: a trail must stay readable when the list of clauses has moved on. */
function isClause(value: Json | undefined): value is Clause {
  return isText(value);
}
