import { mkdirSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { haltAll } from '../../src/client';
import { SIGNALS_MAX } from '../../src/core/limits';
import { policy } from '../e2e/documents';
import { until } from '../e2e/until';
import { act } from '../support/skills';
import { end, type Play, type Played, rawStart, reset } from './plays';
import { graphWith, skillGraph } from './shape-graphs';
import type { Stage } from './stage';
import { decision, patientGraph, type Planned, type World } from './world';

/** More than one message carries. */
const CAUSES = 300;

/** The shapes of what goes wrong, or comes when it is not waited for; and what each history has to tell. */
export const HARD_SHAPES = {
  'signals-ignored': ['"signalName":"resume"', '"outcome":"COMPLETED"'],
  'start-refused': ['EVENT_TYPE_WORKFLOW_EXECUTION_FAILED', 'USAGE'],
  'run-refused': ['under no other id', 'EVENT_TYPE_WORKFLOW_EXECUTION_FAILED'],
  'resume-signal': ['"signalName":"resume"', 'DECISION_TAKEN', '"outcome":"COMPLETED"'],
  'early-decision': ['checkDecision', 'DECISION_REFUSED', '"outcome":"COMPLETED"'],
  'emission-stopped': ['settleEmission', '"choice":"RESUME"', '"outcome":"COMPLETED"'],
  'emission-settled': ['settleEmission', '"choice":"RESUME"', '"outcome":"COMPLETED"'],
  'tick-ended': ['CAUSE_RESET_WORKFLOW', 'readSnapshot', '"deduplicated":true'],
  'latched-start': ['HARNESS_HALTED', '"begun":false', '"outcome":"COMPLETED"'],
  'latched-unrung': ['"begun":true', 'EVENT_TYPE_TIMER_FIRED', '"outcome":"COMPLETED"'],
  'close-failed': ['"choice":"RESUME"', 'raiseLatch', '"outcome":"COMPLETED"'],
  'task-skipped': ['"choice":"SKIP_TASK"', 'OPERATOR_SKIP', '"outcome":"COMPLETED"'],
  'tick-trouble': ['the harness could not read the source', 'raiseLatch', '"outcome":"HALTED"'],
  'tick-unopened': ['the harness could not open the cycle', 'TIMER_FIRED', '"outcome":"HALTED"'],
  'worker-lost': ['its worker was lost 3 times', 'buildGraph', '"outcome":"DEGRADED"'],
  'skill-lost': ['its worker was lost 3 times', 'settleEffects', '"outcome":"COMPLETED"'],
  unclaimed: ['TIMEOUT_TYPE_SCHEDULE_TO_START', 'STATE_STALE', '"outcome":"REJECTED"'],
  'closed-already': ['WORKFLOW_TASK_TIMED_OUT', '"signalName":"halt"', '"outcome":"COMPLETED"'],
  'many-entries': ['HALT_REPEATED', `cause ${CAUSES}`, '"outcome":"HALTED"'],
  'cancelled-early': ['EXECUTION_CANCEL_REQUESTED', 'EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED'],
} as const;
export type HardShape = keyof typeof HARD_SHAPES;

/** What a halt finds T4 at, and its choices go on from. */
const stoppedIn =
  (point: string): Play =>
  async ({ world, worker }) => {
    const cycle = world.plan();
    await worker.hold(cycle.workflow_id, point);
    await world.start(cycle);
    await worker.held(cycle.workflow_id, point);
    await world.halt(cycle);
    await world.halted(cycle);
    await world.decide(cycle, 'RESUME');
    return end(world, cycle);
  };

export const HARD_TOGETHER = {
  async 'signals-ignored'(stage) {
    const cycle = await stage.held();
    const handle = stage.world.handle(cycle);
    const storm = Array.from({ length: SIGNALS_MAX + 1 }, () => handle.signal('resume', null));
    await Promise.all(storm);
    stage.worker.release(cycle.workflow_id, 'before T2');
    await end(stage.world, cycle);
    // Told by the last entries, which no history carries.
    const entries = await stage.world.entries(cycle);
    expect(entries.map(({ type }) => type)).toContain('SIGNALS_IGNORED');
    return cycle;
  },
  'start-refused': async ({ world }) => failed(await rawStart(world, { mode: 'live' })),
  /** The same cycle under another workflow's id. */
  async 'run-refused'({ world }) {
    const input = await world.rawInput(patientGraph());
    await (await rawStart(world, input)).result();
    return failed(await rawStart(world, input));
  },
  async 'resume-signal'(stage) {
    const cycle = await stage.halted();
    const { halt_id } = await stage.world.halted(cycle);
    await stage.world.handle(cycle).signal('resume', decision(halt_id, 'RESUME'));
    return end(stage.world, cycle);
  },
  /** Before any worker has told whether operators decide. */
  async 'early-decision'({ world, worker }) {
    const cycle = world.plan();
    await worker.hold(cycle.workflow_id, 'before T1');
    await world.start(cycle);
    await worker.held(cycle.workflow_id, 'before T1');
    const early = decision(`${cycle.cycle_id}-0000-h1`, 'RESUME');
    const asked = world.handle(cycle).executeUpdate('decide', { args: [early] });
    await expect(asked).rejects.toThrow('Update');
    worker.release(cycle.workflow_id, 'before T1');
    return end(world, cycle);
  },
  'emission-stopped': stoppedIn('before T4'),
  'emission-settled': stoppedIn('appended ACTION_EMITTED'),
  /** Its nominal time has had its cycle. */
  async 'tick-ended'(stage) {
    const { world } = stage;
    const workflow_id = await stage.world.tick('again', stage.source.address);
    const handle = world.harness.client.workflow.getHandle(workflow_id);
    await handle.result();
    await reset(world, workflow_id);
    await handle.result();
    return workflow_id;
  },
} satisfies Partial<Record<HardShape, Play>>;

export const HARD_BY_THEMSELVES = {
  /** Another client starts it while the harness is halted. */
  async 'latched-start'({ world }) {
    const { harness } = world;
    await haltAll({ harness, store: harness.store }, { reason: 'a drill', by: 'ada' });
    const handle = await rawStart(world, await world.rawInput(patientGraph()));
    await until('it is suspended', async () => {
      const { searchAttributes } = await handle.describe();
      return String(searchAttributes['HarnessPhase']) === 'HALTED';
    });
    await world.clearLatch();
    await handle.signal('latch'); // the bell is rung for cycles that a client of ours has started
    await handle.result();
    return handle.workflowId;
  },
  async 'close-failed'({ world, worker }) {
    const cycle = world.plan();
    await worker.hold(cycle.workflow_id, 'append CYCLE_ENDED');
    await world.start(cycle);
    await worker.held(cycle.workflow_id, 'append CYCLE_ENDED');
    const restore = block(world, cycle.cycle_id);
    worker.release(cycle.workflow_id, 'append CYCLE_ENDED');
    await world.halted(cycle);
    restore();
    await world.clearLatch();
    await world.decide(cycle, 'RESUME');
    return end(world, cycle);
  },
  /** Its effects cannot be recorded, which is the harness's failure: a human lets it be left out. */
  async 'task-skipped'({ world, worker }) {
    const cycle = world.plan({ graph: skillGraph('acme.kept', [['note', { n: 1 }]]) });
    await worker.hold(cycle.workflow_id, 'before kept');
    await world.start(cycle);
    await worker.held(cycle.workflow_id, 'before kept');
    const effects = join(world.box.env['HARNESS_HOME'] ?? '', 'effects', cycle.cycle_id);
    writeFileSync(effects, '');
    worker.release(cycle.workflow_id, 'before kept');
    await world.halted(cycle);
    rmSync(effects);
    await world.clearLatch();
    await world.decide(cycle, 'SKIP_TASK');
    return end(world, cycle);
  },
  /** What was read from its source cannot be stored. */
  async 'tick-trouble'(stage) {
    const { world, source } = stage;
    const asked = source.hold();
    const workflow_id = await stage.world.tick('unstored', source.address);
    await asked;
    const restore = world.spoil('documents');
    source.release();
    await tickHalted(world, workflow_id);
    restore();
    return abortTick(world, workflow_id);
  },
  /** Its record cannot be stored, with a bundle or without. */
  async 'tick-unopened'(stage) {
    const { world, worker, source } = stage;
    await worker.hold('*', 'enter openTick');
    const workflow_id = await stage.world.tick('unopened', source.address);
    await worker.held('*', 'enter openTick');
    const restore = world.spoil('cycles');
    worker.release('*', 'enter openTick');
    const handle = world.harness.client.workflow.getHandle(workflow_id);
    await until('it waits', async () => {
      const { events } = await handle.fetchHistory();
      return (events ?? []).some(({ timerStartedEventAttributes: timer }) => timer);
    });
    restore();
    await tickHalted(world, workflow_id);
    return abortTick(world, workflow_id);
  },
} satisfies Partial<Record<HardShape, Play>>;

async function tickHalted({ harness }: World, workflowId: string): Promise<void> {
  const handle = harness.client.workflow.getHandle(workflowId);
  await until('it has halted', async () => {
    const { searchAttributes } = await handle.describe();
    return String(searchAttributes['HarnessPhase']) === 'HALTED';
  });
}

async function abortTick(world: World, workflowId: string): Promise<string> {
  await world.clearLatch();
  const handle = world.harness.client.workflow.getHandle(workflowId);
  const { halt } = await handle.query<{ halt: { halt_id: string } | null }>('cycle');
  await handle.signal('resume', decision(halt?.halt_id, 'ABORT'));
  await handle.result();
  return workflowId;
}

/** Neither the bell of the halt nor that of its end reaches the cycle: it is refused at its task, and will look again by itself. */
export async function latchUnrung({ world, worker }: Stage): Promise<Planned> {
  const { latch } = world.harness.store;
  const cycle = world.plan();
  await worker.hold(cycle.workflow_id, 'appended TASK_STARTED');
  await world.start(cycle);
  await worker.held(cycle.workflow_id, 'appended TASK_STARTED');
  const cause = { code: 'OPERATOR_HALT', detail: 'a drill', raised_by: 'ada' } as const;
  const { halt } = await latch.set(cause, new Date().toISOString());
  worker.release(cycle.workflow_id, 'appended TASK_STARTED');
  await world.halted(cycle);
  await latch.clear(decision(halt?.halt_id, 'RESUME'), new Date().toISOString());
  return cycle;
}

/** A folder stands where the chain should be. @returns what puts that right again */
export function block(world: World, chainId: string): () => void {
  const chain = join(world.box.env['HARNESS_HOME'] ?? '', 'audit', `${chainId}.jsonl`);
  const aside = join(world.box.home, 'aside.jsonl');
  renameSync(chain, aside);
  mkdirSync(chain);
  return () => {
    rmdirSync(chain);
    renameSync(aside, chain);
  };
}

async function failed(handle: { readonly workflowId: string; result(): Promise<unknown> }) {
  await expect(handle.result()).rejects.toThrow('Workflow execution failed');
  return handle.workflowId;
}

const STALE_MS = 6_000;

/**
 * What the loss of workers leaves. Two tasks lose three of them, and are given up; one is attempted again by nobody until its bundle
 * is stale; one cycle was closed already. While there is no worker one is cancelled, and one told to halt more often than one
 * message carries.
 */
export async function playLosses(stage: Stage): Promise<[HardShape, Played][]> {
  const { world } = stage;
  const kept = act('kept', 'acme.kept', { steps: [['note', { n: 1 }]] });
  const planned = {
    'worker-lost': world.plan(),
    'skill-lost': world.plan({ graph: graphWith([kept]) }),
    unclaimed: world.plan({
      policy: policy({ policy_id: 'brief', max_staleness_ms: { default: STALE_MS } }),
    }),
    'closed-already': world.plan(),
    'many-entries': world.plan({ policy: policy({ policy_id: 'many', halt_expiry_ms: 1 }) }),
    'cancelled-early': world.plan(),
  };
  const again: [Planned, string][] = [
    [planned['worker-lost'], 'before T1'],
    [planned['skill-lost'], 'after kept'],
  ];
  const first: [Planned, string][] = [
    ...again,
    [planned.unclaimed, 'before T2'],
    [planned['closed-already'], 'appended CYCLE_ENDED'],
  ];
  for (const [{ workflow_id }, point] of first) await stage.worker.hold(workflow_id, point);
  const begunMs = Date.now();
  for (const [cycle] of first) await world.start(cycle);
  await stage.loseWorker(first);
  await world.halt(planned['closed-already']);
  await world.start(planned['cancelled-early']);
  await world.handle(planned['cancelled-early']).cancel();
  await world.start(planned['many-entries']);
  for (let n = 1; n <= CAUSES; n += 1)
    await world
      .handle(planned['many-entries'])
      .signal('halt', { reason: `cause ${n} ${'.'.repeat(300)}`, by: 'ada' });
  await until('a bundle is stale', async () => Date.now() > begunMs + STALE_MS);
  await stage.replaceWorker(again);
  await stage.loseWorker(again);
  await stage.replaceWorker(again);
  await stage.loseWorker(again);
  await stage.replaceWorker();
  const plays = Object.entries(planned) as [HardShape, Planned][];
  await Promise.all(plays.map(([, cycle]) => end(world, cycle)));
  // No task of it has even started.
  const early = await world.entries(planned['cancelled-early']);
  expect(early.map(({ type }) => type)).toEqual([
    'CYCLE_OPENED',
    'CANCEL_REQUESTED',
    'CYCLE_ENDED',
  ]);
  return plays;
}
