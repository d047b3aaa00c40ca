import type { Bundle } from './bundle';
import { evaluateCondition, parseCondition } from './conditions';
import { effectsOf, executionOrder, gateTargets, quote } from './construct';
import { BUILT_IN_VERSION, type Graph, isBuiltIn, type Task } from './graph';
import { planHash, taskId } from './identity';
import { own, type Sha256 } from './json';
import { deniedOf, type Grants, grantsOf } from './permissions';
import type { Policy } from './policy';
import { toRanges } from './ranges';
import type { Reason } from './reasons';
import type { SkillFacts, SkillsSnapshot } from './skills';

/** One task of a plan: all that the engine needs to know of it, and all that a record shows of it. */
export interface PlannedTask {
  readonly name: string;
  readonly task_id: string;
  readonly task_type: string;
  readonly skill_ref: string;
  /** Positions (execution order) of the tasks it depends on, as ranges: `0-2 5`. Dense graphs stay small this way. */
  readonly after: string;
  readonly timeout_ms: number;
  readonly critical: boolean;
  /** Side effects beyond `audit_log`. */
  readonly effects: readonly string[];
  /** The first precondition of bundle, graph and policy that bars it, whatever runs before it; null: none (R33). */
  readonly barred: Reason | null;
  /** Of a task whose skill is registered and may be invoked; a built-in has none. */
  readonly skill?: PlannedSkill;
}

export interface PlannedSkill {
  /** Hash of the registration that runs: what was registered, nothing newer (C7.R). */
  readonly registration: Sha256;
  readonly state: 'ACTIVE' | 'DEPRECATED';
  /** SK-2, R33: the task stands behind T3, so of the beliefs it reads the surviving ones. */
  readonly behind_filter: boolean;
}

/** Which snapshot of the registry a plan was built with (R18). */
export interface RegistryRead {
  readonly version: number;
  readonly hash: Sha256;
}

/** C4.I1: a function of bundle, graph, policy and registry snapshot alone; fixed before T2 starts. */
export interface Plan {
  readonly plan_hash: Sha256;
  readonly parallel: boolean;
  readonly tasks: readonly PlannedTask[];
  readonly gates: readonly GateVerdict[];
  /** Null when no task of the graph asks for a skill, or nothing was ever registered. */
  readonly registry: RegistryRead | null;
}

export interface GateVerdict {
  readonly name: string;
  readonly value: boolean;
  /** The task this verdict skips; null when the gate leaves all as it is. */
  readonly skips: string | null;
  /** Fields the condition asked for that the bundle does not have: each comparison with one is false, and logged. */
  readonly missing: readonly string[];
}

/** Order and ids, which need no state: what `harness plan` shows offline. In execution order. */
export function identify(graph: Graph, inputHash: Sha256): { task: Task; task_id: string }[] {
  return executionOrder(graph).flatMap((i) => {
    const task = graph.tasks[i];
    return task ? [{ task, task_id: taskId(task.task_type, inputHash, task.inputs) }] : [];
  });
}

export interface PlanInput {
  readonly graph: Graph;
  /** null: T1 failed, so no state may be read; every task but T1 then ends DEPENDENCY_FAILED. */
  readonly bundle: Bundle | null;
  readonly policy: Policy;
  readonly skills: SkillsSnapshot;
  readonly registry?: RegistryRead | null;
  readonly hashes: {
    readonly input_hash: Sha256;
    readonly graph_hash: Sha256;
    readonly policy_hash: Sha256;
  };
}

/** BUILD_GRAPH (CA) for a graph without problems. */
export function buildPlan(input: PlanInput): Plan {
  const { graph, bundle, policy, skills, hashes } = input;
  const identified = identify(graph, hashes.input_hash);
  const position = new Map(identified.map(({ task }, i) => [task.name, i]));
  const gates = bundle === null ? [] : (graph.gates ?? []).map((gate) => judgeGate(gate, bundle));
  const facts =
    bundle === null ? null : { bundle, policy, grants: grantsOf(bundle, policy), gates, skills };
  const behind = behindFilter(identified.map(({ task }) => task));
  const seen = new Map<string, string>();
  const tasks = identified.map(({ task, task_id }): PlannedTask => {
    const first = seen.get(task_id);
    if (first === undefined) seen.set(task_id, task.name);
    const known = factsFor(task, skills);
    return {
      name: task.name,
      task_id,
      task_type: task.task_type,
      skill_ref: isBuiltIn(task.skill_ref)
        ? `${task.skill_ref}@${BUILT_IN_VERSION}`
        : known === undefined
          ? task.skill_ref
          : `${known.skill_id}@${known.skill_version}`,
      after: toRanges(task.depends_on.flatMap((name) => position.get(name) ?? [])),
      timeout_ms: task.timeout_ms,
      critical: task.critical === true || isBuiltIn(task.skill_ref), // R20: T1–T4 always are
      effects: effectsOf(task),
      barred: facts === null ? null : barredBy(task, first, facts),
      ...plannedSkill(known, behind.has(task.name)),
    };
  });
  return {
    plan_hash: planHash({ ...hashes, tasks: tasks.map(({ name, task_id }) => [name, task_id]) }),
    parallel: graph.parallel === true,
    tasks,
    gates,
    registry: input.registry ?? null,
  };
}

function factsFor(task: Task, skills: SkillsSnapshot): SkillFacts | undefined {
  return own(skills, task.skill_ref);
}

function plannedSkill(
  skill: SkillFacts | undefined,
  behind_filter: boolean,
): { readonly skill?: PlannedSkill } {
  if (skill === undefined || (skill.state !== 'ACTIVE' && skill.state !== 'DEPRECATED')) return {};
  const { registration, state } = skill;
  return { skill: { registration, state, behind_filter } };
}

/** Names of the tasks that descend from T3; in execution order each task's dependencies come before it. */
function behindFilter(tasks: readonly Task[]): ReadonlySet<string> {
  const filters = new Set(
    tasks.filter((task) => task.skill_ref === 'harness.filter-beliefs').map(({ name }) => name),
  );
  const behind = new Set<string>();
  for (const { name, depends_on } of tasks) {
    if (depends_on.some((before) => filters.has(before) || behind.has(before))) behind.add(name);
  }
  return behind;
}

/** R34: evaluated once, here. True → `if_false` is skipped; false → `if_true` is. */
function judgeGate(gate: NonNullable<Graph['gates']>[number], bundle: Bundle): GateVerdict {
  const parsed = parseCondition(gate.condition);
  const { value, missing } = parsed.ok
    ? evaluateCondition(parsed.condition, bundle)
    : { value: false, missing: [] };
  const [ifTrue = null, ifFalse = null] = gateTargets(gate);
  return { name: gate.name, value, skips: value ? ifFalse : ifTrue, missing };
}

interface Facts {
  readonly bundle: Bundle;
  readonly policy: Policy;
  readonly grants: Grants;
  readonly gates: readonly GateVerdict[];
  readonly skills: SkillsSnapshot;
}

/** The static preconditions in R25's order (C3.P1, P2, P5; C4.G, C4.I3, EXE-4). */
function barredBy(task: Task, duplicateOf: string | undefined, facts: Facts): Reason | null {
  const gate = facts.gates.find((verdict) => verdict.skips === task.name);
  if (gate) return { code: 'GATE_SKIP', detail: `gate ${quote(gate.name)} is ${gate.value}` };
  if (duplicateOf !== undefined) {
    return { code: 'DUPLICATE_TASK', detail: `same task type and inputs as ${quote(duplicateOf)}` }; // R19
  }
  return (
    missingState(task, facts) ??
    lowConfidence(task, facts) ??
    denied(task, facts) ??
    skillBar(task, facts.skills)
  );
}

/** C3.P1, R10: named by the task, or by its skill. */
function missingState(task: Task, { bundle, skills }: Facts): Reason | null {
  const skill = factsFor(task, skills);
  const needed = [...task.required_state, ...(skill?.required_inputs ?? [])];
  const state = needed.find((name) => bundle[name] === null);
  return state === undefined
    ? null
    : { code: 'STATE_MISSING', detail: `${state} is not in the bundle`, state };
}

/** R1: with low regime confidence nothing that emits or writes runs. */
function lowConfidence(task: Task, { bundle, policy }: Facts): Reason | null {
  const { confidence } = bundle.regime_state;
  if (confidence >= policy.min_regime_confidence) return null;
  if (task.skill_ref !== 'harness.emit-actions' && effectsOf(task).length === 0) return null;
  const detail = `regime confidence ${confidence} is below ${policy.min_regime_confidence}`;
  return { code: 'CONFIDENCE_TOO_LOW', detail, state: 'regime_state' };
}

/** C3.P2; R3: when everything is denied, a task that writes is denied even when it lists no permission. */
function denied(task: Task, { grants }: Facts): Reason | null {
  const state = 'factor_permission';
  const names = deniedOf(grants, task.required_permissions);
  if (names.length > 0) return { code: 'PERMISSION_DENIED', detail: names.join(', '), state };
  if (grants.kind !== 'DENIED' || effectsOf(task).length === 0) return null;
  return { code: 'PERMISSION_DENIED', detail: grants.why, state };
}

/** C3.P5, R35. */
function skillBar(task: Task, skills: SkillsSnapshot): Reason | null {
  if (isBuiltIn(task.skill_ref)) return null;
  const skill = factsFor(task, skills);
  if (skill === undefined) {
    return {
      code: 'SKILL_UNREGISTERED',
      detail: `no skill is registered as ${quote(task.skill_ref)}`,
    };
  }
  const bar = (detail: string): Reason => ({
    code: 'SKILL_NOT_INVOCABLE',
    detail: `${task.skill_ref} ${detail}`,
  });
  if (skill.state !== 'ACTIVE' && skill.state !== 'DEPRECATED') return bar(`is ${skill.state}`); // R28
  if (!skill.task_types.includes(task.task_type))
    return bar(`does not handle task type ${quote(task.task_type)}`);
  if (skill.output_schema !== task.output_schema)
    return bar(`produces ${skill.output_schema}, not ${quote(task.output_schema)}`);
  const unlisted = skill.side_effects.filter(
    (effect) => effect !== 'audit_log' && !task.side_effects.includes(effect),
  );
  return unlisted.length > 0
    ? bar(`writes to ${unlisted.join(', ')}, which the task does not list`)
    : null;
}
