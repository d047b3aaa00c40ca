import type { Planted } from './defects';
import { World } from './world';

export interface Simulation {
  readonly worlds: number;
  readonly cycles: number;
  readonly seconds: number;
  readonly faults: Readonly<Record<string, number>>;
  /** By outcome of the runs' results. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly violations: readonly { readonly seed: number; readonly breach: string }[];
}

/**
 * Worlds from `seed` on, until that many cycles have lived; each world's own seed tells it again. With a defect planted it ends
 * with the first world that tells.
 */
export async function simulateWorlds(
  seed: number,
  cycles: number,
  planted: Planted | null = null,
): Promise<Simulation> {
  const before = performance.now();
  const faults: Record<string, number> = {};
  const outcomes: Record<string, number> = {};
  const violations: { seed: number; breach: string }[] = [];
  let lived = 0;
  let worlds = 0;
  while (lived < cycles && (planted === null || violations.length === 0)) {
    const world = new World(seed + worlds, planted);
    const breaches = await world.live();
    for (const breach of breaches) violations.push({ seed: seed + worlds, breach });
    for (const [kind, count] of Object.entries(world.faults))
      faults[kind] = (faults[kind] ?? 0) + count;
    for (const { host } of world.runs) {
      const told = host.end !== null && 'result' in host.end ? host.end.result : null;
      const { outcome } = (told ?? { outcome: 'no result' }) as { outcome: string };
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    }
    lived += world.runs.length;
    worlds += 1;
  }
  const seconds = (performance.now() - before) / 1_000;
  return { worlds, cycles: lived, seconds, faults, outcomes, violations };
}
