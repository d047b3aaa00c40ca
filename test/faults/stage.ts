import { messageOf } from '../../src/core/invariant';
import type { JsonObject } from '../../src/core/json';
import { policy } from '../e2e/documents';
import { HttpSink } from '../e2e/sink';
import { SourceServer } from '../e2e/source-server';
import { entryOf, person } from '../people/operators';
import { chameleon, SkillDesk } from '../support/skills';
import type { StoppingWorker } from './stopping-worker';
import { decision, kill, type Planned, World } from './world';

/** Each stands for one skill, since some are quarantined in the course of things. */
export const SKILLS = ['acme.kept', 'acme.loud', 'acme.spoilt', 'acme.peeks'] as const;

const FRESH_MS = 5_000;

/** What the shapes are played with: a world, its worker, skills, an address that takes effects and notices, one that gives bundles. */
export class Stage {
  readonly world: World;
  private running: StoppingWorker | undefined;
  readonly desk: SkillDesk;
  readonly sink: HttpSink;
  readonly source: SourceServer;
  /** Halted early, so that its bundle is stale by the time it is decided on. */
  stale: { readonly cycle: Planned; readonly untilMs: number };
  readonly people = { ada: person('ada'), bob: person('bob') } as const;

  private constructor(world: World, sink: HttpSink, source: SourceServer) {
    this.world = world;
    this.sink = sink;
    this.source = source;
    this.stale = { cycle: world.plan(), untilMs: 0 };
    this.desk = new SkillDesk(world.box, world.harness);
    this.configure();
  }

  static async open(): Promise<Stage> {
    const [world, sink, source] = await Promise.all([
      World.open(),
      HttpSink.open(),
      SourceServer.open(),
    ]);
    const stage = new Stage(world, sink, source);
    try {
      await stage.prepare();
      return stage;
    } catch (error) {
      await stage.close();
      throw error;
    }
  }

  private async prepare(): Promise<void> {
    this.running = await this.world.stoppingWorker();
    await this.haltStale();
    await expect(this.desk.change('activate', 'acme.nobody')).rejects.toThrow('acme.nobody');
    for (const skill of SKILLS) await this.desk.register(chameleon(skill));
  }

  get worker(): StoppingWorker {
    if (this.running === undefined) throw new Error('open the stage first');
    return this.running;
  }

  /** Killed when each of the cycles is held at its point. */
  async loseWorker(held: readonly [Planned, point: string][]): Promise<void> {
    await Promise.all(held.map(([{ workflow_id }, point]) => this.worker.held(workflow_id, point)));
    await kill(this.worker.process);
  }

  /** By one that holds each of these cycles at its point, from its first task on. */
  async replaceWorker(held: readonly [Planned, point: string][] = []): Promise<void> {
    const places = held.map(([{ workflow_id }, point]) => `${workflow_id} ${point}`);
    this.running = await this.world.stoppingWorker({ HELD: JSON.stringify(places) });
  }

  async close(): Promise<void> {
    await this.desk.close();
    await this.world.close();
    await this.sink.close();
    this.source.close();
  }

  /** Effects are performed at an address: a history then names no file. */
  private configure(more: JsonObject = {}): void {
    const notes = { type: 'http', url: `${this.sink.address}/notes`, in_shadow: 'perform' };
    const config = { ledger: 'ledger.md', effects: { notes }, ...more };
    this.world.box.file('harness.config.json', config);
  }

  /** From now on people are told of halts, and two of them have to sign a decision. */
  addPeople(): void {
    this.world.box.file('operators.json', {
      operators: Object.values(this.people).map(entryOf),
      required: { default: 2 },
    });
    const notices = [{ type: 'http', url: this.sink.address }];
    this.configure({ notices, operators: 'operators.json' });
  }

  /** Started, and held before T2 runs. */
  async held(cycle: Planned = this.world.plan()): Promise<Planned> {
    await this.worker.hold(cycle.workflow_id, 'before T2');
    await this.world.start(cycle);
    await this.worker.held(cycle.workflow_id, 'before T2');
    return cycle;
  }

  /** Held there, and then halted by an operator. */
  async halted(cycle: Planned = this.world.plan()): Promise<Planned> {
    await this.held(cycle);
    await this.world.halt(cycle);
    await this.world.halted(cycle);
    return cycle;
  }

  /** Before there is much to do: it has to come past T1 while its bundle is fresh. */
  private async haltStale(): Promise<void> {
    const short = policy({ policy_id: 'stale', max_staleness_ms: { default: FRESH_MS } });
    const cycle = await this.halted(this.world.plan({ policy: short }));
    this.stale = { cycle, untilMs: Date.now() + FRESH_MS };
  }

  /** A decision as it is typed into the Web UI. @returns what the cycle said */
  async send(cycle: Planned, changes: JsonObject): Promise<string> {
    const args: [JsonObject] = [decision(`${cycle.cycle_id}-0000-h1`, 'RESUME', changes)];
    return this.world
      .handle(cycle)
      .executeUpdate<unknown, [JsonObject]>('decide', { args })
      .then(
        () => 'accepted',
        (error: unknown) => messageOf((error as Error).cause),
      );
  }
}
