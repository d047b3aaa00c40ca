import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { temporal } from '@temporalio/proto';
import { DEFAULT_POLICY } from '../../src/core/policy';
import type { Json, JsonObject } from '../../src/core/json';
import { EXECUTION_CYCLE, REGISTRY_WORKFLOW_ID, TASK_QUEUE } from '../../src/core/start';
import { until } from '../e2e/until';
import { regime } from '../support/bundles';
import { act, chameleon, SkillDesk } from '../support/skills';
import type { StoppingWorker } from './stopping-worker';
import { distinctBundle, patientGraph, type Planned, type World } from './world';

const { History } = temporal.api.history.v1;

/** What a history must show, besides how it comes about. */
export const OUTCOMES = {
  completed: 'COMPLETED',
  parallel: 'COMPLETED',
  skipped: 'SKIPPED',
  degraded: 'DEGRADED',
  rejected: 'REJECTED',
  'validation-halt': 'HALTED',
  'graph-refused': 'HALTED',
  'halt-resume': 'COMPLETED',
  'halt-abort': 'HALTED',
  'halt-expired': 'HALTED',
  cancelled: 'CANCELLED',
  skill: 'COMPLETED',
  'skill-halt': 'COMPLETED',
} as const;
type CycleShape = keyof typeof OUTCOMES;

/** Every cycle, and behind them the registry that their skills are in. */
export const SHAPES = [...(Object.keys(OUTCOMES) as CycleShape[]), 'registry'] as const;
export type Shape = (typeof SHAPES)[number];

/** One real cycle of each shape; the histories as Temporal's server has them, scrubbed of who ran where. */
export async function captureAll(world: World): Promise<Map<Shape, JsonObject>> {
  const worker = await world.stoppingWorker();
  const desk = new SkillDesk(world.box, world.harness);
  await desk.register(chameleon('acme.kept'));
  await desk.close();
  const histories = new Map<Shape, JsonObject>();
  for (const shape of SHAPES) histories.set(shape, await capture(world, worker, shape));
  return histories;
}

async function capture(world: World, worker: StoppingWorker, shape: Shape): Promise<JsonObject> {
  if (shape === 'graph-refused') return refused(world);
  if (shape === 'registry') {
    await until('the violation is counted in', async () => {
      const { registry, snapshot } = await world.harness.store.registry.now();
      return snapshot?.registry.notes === registry.notes && registry.notes > 0;
    });
    return historyOf(world, REGISTRY_WORKFLOW_ID);
  }
  const cycle = world.plan(documentsOf(shape));
  const interrupted = shape.startsWith('halt-') || shape === 'cancelled';
  if (interrupted) await worker.hold(cycle.workflow_id, 'before T2');
  await world.start(cycle);
  if (interrupted) {
    await worker.held(cycle.workflow_id, 'before T2');
    await interrupt(world, cycle, shape);
  }
  if (shape === 'skill-halt') {
    await world.halted(cycle);
    await world.decide(cycle, 'RESUME');
  }
  expect(await world.ended(cycle)).toMatchObject({ outcome: OUTCOMES[shape] });
  return historyOf(world, cycle.workflow_id);
}

function documentsOf(shape: CycleShape): Parameters<World['plan']>[0] {
  const old = new Date(Date.now() - 3_600_000).toISOString();
  switch (shape) {
    case 'parallel':
      return { graph: parallelGraph() };
    case 'skipped':
      return { bundle: distinctBundle({ active_beliefs: [] }) };
    case 'degraded':
      return { bundle: distinctBundle({ regime_state: regime({ confidence: 0.2 }) }) };
    case 'rejected':
      return { bundle: distinctBundle({ timestamp: old }) };
    case 'validation-halt':
      return { bundle: distinctBundle({ regime_state: null }) };
    case 'halt-expired':
      return { policy: { ...DEFAULT_POLICY, halt_expiry_ms: 1 } as unknown as JsonObject };
    case 'skill':
      return { graph: skillGraph([['tell', { n: 1 }], ['beliefs']]) };
    case 'skill-halt':
      return { graph: skillGraph([['swallow', 'desk']]) };
    default:
      return {};
  }
}

/** The skill writes to the record only: the history then names no file. */
function skillGraph(steps: Json): JsonObject {
  const graph = patientGraph();
  const more = [
    act('kept', 'acme.kept', { steps }),
    act('again', 'acme.kept', { steps: [] }, { depends_on: ['kept'] }),
  ];
  return {
    ...graph,
    graph_id: 'skills',
    tasks: [...graph.tasks, ...more],
  } as unknown as JsonObject;
}

/** Two branches behind T3, by skills that nobody registered: they are skipped side by side with T4. */
function parallelGraph(): JsonObject {
  const graph = patientGraph();
  const branch = (name: string) => ({
    name,
    task_type: 'rank_beliefs',
    skill_ref: 'acme.rank-beliefs',
    required_state: [],
    required_permissions: [],
    depends_on: ['T3'],
    inputs: { name },
    timeout_ms: 60_000,
    output_schema: 'Ranking',
    side_effects: [],
  });
  const tasks = [...graph.tasks, branch('rank-a'), branch('rank-b')];
  return { ...graph, graph_id: 'parallel', parallel: true, tasks } as unknown as JsonObject;
}

async function interrupt(world: World, cycle: Planned, shape: CycleShape): Promise<void> {
  if (shape === 'cancelled') {
    await world.handle(cycle).cancel();
    return;
  }
  await world.halt(cycle);
  if (shape === 'halt-expired') return;
  await world.halted(cycle);
  await world.decide(cycle, shape === 'halt-resume' ? 'RESUME' : 'ABORT');
}

/** A start by another client than ours. */
async function refused(world: World): Promise<JsonObject> {
  const graph = patientGraph();
  const tasks = graph.tasks.filter(({ name }) => name !== 'T2');
  const handle = await world.harness.client.workflow.start(EXECUTION_CYCLE, {
    workflowId: `raw-${randomUUID()}`,
    taskQueue: TASK_QUEUE,
    args: [await world.rawInput({ ...graph, tasks } as unknown as JsonObject)],
  });
  expect(await handle.result()).toMatchObject({ outcome: OUTCOMES['graph-refused'] });
  return historyOf(world, handle.workflowId);
}

/** As the server has it, but for who ran where. */
async function historyOf(world: World, workflowId: string): Promise<JsonObject> {
  const history = await world.harness.client.workflow.getHandle(workflowId).fetchHistory();
  const plain = History.toObject(History.create(history), {
    longs: String,
    enums: String,
    bytes: String,
  });
  const text = JSON.stringify(plain, (key, value: unknown) => {
    if (key === 'identity') return 'someone';
    if (key === 'stackTrace') return '';
    // A worker's own queue is named after its machine.
    return typeof value === 'string' ? value.replaceAll(`@${hostname()}`, '@host') : value;
  });
  return JSON.parse(text) as JsonObject;
}
