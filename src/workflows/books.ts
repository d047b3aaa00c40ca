import { proxyActivities, proxyLocalActivities, sleep } from '@temporalio/workflow';
import type { BookActivities, Closed, Closing, ClosingActivities } from '../activities/contract';
import { bookOptions, CLOSING_OPTIONS } from './options';

/** The harness's own bookkeeping; the Web UI shows each step by its `summary`. */
export function books(summary: string): BookActivities {
  return proxyActivities<BookActivities>(bookOptions(summary));
}

/**
 * The last step, without a round trip. Behind a local activity workflow time and the order of messages are not history: another
 * worker can see others. After it nothing is recorded; where it fails, the cycle goes on behind a timer, whose time is history.
 */
export async function closeCycle(close: Closing): Promise<Closed> {
  try {
    return await proxyLocalActivities<ClosingActivities>(CLOSING_OPTIONS).closeCycle(close);
  } catch (error) {
    await sleep(1, { summary: 'the record could not be closed: the cycle goes on' });
    throw error;
  }
}
