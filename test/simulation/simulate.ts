import type { Planted } from './defects';
import { World } from './world';

/** What became of one world; its seed tells it again. */
export interface Lived {
  readonly seed: number;
  readonly cycles: number;
  readonly faults: Readonly<Record<string, number>>;
  /** By outcome of the runs' results. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly breaches: readonly string[];
}

export interface Simulation {
  readonly worlds: number;
  readonly cycles: number;
  readonly seconds: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly violations: readonly { readonly seed: number; readonly breach: string }[];
}

/** What lives worlds, one after the other: this thread, or another one. */
export interface Lane {
  live(seeds: readonly number[]): Promise<readonly Lived[]>;
}

export async function liveWorld(seed: number, planted: Planted | null = null): Promise<Lived> {
  const world = new World(seed, planted);
  const breaches = await world.live();
  const outcomes: Record<string, number> = {};
  for (const { host } of world.runs) {
    const told = host.end !== null && 'result' in host.end ? host.end.result : null;
    const { outcome } = (told ?? { outcome: 'no result' }) as { outcome: string };
    count(outcomes, outcome, 1);
  }
  return { seed, cycles: world.runs.length, faults: world.faults, outcomes, breaches };
}

/** Worlds from `seed` on, until that many cycles have lived. With a defect planted it ends with the first world that tells. */
export async function simulateWorlds(
  seed: number,
  cycles: number,
  planted: Planted | null = null,
): Promise<Simulation> {
  const tally = new Tally(cycles);
  for (let next = seed; !tally.enough; next += 1) {
    const lived = await liveWorld(next, planted);
    tally.add(lived);
    if (planted !== null && lived.breaches.length > 0) break;
  }
  return tally.told();
}

/** Worlds that a lane is given at once: its answer is worth the message, and little is lived beyond the end. */
const BLOCK = 40;

/** The same on several lanes: worlds are counted in the order of their seeds, so it is told alike whatever their number. */
export async function simulateOn(
  lanes: readonly Lane[],
  seed: number,
  cycles: number,
): Promise<Simulation> {
  const tally = new Tally(cycles);
  const waiting = new Map<number, readonly Lived[]>();
  let given = seed;
  let counted = seed;
  const work = async (lane: Lane): Promise<void> => {
    while (!tally.enough) {
      const from = given;
      given += BLOCK;
      waiting.set(from, await lane.live(Array.from({ length: BLOCK }, (_, i) => from + i)));
      for (let block = waiting.get(counted); block !== undefined; block = waiting.get(counted)) {
        for (const lived of block) tally.add(lived);
        waiting.delete(counted);
        counted += BLOCK;
      }
    }
  };
  await Promise.all(lanes.map(work));
  return tally.told();
}

/** Counts worlds until they have had enough cycles; what comes behind that was lived for nothing. */
class Tally {
  private readonly wanted: number;
  private readonly beganMs = performance.now();
  private worlds = 0;
  private cycles = 0;
  private readonly faults: Record<string, number> = {};
  private readonly outcomes: Record<string, number> = {};
  private readonly violations: { seed: number; breach: string }[] = [];

  constructor(wanted: number) {
    this.wanted = wanted;
  }

  get enough(): boolean {
    return this.cycles >= this.wanted;
  }

  add({ seed, cycles, faults, outcomes, breaches }: Lived): void {
    if (this.enough) return;
    this.worlds += 1;
    this.cycles += cycles;
    for (const [kind, times] of Object.entries(faults)) count(this.faults, kind, times);
    for (const [outcome, times] of Object.entries(outcomes)) count(this.outcomes, outcome, times);
    for (const breach of breaches) this.violations.push({ seed, breach });
  }

  told(): Simulation {
    const { worlds, cycles, faults, outcomes, violations } = this;
    const seconds = (performance.now() - this.beganMs) / 1_000;
    return { worlds, cycles, seconds, faults, outcomes, violations };
  }
}

function count(counts: Record<string, number>, what: string, times: number): void {
  counts[what] = (counts[what] ?? 0) + times;
}
