import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { TASK_QUEUE } from '../core/start';
import type { ConnectionSettings } from '../server/connection';

/** The kind of task queue that activities come from. */
const ACTIVITY_QUEUE = 2;
const UNAVAILABLE = 14;
const DEADLINE_EXCEEDED = 4;
const POLL_MS = 200;
const WAIT_MS = 120_000;

/** The identities (`pid@host`) of the workers that asked for work since `since`, a time in milliseconds. */
async function pollersSince(
  settings: ConnectionSettings,
  since: number,
): Promise<readonly string[]> {
  const connection = await Connection.connect(settings.connectionOptions);
  try {
    const { pollers } = await connection.workflowService.describeTaskQueue({
      namespace: settings.namespace,
      taskQueue: { name: TASK_QUEUE },
      taskQueueType: ACTIVITY_QUEUE,
    });
    return (pollers ?? []).flatMap(({ identity, lastAccessTime }) =>
      Number(lastAccessTime?.seconds ?? 0) * 1_000 >= since ? [identity ?? ''] : [],
    );
  } finally {
    await connection.close();
  }
}

/**
 * Waits until each of these processes of this machine asks for work; false when `running` says that one has ended, or after two
 * minutes. A server that has just started answers "not enough hosts" for a while, or on a busy machine takes no connection in time:
 * that is waited for, too.
 */
export async function untilPolling(
  settings: ConnectionSettings,
  pids: readonly number[],
  running: () => boolean,
): Promise<boolean> {
  const wanted = pids.map((pid) => `${pid}@${hostname()}`);
  const giveUpAt = performance.now() + WAIT_MS;
  while (running() && performance.now() < giveUpAt) {
    const seen = await pollersSince(settings, Date.now() - 60_000).catch(noneYet);
    if (wanted.every((identity) => seen.includes(identity))) return true;
    await delay(POLL_MS);
  }
  return false;
}

/** @throws the error of a server that has answered; without a status it was not reached */
function noneYet(error: unknown): readonly string[] {
  const { code } = error as { readonly code?: unknown };
  if (code === undefined || code === UNAVAILABLE || code === DEADLINE_EXCEEDED) return [];
  throw error;
}
