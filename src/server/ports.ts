import { createServer, type Server } from 'node:net';

import { codeOf } from '../core/invariant';
import { Problem } from '../problem';

export const HOST = '127.0.0.1';
export const DEFAULT_PORT = 7233;
export const DEFAULT_UI_PORT = 8233;

export interface Ports {
  readonly port: number;
  /** Null: no Web UI. */
  readonly uiPort: number | null;
}

/**
 * The ports to serve on: those asked for, if they are free on 127.0.0.1, and a free one for each 0.
 * @throws Problem `NO_SERVER` when one is taken, naming it and what to do.
 */
export async function choosePorts(asked: Ports): Promise<Ports> {
  // Both are held until both are chosen, so that they differ.
  const server = await hold(asked.port, '--port');
  try {
    const uiServer = asked.uiPort === null ? null : await hold(asked.uiPort, '--ui-port');
    const uiPort = uiServer === null ? null : portOf(uiServer);
    if (uiServer !== null) await release(uiServer);
    return { port: portOf(server), uiPort };
  } finally {
    await release(server);
  }
}

function hold(port: number, flag: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error) => {
      reject(codeOf(error) === 'EADDRINUSE' ? takenError(port, flag) : unusable(port, flag, error));
    });
    server.listen({ port, host: HOST, exclusive: true }, () => resolve(server));
  });
}

function takenError(port: number, flag: string): Error {
  const reuse =
    flag === '--port'
      ? `if that is the Temporal server you want, use it with TEMPORAL_ADDRESS=${HOST}:${port}; `
      : '';
  return new Problem(
    'NO_SERVER',
    `port ${port} on ${HOST} is taken by another process: ${reuse}else stop it, or choose another` +
      ` port with ${flag}`,
  );
}

function unusable(port: number, flag: string, error: Error): Error {
  const sentence = `port ${port} on ${HOST} cannot be used (${error.message}): choose another with ${flag}`;
  return new Problem('NO_SERVER', sentence, null, error);
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}

function release(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
