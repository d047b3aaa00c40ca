import { isObject, isRef, type Json, type JsonObject } from '../core/json';
import type { DocumentStore } from '../store/store';

/** The cycle result as users get it: every list whole, no reference left (interface, "Cycle result"). */
export async function resolveResult(
  documents: DocumentStore,
  result: JsonObject,
): Promise<JsonObject> {
  const [actions = [], beliefs_removed = []] = await Promise.all(
    ['actions', 'beliefs_removed'].map((key) => resolve(documents, result[key] ?? [])),
  );
  const tasks = Array.isArray(result['tasks']) ? (result['tasks'] as readonly Json[]) : [];
  const whole = tasks.map(async (task) =>
    isObject(task) ? { ...task, ...(await resolveEach(documents, task)) } : task,
  );
  return { ...result, tasks: await Promise.all(whole), actions, beliefs_removed };
}

/** A task's output, and the receipts of its effects. */
async function resolveEach(documents: DocumentStore, task: JsonObject): Promise<JsonObject> {
  const output = await resolve(documents, task['output'] ?? null);
  const { effects } = task;
  return effects === undefined
    ? { output }
    : { output, effects: await resolve(documents, effects) };
}

/** A reference whose document is not in this store stays as it is: better than leaving it out. */
async function resolve(documents: DocumentStore, value: Json): Promise<Json> {
  if (!isRef(value)) return value;
  const bytes = await documents.get(value.ref);
  return bytes === null ? value : (JSON.parse(Buffer.from(bytes).toString('utf8')) as Json);
}
