import { CHOICES } from '../../src/core/events';
import { isObject } from '../../src/core/json';
import { memoryStore } from './memory-store';
import type { Chance, Scheduler } from './scheduler';
import type { Run, World } from './world';

/** What nobody should send, and everybody can. */
const NONSENSE: readonly [unknown, ...unknown[]] = [
  null,
  7,
  'halt',
  [],
  {},
  { reason: 1, by: null },
  { reason: '\ud800', by: 'ada' },
  { halt_id: {}, choice: [], reason: '', root_cause: 'x', why_safe: 'x', by: 'x' },
  JSON.parse('{"__proto__": {"reason": "x"}, "constructor": {"by": "y"}}'),
  { reason: 'x'.repeat(5_000), by: 'ada' },
];

const CALM_AFTER_MS = 15 * 60_000;
const ROUNDS_MAX = 30;

/** What people, and the world, do to the cycles; in the end somebody comes and clears up, so that everything has to end. */
export class Stimuli {
  private readonly world: World;
  private readonly chance: Chance;
  private readonly scheduler: Scheduler;
  private decisions = 0;
  private rounds = 0;
  private last: unknown = null;

  constructor(world: World, chance: Chance, scheduler: Scheduler) {
    this.world = world;
    this.chance = chance;
    this.scheduler = scheduler;
  }

  plan(): void {
    const many = this.chance.of([0, 0, 1, 2, 4, 8]);
    for (let i = 0; i < many; i += 1) {
      const withinMs = this.chance.of([500, 500, 5_000, 60_000, 600_000]);
      this.scheduler.after(this.chance.below(withinMs), () => this.strike());
    }
    this.scheduler.after(CALM_AFTER_MS, () => void this.clearUp());
  }

  private strike(): void {
    const run = this.anyRun();
    const kind = this.chance.of([
      'halt',
      'halt',
      'decide',
      'decide',
      'resume',
      'nonsense',
      'cancel',
      'latch',
      'terminate',
      'again',
      'storm',
      'query',
    ]);
    this.world.count(`did ${kind}`);
    switch (kind) {
      case 'halt':
        return run?.host.signal('halt', { reason: 'look', by: this.chance.of(['ada', 'eve']) });
      case 'decide':
        return void (run && this.decide(run, true));
      case 'resume':
        return void (run && run.host.signal('resume', this.decision(run)));
      case 'nonsense': {
        const payload = this.chance.of(NONSENSE);
        run?.host.signal(this.chance.of(['halt', 'resume', 'latch']), payload);
        return void run?.host.update('decide', payload).catch(() => undefined);
      }
      case 'cancel':
        return run?.host.cancel();
      case 'latch':
        return void this.setLatch();
      case 'terminate':
        run?.host.terminate();
        return this.later(() => this.startAgain());
      case 'again':
        return this.startAgain();
      case 'storm':
        for (let i = 0; i < this.chance.of([3, 3, 3, 3, 3, 3, 3, 30, 30, 600]); i += 1)
          run?.host.signal(i % 3 === 0 ? 'resume' : 'halt', { reason: `${i}`, by: 'eve' });
        return;
      case 'query':
        return void run?.host.query('cycle');
    }
  }

  private anyRun(): Run | undefined {
    return this.world.runs[this.chance.below(Math.max(this.world.runs.length, 1))];
  }

  private later(body: () => void): void {
    this.scheduler.after(this.chance.below(20_000), body);
  }

  private startAgain(): void {
    for (const drawn of this.world.drawn) if (this.chance.is(0.7)) this.world.start(drawn);
  }

  /** Mostly what the halt allows; sometimes what none does, or the same once more. */
  private decision(run: Run): unknown {
    if (this.last !== null && this.chance.is(0.15)) return this.last;
    const shown = run.host.query('cycle');
    const halt = isObject(shown) && isObject(shown['halt']) ? shown['halt'] : {};
    const choices = Array.isArray(halt['choices']) ? halt['choices'] : [];
    this.decisions += 1;
    this.last = {
      halt_id: halt['halt_id'] ?? 'none',
      choice: this.chance.is(0.85)
        ? (choices[this.chance.below(choices.length)] ?? 'RESUME')
        : this.chance.of([...CHOICES, 'IGNORE_STALENESS'] as [string, ...string[]]),
      reason: 'seen',
      root_cause: 'known',
      why_safe: 'mended',
      by: this.chance.of(['ada', 'bob', 'bob', 'eve']),
      decision_id: `D-${this.chance.is(0.1) ? 1 : this.decisions}`,
      ...(this.chance.is(0.05) ? { max_staleness_ms: 9 } : {}),
    };
    return this.last;
  }

  private decide(run: Run, rough: boolean): void {
    const given = this.decision(run);
    void run.host.update('decide', given).catch(() => undefined);
    if (rough && this.chance.is(0.2)) void run.host.update('decide', given).catch(() => undefined);
  }

  private async setLatch(): Promise<void> {
    const { memory, scheduler } = this.world;
    const cause = { code: 'OPERATOR_HALT', detail: 'stop all', raised_by: 'eve' } as const;
    await memoryStore(memory).latch.set(cause, new Date(scheduler.nowMs).toISOString());
    this.ring(0.8);
    this.later(() => void this.clearLatch());
  }

  private async clearLatch(): Promise<void> {
    const { memory, scheduler } = this.world;
    const { latch } = memoryStore(memory);
    const { halt } = await latch.now();
    if (halt === null) return;
    this.decisions += 1;
    const decision = {
      halt_id: halt.halt_id,
      choice: 'RESUME',
      reason: 'seen',
      root_cause: 'known',
      why_safe: 'mended',
      by: 'ada',
      decision_id: `L-${this.decisions}`,
    };
    await latch.clear(decision, new Date(scheduler.nowMs).toISOString());
    this.ring(0.8);
  }

  /** A bell may be lost. */
  private ring(probability: number): void {
    for (const { host } of this.world.runs) if (this.chance.is(probability)) host.signal('latch');
  }

  /** Liveness: nothing goes wrong any more, people decide, and what was cut off is started again. */
  private async clearUp(): Promise<void> {
    const { world } = this;
    world.calm = true;
    await this.clearLatch();
    for (const drawn of world.drawn) {
      // Only what the server cut off is started again: every other end stands (R36).
      const last = world.runs.findLast((run) => run.drawn === drawn);
      if (last === undefined || last.host.terminated) world.start(drawn);
    }
    const open = world.runs.filter(({ host }) => !host.closed);
    if (open.length === 0) return;
    this.rounds += 1;
    if (this.rounds > ROUNDS_MAX)
      return void world.breaches.push(`${open.length} cycles never end (INV-8)`);
    for (const run of open) for (const by of ['ada', 'bob']) this.settle(run, by);
    this.scheduler.after(60_000, () => void this.clearUp());
  }

  private settle(run: Run, by: string): void {
    const shown = run.host.query('cycle');
    const halt = isObject(shown) && isObject(shown['halt']) ? shown['halt'] : null;
    if (halt === null || !Array.isArray(halt['choices']) || !isObject(shown)) return;
    if (shown['phase'] !== 'HALTED') return;
    this.decisions += 1;
    const choice = this.rounds > ROUNDS_MAX / 2 ? 'ABORT' : halt['choices'][0];
    const texts = { reason: 'seen', root_cause: 'known', why_safe: 'mended', by };
    const decision_id = `E-${this.decisions}`;
    void run.host
      .update('decide', { halt_id: halt['halt_id'], choice, ...texts, decision_id })
      .catch(() => undefined);
  }
}
