import { patched, proxyLocalActivities, sleep } from '@temporalio/workflow';
import type { LocalActivities } from '../activities/contract';
import { LOCAL_OPTIONS } from './options';

/**
 * The harness's own bookkeeping. When a local activity ends, workflow time is not in history: live it is that of the workflow task
 * into which the end falls, at a replay that of the activity itself. What is recorded behind it would bear one time on this worker
 * and another on the next, and an entry that was written would be refused for ever (AUDIT_FORK). So a timer is crossed first: its
 * time is history. Not behind the closing of the record, after which nothing is recorded.
 */
export function bookkeeping(): LocalActivities {
  const books = proxyLocalActivities<LocalActivities>(LOCAL_OPTIONS);
  return {
    buildGraph: (...args) => timed(books.buildGraph(...args)),
    openTick: (...args) => timed(books.openTick(...args)),
    settleEmission: (...args) => timed(books.settleEmission(...args)),
    settleEffects: (...args) => timed(books.settleEffects(...args)),
    readLatch: () => timed(books.readLatch()),
    raiseLatch: (...args) => timed(books.raiseLatch(...args)),
    checkDecision: (...args) => timed(books.checkDecision(...args)),
    closeCycle: (close) => books.closeCycle(close),
  };
}

async function timed<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } finally {
    // Of a history from before there was this timer the replay goes on without it.
    if (patched('time-behind-local-activity'))
      await sleep(1, { summary: 'so that what comes has a time in history' });
  }
}
