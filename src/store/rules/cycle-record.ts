import { isObject, type Json, type Sha256, valueOf } from '../../core/json';
import type { JsonObject } from '../../core/json';
import type { Tick } from '../../core/tick';
import { StoreError, type CycleRecord } from '../store';

/**
 * The object of a text that was stored as one. `what` tells where it stands.
 * @throws StoreError STORE_UNAVAILABLE for anything else
 */
export function objectIn(text: string, what: string): JsonObject {
  const value = valueOf(text);
  if (!isObject(value)) throw damaged(what);
  return value;
}

/** @throws StoreError STORE_UNAVAILABLE for what is no record of a cycle */
export function recordIn(text: string, what: string): CycleRecord {
  const value = objectIn(text, what);
  const { cycle_id, workflow_id, mode, created_at } = value;
  const { input_hash = null, graph_hash, policy_hash } = value;
  if (!isText(cycle_id) || !isText(workflow_id) || !isText(mode) || !isText(created_at)) {
    throw damaged(what);
  }
  if ((input_hash !== null && !isHash(input_hash)) || !isHash(graph_hash) || !isHash(policy_hash)) {
    throw damaged(what);
  }
  const record = { cycle_id, workflow_id, mode, input_hash, graph_hash, policy_hash, created_at };
  const tick = tickIn(value['tick']);
  return tick === null ? record : { ...record, tick };
}

/** Oldest first. */
export function byCreation(records: readonly CycleRecord[]): CycleRecord[] {
  return records.toSorted((a, b) => Date.parse(a.created_at) - Date.parse(b.created_at));
}

/** Where a scheduled cycle comes from; null in other cycles' records. */
function tickIn(value: Json | undefined): Tick | null {
  if (!isObject(value)) return null;
  const { schedule, nominal_time, source } = value;
  if (!isText(schedule) || !isText(nominal_time) || !isText(source)) return null;
  return { schedule, nominal_time, source };
}

function damaged(what: string): StoreError {
  return new StoreError(
    'STORE_UNAVAILABLE',
    `${what} is damaged: restore it from a copy, or move it away`,
  );
}

function isText(value: Json | undefined): value is string {
  return typeof value === 'string';
}

function isHash(value: Json | undefined): value is Sha256 {
  return typeof value === 'string' && value.startsWith('sha256:');
}
