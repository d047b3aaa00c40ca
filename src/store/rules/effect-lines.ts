import type { EffectStatus, Receipt } from '../../core/effects';
import { canonicalText } from '../../core/identity';
import { isDigest, isObject, type JsonObject } from '../../core/json';
import type { EffectHolder, EffectIntent } from '../store';
import { isCount, isText, storedIn } from './stored';

/** A start of the task, or one attempt of it. */
export type Opening = Pick<EffectHolder, 'run_id' | 'seq' | 'attempt'>;
export type Start = Pick<EffectHolder, 'run_id' | 'seq'>;
export type Result = Pick<Receipt, 'status' | 'detail'>;

/** The lines about the effects of one task. An INTENT belongs to the opening before it; a RECEIPT to the intent of its key. */
export type EffectLine =
  | ({ readonly type: 'OPENED' } & Opening)
  | ({ readonly type: 'CLOSED' } & Start)
  | ({ readonly type: 'INTENT'; readonly at: string } & EffectIntent)
  | ({ readonly type: 'RECEIPT'; readonly key: string; readonly at: string } & Result);

/** An effect that was begun, and its receipt once it has one. */
export interface Standing {
  readonly intent: EffectIntent;
  readonly at: string;
  /** Index of the opening under which it was begun. */
  readonly opening: number;
  readonly receipt: Receipt | null;
}

/** What a task's lines say. Each opening is later than the one before it. */
export interface Ledger {
  readonly openings: readonly Opening[];
  /** Of each run, up to which start it was closed. */
  readonly closed: ReadonlyMap<string, number>;
  /** By key, in the order in which they were begun. */
  readonly effects: ReadonlyMap<string, Standing>;
}

export function effectLine(line: EffectLine): string {
  return canonicalText(line as unknown as JsonObject);
}

export interface LedgerReading {
  readonly ledger: Ledger;
  /** A line is none of ours, or follows nothing. */
  readonly damaged: boolean;
}

export function readLedger(lines: Iterable<string>): LedgerReading {
  const openings: Opening[] = [];
  const closed = new Map<string, number>();
  const effects = new Map<string, Standing>();
  let damaged = false;
  for (const line of lines) {
    const read = parseLine(line);
    if (read === null || effectLine(read) !== line || !add(read)) damaged = true;
  }
  return { ledger: { openings, closed, effects }, damaged };

  function add(line: EffectLine): boolean {
    if (line.type === 'OPENED') {
      const { type: _, ...opening } = line;
      openings.push(opening);
    } else if (line.type === 'CLOSED') {
      closed.set(line.run_id, Math.max(line.seq, closed.get(line.run_id) ?? 0));
    } else if (line.type === 'INTENT') {
      const { type: _, at, ...intent } = line;
      effects.set(intent.key, { intent, at, opening: openings.length - 1, receipt: null });
    } else {
      const begun = effects.get(line.key);
      if (begun === undefined) return false;
      effects.set(line.key, { ...begun, receipt: receiptOf(begun.intent, line, line.at) });
    }
    return true;
  }
}

export function receiptOf(intent: EffectIntent, { status, detail }: Result, at: string): Receipt {
  const { effect, ordinal, key, payload, payload_hash, target } = intent;
  return { effect, ordinal, key, status, payload, payload_hash, target, detail, at };
}

const STATUSES: readonly EffectStatus[] = ['PERFORMED', 'RECORDED', 'FAILED', 'UNKNOWN'];

function parseLine(text: string): EffectLine | null {
  const line = storedIn(text);
  if (!isObject(line)) return null;
  switch (line['type']) {
    case 'OPENED': {
      const { run_id, seq, attempt } = line;
      if (!isText(run_id) || !isCount(seq) || !isCount(attempt)) return null;
      return { type: 'OPENED', run_id, seq, attempt };
    }
    case 'CLOSED': {
      const { run_id, seq } = line;
      return isText(run_id) && isCount(seq) ? { type: 'CLOSED', run_id, seq } : null;
    }
    case 'INTENT':
      return parseIntent(line);
    case 'RECEIPT': {
      const { key, at, detail } = line;
      const status = STATUSES.find((known) => known === line['status']);
      if (!isText(key) || !isText(at) || status === undefined) return null;
      if (detail !== null && !isText(detail)) return null;
      return { type: 'RECEIPT', key, at, status, detail };
    }
    default:
      return null;
  }
}

function parseIntent(line: JsonObject): EffectLine | null {
  const { effect, ordinal, key, payload, payload_hash, target, at } = line;
  if (!isText(effect) || !isText(key) || !isText(target) || !isText(at)) return null;
  if (!isCount(ordinal) || payload === undefined || !isDigest(payload_hash)) return null;
  return { type: 'INTENT', effect, ordinal, key, payload, payload_hash, target, at };
}
