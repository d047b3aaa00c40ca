import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { type JsonObject, type Json } from '../../src/core/json';
import { objects } from './documents';

/** The interface's recipes for hashes and ids, written a second time from its text. */

const NAMESPACE = '8fafe44f-bd1f-50be-b9ab-f6cbda111dfa';

export function H(value: Json): string {
  const text = canonicalize(value) ?? '';
  return `sha256:${createHash('sha256').update(text, 'utf8').digest('hex')}`;
}

/** RFC 9562, 5.5. */
export function uuidV5(text: string): string {
  const namespace = Buffer.from(NAMESPACE.replaceAll('-', ''), 'hex');
  const bytes = createHash('sha1').update(namespace).update(text, 'utf8').digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** All that is known before anything runs, of a graph whose tasks are declared in execution order. */
export function identities(bundle: Json, graph: JsonObject, policy: Json): JsonObject {
  const [input_hash, graph_hash, policy_hash] = [H(bundle), H(graph), H(policy)];
  const tasks = objects(graph['tasks']).map(({ name, task_type, inputs }) => [
    String(name),
    uuidV5(`task:${String(task_type)}:${H({ input_hash, inputs: inputs ?? null })}`),
  ]);
  return {
    cycle_id: uuidV5(`cycle:shadow:${input_hash}:${graph_hash}:${policy_hash}`),
    input_hash,
    graph_hash,
    policy_hash,
    plan_hash: H({ graph_hash, input_hash, policy_hash, tasks }),
    tasks,
  };
}

export function actionId(taskId: string, beliefId: string): string {
  return uuidV5(`action:${taskId}:${beliefId}`);
}
