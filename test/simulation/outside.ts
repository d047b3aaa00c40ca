import type { SourceRead } from '../../src/sources/source';

/*
 * A stand-in for `src/sources/source` and `src/schedules/account`, which ask what lies outside of the harness: a file or an address,
 * and Temporal's server for a schedule. A world answers instead; test/sources and test/faults ask the real ones.
 */

export interface Outside {
  read(stop: AbortSignal): Promise<SourceRead>;
  /** @throws Error when the server does not answer */
  ask(): Promise<void>;
}

let outside: Outside | null = null;

export function goOutside(world: Outside): void {
  outside = world;
}

function there(): Outside {
  if (outside === null) throw new Error('there is no world');
  return outside;
}

export function readSource(_: string, stop: AbortSignal): Promise<SourceRead> {
  return there().read(stop);
}

export function account(): Promise<void> {
  return there().ask();
}
