import { createHash } from 'node:crypto';
import { createActivities } from '../../src/activities';
import type { Dependencies, SkillHost } from '../../src/activities/dependencies';
import type { Effects } from '../../src/effects/performers';
import type { People } from '../../src/people/host';
import type { SourceRead } from '../../src/sources/source';
import { executionCycle } from '../../src/workflows/execution-cycle';
import { LATCH_CHAIN } from '../../src/core/identity';
import { latchOf } from '../../src/core/latch';
import { projectTrail } from '../../src/core/projection';
import type { Fate } from './activity-call';
import { checkWorld } from './checks';
import { drawCycles, type Drawn, scheduled, SKILLS } from './cycles';
import { defective, type Planted } from './defects';
import { Memory, memoryStore } from './memory-store';
import { goOutside } from './outside';
import { people } from './people';
import { plain } from './plain';
import { sandboxOf } from './sandbox';
import { Chance, Scheduler } from './scheduler';
import { Stimuli } from './stimuli';
import { Context } from './temporal-activity';
import { WorkflowHost } from './workflow-host';

export interface Run {
  readonly host: WorkflowHost;
  readonly drawn: Drawn;
}

/**
 * The worker's activities, the same for all worlds, as one worker serves many cycles: they always act in the world of now. What
 * they keep they keep by its hash, so nothing of one world is news in the next.
 */
class Worker {
  now: World | null = null;
  readonly activities: Activities;

  constructor() {
    const world = (): World => {
      if (this.now === null) throw new Error('there is no world');
      return this.now;
    };
    const log = { info: () => undefined, warn: () => undefined } as unknown as Dependencies['log'];
    const sound = memoryStore(() => world().memory, { pass: (what) => world().pass(what) });
    const store = defective(sound, () => this.now?.planted ?? null);
    const met: People = {
      sinks: () => world().people.sinks(),
      told: () => world().people.told(),
      check: (decision) => world().people.check(decision),
    };
    const effects: Effects = {
      act: (_, __, { key, cycle_id }) => world().effect(key, cycle_id),
      close: () => Promise.resolve(),
    };
    const skills: SkillHost = {
      sandbox: () => Promise.resolve(sandboxOf(world().scheduler)),
      effects: () => effects,
      governance: () => {
        throw new Error('the simulation registers nothing');
      },
    };
    goOutside({ read: (stop) => world().readSource(stop), ask: () => world().askServer() });
    this.activities = createActivities(store, log, skills, met, {
      checkpoint: (point, task) => Context.current().at(point, task),
    }) as unknown as Activities;
  }
}

/** One small world: some cycles over one store, with what befalls them, until everything rests. */
export class World {
  readonly scheduler: Scheduler;
  readonly memory = new Memory();
  readonly runs: Run[] = [];
  readonly drawn: readonly Drawn[];
  readonly breaches: string[] = [];
  /** What happened, by kind. */
  readonly faults: Record<string, number> = {};
  /** By effect key: how often it was performed. */
  readonly performed = new Map<string, number>();
  /** From now on nothing goes wrong any more, and everything has to come to an end. */
  calm = false;
  readonly startMs = Date.UTC(2026, 10, 22, 14, 25, 29);
  private readonly chance: Chance;
  readonly people: People;
  readonly planted: Planted | null;
  private readonly rough: number;
  private runCount = 0;

  constructor(seed: number, planted: Planted | null = null) {
    this.chance = new Chance(seed);
    this.planted = planted;
    this.rough = this.chance.of([0, 0, 0.02, 0.1]);
    this.scheduler = new Scheduler(this.chance, this.startMs, () =>
      this.runs.map(({ host }) => !host.closed && host.settled()).some(Boolean),
    );
    this.people = people(this.chance);
    // By a chance of its own: what else befalls a world is as it would be without.
    const other = new Chance(seed + SALT);
    this.drawn = drawCycles(this.chance).map((drawn, n) =>
      n === 0 && other.is(0.3) ? scheduled(other, drawn) : drawn,
    );
    for (const { documents } of [...this.drawn, SKILLS])
      for (const [hash, bytes] of documents) this.memory.documents.set(hash, bytes);
    this.memory.pointer = SKILLS.pointer;
  }

  /** @returns every breach of what the contract says, in plain sentences */
  async live(): Promise<readonly string[]> {
    const { now: clock } = Date;
    const { now: stopwatch } = performance;
    const { setTimeout: timeout, setInterval: interval } = globalThis;
    WORKER.now = this;
    globalThis.setTimeout = NEVER;
    globalThis.setInterval = NEVER;
    Date.now = () => this.scheduler.nowMs;
    performance.now = () => this.scheduler.nowMs;
    try {
      for (const drawn of this.drawn)
        this.scheduler.after(this.chance.below(200), () => this.start(drawn));
      new Stimuli(this, this.chance, this.scheduler).plan();
      await this.scheduler.run();
    } catch (error) {
      this.breaches.push(String(error));
    } finally {
      Date.now = clock;
      performance.now = stopwatch;
      globalThis.setTimeout = timeout;
      globalThis.setInterval = interval;
    }
    return [...this.breaches, ...checkWorld(this)];
  }

  start(drawn: Drawn): void {
    const before = this.runs.findLast((run) => run.drawn === drawn);
    if (before !== undefined && !before.host.closed) return;
    this.runCount += 1;
    const runId = createHash('sha256').update(`${this.runCount}`).digest('hex').slice(0, 12);
    const around = {
      scheduler: this.scheduler,
      activities: WORKER.activities,
      fateOf: (local: boolean) => this.fateOf(local),
      isTask,
      queueMs: (type: string, local: boolean) => this.queueMs(type, local),
      begins: (type: string) => {
        if (this.isLatched())
          this.breaches.push(`${type} begins while the harness is halted (C3.F3)`);
      },
      breach: (what: string) => void this.breaches.push(what),
    };
    const { workflow_id, nominalMs, argument } = drawn;
    const host = new WorkflowHost(around, workflow_id, runId, nominalMs);
    this.runs.push({ host, drawn });
    host.start(() => executionCycle(plain(argument)));
  }

  /** Of the one cycle here that may be a schedule's. */
  async readSource(stop: AbortSignal): Promise<SourceRead> {
    await this.scheduler.pause(2_000);
    stop.throwIfAborted();
    if (this.fails('NO_SOURCE', 0.1)) return { ok: false, problem: 'the source cannot be read' };
    const found = this.drawn.find(({ nominalMs }) => nominalMs !== null);
    if (found === undefined) throw new Error('nobody here has a source');
    return { ok: true, ...found.bundle };
  }

  /** For what it knows of the schedule. */
  async askServer(): Promise<void> {
    await this.scheduler.pause(100);
    if (this.fails('NO_SERVER', this.rough)) throw new Error('the server does not answer');
  }

  private fails(what: string, probability: number): boolean {
    const failed = !this.calm && this.chance.is(probability);
    if (failed) this.count(what);
    return failed;
  }

  count(fault: string): void {
    this.faults[fault] = (this.faults[fault] ?? 0) + 1;
  }

  private fateOf(local: boolean): Fate {
    if (this.calm || !this.chance.is(this.rough)) return 'WELL';
    const fate: Fate = local
      ? this.chance.of(['TWICE', 'FROZEN'])
      : this.chance.of(['LOST_BEFORE', 'LOST_WITHIN', 'LOST_AFTER', 'FROZEN', 'TWICE']);
    this.count(fate);
    return fate;
  }

  private queueMs(_: string, local: boolean): number {
    if (local) return this.chance.below(3);
    if (this.calm || !this.chance.is(this.rough / 4)) return this.chance.below(40);
    this.count('NO_WORKER');
    return this.chance.below(700_000);
  }

  async pass(what: 'read' | 'write'): Promise<void> {
    if (this.chance.is(0.25)) await this.scheduler.pause(10);
    if (this.calm || what === 'read' || !this.chance.is(this.rough / 3)) return;
    this.count('STORE_FAILED');
    throw Object.assign(new Error('the disk is full'), { code: 'AUDIT_UNAVAILABLE' });
  }

  /** INV-4, R32: it is looked up in the record itself whether anything may still be performed. */
  effect(key: string, cycleId: string): ReturnType<Effects['act']> {
    return {
      target: 'memory',
      repeatable: false,
      perform: async () => {
        const breach = this.mayNotPerform(cycleId);
        if (breach !== null) this.breaches.push(`effect ${key} is performed ${breach}`);
        this.performed.set(key, (this.performed.get(key) ?? 0) + 1);
        await this.scheduler.pause(20);
        return { status: 'PERFORMED', detail: null };
      },
    };
  }

  private mayNotPerform(cycleId: string): string | null {
    const { cycle } = projectTrail(this.memory.chains.get(cycleId) ?? []);
    if (cycle.haltOpen) return 'while a halt waits (R32)';
    if (cycle.outcome !== null) return 'behind the end of its cycle (CA)';
    return this.isLatched() ? 'while the harness is halted (C3.F3)' : null;
  }

  private isLatched(): boolean {
    const { halt } = latchOf(this.memory.chains.get(LATCH_CHAIN) ?? []);
    return halt !== null && this.scheduler.nowMs - Date.parse(halt.since) > IN_FLIGHT_MS;
  }
}

const SALT = 1_000_003;

/** Between the last look at the latch and the act itself lie some writings to the store. */
const IN_FLIGHT_MS = 500;

/** A task's activity is named as its task type, or as its skill's reference; the harness's own bookkeeping is not. */
const isTask = (type: string): boolean => /[_.]/.test(type);

type Activities = Readonly<Record<string, (...args: never[]) => Promise<unknown>>>;

const WORKER = new Worker();

/**
 * Real time stands still in a world: no time limit of a task runs out (that is a fault which the simulation makes itself), and
 * no timer of an attempt that never comes back keeps its world.
 */
const NEVER = (() => ({})) as unknown as typeof setTimeout & typeof setInterval;
