import { isDigest, isObject, isRef, type Json, type JsonObject } from '../../core/json';
import { PHASES } from '../../core/phases';
import { OUTCOMES } from '../../core/reasons';
import type { Tick } from '../../core/tick';
import { StoreError, type CycleRecord } from '../store';
import { isAll, isCount, isText, storedIn } from './stored';

/**
 * The result of a text that was stored as one. `what` tells where it stands.
 * @throws StoreError STORE_UNAVAILABLE for what is no result of a cycle
 */
export function resultIn(text: string, what: string): JsonObject {
  const value = storedIn(text);
  if (!isObject(value) || !isResult(value)) throw damaged(what);
  return value;
}

/** What is told of it to people and programs is there, and of its kind. */
function isResult(value: JsonObject): boolean {
  const { outcome, phase, audit } = value;
  const { tasks, reasons, violations, actions, beliefs_removed } = value;
  const texts = ['summary', 'cycle_id', 'workflow_id', 'run_id', 'mode'];
  return (
    OUTCOMES.some((each) => each === outcome) &&
    PHASES.some((each) => each === phase) &&
    texts.every((key) => isText(value[key])) &&
    isObject(audit) &&
    isCount(audit['entries']) &&
    [tasks, reasons, violations].every(isListOfObjects) &&
    [actions, beliefs_removed].every((list) => isRef(list) || isListOfObjects(list))
  );
}

function isListOfObjects(value: Json | undefined): boolean {
  const list: readonly Json[] | null = Array.isArray(value) ? value : null;
  return list !== null && list.every(isObject);
}

/** @throws StoreError STORE_UNAVAILABLE for what is no record of a cycle */
export function recordIn(text: string, what: string): CycleRecord {
  const value = storedIn(text);
  if (!isObject(value)) throw damaged(what);
  const { cycle_id, workflow_id, mode, created_at } = value;
  const { input_hash, graph_hash, policy_hash, tick } = value;
  if (!isText(cycle_id) || !isText(workflow_id) || !isText(mode) || !isText(created_at)) {
    throw damaged(what);
  }
  if (Number.isNaN(Date.parse(created_at))) throw damaged(what);
  if (input_hash !== null && !isDigest(input_hash)) throw damaged(what);
  if (!isDigest(graph_hash) || !isDigest(policy_hash)) throw damaged(what);
  const record = { cycle_id, workflow_id, mode, input_hash, graph_hash, policy_hash, created_at };
  const whole = tick === undefined ? record : { ...record, tick: tickIn(tick, what) };
  if (!isAll(text, whole)) throw damaged(what);
  return whole;
}

/** Oldest first. */
export function byCreation(records: readonly CycleRecord[]): CycleRecord[] {
  return records.toSorted((a, b) => Date.parse(a.created_at) - Date.parse(b.created_at));
}

/** Where a scheduled cycle comes from. */
function tickIn(value: Json, what: string): Tick {
  if (!isObject(value)) throw damaged(what);
  const { schedule, nominal_time, source } = value;
  if (!isText(schedule) || !isText(nominal_time) || !isText(source)) throw damaged(what);
  return { schedule, nominal_time, source };
}

function damaged(what: string): StoreError {
  return new StoreError(
    'STORE_UNAVAILABLE',
    `${what} is damaged: restore it from a copy, or move it away`,
  );
}
