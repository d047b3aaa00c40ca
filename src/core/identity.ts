import { hash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { parse, v5 } from 'uuid';
import type { Json, Sha256 } from './json';

/** Every id of the harness is a UUIDv5 in this namespace (interface, "Hashes and ids"). */
const NAMESPACE = parse('8fafe44f-bd1f-50be-b9ab-f6cbda111dfa');

/** JSON writes a half of a surrogate pair, and nothing else, as an escape `\ud8…` to `\udf…`. */
const LONE_SURROGATE = /(?<!\\)(?:\\\\)*\\ud[89a-f]/;

/**
 * The RFC 8785 form of a value.
 * @throws Error for what has none: undefined, NaN, an infinite number, a lone surrogate (RFC 8785, 3.2.2.2)
 */
export function canonicalText(value: Json): string {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('no canonical form: undefined');
  if (text.includes('\\ud') && LONE_SURROGATE.test(text)) {
    throw new TypeError('no canonical form: a lone surrogate');
  }
  return text;
}

/** `H(x)` of the interface. @throws as {@link canonicalText} */
export function hashOf(value: Json): Sha256 {
  return sha256(canonicalText(value));
}

export function hashBytes(bytes: Uint8Array): Sha256 {
  return sha256(bytes);
}

/** C4.I3, R19: known before anything runs, from the task's own `inputs` alone. */
export function taskId(taskType: string, inputHash: Sha256, inputs: Json): string {
  return v5(`task:${taskType}:${hashOf({ input_hash: inputHash, inputs })}`, NAMESPACE);
}

/** C4.I2: the same belief of the same T4 is the same action, in whichever cycle. */
export function actionId(emitTaskId: string, beliefId: string): string {
  return v5(`action:${emitTaskId}:${beliefId}`, NAMESPACE);
}

/** C4.I2: one call of one effect of a task, the `ordinal`th (from 1): the same in every attempt and run of its cycle. */
export function effectKey(
  cycleId: string,
  taskId: string,
  effect: string,
  ordinal: number,
): string {
  return v5(`effect:${cycleId}:${taskId}:${effect}:${ordinal}`, NAMESPACE);
}

/** R36: same bundle, graph, policy and mode are the same cycle. */
export function cycleId(
  mode: string,
  inputHash: Sha256,
  graphHash: Sha256,
  policyHash: Sha256,
): string {
  return v5(`cycle:${mode}:${inputHash}:${graphHash}:${policyHash}`, NAMESPACE);
}

/** R36: a scheduled cycle, known before its bundle is read. `nominalTime` as the schedule gives it. */
export function tickId(schedule: string, nominalTime: string): string {
  return v5(`tick:${schedule}:${nominalTime}`, NAMESPACE);
}

/** The audit chain of the harness-wide halt. */
export const LATCH_CHAIN = v5('latch', NAMESPACE);

/** The audit chain that knows of all cycles' runs. */
export const LEDGER_CHAIN = v5('ledger', NAMESPACE);

/** The audit chain of a schedule. */
export function scheduleId(schedule: string): string {
  return v5(`schedule:${schedule}`, NAMESPACE);
}

/** One life of a schedule, from its creation to its deletion: what stands in its chain as `run_id`. */
export function scheduleLifeId(schedule: string, createdAt: string): string {
  return v5(`schedule:${schedule}:${createdAt}`, NAMESPACE);
}

/** C4.I1: what a cycle will do. `tasks` are [name, task id] in execution order. */
export function planHash(plan: {
  readonly input_hash: Sha256;
  readonly graph_hash: Sha256;
  readonly policy_hash: Sha256;
  readonly tasks: readonly (readonly [name: string, taskId: string])[];
}): Sha256 {
  const { graph_hash, input_hash, policy_hash, tasks } = plan;
  return hashOf({ graph_hash, input_hash, policy_hash, tasks });
}

function sha256(content: string | Uint8Array): Sha256 {
  return `sha256:${hash('sha256', content)}`;
}
