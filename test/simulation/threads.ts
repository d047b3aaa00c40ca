import { type MessagePort, Worker } from 'node:worker_threads';
import { type Lane, type Lived, liveWorld } from './simulate';

/** What one world needs is garbage at the next: in a larger nursery it is swept more seldom. */
const ROOMY = { maxYoungGenerationSizeMb: 64 };

/** A thread of its own that runs this very program, since a world replaces the clock of its thread. */
export function openThread(): Lane & { close(): Promise<unknown> } {
  const port = new Worker(__filename, { resourceLimits: ROOMY });
  return {
    live: (seeds) =>
      new Promise((resolve, reject) => {
        port.removeAllListeners();
        port.once('message', resolve);
        port.once('error', reject);
        port.once('exit', (code) => reject(new Error(`a thread ended with ${code}`)));
        port.postMessage(seeds);
      }),
    close: () => port.terminate(),
  };
}

/** In such a thread. */
export function serveThread(port: MessagePort): void {
  port.on('message', (seeds: readonly number[]) => {
    void liveAll(seeds).then((lived) => port.postMessage(lived));
  });
}

async function liveAll(seeds: readonly number[]): Promise<Lived[]> {
  const lived: Lived[] = [];
  for (const seed of seeds) lived.push(await liveWorld(seed));
  return lived;
}
