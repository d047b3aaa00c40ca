import { isObject, type Json, type JsonObject } from '../core/json';
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
    isObject(task) ? { ...task, output: await resolve(documents, task['output'] ?? null) } : task,
  );
  return { ...result, tasks: await Promise.all(whole), actions, beliefs_removed };
}

/** A reference whose document is not in this store stays as it is: better than leaving it out. */
async function resolve(documents: DocumentStore, value: Json): Promise<Json> {
  if (!isObject(value) || Object.keys(value).sort().join() !== 'count,ref') return value;
  const { ref } = value;
  if (typeof ref !== 'string') return value;
  const bytes = await documents.get(ref as `sha256:${string}`);
  return bytes === null ? value : (JSON.parse(Buffer.from(bytes).toString('utf8')) as Json);
}
