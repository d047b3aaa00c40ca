import { Chance } from '../simulation/scheduler';
import { mangled, mutated } from './mutations';
import { BYTE_READERS, READERS } from './readers';

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
  /[\p{Cc}\u2028\u2029\u202a-\u202e]|\bat \S+ \(|TypeError|RangeError|undefined is not|\[object /u;

/** Valid documents, changed by chance, to every reader in turn: a problem in plain words or a reading, and nothing else. */
export function fuzz(runs: number, seed: number): Fuzzed {
  const chance = new Chance(seed);
  const told: Record<string, { taken: number; refused: number; ms: number }> = {};
  const defects: string[] = [];
  let slowest = 0;
  const one = (name: string, given: unknown, read: () => readonly string[]): void => {
    const count = (told[name] ??= { taken: 0, refused: 0, ms: 0 });
    const before = performance.now();
    const defect = (what: string): void => {
      if (defects.length < 50) defects.push(`${name}: ${what}, given ${shown(given)}`);
    };
    try {
      const problems = read();
      if (problems.length === 0) count.taken += 1;
      else count.refused += 1;
      const unfit = problems.find((each) => each === '' || UNFIT.test(each) || each.length > 2_000);
      if (unfit !== undefined) defect(`it says ${JSON.stringify(unfit.slice(0, 300))}`);
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
    for (const { name, valid, read, oneIn = 1 } of READERS) {
      if (i % oneIn !== 0) continue;
      const value = mutated(valid, chance);
      one(name, value, () => read(value));
    }
    for (const { name, valid, read } of BYTE_READERS) {
      const bytes = mangled(valid, chance);
      one(name, bytes, () => read(bytes));
    }
  }
  return { runs, seed, told, slowest_ms: Math.round(slowest), defects };
}

function shown(given: unknown): string {
  const text = given instanceof Uint8Array ? Buffer.from(given).toString() : JSON.stringify(given);
  return JSON.stringify((text ?? 'nothing').slice(0, 400));
}
