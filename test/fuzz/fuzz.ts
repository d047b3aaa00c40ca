import { Chance } from '../simulation/scheduler';
import { mangled, mutated } from './mutations';
import { differs, type Reader, type Reading } from './reading';

/** Of JSON, changed in its structure; and of bytes and texts. */
export interface Readers {
  readonly ofValues: readonly Reader[];
  readonly ofBytes: readonly Reader<Uint8Array>[];
}

export interface Fuzzed {
  readonly runs: number;
  readonly seed: number;
  /** By reader: how many were taken, and how many refused. */
  readonly told: Readonly<Record<string, { taken: number; refused: number; ms: number }>>;
  readonly slowest_ms: number;
  readonly defects: readonly string[];
}

/** Longer than any reading may take; the machine may be busy. */
const MS_MAX = 2_000;

/** What a person may be shown: one sentence, nothing that a terminal heeds, no trace of our own code. */
const UNFIT =
  /[\p{Cc}\u2028\u2029\u202a-\u202e]|\bat \S+ \(|TypeError|RangeError|undefined is not|is not a function|\[object /u;

/**
 * What is valid, changed by chance, to every reader in turn: a problem in plain words, or a reading of what was given, and
 * nothing else.
 */
export async function fuzz(
  runs: number,
  seed: number,
  { ofValues, ofBytes }: Readers,
): Promise<Fuzzed> {
  const chance = new Chance(seed);
  const told: Record<string, { taken: number; refused: number; ms: number }> = {};
  const defects: string[] = [];
  let slowest = 0;
  const one = async (
    name: string,
    given: unknown,
    read: () => Reading | Promise<Reading>,
  ): Promise<void> => {
    const count = (told[name] ??= { taken: 0, refused: 0, ms: 0 });
    const before = performance.now();
    const defect = (what: string): void => {
      if (defects.length < 50) defects.push(`${name}: ${what}, given ${shown(given)}`);
    };
    try {
      const reading = await read();
      if (reading.problems.length === 0) count.taken += 1;
      else count.refused += 1;
      const unfit = reading.problems.find(isUnfit);
      if (unfit !== undefined) defect(`it says ${JSON.stringify(unfit.slice(0, 300))}`);
      if (differs(reading)) defect(`it reads ${shown(reading.read)}`);
    } catch (error) {
      defect(`it throws ${String(error)}`);
    }
    const tookMs = performance.now() - before;
    count.ms += tookMs;
    slowest = Math.max(slowest, tookMs);
    if (tookMs > MS_MAX) defect(`it takes ${Math.round(tookMs)} ms`);
    if (Object.keys(Object.prototype).length > 0 || 'polluted' in {}) defect('it pollutes');
  };
  for (let i = 0; i < runs; i += 1) {
    for (const { name, valid, read, oneIn = 1 } of ofValues) {
      if (i % oneIn !== 0) continue;
      const value = mutated(valid, chance);
      await one(name, value, () => read(value));
    }
    for (const { name, valid, read, oneIn = 1 } of ofBytes) {
      if (i % oneIn !== 0) continue;
      const bytes = mangled(valid, chance);
      await one(name, bytes, () => read(bytes));
    }
  }
  return { runs, seed, told, slowest_ms: Math.round(slowest), defects };
}

function isUnfit(problem: string): boolean {
  return problem === '' || UNFIT.test(problem) || problem.length > 2_000;
}

function shown(given: unknown): string {
  const text = given instanceof Uint8Array ? Buffer.from(given).toString() : JSON.stringify(given);
  return JSON.stringify((text ?? 'nothing').slice(0, 400));
}
