import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WorkflowNotFoundError } from '@temporalio/client';
import { haltAll, resumeAll } from '../../src/client/latch';
import { prepareRules } from '../../src/client/prepare';
import { accountOf, createSchedule, pauseSchedule } from '../../src/client/schedules';
import { balanceOf, differences } from '../../src/core/balance';
import type { Entry } from '../../src/core/entry';
import { scheduleId } from '../../src/core/identity';
import type { JsonObject } from '../../src/core/json';
import { projectTrail } from '../../src/core/projection';
import type { Ran } from '../../src/core/schedule';
import type { EmbeddedServer } from '../../src/server/embedded';
import { startOwnServer } from '../support/own-server';
import { graph, policy } from '../e2e/documents';
import { until } from '../e2e/until';
import { act, chameleon, SkillDesk } from '../support/skills';
import { decision, distinctBundle, kill, World } from './world';

/**
 * A week of shadow mode in seconds: a schedule that is due each second, seven days with one event each, in a seeded order. Whatever
 * happened, every nominal time is accounted for, and no action was emitted twice.
 */
const SEED = Number(process.env['HARNESS_WEEK_SEED'] ?? 20_261_122);
const EVERY_MS = 1_000;
const NAME = 'week';

const home = mkdtempSync(join(tmpdir(), 'harness-week-server-'));
let server: EmbeddedServer;
let world: World;
let desk: SkillDesk;
let workers: ChildProcess[];
/** Upstream writes one bundle after the other; while it is broken, what it wrote last stands. */
let broken = false;
let writing: NodeJS.Timeout;

const start = (port: number): Promise<EmbeddedServer> => startOwnServer(home, port);

beforeAll(async () => {
  server = await start(0);
  process.env['HARNESS_TEST_ADDRESS'] = server.address;
  world = await World.open();
  desk = new SkillDesk(world.box, world.harness);
  workers = await Promise.all([world.worker(), world.worker()]);
  await desk.register(chameleon('acme.writer'));
  write();
  writing = setInterval(write, 200);
});
afterAll(async () => {
  clearInterval(writing);
  await desk.close();
  await world.close();
  await server.stop();
  rmSync(home, { recursive: true, force: true });
});

/** As a feed should: under another name, then renamed. */
function write(): void {
  if (!broken) put(JSON.stringify(distinctBundle()));
}

function put(text: string): void {
  const file = join(world.box.home, 'bundle.json');
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

/** mulberry32: the same seed is the same week. */
function* chance(seed: number): Generator<number, never> {
  for (let state = seed; ;) {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    yield ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
}

function shuffled<T>(items: readonly T[], seed: number): T[] {
  const random = chance(seed);
  const left = [...items];
  const order: T[] = [];
  while (left.length > 0)
    order.push(...left.splice(Math.floor(random.next().value * left.length), 1));
  return order;
}

const chain = async (): Promise<readonly Entry[]> =>
  (await world.harness.store.audit.read(scheduleId(NAME))) ?? [];
const trailOf = async (cycleId: unknown): Promise<readonly Entry[]> =>
  (await world.harness.store.audit.read(String(cycleId))) ?? [];
const reach = () => ({ harness: world.harness, store: world.harness.store });

async function ranCycles(): Promise<Ran[]> {
  const told = (await chain()).filter(({ type }) => type === 'CYCLE_RAN');
  return told.map(({ data }) => data as unknown as Ran);
}

async function outcomes(): Promise<JsonObject[]> {
  const trails = await Promise.all((await ranCycles()).map(({ cycle_id }) => trailOf(cycle_id)));
  return trails.flatMap((trail) => {
    const last = trail.at(-1);
    return last?.type === 'CYCLE_ENDED' ? [last.data] : [];
  });
}

async function completed(): Promise<number> {
  return (await outcomes()).filter(({ outcome }) => outcome === 'COMPLETED').length;
}

/** The rest of the day: shadow mode runs again by itself. */
async function untilItRuns(): Promise<void> {
  const before = await completed();
  await until('one more cycle has run', async () => (await completed()) > before);
}

async function open() {
  return world.harness.store.cycles.unfinished();
}

const waits = (trail: readonly Entry[]): boolean =>
  trail.length > 0 && projectTrail(trail).cycle.haltOpen;

/** Cycles of a second are over before a halt reaches some: it goes to each that is open, until one waits. */
async function haltOne() {
  let found: Awaited<ReturnType<typeof open>>[number] | undefined;
  await until('a cycle waits for a human', async () => {
    for (const record of await open()) {
      const trail = await trailOf(record.cycle_id);
      if (waits(trail)) found = record;
      else if (trail.length > 0) await world.halt(record).catch(onlyIfGone);
    }
    return found !== undefined;
  });
  if (found === undefined) throw new Error('no cycle waits');
  return found;
}

function onlyIfGone(error: unknown): void {
  if (!(error instanceof WorkflowNotFoundError)) throw error;
}

/** Times told as not run for this reason. */
async function notRun(reason: string, cycleId?: string): Promise<number> {
  await accountOf(world.harness, NAME);
  return (await chain()).filter(
    ({ type, data }) =>
      type === 'CYCLE_NOT_RUN' &&
      data['reason'] === reason &&
      (cycleId === undefined || data['cycle_id'] === cycleId),
  ).length;
}

const EVENTS: Readonly<Record<string, () => Promise<void>>> = {
  async 'a worker is killed'() {
    await until('a cycle runs', async () => (await open()).length > 0);
    const [first, ...others] = workers;
    if (first === undefined) throw new Error('there are two workers');
    await kill(first);
    workers = [...others, await world.worker()];
  },
  async 'both workers are killed'() {
    await Promise.all(workers.map(kill));
    workers = await Promise.all([world.worker(), world.worker()]);
  },
  async 'the server is killed'() {
    process.kill(server.pid, 'SIGKILL');
    expect(await server.exited).toMatchObject({ signal: 'SIGKILL' });
    server = await start(Number(server.address.split(':')[1]));
  },
  async 'an operator halts a cycle'() {
    const record = await haltOne();
    await until('a time came to nothing for it', async () => {
      return (await notRun('HALTED', record.cycle_id)) > 0;
    });
    const { halt } = await world.show(record);
    expect(halt).toMatchObject({ code: 'OPERATOR_HALT', scope: 'cycle' });
    await world.decide(record, 'RESUME');
  },
  async 'the kill switch'() {
    await haltAll(reach(), { reason: 'prices look wrong', by: 'ada' });
    const returned = Date.now();
    const before = new Set((await ranCycles()).map(({ cycle_id }) => cycle_id));
    let suspended = '';
    // Either one was open, or the next one is opened, and suspended before its first task.
    await until('a cycle is suspended, and a time came to nothing for it', async () => {
      for (const { cycle_id } of await open()) {
        if (waits(await trailOf(cycle_id))) suspended = cycle_id;
      }
      return suspended !== '' && (await notRun('HALTED', suspended)) > 0;
    });
    const cleared = Date.now();
    if (!before.has(suspended)) {
      const types = (await trailOf(suspended)).map(({ type }) => type);
      expect(types).toEqual(['CYCLE_OPENED', 'HALT_RAISED']);
    }
    for (const { cycle_id } of await ranCycles())
      expect(startsIn(await trailOf(cycle_id), returned, cleared)).toEqual([]);
    const { halt_id: _, ...words } = decision('', 'RESUME');
    await resumeAll(reach(), words);
  },
  async 'the source fails for a while'() {
    const failed = async (): Promise<number> =>
      (await outcomes()).filter(({ outcome }) => outcome === 'HALTED').length;
    const before = await failed();
    broken = true;
    put('<html>503 Service Unavailable');
    await until('two cycles got no bundle', async () => (await failed()) >= before + 2);
    broken = false;
  },
  async 'a pause'() {
    const { harness } = world;
    const act = { by: 'ada', why: 'a holiday' } as const;
    await pauseSchedule(harness, NAME, { ...act, type: 'SCHEDULE_PAUSED' });
    await until('two times of the pause are told', async () => (await notRun('PAUSED')) >= 2);
    await pauseSchedule(harness, NAME, { ...act, type: 'SCHEDULE_UNPAUSED' });
  },
};

function startsIn(trail: readonly Entry[], fromMs: number, untilMs: number): string[] {
  return trail
    .filter(({ type, at }) => {
      const ms = Date.parse(at);
      return type === 'TASK_STARTED' && ms > fromMs && ms < untilMs;
    })
    .map(({ at, task }) => `${at} ${task}`);
}

/** The nominal times that the chain tells of, each with what became of it. */
async function told(): Promise<Map<number, string[]>> {
  const times = new Map<number, string[]>();
  for (const { type, data } of await chain()) {
    if (type !== 'CYCLE_RAN' && type !== 'CYCLE_NOT_RUN') continue;
    expect(data['count']).toBeUndefined();
    const ms = Date.parse(String(data['nominal_time']));
    times.set(ms, [...(times.get(ms) ?? []), String(data['reason'] ?? 'RAN')]);
  }
  return times;
}

it(`C1.1, C4.I2 a week of shadow mode (seed ${SEED}): every nominal time is accounted for, no action is emitted twice`, async () => {
  const tasks = [
    act('writes', 'acme.writer', {
      steps: [
        ['note', { n: 1 }],
        ['nap', 250],
      ],
    }),
  ];
  const source = (value: JsonObject) => ({ name: 'd', bytes: Buffer.from(JSON.stringify(value)) });
  const own = policy({ policy_id: 'week', max_staleness_ms: { default: 30_000 } });
  const rules = prepareRules(source(graph(tasks)), source(own), 'shadow');
  const from = `file:${join(world.box.home, 'bundle.json')}`;
  const rhythm = { every_ms: EVERY_MS, jitter_ms: 0 };
  await createSchedule(world.harness, {
    schedule: NAME,
    source: from,
    ...rhythm,
    rules,
    by: 'ada',
  });
  await untilItRuns();

  const days = shuffled(Object.keys(EVENTS), SEED);
  expect(days).toHaveLength(7);
  for (const day of days) {
    try {
      await EVENTS[day]?.();
      await untilItRuns();
    } catch (error) {
      throw new Error(`on the day of: ${day} (of ${days.join(', ')})`, { cause: error });
    }
  }

  const why = { by: 'ada', why: 'the week is over' };
  await pauseSchedule(world.harness, NAME, { ...why, type: 'SCHEDULE_PAUSED' });
  await until('every cycle has ended', async () => (await open()).length === 0);
  let account = await accountOf(world.harness, NAME);
  const overMs = Date.now();
  await until('every time up to the end is settled', async () => {
    account = await accountOf(world.harness, NAME);
    return account.ledger.accountedMs >= overMs && (await open()).length === 0;
  });

  // Counted by hand: each second from the first to the last, once.
  const balance = balanceOf(account.ledger, account.ledger.accountedMs);
  const first = Math.floor(Date.parse(String(balance.since)) / EVERY_MS) + 1;
  const last = account.ledger.accountedMs / EVERY_MS;
  const times = await told();
  const problems = Array.from({ length: last - first + 1 }, (_, i) => (first + i) * EVERY_MS)
    .map((ms) => [new Date(ms).toISOString(), times.get(ms) ?? []] as const)
    .filter(([, what]) => what.length !== 1);
  expect(problems).toEqual([]);
  expect(times.size).toBe(last - first + 1);
  const none = Object.values(balance.not_run).reduce((sum, count) => sum + count, 0);
  expect(balance).toMatchObject({ expected: times.size, pending: 0, triggered: 0 });
  expect(balance.ran + none).toBe(times.size);
  expect(balance.not_run.HALTED).toBeGreaterThanOrEqual(2);
  expect(balance.not_run.PAUSED).toBeGreaterThanOrEqual(2);
  if (account.facts === null) throw new Error('the server has the schedule');
  expect(differences(account.ledger, balance, account.facts.counters)).toEqual([]);

  // And each time that ran is one cycle, with an end, which wrote once what it wrote.
  const ran = await ranCycles();
  expect(new Set(ran.map(({ cycle_id }) => cycle_id)).size).toBe(balance.ran);
  const ends = await outcomes();
  expect(ends).toHaveLength(balance.ran);
  const wanted = ['COMPLETED', 'HALTED'];
  expect(ends.filter(({ outcome }) => !wanted.includes(String(outcome)))).toEqual([]);
  for (const { cycle_id } of ran) {
    const trail = await trailOf(cycle_id);
    const { outcome } = trail.at(-1)?.data ?? {};
    const count = outcome === 'COMPLETED' ? 1 : 0;
    const emitted = trail.filter(({ type }) => type === 'ACTION_EMITTED');
    const lines = desk.lines().filter((line) => line['cycle_id'] === cycle_id);
    expect([cycle_id, emitted.length, lines.length]).toEqual([cycle_id, count, count]);
  }
  await world.expectSound();
}, 120_000);
