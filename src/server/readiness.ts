import { createConnection } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

import { Connection, type ConnectionOptions } from '@temporalio/client';

import { messageOf } from '../core/invariant';
import { HOST, type Ports } from './ports';

const START_MS = 30_000;
const ANSWER_MS = 2_000;
const POLL_MS = 50;

/**
 * Waits until the frontend answers for `namespace`, and the Web UI listens. Null when they do; else
 * what came in the way, as a part of a sentence. `running` says whether the server's process still
 * lives; `how` is how it wants to be asked, where that is not in the clear.
 */
export async function untilServing(
  { port, uiPort }: Ports,
  namespace: string,
  running: () => boolean,
  how: Pick<ConnectionOptions, 'tls'> = {},
): Promise<string | null> {
  const giveUpAt = performance.now() + START_MS;
  let last = 'nothing listens there';
  while (performance.now() < giveUpAt) {
    if (!running()) return 'ended while it started';
    // A refused connection costs nothing; the client would first wait a second before it tries
    // again.
    if ((await listens(port)) && (uiPort === null || (await listens(uiPort)))) {
      const problem = await askNamespace({ ...how, address: `${HOST}:${port}` }, namespace);
      if (problem === null) return null;
      last = problem;
    }
    await delay(POLL_MS);
  }
  return `did not answer on ${HOST}:${port} within ${START_MS / 1000} s: ${last}`;
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: HOST, port });
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

async function askNamespace(server: ConnectionOptions, namespace: string): Promise<string | null> {
  try {
    const connection = await Connection.connect({ ...server, connectTimeout: ANSWER_MS });
    try {
      await connection.withDeadline(Date.now() + ANSWER_MS, () =>
        connection.workflowService.describeNamespace({ namespace }),
      );
      return null;
    } finally {
      await connection.close();
    }
  } catch (error) {
    return messageOf(error);
  }
}
