/*
 * Upgrades on the real server. Version A is the workflow code of today; version B is the same with its commands in another
 * order: it writes a memo before anything else. So B cannot replay what A has begun.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findCycle } from '../../src/client/inspect';
import { REGISTRY_WORKFLOW_ID } from '../../src/core/start';
import type { CycleRecord } from '../../src/store/store';
import { HttpSink } from '../e2e/sink';
import { SourceServer } from '../e2e/source-server';
import { until } from '../e2e/until';
import { replacedOnce } from '../support/replay/objections';
import { chameleon, SkillDesk } from '../support/skills';
import { ROOT } from '../support/sandbox';
import { COMPLETED, kill, type Planned, World } from './world';

/** A's workflow bundle with one place changed. @returns the new file */
function changedBundle(world: World, name: string, added: string, of = 'workflow-bundle'): string {
  const code = readFileSync(join(ROOT, 'dist', `${of}.js`), 'utf8');
  const before = 'async toTheEnd() {\n';
  return world.box.file(`${name}.js`, replacedOnce(code, before, `${before}${added}\n`));
}

const MEMO_FIRST = "temporal.upsertMemo({ code: 'B' });";

/** What the cycle's first workflow task asked Temporal for, in order. */
async function firstCommands(world: World, cycle: CycleRecord): Promise<string[]> {
  const { events } = await world.handle(cycle).fetchHistory();
  const kinds = (events ?? []).map((event) => kindOf(event));
  const first = kinds.indexOf('workflowTaskCompleted') + 1;
  return kinds.slice(first, first + 3);
}

function kindOf(event: object): string {
  const attributes = Object.keys(event).find((key) => key.endsWith('EventAttributes')) ?? '';
  return attributes.replace('EventAttributes', '');
}

async function isOfB(world: World, cycle: CycleRecord): Promise<boolean> {
  return (await firstCommands(world, cycle)).includes('workflowPropertiesModified');
}

/** Started and halted before a worker is up: it is suspended before its first task, without any race. */
async function startHalted(world: World): Promise<Planned> {
  const cycle = await world.start();
  await world.halt(cycle);
  return cycle;
}

async function stop(worker: ChildProcess): Promise<number | null> {
  const gone = once(worker, 'exit');
  worker.kill('SIGTERM');
  const [status] = (await gone) as [number | null];
  return status;
}

/** Temporal's WorkflowTaskFailedCause. */
const NON_DETERMINISTIC = 24;

async function failedForOtherCode(world: World, cycle: CycleRecord): Promise<boolean> {
  const { events } = await world.handle(cycle).fetchHistory();
  return (events ?? []).some(
    ({ workflowTaskFailedEventAttributes: failed }) => failed?.cause === NON_DETERMINISTIC,
  );
}

describe('builds that are pinned', () => {
  let world: World;
  let sink: HttpSink;
  let source: SourceServer;
  let desk: SkillDesk;

  beforeAll(async () => {
    [world, sink, source] = await Promise.all([World.open(), HttpSink.open(), SourceServer.open()]);
    desk = new SkillDesk(world.box, world.harness);
    world.box.file('harness.config.json', {
      ledger: 'ledger.md',
      effects: { notes: { type: 'jsonl', path: 'out/notes.jsonl' } },
      notices: [{ type: 'http', url: sink.address }],
    });
  });
  afterAll(async () => {
    await desk.close();
    await world.close();
    source.close();
    await sink.close();
  });

  const deployment = (...args: string[]) => world.box.json(['deployment', ...args]);
  const rows = async () => (await deployment('show')).value['builds'];

  async function buildOf(workflowId: string): Promise<string> {
    const { raw } = await world.harness.client.workflow.getHandle(workflowId).describe();
    return raw.workflowExecutionInfo?.versioningInfo?.deploymentVersion?.buildId ?? '';
  }

  it('new cycles run on the build that is current; what is running, halted or scheduled on the one before ends there; the registry moves', async () => {
    const before = await startHalted(world);
    const unversioned = await world.worker();
    await world.halted(before);

    const a = await world.stoppingWorker({ TEMPORAL_WORKER_BUILD_ID: 'A' });
    expect((await deployment('current', 'A')).status).toBe(0);
    // What belonged to no build goes to the current one: nothing needs the old worker any more.
    expect(await stop(unversioned)).toBe(0);

    await desk.register(chameleon('acme.kept'), false);
    const [running, halted, told] = [world.plan(), world.plan(), world.plan()];
    for (const cycle of [running, halted, told]) {
      await a.hold(cycle.workflow_id, 'before T2');
      await world.start(cycle);
      await a.held(cycle.workflow_id, 'before T2');
    }
    for (const cycle of [halted, told]) await world.halt(cycle);
    for (const cycle of [halted, told]) await world.halted(cycle);
    const scheduled = await haltedTick();

    const b = await world.box.worker(
      [join(ROOT, 'bin', 'harness.js'), 'worker', '--build-id', 'B'],
      {
        HARNESS_WORKFLOW_BUNDLE: changedBundle(world, 'B', MEMO_FIRST, 'workflow-bundle-versioned'),
      },
    );
    expect((await deployment('current', 'B')).status).toBe(0);
    expect(await rows()).toMatchObject([
      { build_id: 'B', status: 'CURRENT', workers: 1, open_cycles: 0, may_stop: false },
      { build_id: 'A', status: 'DRAINING', open_cycles: 5, halted_cycles: 4, may_stop: false },
    ]);
    expect((await world.box.run(['deployment', 'drained', 'A'])).status).toBe(1);
    expect((await world.box.run(['doctor'])).stdout).toContain(
      'deployment\tbuild B of deployment harness takes new cycles',
    );

    const fresh = await world.start();
    expect(await world.ended(fresh)).toMatchObject(COMPLETED);
    expect(await isOfB(world, fresh)).toBe(true);
    expect(await buildOf(fresh.workflow_id)).toBe('B');

    a.release(running.workflow_id, 'before T2');
    for (const cycle of [before, halted, scheduled]) await world.decide(cycle, 'RESUME');
    // Its last notice is not taken before A is gone.
    sink.answer(told.cycle_id, 'ENDED', Array<number>(20).fill(503));
    await world.decide(told, 'ABORT');
    for (const cycle of [before, running, halted, scheduled]) {
      expect(await world.ended(cycle)).toMatchObject({ outcome: 'COMPLETED', violations: [] });
      expect(await buildOf(cycle.workflow_id)).toBe('A');
    }
    expect(await world.ended(told)).toMatchObject({ outcome: 'HALTED' });
    expect(await isOfB(world, running)).toBe(false);

    const drained = await world.box.json(['deployment', 'drained', 'A', '--wait']);
    expect(drained).toMatchObject({ status: 0, value: { status: 'DRAINED', may_stop: true } });
    await kill(a.process);
    sink.answer(told.cycle_id, 'ENDED', []);

    await desk.change('activate', 'acme.kept@1.0.0', 'D010');
    expect(await buildOf(REGISTRY_WORKFLOW_ID)).toBe('B');
    await until('the notice that A could not deliver is delivered by B', async () =>
      sink.of(told.cycle_id).some(({ body }) => body['notice'] === 'ENDED'),
    );
    expect((await world.box.run(['schedule', 'trigger', 'feed'])).status).toBe(0);
    await until('the schedule goes on, on B', async () => (await cyclesOf('feed', 'B')) === 1);

    // The way back: workers without a build id.
    expect((await deployment('current', '--unversioned')).value).toMatchObject({ current: null });
    const plain = await world.worker();
    const after = await world.start();
    expect(await world.ended(after)).toMatchObject(COMPLETED);
    expect(await buildOf(after.workflow_id)).toBe('');
    expect(await stop(plain)).toBe(0);
    expect(await stop(b)).toBe(0);
    await world.expectSound();
  }, 180_000);

  async function cyclesOf(schedule: string, build: string): Promise<number> {
    const { count } = await world.harness.client.workflow.count(
      `TemporalScheduledById = '${schedule}' AND ExecutionStatus = 'Completed'` +
        ` AND TemporalWorkerDeploymentVersion = 'harness:${build}'`,
    );
    return count;
  }

  /** A cycle of the schedule `feed`, halted while its source was being read. */
  async function haltedTick(): Promise<CycleRecord> {
    const create = ['schedule', 'create', 'feed', '--every', '1d', '--source', source.address];
    expect((await world.box.run(create)).status).toBe(0);
    const asked = source.hold();
    const { value } = await world.box.json(['schedule', 'trigger', 'feed']);
    await asked;
    const id = String(value['workflow_id']);
    await world.harness.client.workflow.getHandle(id).signal('halt', { reason: 'x', by: 'ada' });
    source.release();
    await until('it has opened', async () => {
      const { value: shown } = await world.box.json(['cycle', 'show', id]);
      return shown['phase'] === 'HALTED';
    });
    return findCycle(world.harness.store, id);
  }

  it('a worker whose build is not current says so, and how to make it current', async () => {
    const env = { TEMPORAL_WORKER_BUILD_ID: 'C' };
    const worker = await world.box.worker(undefined, env);
    const said = world.box.said(worker);
    expect(said).toContain('build C of deployment harness is not current');
    expect(said).toContain('`harness deployment current C`');
    for (const [args, sentence] of [
      [['current', 'D'], 'no worker of build D of deployment harness asks for tasks'],
      [['current'], 'name one build id, or --unversioned'],
      [['drained', 'D'], 'no worker of build D has ever run'],
    ] as const) {
      const { status, stderr } = await world.box.run(['deployment', ...args]);
      expect([status, stderr]).toEqual([1, expect.stringContaining(sentence)]);
    }
  });
});

describe('workers without a build id', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open();
  });
  afterEach(() => world.killWorkers());
  afterAll(() => world.close());

  it('code that cannot go on with a cycle fails its workflow task; the cycle is not lost, and ends once its code is back', async () => {
    const halted = await startHalted(world);
    const a = await world.worker();
    await world.halted(halted);
    expect(await stop(a)).toBe(0);

    await world.worker({ HARNESS_WORKFLOW_BUNDLE: changedBundle(world, 'B', MEMO_FIRST) });
    const fresh = await world.start();
    expect(await world.ended(fresh)).toMatchObject(COMPLETED);
    expect(await isOfB(world, fresh)).toBe(true);
    // The doorbell: it is only looked at, and that needs the history.
    await world.handle(halted).signal('latch');
    await until('B has refused it', () => failedForOtherCode(world, halted));
    await world.killWorkers();
    // What it is, the trail tells.
    expect(await world.show(halted)).toMatchObject({ phase: 'HALTED', outcome: null });

    await world.worker();
    await world.decide(halted, 'RESUME');
    expect(await world.ended(halted)).toMatchObject(COMPLETED);
    await world.expectSound();
  });

  it('code that is changed by `patched` goes on with what is open, and does the new thing in new cycles', async () => {
    const halted = await startHalted(world);
    const a = await world.worker();
    await world.halted(halted);
    expect(await stop(a)).toBe(0);

    const patched = `if (temporal.patched('memo-first')) ${MEMO_FIRST}`;
    await world.worker({ HARNESS_WORKFLOW_BUNDLE: changedBundle(world, 'P', patched) });
    await world.decide(halted, 'RESUME');
    expect(await world.ended(halted)).toMatchObject(COMPLETED);
    expect(await isOfB(world, halted)).toBe(false);
    const fresh = await world.start();
    expect(await world.ended(fresh)).toMatchObject(COMPLETED);
    expect(await firstCommands(world, fresh)).toContain('markerRecorded');
    expect(await isOfB(world, fresh)).toBe(true);
    await world.expectSound();
  });
});
