import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { CycleTrail } from './report';
import type { Look, Share } from './verify';

/** So few are looked at sooner than a thread is started. */
const CHAINS_A_THREAD = 250;
const THREADS_MAX = 16;
/** What one chain needs is garbage at the next: in a larger nursery it is swept more seldom. */
const ROOMY = { maxYoungGenerationSizeMb: 64 };
const PROGRAM = join(__dirname, 'looker.js');

/**
 * Looks at the chains of a HARNESS_HOME (or an export) in as many threads as there are cores: nearly all of the time is the
 * processor's. Null where one thread is as good.
 */
export function inThreads(home: string): Look | null {
  // Run from its sources, there is no program for a thread.
  if (availableParallelism() < 2 || !existsSync(PROGRAM)) return null;
  return async (_, { ids, ...against }) => {
    const wanted = Math.ceil(ids.length / CHAINS_A_THREAD);
    const count = Math.max(1, Math.min(availableParallelism(), THREADS_MAX, wanted));
    // Long and short chains are mixed by their ids.
    const shares = Array.from({ length: count }, (_, thread) => ({
      ...against,
      ids: ids.filter((_, i) => i % count === thread),
    }));
    return (await Promise.all(shares.map((share) => inThread(home, share)))).flat();
  };
}

function inThread(home: string, share: Share): Promise<readonly CycleTrail[]> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(PROGRAM, { workerData: { home, share }, resourceLimits: ROOMY });
    thread.once('message', resolve);
    thread.once('error', reject);
    thread.once('exit', (code) => reject(new Error(`a thread of the audit ended with ${code}`)));
  });
}
