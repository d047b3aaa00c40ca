import { parentPort, workerData } from 'node:worker_threads';
import { fileTrail } from '../store/files/trail';
import { type Share, verifyShare } from './verify';

/** One thread of `inThreads`: looks at its share of the chains, and tells what it found. */
async function main(): Promise<void> {
  const { home, share } = workerData as { readonly home: string; readonly share: Share };
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origin
  parentPort?.postMessage(await verifyShare(fileTrail(home), share));
}

void main();
