import { actionsFor } from '../../src/core/actions';
import type { GraphAnswer, TaskDone, TaskFailed, ValidateDone } from '../../src/core/answers';
import { filterBeliefs } from '../../src/core/beliefs';
import type { Bundle } from '../../src/core/bundle';
import { graphProblems } from '../../src/core/construct';
import { type Cycle, openedOf, type TaskState } from '../../src/core/cycle';
import type { Event } from '../../src/core/events';
import { type Graph, V1_GRAPH } from '../../src/core/graph';
import { cycleId, hashOf } from '../../src/core/identity';
import { type Json, own, type Sha256 } from '../../src/core/json';
import { buildPlan, identify } from '../../src/core/plan';
import { DEFAULT_POLICY, type Policy } from '../../src/core/policy';
import {
  capReasons,
  type Reason,
  type ReasonCode,
  VIOLATIONS,
  type ViolationCode,
} from '../../src/core/reasons';
import { barredEvents, endedEvents, failedEvents, stoppedEvents } from '../../src/core/recorded';
import { checkRegime } from '../../src/core/regime';
import { type Registry, withNotes } from '../../src/core/registry';
import { judgeViolation } from '../../src/core/skill-faults';
import type { SkillFacts, SkillsSnapshot } from '../../src/core/skills';
import type { CycleInput } from '../../src/core/start';
import { parseInstant } from '../../src/core/time';
import { judge, judgeInvalid } from '../../src/core/validate';
import { bundleWith, RANK } from './samples';
import { harnessError, type Script, type TaskEnd } from './script';

const BLAMELESS = {
  standing: 'GOOD',
  tenure: 1,
  violations: 0,
  versions: {},
  history: [],
} as const;

function isViolation(code: ReasonCode): code is ViolationCode {
  return Object.hasOwn(VIOLATIONS, code);
}

/** What the activities would answer, by the same pure functions, without a store. */
export class Answers {
  readonly input: CycleInput;
  private readonly script: Script;
  private readonly graph: Graph;
  private readonly bundle: Bundle;
  private readonly policy: Policy;
  private readonly skills: SkillsSnapshot;
  /** Of the skills' violations in this cycle. */
  private registry: Registry;

  constructor(script: Script) {
    this.script = script;
    this.graph = script.graph ?? V1_GRAPH;
    this.bundle = script.bundle ?? bundleWith();
    this.policy = script.policy ?? DEFAULT_POLICY;
    this.skills = script.skills ?? RANK;
    const known = Object.values(this.skills).map(({ skill_id }) => [skill_id, BLAMELESS] as const);
    this.registry = { version: 1, notes: 0, skills: Object.fromEntries(known) };
    const hash = (document: object): Sha256 => hashOf(document as Json);
    const input_hash = hash(this.bundle);
    const hashes = { input_hash, graph_hash: hash(this.graph), policy_hash: hash(this.policy) };
    const t1 = [this.graph, V1_GRAPH]
      .flatMap((graph) => identify(graph, input_hash))
      .find(({ task }) => task.skill_ref === 'harness.validate-state');
    if (t1 === undefined) throw new Error('the v1 graph has a first task');
    const { name, task_type, skill_ref, timeout_ms } = t1.task;
    this.input = {
      cycle_id: cycleId('shadow', hashes.input_hash, hashes.graph_hash, hashes.policy_hash),
      mode: 'shadow',
      ...hashes,
      policy: this.policy,
      first_task: { name, task_id: t1.task_id, task_type, skill_ref, timeout_ms },
    };
  }

  toBuildGraph(cycle: Cycle): GraphAnswer {
    const { graph, policy, skills } = this;
    const problems = graphProblems(graph);
    const override = problems.some(({ clause }) => clause === 'C5.O');
    const refused = problems.map(({ detail }): Reason => ({ code: 'GRAPH_INVALID', detail }));
    if (problems.length > 0) return { built: false, problems: capReasons(refused), override };
    const bundle = cycle.verdict === null ? null : this.bundle;
    return {
      built: true,
      plan: buildPlan({ graph, bundle, policy, skills, hashes: this.input }),
    };
  }

  /** What the workflow records when an attempt has ended. */
  eventsOf(cycle: Cycle, task: TaskState, end: TaskEnd, now: string): readonly Event[] {
    const { name } = task.planned;
    if (end === 'UNTAKEN') return stoppedEvents(task, 'no worker took it', now);
    if (end === 'HARNESS_ERROR')
      return [
        ...stoppedEvents(task, 'broken', now),
        harnessError(cycle, `broken in ${name}`, name, now),
      ];
    const { skill_id } = this.factsOf(task) ?? {};
    const { standing } = own(this.registry.skills, skill_id ?? '') ?? {};
    if (standing === 'QUARANTINED' || standing === 'DEREGISTERED') {
      const detail = `${task.planned.skill_ref} is ${standing}`;
      return barredEvents(task, { code: 'SKILL_NOT_INVOCABLE', detail }, now);
    }
    if (typeof end === 'object') {
      const reason = { code: end.failed, detail: `${name} broke` };
      const failed = skill_id === undefined ? null : this.failed(task, reason);
      return failedEvents(cycle, task, reason, failed, now);
    }
    return endedEvents(task, this.done(cycle, task, end === 'LOST' ? 2 : 1), now);
  }

  private factsOf({ planned }: TaskState): SkillFacts | undefined {
    const task = this.graph.tasks.find(({ name }) => name === planned.name);
    return task === undefined ? undefined : own(this.skills, task.skill_ref);
  }

  /** C7.V1–V5, R17: what the run was beyond a failure, noted so that it is in force from then on. */
  private failed({ planned }: TaskState, { code, detail }: Reason): TaskFailed {
    const left = { isolation: 'os', effects: [] } as const;
    if (!isViolation(code)) return { violations: [], left };
    const { skill_ref, name } = planned;
    const { policy, registry } = this;
    const noted = judgeViolation(registry, [], skill_ref, code, policy);
    const told = { n: registry.notes + 1, id: name, detail, cycle_id: '', task: name, at: '' };
    this.registry = withNotes(registry, [{ ...noted, ...told }]);
    const { response } = noted;
    const violation = { kind: 'SKILL_VIOLATION', code, skill_ref, detail, response } as const;
    return { violations: [violation], left };
  }

  private done(cycle: Cycle, { planned }: TaskState, attempt: number): TaskDone | ValidateDone {
    const { bundle, policy } = this;
    const known = { attempt, audit: { entries: 0, head: null } };
    switch (planned.task_type) {
      case 'validate_state': {
        const { invalid } = this.script;
        const evaluatedMs = parseInstant(openedOf(cycle).evaluated_at) ?? 0;
        const verdict = invalid ? judgeInvalid(invalid) : judge(bundle, policy, evaluatedMs);
        return { ...known, output: { verdict: verdict.verdict }, verdict };
      }
      case 'check_regime': {
        const { reason, ...check } = checkRegime(bundle.regime_state, policy);
        return { ...known, output: { ...check, reason: reason === null ? null : { ...reason } } };
      }
      case 'filter_beliefs': {
        const { kept, removed } = filterBeliefs(bundle, policy);
        const lists = { survivors: kept, beliefs_removed: removed as unknown as Json[] };
        return { ...known, output: { kept: kept.length, removed: removed.length }, lists };
      }
      case 'emit_actions': {
        const { survivors } = cycle.lists;
        if (survivors === undefined || 'ref' in survivors) throw new Error('T3 ran before T4');
        const actions = actionsFor(bundle, survivors.map(String), planned.task_id);
        const output = { mode: 'SHADOW', emitted: actions.length, duplicates: 0 };
        return { ...known, output, lists: { actions: actions as unknown as Json[] } };
      }
      default:
        return { ...known, output: {} };
    }
  }
}
