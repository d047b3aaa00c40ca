import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { decide, prepare, resumeAll, showCycle, startCycle, waitForCycle } from '../../src/client';
import type { Harness } from '../../src/client/context';
import { type Prepared, prepareRules, type Source } from '../../src/client/prepare';
import { createSchedule, triggerSchedule } from '../../src/client/schedules';
import type { Entry } from '../../src/core/entry';
import { type Graph, V1_GRAPH } from '../../src/core/graph';
import { canonicalText, cycleId, taskId } from '../../src/core/identity';
import { codeOf } from '../../src/core/invariant';
import { isObject, type JsonObject } from '../../src/core/json';
import { DEFAULT_POLICY } from '../../src/core/policy';
import { workflowIdFor } from '../../src/core/start';
import { verify } from '../../src/audit/verify';
import type { CycleRecord } from '../../src/store/store';
import { freshBundle, regime } from '../support/bundles';
import { until } from '../e2e/until';
import { Sandbox } from '../support/sandbox';
import { StoppingWorker } from './stopping-worker';

/** A cycle that is ready to be started: its ids are known offline. */
export interface Planned extends CycleRecord {
  readonly prepared: Prepared;
}

const ASKS_MAX = 4;

/** One user's world as the fault tests use it: cycles through the package's own functions, and what must hold of them. */
export class World {
  readonly box: Sandbox;
  readonly harness: Harness;
  private readonly workers: ChildProcess[] = [];

  private constructor(box: Sandbox, harness: Harness) {
    this.box = box;
    this.harness = harness;
  }

  static async open(): Promise<World> {
    const box = await Sandbox.open();
    const harness = {
      client: box.client(),
      store: await box.store(),
      namespace: box.namespace,
      uiUrl: '',
      close: async () => undefined,
    };
    return new World(box, harness);
  }

  /** A cycle on a bundle of its own. Its tasks may be held for a minute before Temporal gives them up. */
  plan(documents: { graph?: JsonObject; policy?: JsonObject; bundle?: JsonObject } = {}): Planned {
    const bundle = documents.bundle ?? distinctBundle();
    const prepared = prepare(
      source('bundle', bundle),
      source('graph', documents.graph ?? patientGraph()),
      documents.policy === undefined ? null : source('policy', documents.policy),
    );
    const { cycle_id, mode } = prepared;
    return {
      prepared,
      cycle_id,
      mode,
      workflow_id: workflowIdFor(mode, bundle['timestamp'], cycle_id),
      input_hash: prepared.bundle.hash,
      graph_hash: prepared.graph.hash,
      policy_hash: prepared.policy.hash,
      created_at: '',
    };
  }

  async start(cycle: Planned = this.plan()): Promise<Planned> {
    const started = await startCycle(this.harness, cycle.prepared);
    expect(started.workflow_id).toBe(cycle.workflow_id);
    return cycle;
  }

  /**
   * What our own client would start with, its documents stored; `graph` may be one that it would refuse, with the v1
   * graph's T1.
   */
  async rawInput(graph: JsonObject): Promise<JsonObject> {
    const { documents } = this.harness.store;
    const put = (document: JsonObject) => documents.put(Buffer.from(canonicalText(document)));
    const policy = DEFAULT_POLICY as unknown as JsonObject;
    const input_hash = await put(distinctBundle());
    const graph_hash = await put(graph);
    const policy_hash = await put(policy);
    const first_task = {
      name: 'T1',
      task_id: taskId('validate_state', input_hash, {}),
      task_type: 'validate_state',
      skill_ref: 'harness.validate-state',
      timeout_ms: 60_000,
    };
    const cycle_id = cycleId('shadow', input_hash, graph_hash, policy_hash);
    return { cycle_id, mode: 'shadow', input_hash, graph_hash, policy_hash, policy, first_task };
  }

  handle({ workflow_id }: CycleRecord): WorkflowHandle {
    return this.harness.client.workflow.getHandle(workflow_id);
  }

  /** The whole result, once the cycle has an outcome or waits for a human. */
  settled(cycle: CycleRecord): Promise<JsonObject> {
    return waitForCycle(this.harness, cycle, null);
  }

  /** The whole result, once the workflow has ended. */
  async ended(cycle: CycleRecord): Promise<JsonObject> {
    await this.handle(cycle)
      .result()
      .catch(() => null); // a cancelled cycle throws: its result tells more
    return this.show(cycle);
  }

  /** The open halt, once the cycle waits for a human. */
  async halted(cycle: CycleRecord): Promise<JsonObject> {
    const result = await this.settled(cycle);
    expect(result).toMatchObject({ phase: 'HALTED', outcome: null });
    return isObject(result['halt']) ? result['halt'] : {};
  }

  show(cycle: CycleRecord): Promise<JsonObject> {
    return showCycle({ harness: this.harness, store: this.harness.store }, cycle);
  }

  /** Asks again what a busy worker has not answered in time, as it says: the same decision, however often it is sent. */
  async decide(cycle: CycleRecord, choice: string): Promise<void> {
    const { halt } = await this.show(cycle);
    const asked = decision(isObject(halt) ? halt['halt_id'] : null, choice);
    for (let asks = 1; ; asks += 1) {
      try {
        await decide(this.harness, cycle, asked);
        return;
      } catch (error) {
        if (codeOf(error) !== 'NO_SERVER' || asks === ASKS_MAX) throw error;
      }
    }
  }

  /** A cycle that a schedule starts, now. @returns its workflow id */
  async tick(schedule: string, source: string): Promise<string> {
    const rules = prepareRules(null, null, 'shadow');
    const rhythm = { every_ms: 86_400_000, jitter_ms: 0 };
    await createSchedule(this.harness, { schedule, ...rhythm, source, rules, by: 'ada' });
    const why = { by: 'ada', why: 'a look' };
    const { workflow_id } = await triggerSchedule(this.harness, schedule, why);
    return workflow_id ?? '';
  }

  /** A harness-level error has halted the whole harness: a human clears that, whatever its cycle is decided to do. */
  async clearLatch(): Promise<void> {
    const { store } = this.harness;
    await until('the whole harness is halted', async () => (await store.latch.now()).halt !== null);
    const { halt } = await store.latch.now();
    await resumeAll({ harness: this.harness, store }, decision(halt?.halt_id, 'RESUME'));
  }

  async halt(cycle: CycleRecord): Promise<void> {
    await this.handle(cycle).signal('halt', { reason: 'a look at the feed', by: 'ada' });
  }

  /** A file stands where a folder of the store should be. @returns what puts that right again */
  spoil(folder: string): () => void {
    const path = join(this.box.env['HARNESS_HOME'] ?? '', folder);
    const aside = `${path}-aside`;
    renameSync(path, aside);
    writeFileSync(path, '');
    return () => {
      rmSync(path);
      renameSync(aside, path);
    };
  }

  async entries({ cycle_id }: CycleRecord): Promise<readonly Entry[]> {
    return (await this.harness.store.audit.read(cycle_id)) ?? [];
  }

  /** Whatever the fault was: every trail is whole, and no action is on record twice. */
  async expectSound(): Promise<void> {
    const trail = await this.box.trail();
    const report = await verify(trail).finally(() => trail.close());
    expect(report).toMatchObject({ status: 'INTACT', exit: 0, aliens: [] });
    const emitted: unknown[] = [];
    for (const { cycle_id } of report.cycles) {
      for (const { type, data } of (await this.harness.store.audit.read(cycle_id)) ?? [])
        if (type === 'ACTION_EMITTED') emitted.push(data['action_id']);
    }
    expect(new Set(emitted).size).toBe(emitted.length);
  }

  /** A worker as it is in use. */
  async worker(env: NodeJS.ProcessEnv = {}): Promise<ChildProcess> {
    const worker = await this.box.worker(undefined, env);
    this.workers.push(worker);
    return worker;
  }

  async stoppingWorker(env: NodeJS.ProcessEnv = {}): Promise<StoppingWorker> {
    const worker = new StoppingWorker(await this.box.worker([StoppingWorker.script], env));
    this.workers.push(worker.process);
    return worker;
  }

  /** So that the next test's tasks come to its own workers. */
  async killWorkers(): Promise<void> {
    await Promise.all(this.workers.splice(0).map(kill));
  }

  close(): Promise<void> {
    return this.box.close();
  }
}

/** What every cycle of `distinctBundle` comes to, whatever happened on the way. */
export const COMPLETED = {
  phase: 'IDLE',
  outcome: 'COMPLETED',
  violations: [],
  tasks: ['T1', 'T2', 'T3', 'T4'].map((name) => ({ name, outcome: 'SUCCESS', reason: null })),
  actions: [{ belief_id: 'B-1', duplicate: false }],
};

export function distinctBundle(changes: JsonObject = {}): JsonObject {
  return freshBundle({ regime_state: regime({ note: randomUUID() }), ...changes });
}

/** The v1 graph, its tasks with a minute each: a held task is lost with its worker, never timed out. */
export function patientGraph(): Graph & JsonObject {
  const tasks = V1_GRAPH.tasks.map((task) => ({ ...task, timeout_ms: 60_000 }));
  return { ...V1_GRAPH, tasks } as unknown as Graph & JsonObject;
}

export function decision(haltId: unknown, choice: string, changes: JsonObject = {}) {
  return {
    halt_id: String(haltId),
    choice,
    reason: 'the feed is good',
    root_cause: 'a test of faults',
    why_safe: 'nothing has changed',
    by: 'ada',
    decision_id: randomUUID(),
    ...changes,
  };
}

/** SIGKILL: nothing is drained. */
export async function kill(worker: ChildProcess): Promise<void> {
  if (worker.exitCode !== null || worker.signalCode !== null) return;
  const gone = once(worker, 'exit');
  worker.kill('SIGKILL');
  await gone;
}

function source(name: string, document: JsonObject): Source {
  return { name, bytes: Buffer.from(JSON.stringify(document)) };
}
