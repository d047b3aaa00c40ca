import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { DEFAULT_POLICY } from '../../src/core/policy';
import type { JsonObject } from '../../src/core/json';
import { type CycleInput, EXECUTION_CYCLE, TASK_QUEUE } from '../../src/core/start';
import { COMPLETED, decision, patientGraph, type Planned, World } from './world';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterEach(() => world.killWorkers());
afterAll(() => world.close());

const MALFORMED: readonly unknown[] = [undefined, null, 'text', 1, [], {}, { reason: 1, by: {} }];

/** The halt is there before a worker is, so that no cycle ends before it. */
async function haltedCycle(): Promise<{ cycle: Planned; worker: ChildProcess }> {
  const cycle = await world.start();
  await world.halt(cycle);
  const worker = await world.worker();
  await world.halted(cycle);
  return { cycle, worker };
}

describe('C3.F3 a storm of signals', () => {
  /** Half of them halts, half of them decisions on a halt that there never was. @returns how many the server refused */
  async function storm(cycle: Planned, count: number): Promise<number> {
    const handle = world.handle(cycle);
    let refused = 0;
    for (let sent = 0; sent < count; sent += 100) {
      const burst = Array.from({ length: 100 }, (_, i) =>
        i % 2 === 0
          ? handle.signal('halt', { reason: `storm ${sent + i}`, by: 'ada' })
          : handle.signal('resume', decision('none', 'RESUME')),
      );
      for (const { status } of await Promise.allSettled(burst))
        if (status === 'rejected') refused += 1;
    }
    return refused;
  }

  /** The worker lived through it, the cycle waits, and a decision gets through. */
  async function expectCalm(cycle: Planned, worker: ChildProcess): Promise<void> {
    expect(await world.halted(cycle)).toMatchObject({ code: 'OPERATOR_HALT' });
    await world.decide(cycle, 'RESUME');
    expect(await world.ended(cycle)).toMatchObject(COMPLETED);
    expect(worker.exitCode).toBeNull();
    const ignored = (await world.entries(cycle)).filter(({ type }) => type === 'SIGNALS_IGNORED');
    expect(ignored).toHaveLength(1);
    await world.expectSound();
  }

  it('of more than the server takes leaves the worker alive, and the update still decides', async () => {
    const { cycle, worker } = await haltedCycle();
    expect(await storm(cycle, 2_100)).toBeGreaterThan(0);
    await expectCalm(cycle, worker);
  });

  it('of 1 900 that no worker heard is heard by the next one, which lives', async () => {
    const cycle = await world.start();
    expect(await storm(cycle, 1_900)).toBe(0);
    await expectCalm(cycle, await world.worker());
  });
});

describe('R14 what is malformed', () => {
  it('as a signal: neither fails nor sticks the cycle, and a halt that is badly written is a halt', async () => {
    const cycle = await world.start();
    const handle = world.handle(cycle);
    const send = (payload: unknown) =>
      Promise.all([handle.signal('halt', payload), handle.signal('resume', payload)]);
    await Promise.all(MALFORMED.map(send));
    await handle.signal('halt');
    await world.worker();
    await world.halted(cycle);
    await Promise.all(MALFORMED.map(send));
    expect(await world.halted(cycle)).toMatchObject({ raised_by: 'unknown' });
    await world.decide(cycle, 'RESUME');
    expect(await world.ended(cycle)).toMatchObject(COMPLETED);
  });

  it('as an update: is refused 200 times without a trace in the history', async () => {
    const { cycle } = await haltedCycle();
    const handle = world.handle(cycle);
    const before = (await handle.describe()).historyLength;
    const asked = async (payload: unknown): Promise<string> => {
      for (;;) {
        try {
          await handle.executeUpdate('decide', { args: [payload] });
          return 'accepted';
        } catch (error) {
          // Without a type it is no answer of the workflow's: the server was too busy to ask it, and is asked again.
          const { cause } = error as { cause?: { type?: string } };
          if (cause?.type !== undefined) return cause.type;
        }
      }
    };
    const refusals = await Promise.all(
      Array.from({ length: 200 }, (_, i) => asked(MALFORMED[i % MALFORMED.length])),
    );
    expect(new Set(refusals)).toEqual(new Set(['USAGE']));
    // A busy worker may have had to be asked more than once, which costs workflow tasks, and the halt's own entries may
    // have been on their way; no update left an event.
    const { events } = await handle.fetchHistory();
    const since = (events ?? []).slice(before).filter(isOfAnUpdate);
    expect(since).toEqual([]);
    expect((events ?? []).length - before).toBeLessThan(30);
    await world.decide(cycle, 'ABORT');
    expect(await world.ended(cycle)).toMatchObject({ outcome: 'HALTED' });
  });
});

function isOfAnUpdate(event: object): boolean {
  return Object.entries(event).some(
    ([key, value]) =>
      key.startsWith('workflowExecutionUpdate') && value !== null && value !== undefined,
  );
}

describe('a start by a raw client', () => {
  const start = (input: unknown) =>
    world.harness.client.workflow.start(EXECUTION_CYCLE, {
      workflowId: `raw-${randomUUID()}`,
      taskQueue: TASK_QUEUE,
      args: [input],
    });

  async function outcomeOf(graph: JsonObject, changes: object = {}): Promise<JsonObject> {
    return (await start({ ...(await world.rawInput(graph)), ...changes })).result();
  }

  const graphOf = (names: readonly string[], dependsOn: Record<string, string[]>): JsonObject => {
    const graph = patientGraph();
    const tasks = graph.tasks
      .filter(({ name }) => names.includes(name))
      .map((task) => ({ ...task, depends_on: dependsOn[task.name] ?? task.depends_on }));
    return { ...graph, tasks } as unknown as JsonObject;
  };

  beforeEach(async () => {
    await world.worker();
  });

  it('with nonsense fails at once, with one sentence', async () => {
    for (const input of [...MALFORMED, { mode: 'live' }, { mode: 'shadow', input_hash: 'x' }]) {
      const error = await (await start(input)).result().catch((failed: unknown) => failed);
      if (!(error instanceof WorkflowFailedError)) throw error;
      expect(error.cause).toBeInstanceOf(ApplicationFailure);
      expect(error.cause?.message).toMatch(/^[a-z][^\n]{20,200}$/);
    }
  });

  it('C3.D3 with a graph that cannot be built: HALTED GRAPH_INVALID', async () => {
    const round = graphOf(['T1', 'T2', 'T3', 'T4'], { T3: ['T2', 'T4'] });
    expect(await outcomeOf(round)).toMatchObject({
      outcome: 'HALTED',
      reasons: [{ code: 'GRAPH_INVALID' }],
      plan_hash: null,
      tasks: [],
    });
  });

  it('C5.O with a graph that leaves out the gate: HALTED, and a HARNESS_VIOLATION', async () => {
    const gateless = graphOf(['T1', 'T3', 'T4'], { T3: ['T1'] });
    const result = await outcomeOf(gateless);
    expect(result).toMatchObject({ outcome: 'HALTED', plan_hash: null, tasks: [], actions: [] });
    expect(result['violations']).toMatchObject([{ kind: 'HARNESS_VIOLATION' }]);
  });

  const firstTask = {
    name: 'T1',
    task_id: randomUUID(),
    task_type: 'validate_state',
    skill_ref: 'harness.validate-state',
    timeout_ms: 60_000,
  };
  it.each([
    ['another policy than its hash', { policy: { ...DEFAULT_POLICY, min_regime_confidence: 0.1 } }],
    ['another first task than its graph', { first_task: firstTask }],
  ])('C5.O that carries %s: HALTED, and a HARNESS_VIOLATION', async (_, changes) => {
    expect(await outcomeOf(patientGraph(), changes)).toMatchObject({
      outcome: 'HALTED',
      reasons: [{ code: 'OVERRIDE_ATTEMPT' }],
      violations: [{ kind: 'HARNESS_VIOLATION', code: 'OVERRIDE_ATTEMPT' }],
      actions: [],
    });
  });

  describe('R36 that names a cycle which is not its own', () => {
    it.each([
      [
        'with other documents',
        async (ended: CycleInput) => ({ ...ended, input_hash: (await fresh()).input_hash }),
        /documents are those of/,
      ],
      [
        'that has ended, under another workflow id',
        async (ended: CycleInput) => ended,
        /runs as workflow/,
      ],
    ] as const)('%s: fails with one sentence, and writes nothing', async (_, changed, sentence) => {
      const input = await fresh();
      const handle = await start(input);
      expect(await handle.result()).toMatchObject({ outcome: 'COMPLETED' });
      const before = await world.harness.store.audit.read(input.cycle_id);
      const error = await (
        await start(await changed(input))
      )
        .result()
        .catch((failed: unknown) => failed);
      if (!(error instanceof WorkflowFailedError)) throw error;
      expect(error.cause?.message).toMatch(sentence);
      expect(await world.harness.store.audit.read(input.cycle_id)).toEqual(before);
    });

    it('that has ended, under the same workflow id: what ended stands', async () => {
      const input = await fresh();
      const workflowId = `raw-${randomUUID()}`;
      const again = () =>
        world.harness.client.workflow.start(EXECUTION_CYCLE, {
          workflowId,
          taskQueue: TASK_QUEUE,
          args: [input],
          workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        });
      expect(await (await again()).result()).toMatchObject({ outcome: 'COMPLETED' });
      const error = await (await again()).result().catch((failed: unknown) => failed);
      if (!(error instanceof WorkflowFailedError)) throw error;
      expect(error.cause?.message).toMatch(/has ended COMPLETED, and that stands/);
    });

    const fresh = async (): Promise<CycleInput> =>
      (await world.rawInput(patientGraph() as unknown as JsonObject)) as unknown as CycleInput;
  });
});
