/** Chance from a seed: the same seed, the same world (mulberry32). */
export class Chance {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  below(n: number): number {
    return Math.floor(this.next() * n);
  }

  is(probability: number): boolean {
    return this.next() < probability;
  }

  of<T>(values: readonly [T, ...T[]]): T {
    return values[this.below(values.length)] ?? values[0];
  }
}

interface Due {
  readonly atMs: number;
  /** Of what is due at the same moment chance decides what comes first. */
  readonly tie: number;
  readonly run: () => void;
}

/** More than any world needs: who comes here goes round in circles. */
const STEPS_MAX = 1_500;

/** Virtual time: what is due next happens next, and what it sets free happens before anything else. */
export class Scheduler {
  readonly chance: Chance;
  nowMs: number;
  steps = 0;
  private readonly due: Due[] = [];
  /** Called whenever everything that could go on has gone on. */
  private readonly settled: () => boolean;

  constructor(chance: Chance, startMs: number, settled: () => boolean) {
    this.chance = chance;
    this.nowMs = startMs;
    this.settled = settled;
  }

  /** @returns what takes it back */
  after(ms: number, run: () => void): () => void {
    let isWanted = true;
    const due = {
      atMs: this.nowMs + ms,
      tie: this.chance.next(),
      run: () => void (isWanted && run()),
    };
    const at = this.due.findIndex((each) => later(each, due));
    this.due.splice(at === -1 ? this.due.length : at, 0, due);
    return () => void (isWanted = false);
  }

  pause(msMax: number): Promise<void> {
    return new Promise((resolve) => this.after(this.chance.below(msMax + 1), resolve));
  }

  /** Until nothing is due any more, or `done` says so. */
  async run(done: () => boolean = () => false): Promise<void> {
    await this.settle();
    while (!done()) {
      const next = this.due.shift();
      if (next === undefined) return;
      this.steps += 1;
      if (this.steps > STEPS_MAX) throw new Error('the world does not come to rest');
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.run();
      await this.settle();
    }
  }

  private async settle(): Promise<void> {
    do {
      await new Promise((resolve) => setImmediate(resolve));
    } while (this.settled());
  }
}

function later(one: Due, other: Due): boolean {
  return one.atMs > other.atMs || (one.atMs === other.atMs && one.tie > other.tie);
}
