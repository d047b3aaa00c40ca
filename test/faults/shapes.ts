import { randomUUID } from 'node:crypto';
import { haltAll, signDecision, startCycle } from '../../src/client';
import { policy } from '../e2e/documents';
import type { Json, JsonObject } from '../../src/core/json';
import { REGISTRY_WORKFLOW_ID } from '../../src/core/start';
import { until } from '../e2e/until';
import { regime } from '../support/bundles';
import { act } from '../support/skills';
import { type Histories, historyOf, textOf } from './corpus';
import {
  block,
  HARD_BY_THEMSELVES,
  HARD_SHAPES,
  HARD_TOGETHER,
  latchUnrung,
  playLosses,
} from './hard-shapes';
import { end, type Play, type Played, rawStart, reset } from './plays';
import { gatelessGraph, graphWith, parallelGraph, skillGraph } from './shape-graphs';
import { Stage } from './stage';
import { decision, distinctBundle, type World } from './world';

/**
 * Every shape that a workflow's history can take, and what such a history has to tell: captured once a release, it is replayed
 * ever after. What the workflow can newly do belongs here.
 */
export const SHAPES = {
  completed: ['"outcome":"COMPLETED"'],
  parallel: ['rank-a', 'rank-b', '"outcome":"COMPLETED"'],
  skipped: ['NO_BELIEFS', '"outcome":"SKIPPED"'],
  degraded: ['CONFIDENCE_TOO_LOW', '"outcome":"DEGRADED"'],
  rejected: ['STATE_STALE', '"outcome":"REJECTED"'],
  'validation-halt': ['STATE_MISSING', '"outcome":"HALTED"'],
  'graph-refused': ['GRAPH_INVALID', '"outcome":"HALTED"'],
  'halt-resume': ['"choice":"RESUME"', '"outcome":"COMPLETED"'],
  'halt-abort': ['"choice":"ABORT"', '"outcome":"HALTED"'],
  'halt-restart': ['"choice":"RESTART_FRESH"', '"outcome":"HALTED"'],
  restarted: ['"restarts":"', '"outcome":"COMPLETED"'],
  'halt-expired': ['HALT_EXPIRED', '"outcome":"HALTED"'],
  'halt-cancelled': ['HALT_RAISED', 'EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED'],
  'halt-stale': ['"choice":"RESUME"', 'STATE_STALE', '"outcome":"REJECTED"'],
  cancelled: ['EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED'],
  override: ['OVERRIDE_ATTEMPT', 'HARNESS_VIOLATION', '"outcome":"COMPLETED"'],
  reset: ['CAUSE_RESET_WORKFLOW', '"outcome":"COMPLETED"'],
  skill: ['acme.kept@1.0.0', '"outcome":"COMPLETED"'],
  'skill-failed': ['TASK_ERROR', 'TIMEOUT', '"outcome":"COMPLETED"'],
  'skill-effects': ['"effect":"notes"', 'PERFORMED', '"outcome":"COMPLETED"'],
  'skill-stopped': ['settleEffects', '"outcome":"HALTED"'],
  'skill-violation': ['LAYER_BYPASS', 'SIGNAL_EXTERNAL_WORKFLOW', '"outcome":"COMPLETED"'],
  'skill-halt': ['UNDECLARED_SIDE_EFFECT', '"choice":"RESUME"', '"outcome":"COMPLETED"'],
  'skill-barred': ['SKILL_NOT_INVOCABLE', '"outcome":"COMPLETED"'],
  tick: ['readSnapshot', '"outcome":"COMPLETED"'],
  'tick-sourceless': ['SOURCE_FAILED', '"outcome":"HALTED"'],
  'tick-cancelled': ['readSnapshot', 'EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED'],
  latched: ['"signalName":"latch"', '"scope":"harness"', '"outcome":"COMPLETED"'],
  'harness-error': ['raiseLatch', '"choice":"RETRY_TASK"', '"outcome":"COMPLETED"'],
  notified: ['NOTICE_SENT', 'REMINDER', 'START_CHILD_WORKFLOW', 'HALT_EXPIRED'],
  'notice-given-up': ['"notice":"RAISED"', 'EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED'],
  notice: ['"name":"haltNotice"', '"notice":"ENDED"'],
  signed: ['DECISION_SEEN', '"signature":"', '"outcome":"COMPLETED"'],
  registry: ['"name":"skillRegistry"', '"signalName":"news"'],
  'registry-full': ['"name":"skillRegistry"', 'REFUSED', 'CONTINUED_AS_NEW'],
  'registry-carried': ['"name":"skillRegistry"', '"continuedExecutionRunId":"', 'CONTINUED_AS_NEW'],
  ...HARD_SHAPES,
} as const;
export type Shape = keyof typeof SHAPES;

/** One real workflow of each shape; the histories as Temporal's server has them. */
export async function captureAll(): Promise<Histories> {
  const stage = await Stage.open();
  try {
    const histories = new Map<string, JsonObject>();
    const keep = async (shape: Shape, played: Played): Promise<void> => {
      const { workflow_id, run_id } = typeof played === 'string' ? { workflow_id: played } : played;
      histories.set(shape, await historyOf(stage.world, workflow_id, run_id));
    };
    const take = async (shape: Shape, play: Play): Promise<void> =>
      keep(shape, await inTime(shape, play(stage)));
    const each = <T extends Partial<Record<Shape, Play>>>(plays: T) =>
      Object.entries(plays) as [Shape, Play][];
    await Promise.all(each(TOGETHER).map(([shape, play]) => take(shape, play)));
    for (const [shape, play] of each(BY_THEMSELVES)) await take(shape, play);
    const unrung = await inTime('latched-unrung', latchUnrung(stage));
    for (const [shape, played] of await inTime('worker-lost', playLosses(stage)))
      await keep(shape, played);
    stage.addPeople();
    await Promise.all(each(WITH_PEOPLE).map(([shape, play]) => take(shape, play)));
    for (const [shape, play] of each(AT_LAST)) await take(shape, play);
    await take('latched-unrung', ({ world }) => end(world, unrung));
    return histories;
  } finally {
    await stage.close();
  }
}

/** A shape that does not come about says which it is. */
const SHAPE_MS = 60_000;

async function inTime<T>(shape: Shape, playing: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${shape} has not ended`)), SHAPE_MS);
  });
  return Promise.race([playing, late]).finally(() => clearTimeout(timer));
}

type Documents = Parameters<World['plan']>[0];

const plain =
  (documents: () => Documents = () => ({})): Play =>
  async ({ world }) =>
    end(world, await world.start(world.plan(documents())));

const decided =
  (choice: string, documents: () => Documents = () => ({})): Play =>
  async (stage) => {
    const cycle = await stage.halted(stage.world.plan(documents()));
    await stage.world.decide(cycle, choice);
    return end(stage.world, cycle);
  };

const ago = (ms: number): string => new Date(Date.now() - ms).toISOString();
const bundle = (changes: JsonObject) => () => ({ bundle: distinctBundle(changes) });

const TOGETHER = {
  ...HARD_TOGETHER,
  completed: plain(),
  parallel: plain(() => ({ graph: parallelGraph() })),
  skipped: plain(bundle({ active_beliefs: [] })),
  degraded: plain(bundle({ regime_state: regime({ confidence: 0.2 }) })),
  rejected: plain(() => ({ bundle: distinctBundle({ timestamp: ago(3_600_000) }) })),
  'validation-halt': plain(bundle({ regime_state: null })),
  'graph-refused': refused,
  'halt-resume': decided('RESUME'),
  'halt-abort': decided('ABORT'),
  'halt-restart': decided('RESTART_FRESH'),
  async restarted({ world }) {
    const cycle = world.plan();
    await startCycle(world.harness, cycle.prepared, { restarts: randomUUID() });
    return end(world, cycle);
  },
  async 'halt-expired'(stage) {
    const cycle = await stage.held(stage.world.plan({ policy: policy({ halt_expiry_ms: 1 }) }));
    await stage.world.halt(cycle);
    return end(stage.world, cycle);
  },
  async 'halt-cancelled'(stage) {
    const cycle = await stage.halted();
    await stage.world.handle(cycle).cancel();
    return end(stage.world, cycle);
  },
  async 'halt-stale'({ world, stale }) {
    await until('its bundle is stale', async () => Date.now() > stale.untilMs);
    await world.decide(stale.cycle, 'RESUME');
    return end(world, stale.cycle);
  },
  async cancelled(stage) {
    const cycle = await stage.held();
    await stage.world.handle(cycle).cancel();
    return end(stage.world, cycle);
  },
  async override(stage) {
    const cycle = await stage.held();
    expect(await stage.send(cycle, { ignore_staleness: true })).not.toBe('accepted');
    await stage.world.halted(cycle);
    await stage.world.decide(cycle, 'RESUME');
    return end(stage.world, cycle);
  },
  /** To its first workflow task, as the Web UI offers it: the halt is handed to the new run again. */
  async reset(stage) {
    const cycle = await stage.halted();
    await reset(stage.world, cycle.workflow_id);
    await stage.world.halted(cycle);
    await stage.world.decide(cycle, 'RESUME');
    return end(stage.world, cycle);
  },
  skill: plain(() => ({ graph: skillGraph('acme.kept', [['tell', { n: 1 }], ['beliefs']]) })),
  'skill-failed': plain(() => ({
    graph: graphWith([
      act('failing', 'acme.kept', { steps: [['fail', 'on purpose']] }),
      act('slow', 'acme.kept', { steps: [['nap', 60_000]] }, { timeout_ms: 300 }),
    ]),
  })),
  'skill-effects': plain(() => ({ graph: skillGraph('acme.kept', [['note', { n: 1 }]]) })),
  /** Halted between what it has done and its end: what it left behind is asked for. */
  async 'skill-stopped'(stage) {
    const mark = randomUUID();
    const steps: Json = [
      ['note', { mark }],
      ['nap', 15_000],
    ];
    const cycle = await stage.world.start(
      stage.world.plan({ graph: skillGraph('acme.kept', steps) }),
    );
    await until('its effect is performed', async () =>
      stage.sink.taken.some(({ body }) => JSON.stringify(body).includes(mark)),
    );
    await stage.world.halt(cycle);
    await stage.world.halted(cycle);
    await stage.world.decide(cycle, 'ABORT');
    return end(stage.world, cycle);
  },
  'skill-violation': plain(() => ({ graph: skillGraph('acme.peeks', [['state', 'macro_state']]) })),
  async 'skill-halt'({ world }) {
    const graph = skillGraph('acme.loud', [['swallow', 'desk']]);
    const cycle = await world.start(world.plan({ graph }));
    await world.halted(cycle);
    await world.decide(cycle, 'RESUME');
    return end(world, cycle);
  },
  /** Between its plan and its task another cycle gets its skill quarantined. */
  async 'skill-barred'(stage) {
    const { world } = stage;
    const cycle = await stage.held(world.plan({ graph: skillGraph('acme.spoilt', []) }));
    const other = skillGraph('acme.spoilt', [['swallow', 'desk']]);
    await world.halted(await world.start(world.plan({ graph: other })));
    stage.worker.release(cycle.workflow_id, 'before T2');
    return end(world, cycle);
  },
  async tick(stage) {
    const workflow_id = await stage.world.tick('feed', stage.source.address);
    await stage.world.harness.client.workflow.getHandle(workflow_id).result();
    return workflow_id;
  },
  async 'tick-sourceless'(stage) {
    const workflow_id = await stage.world.tick('nothing', 'http://127.0.0.1:9/bundle');
    await stage.world.harness.client.workflow.getHandle(workflow_id).result();
    return workflow_id;
  },
} satisfies Partial<Record<Shape, Play>>;

/** What changes something for the others. */
const BY_THEMSELVES = {
  ...HARD_BY_THEMSELVES,
  async 'tick-cancelled'(stage) {
    const asked = stage.source.hold();
    const workflow_id = await stage.world.tick('slow', stage.source.address);
    await asked;
    const handle = stage.world.harness.client.workflow.getHandle(workflow_id);
    await handle.cancel();
    await handle.result().catch(() => null); // it ends CANCELLED
    stage.source.release();
    return workflow_id;
  },
  async latched(stage) {
    const { harness } = stage.world;
    const cycle = await stage.held();
    await haltAll({ harness, store: harness.store }, { reason: 'a drill', by: 'ada' });
    await stage.world.halted(cycle);
    await stage.world.clearLatch();
    return end(stage.world, cycle);
  },
  async 'harness-error'({ world, worker }) {
    const cycle = world.plan();
    await worker.hold(cycle.workflow_id, 'after T2');
    await world.start(cycle);
    await worker.held(cycle.workflow_id, 'after T2');
    const restore = block(world, cycle.cycle_id);
    worker.release(cycle.workflow_id, 'after T2');
    await world.halted(cycle);
    restore();
    await world.clearLatch();
    await world.decide(cycle, 'RETRY_TASK');
    return end(world, cycle);
  },
} satisfies Partial<Record<Shape, Play>>;

const WITH_PEOPLE = {
  /** Nobody answers: told at once, reminded twice, told of the end. */
  async notified(stage) {
    const brief = policy({ halt_expiry_ms: 2_500, policy_id: 'notified' });
    const cycle = await stage.held(stage.world.plan({ policy: brief }));
    await stage.world.halt(cycle);
    return end(stage.world, cycle);
  },
  /** The halt ends before anybody has taken it. */
  async 'notice-given-up'(stage) {
    const cycle = await stage.held();
    stage.sink.answer(cycle.cycle_id, 'RAISED', [0]);
    await stage.world.halt(cycle);
    await until('it is told', async () =>
      stage.sink.tried.some(({ body }) => body['cycle_id'] === cycle.cycle_id),
    );
    await stage.world.handle(cycle).cancel();
    await end(stage.world, cycle);
    const entries = await stage.world.entries(cycle);
    expect(entries.map(({ type }) => type)).toContain('NOTICE_FAILED');
    return cycle;
  },
  async signed(stage) {
    const cycle = await stage.held();
    await stage.world.handle(cycle).signal('halt', { reason: 'a look', by: 'eve' });
    const { halt_id } = await stage.world.halted(cycle);
    for (const { name, private_pem } of Object.values(stage.people)) {
      const asked = decision(halt_id, 'RESUME', { by: name });
      const signature = signDecision(asked, private_pem);
      await stage.world.handle(cycle).executeUpdate('decide', { args: [{ ...asked, signature }] });
    }
    return end(stage.world, cycle);
  },
} satisfies Partial<Record<Shape, Play>>;

const AT_LAST = {
  async notice({ world }) {
    const query = "WorkflowType = 'haltNotice' AND ExecutionStatus = 'Completed'";
    let found = '';
    await until('a last notice is sent', async () => {
      for await (const { workflowId } of world.harness.client.workflow.list({ query }))
        found = workflowId;
      return found !== '';
    });
    return found;
  },
  async registry({ world }) {
    await until('the violations are counted in', async () => {
      const { registry, snapshot } = await world.harness.store.registry.now();
      return snapshot?.registry.notes === registry.notes && registry.notes > 0;
    });
    return registryRun(world, SHAPES.registry);
  },
  'registry-full': ({ world }) => registryRun(world, SHAPES['registry-full']),
  'registry-carried': ({ world }) => registryRun(world, SHAPES['registry-carried']),
} satisfies Partial<Record<Shape, Play>>;

/** The run of the registry that tells this. */
async function registryRun(world: World, tells: readonly string[]): Promise<Played> {
  const query = `WorkflowId = '${REGISTRY_WORKFLOW_ID}'`;
  for await (const { workflowId, runId } of world.harness.client.workflow.list({ query })) {
    const text = textOf(await historyOf(world, workflowId, runId));
    if (tells.every((each) => text.includes(each)))
      return { workflow_id: workflowId, run_id: runId };
  }
  throw new Error(`no run of the registry tells ${tells.join(', ')}`);
}

async function refused({ world }: Stage): Promise<Played> {
  const handle = await rawStart(world, await world.rawInput(gatelessGraph()));
  await handle.result();
  return handle.workflowId;
}
