import { isDeepStrictEqual } from 'node:util';
import type { Bundle } from '../../src/core/bundle';
import type { Graph, Task } from '../../src/core/graph';
import type { Policy } from '../../src/core/policy';
import type { SkillsSnapshot } from '../../src/core/skills';

/** What the contract lets a plan say of a task; `bar` is the code of its one static reason. */
export interface ReferenceTask {
  readonly name: string;
  readonly after: readonly string[];
  readonly critical: boolean;
  readonly effects: readonly string[];
  readonly bar: string | null;
}

/**
 * A second reading of C4.O and of the preconditions that are fixed before T2 starts (R33): slow, obvious, written from
 * the contract and its readings alone. `holds` says of a gate's condition whether it is true.
 */
export function referencePlan(
  graph: Graph,
  bundle: Bundle,
  policy: Policy,
  skills: SkillsSnapshot,
  holds: (condition: string) => boolean,
): ReferenceTask[] {
  const order = inOrder(graph);
  const permission = bundle.factor_permission;
  // R3: an active layer that gave nothing, or a size of 0 (EXE-4), denies everything; a latent one is bypassed.
  const allDenied =
    permission === null ? policy.factor_layer === 'ACTIVE' : permission.size_multiplier === 0;
  const granted = (name: string): boolean =>
    !allDenied && (permission === null || permission[`${name}_permitted`] === true); // R9
  const lowConfidence = bundle.regime_state.confidence < policy.min_regime_confidence;

  return order.map((task, i) => {
    const effects = task.side_effects.filter((effect) => effect !== 'audit_log');
    const builtIn = task.skill_ref.startsWith('harness.');
    const skill = skills[task.skill_ref];
    const needs = [...task.required_state, ...(skill?.required_inputs ?? [])];
    const invocable =
      skill !== undefined &&
      ['ACTIVE', 'DEPRECATED'].includes(skill.state) &&
      skill.task_types.includes(task.task_type) &&
      skill.output_schema === task.output_schema &&
      skill.side_effects.every((each) => each === 'audit_log' || effects.includes(each));
    const gated = (graph.gates ?? []).some(
      (gate) => (holds(gate.condition) ? gate.if_false : gate.if_true) === task.name, // R34
    );
    const twin = (e: Task): boolean =>
      e.task_type === task.task_type && isDeepStrictEqual(e.inputs, task.inputs); // R19
    const emits = task.skill_ref === 'harness.emit-actions';
    const asksTooMuch = !task.required_permissions.every(granted);
    // R25, the part of it that no task's end can change, in its order.
    const bars: [code: string, applies: boolean][] = [
      ['GATE_SKIP', gated],
      ['DUPLICATE_TASK', order.slice(0, i).some(twin)],
      ['STATE_MISSING', needs.some((name) => Reflect.get(bundle, name) === null)], // R10
      ['CONFIDENCE_TOO_LOW', lowConfidence && (emits || effects.length > 0)], // R1, EXE-4
      ['PERMISSION_DENIED', asksTooMuch || (allDenied && effects.length > 0)], // C3.P2, R3
      ['SKILL_UNREGISTERED', !builtIn && skill === undefined], // R35
      ['SKILL_NOT_INVOCABLE', !builtIn && !invocable],
    ];
    const bar = bars.find(([, applies]) => applies)?.[0] ?? null;
    const critical = builtIn || task.critical === true; // R20
    return { name: task.name, after: task.depends_on, critical, effects, bar };
  });
}

/** C4.O: again and again, the first declared task all of whose dependencies are done. */
function inOrder({ tasks }: Graph): Task[] {
  const done: Task[] = [];
  const isDone = (name: string): boolean => done.some((task) => task.name === name);
  while (done.length < tasks.length) {
    const next = tasks.find((task) => !isDone(task.name) && task.depends_on.every(isDone));
    if (next === undefined) throw new Error('no candidate');
    done.push(next);
  }
  return done;
}
