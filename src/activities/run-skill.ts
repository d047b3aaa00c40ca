import { activityInfo, ApplicationFailure, CancelledFailure } from '@temporalio/activity';
import type { TaskDone, TaskFailed } from '../core/answers';
import type { Bundle } from '../core/bundle';
import type { Output, TaskLeft, Violation } from '../core/events';
import type { Task } from '../core/graph';
import { codeOf, invariant, messageOf } from '../core/invariant';
import type { Json, JsonObject } from '../core/json';
import { SKILL_OUTPUT_BYTES_MAX } from '../core/limits';
import { deniedOf, grantsOf } from '../core/permissions';
import type { Policy } from '../core/policy';
import type { ReasonCode, ViolationCode } from '../core/reasons';
import { factsOf } from '../core/registry';
import { judgeViolation, type SkillFault } from '../core/skill-faults';
import type { SkillRegistration } from '../core/skills';
import { formatInstant } from '../core/time';
import type { Ending } from '../sandbox/types';
import type { SkillCall } from './contract';
import type { Dependencies } from './dependencies';
import { effectsFor } from './skill-effects';
import type { States } from './states';
import { frameTask } from './task';
import { taskOutput } from './trail';

/** One invocation of a skill: what it may read, what it did, and what that means under the contract (§7). */
export function runSkill(deps: Dependencies, call: SkillCall): Promise<TaskDone> {
  return frameTask<TaskDone>(deps, call, async (_, cancelled) => {
    await admit(deps, call);
    const registration = await deps.states.registration(call.skill.registration);
    const bundle = await deps.states.validBundle(call.hashes.input);
    const policy = await deps.states.policy(call.hashes.policy);
    const refused = permissionBypass(registration, bundle, policy);
    if (refused !== null) throw await failed(deps, call, [refused], { effects: [] });

    const sandbox = await deps.skills.sandbox();
    const effects = effectsFor(deps, call, registration.manifest, cancelled);
    const task = await declared(deps, call);
    const ending = await sandbox.run(
      {
        skill_ref: call.skill.ref,
        code: await deps.states.code(registration.bundle),
        input: task.inputs,
        states: await statesFor(deps, call, registration, bundle),
        outputs: await outputsFor(deps, call, task),
        effects: registration.manifest.side_effects,
        task_id: call.task.task_id,
        idempotency_key: `${call.cycle_id}:${call.task.task_id}`,
        mode: call.mode,
        timeout_ms: call.task.timeout_ms,
      },
      {
        effect: (name, ordinal, payload) => effects.call(name, ordinal, payload),
        log: (line) => deps.log.info({ skill: call.skill.ref, task: call.task.name }, line),
      },
      cancelled,
    );
    deps.watch?.skillRan(call.skill.ref, ending.kind);
    // Of a skill that was stopped nothing more is performed, whatever it still had asked for.
    if (ending.kind !== 'RETURNED') effects.stop();
    await effects.settled();
    const receipts = effects.receipts() as unknown as readonly JsonObject[];
    const left = { isolation: sandbox.isolation, effects: await deps.states.list(receipts) };
    const trouble = effects.trouble();
    if (trouble !== null) throw await troubled(deps, call, trouble.error, left);
    const answer = await judgeEnding(deps, ending, registration, call);
    if ('output' in answer) return { output: answer.output, left };
    throw await failed(deps, call, answer.faults, left);
  });
}

/** C3.P5, R28, at the last moment: what has been quarantined, removed or deregistered since the plan was built does not run. */
async function admit({ store }: Dependencies, { skill }: SkillCall): Promise<void> {
  const { registry } = await store.registry.now();
  const facts = factsOf(registry, skill.ref);
  const is = facts?.state ?? 'not registered any more';
  if (is === 'ACTIVE' || is === 'DEPRECATED') return;
  throw ApplicationFailure.nonRetryable(`${skill.ref} is ${is}`, 'SKILL_NOT_INVOCABLE');
}

/** SK-2, C7.V2: the task leaves out a permission that its skill requires and that is not granted. */
function permissionBypass(
  { manifest }: SkillRegistration,
  bundle: Bundle,
  policy: Policy,
): SkillFault | null {
  const denied = deniedOf(grantsOf(bundle, policy), manifest.requires_permissions);
  if (denied.length === 0) return null;
  const detail = `${manifest.skill_id} requires ${denied.join(', ')}, which is not granted, and its task does not list it`;
  return { code: 'PERMISSION_BYPASS', detail };
}

/** The task as its graph declares it. */
async function declared({ states }: Dependencies, call: SkillCall): Promise<Task> {
  const { graph } = await states.graph(call.hashes.graph);
  const task = graph?.tasks.find(({ name }) => name === call.task.name);
  invariant(task !== undefined, 'C4.I1', `task ${call.task.name} is in the graph`);
  return task;
}

/** C7.D: the declared states and no other; of the beliefs, behind T3, the surviving ones (SK-2, R33). */
async function statesFor(
  { states }: Dependencies,
  call: SkillCall,
  { manifest }: SkillRegistration,
  bundle: Bundle,
): Promise<Record<string, Json>> {
  const given: Record<string, Json> = {};
  for (const name of manifest.required_inputs) given[name] = bundle[name] as unknown as Json;
  if (!call.skill.behind_filter || !('active_beliefs' in given)) return given;
  invariant(call.survivors !== null, 'C6.T3', 'T3 has run before a task behind it');
  const survivors = new Set(await states.items(call.survivors));
  const beliefs = bundle.active_beliefs.filter(({ belief_id }) => survivors.has(belief_id));
  return { ...given, active_beliefs: beliefs as unknown as Json };
}

async function outputsFor(
  deps: Dependencies,
  call: SkillCall,
  { depends_on }: Task,
): Promise<Record<string, Json>> {
  const carried = call.outputs ?? (await taskOutput(deps.store.audit, call, depends_on));
  const outputs: Record<string, Json> = {};
  for (const [task, output] of Object.entries(carried))
    outputs[task] = await deps.states.resolved(output);
  return outputs;
}

type Answer = { readonly output: Output } | { readonly faults: readonly SkillFault[] };

/** R14–R16: what an ending means. The strongest fault comes first: it is the task's reason. */
async function judgeEnding(
  { states }: Dependencies,
  ending: Ending,
  registration: SkillRegistration,
  call: SkillCall,
): Promise<Answer> {
  const fault = (code: ReasonCode, detail: string): Answer => ({ faults: [{ code, detail }] });
  switch (ending.kind) {
    case 'RETURNED': {
      const check = await states.outputCheck(call.skill.registration);
      const problems = check(ending.output);
      if (problems.length === 0) return storedOutput(states, ending.output);
      const what = `its output is not ${registration.manifest.output_schema}`;
      return fault('OUTPUT_SCHEMA', `${what}: ${problems.slice(0, 5).join('; ')}`);
    }
    case 'OVERSIZED':
      return fault('OUTPUT_SCHEMA', `${ending.detail} (limit ${SKILL_OUTPUT_BYTES_MAX} bytes)`);
    case 'THREW':
      return fault('TASK_ERROR', ending.detail);
    case 'TIMED_OUT':
      return fault('TIMEOUT', ending.detail);
    case 'STOPPED':
      throw new CancelledFailure('a halt or a cancellation cut in');
    case 'OFF_LIMITS': {
      const faults = (['UNDECLARED_SIDE_EFFECT', 'LAYER_BYPASS'] as const).flatMap((code) => {
        const attempts = ending.attempts.filter((attempt) => attempt.code === code);
        if (attempts.length === 0) return [];
        const told = attempts.map(({ api, resource }) =>
          resource === null ? api : `${api} ${resource}`,
        );
        const what = [...new Set(told)].slice(0, 5).join('; ');
        return [{ code, detail: `it reached for what it has not declared: ${what}` }];
      });
      return { faults };
    }
  }
}

/** A text that has no canonical form cannot be put on record. */
async function storedOutput(states: States, output: Json): Promise<Answer> {
  try {
    return { output: await states.value(output) };
  } catch (error) {
    if (codeOf(error) !== undefined) throw error;
    const detail = `its output has no canonical JSON form: ${messageOf(error)}`;
    return { faults: [{ code: 'OUTPUT_SCHEMA', detail }] };
  }
}

/** Notes each violation, so that it is in force before the task's failure is known, and makes the failure that tells them. */
async function failed(
  deps: Dependencies,
  call: SkillCall,
  faults: readonly SkillFault[],
  left: TaskLeft,
): Promise<ApplicationFailure> {
  const violations: Violation[] = [];
  for (const fault of faults) {
    if (isViolation(fault.code)) violations.push(await note(deps, call, fault.code, fault.detail));
  }
  const [first] = faults;
  invariant(first !== undefined, 'C3.O', 'a failed task has a reason');
  const told: TaskFailed = { violations, left };
  return ApplicationFailure.create({
    message: first.detail,
    type: first.code,
    nonRetryable: true,
    details: [told],
  });
}

function isViolation(code: ReasonCode): code is ViolationCode {
  return code !== 'TASK_ERROR';
}

/** R17: counted per skill, across versions, cycles, workers and restarts. */
async function note(
  { store, states }: Dependencies,
  call: SkillCall,
  code: ViolationCode,
  detail: string,
): Promise<Violation> {
  const { registry } = await store.registry.now();
  const policy = await states.policy(call.hashes.policy);
  const runId = activityInfo().workflowExecution?.runId ?? '';
  const id = `${call.cycle_id}:${runId}:${call.started.seq}:${code}`;
  const { response } = await store.registry.note(id, (earlier) => ({
    ...judgeViolation(registry, earlier, call.skill.ref, code, policy),
    detail,
    cycle_id: call.cycle_id,
    task: call.task.name,
    at: formatInstant(Date.now()),
  }));
  return { kind: 'SKILL_VIOLATION', code, skill_ref: call.skill.ref, detail, response };
}

/** SK-4: another payload under the same key is the skill's doing; everything else that kept us from performing is not. */
async function troubled(
  deps: Dependencies,
  call: SkillCall,
  error: unknown,
  left: TaskLeft,
): Promise<unknown> {
  if (codeOf(error) !== 'EFFECT_CHANGED') return error;
  return failed(deps, call, [{ code: 'TASK_ERROR', detail: messageOf(error) }], left);
}
