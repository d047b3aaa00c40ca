import { randomUUID } from 'node:crypto';
import { readSkillFile } from '../authoring/read-skill';
import { decide, haltCycle } from '../client/act';
import type { Harness } from '../client/context';
import { findCycle, showCycle, waitForCycle } from '../client/inspect';
import { prepare, type Source } from '../client/prepare';
import { changeRegistry, storeSkill } from '../client/skills';
import { startCycle } from '../client/start';
import type { Entry } from '../core/entry';
import type { DecisionRequest } from '../core/halts';
import { canonicalText, cycleId, taskId } from '../core/identity';
import { isObject, type JsonObject, own } from '../core/json';
import { DEFAULT_POLICY } from '../core/policy';
import { EXECUTION_CYCLE, TASK_QUEUE, workflowIdFor } from '../core/start';
import { Problem } from '../problem';
import type { Sandbox } from '../sandbox/types';
import type { CycleRecord } from '../store/store';
import { bundle } from './documents';
import { type Evidence } from './grade';
import { factsOf, textOf } from './facts';
import type { Site } from './site';
import { LEDGER_ENTRY, skillId, type SkillName } from './skill';

/** What an operator of a drill does to cycles: the package's own functions, with the drill's names. */
export const DRILLER = 'drill';

/** How long a drill waits for one thing to come about. */
const WAIT_MS = 30_000;
/** How often it looks for what no event tells. */
const LOOK_MS = 50;

export interface Documents {
  readonly bundle?: JsonObject;
  readonly graph?: JsonObject;
  readonly policy?: JsonObject;
}

export async function start({ harness }: Site, documents: Documents): Promise<CycleRecord> {
  const { graph, policy } = documents;
  const prepared = prepare(
    source('bundle', documents.bundle ?? bundle()),
    graph === undefined ? null : source('graph', graph),
    policy === undefined ? null : source('policy', policy),
  );
  const { cycle_id } = await startCycle(harness, prepared);
  return findCycle(harness.store, cycle_id);
}

function source(name: string, document: JsonObject): Source {
  return { name, bytes: Buffer.from(JSON.stringify(document)) };
}

/** A start by another client than ours, which asks nobody whether the graph can be built. */
export async function startRaw({ harness }: Site, graph: JsonObject): Promise<CycleRecord> {
  const { documents, cycles } = harness.store;
  const put = (document: JsonObject) => documents.put(Buffer.from(canonicalText(document)));
  const policy = DEFAULT_POLICY as unknown as JsonObject;
  const given = bundle();
  const input_hash = await put(given);
  const graph_hash = await put(graph);
  const policy_hash = await put(policy);
  const first_task = {
    name: 'T1',
    task_id: taskId('validate_state', input_hash, {}),
    task_type: 'validate_state',
    skill_ref: 'harness.validate-state',
    timeout_ms: 5_000,
  };
  const mode = 'shadow';
  const cycle_id = cycleId(mode, input_hash, graph_hash, policy_hash);
  const hashes = { cycle_id, mode, input_hash, graph_hash, policy_hash } as const;
  const workflow_id = workflowIdFor(mode, given['timestamp'], cycle_id);
  const record = { ...hashes, workflow_id, created_at: new Date().toISOString() };
  await cycles.put(record);
  await harness.client.workflow.start(EXECUTION_CYCLE, {
    workflowId: workflow_id,
    taskQueue: TASK_QUEUE,
    args: [{ ...hashes, policy, first_task }],
  });
  return record;
}

/** The trail is what tells that a task runs. */
export async function untilStarted(site: Site, record: CycleRecord, task: string): Promise<void> {
  await until(site, `task ${task} runs`, async () =>
    (await entriesOf(site, record)).some(
      (entry) => entry.type === 'TASK_STARTED' && entry.task === task,
    ),
  );
}

export async function halt({ harness }: Site, record: CycleRecord): Promise<void> {
  await haltCycle(harness, record, 'a drill: prices look wrong', DRILLER);
}

/** Waits for an outcome or a halt. */
export function settled({ harness }: Site, record: CycleRecord): Promise<JsonObject> {
  return waitForCycle(harness, record, WAIT_MS);
}

export function shown({ harness }: Site, record: CycleRecord): Promise<JsonObject> {
  return showCycle({ harness, store: harness.store }, record);
}

/** Decides on the open halt, once there is one. `more`: what no decision may hold. */
export async function decided(
  site: Site,
  record: CycleRecord,
  choice: string,
  more: JsonObject = {},
): Promise<void> {
  const { halt: open } = await settled(site, record);
  if (!isObject(open) || open['decision'] !== null) return;
  await decide(site.harness, record, {
    ...decision(choice),
    ...more,
    halt_id: textOf(open['halt_id']),
  });
}

export function decision(choice: string): Omit<DecisionRequest, 'halt_id'> {
  return {
    choice,
    reason: 'the drill goes on',
    root_cause: 'a drill: nothing was wrong',
    why_safe: 'it is the drill itself that raised it',
    by: DRILLER,
    decision_id: randomUUID(),
  };
}

/** What the cycle has come to by now. `more` facts are what the drill itself has seen. */
export async function evidence(
  site: Site,
  record: CycleRecord,
  more: readonly string[] = [],
): Promise<Evidence> {
  const result = await settled(site, record);
  const entries = await entriesOf(site, record);
  const facts = [...factsOf(result, entries), ...more];
  const raised = entries.find(({ type }) => type === 'HALT_RAISED');
  const told = raised === undefined ? null : await noticeOf(site, record);
  // A notice of no halt is one that nobody expects.
  if (raised === undefined) return { facts, notice_ms: site.sink.firstOf(record.cycle_id) };
  return { facts, notice_ms: told === null ? null : Math.max(0, told - Date.parse(raised.at)) };
}

/** A halt that ended at once may be told of a moment later. */
async function noticeOf(site: Site, { cycle_id }: CycleRecord): Promise<number | null> {
  const giveUp = performance.now() + NOTICE_WAIT_MS;
  while (site.sink.firstOf(cycle_id) === null && performance.now() < giveUp) await pause();
  return site.sink.firstOf(cycle_id);
}

const NOTICE_WAIT_MS = 2_000;

export async function entriesOf({ harness }: Site, record: CycleRecord): Promise<readonly Entry[]> {
  return (await harness.store.audit.read(record.cycle_id)) ?? [];
}

/** Where the skill stands in the registry, and since how many violations. */
export async function standingOf({ store }: Harness, name: SkillName): Promise<string> {
  const { registry } = await store.registry.now();
  return `skill ${own(registry.skills, skillId(name))?.standing ?? 'unknown'}`;
}

/** Registers the skill's file and activates it, citing the drill's own ledger. */
export async function register(
  { harness }: Site,
  name: SkillName,
  file: string,
  sandbox: Sandbox,
): Promise<void> {
  const read = await readSkillFile(file, sandbox);
  if (!read.ok)
    throw new Problem('REFUSED', `the drill's own skill is refused: ${read.problem}`, file);
  const { code, manifest, output } = read.skill;
  const registration = await storeSkill(harness, code, { manifest, output });
  const change = { skill: skillId(name), ledger: LEDGER_ENTRY, by: DRILLER };
  const version = `${change.skill}@${manifest.skill_version}`;
  const asked = { ...change, skill: version, change_id: randomUUID() };
  await changeRegistry(harness, { ...asked, operation: 'register', registration });
  const next = { ...asked, change_id: randomUUID(), registration: null };
  await changeRegistry(harness, { ...next, operation: 'activate' });
}

export async function until(site: Site, what: string, look: () => Promise<boolean>): Promise<void> {
  const giveUp = performance.now() + WAIT_MS;
  while (!(await look())) {
    if (performance.now() > giveUp)
      throw new Error(`${WAIT_MS / 1_000} s went by, and still not: ${what}`);
    await pause();
    site.expectOpen();
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, LOOK_MS));
}
