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
export async function choosePorts({ port, uiPort }: Ports): Promise<Ports> {
  const ui = uiPort === null ? [] : [{ port: uiPort, flag: '--ui-port' }];
  const [chosen = port, uiChosen = null] = await chooseAll([{ port, flag: '--port' }, ...ui]);
  return { port: chosen, uiPort: uiChosen };
}

/**
 * As many ports as are asked for, in that order; 0 is a free one. `flag` is what asks for another.
 * @throws Problem `NO_SERVER` when one is taken, naming it and what to do.
 */
export async function chooseAll(
  asked: readonly { readonly port: number; readonly flag: string }[],
): Promise<number[]> {
  const held: Server[] = [];
  try {
    // All are held until all are chosen, so that they differ.
    for (const { port, flag } of asked) held.push(await hold(port, flag));
    return held.map(portOf);
  } finally {
    await Promise.all(held.map(release));
  }
}

/** So many free ports between `from` and `to`, for who cannot take any that the system gives. */
export async function chooseBetween(from: number, to: number, count: number): Promise<number[]> {
  const held: Server[] = [];
  try {
    let port = from + Math.floor(Math.random() * (to - from));
    for (let tries = to - from; held.length < count && tries > 0; tries -= 1) {
      const server = await holdIfFree(port);
      if (server !== null) held.push(server);
      port = port < to ? port + 1 : from;
    }
    return held.map(portOf);
  } finally {
    await Promise.all(held.map(release));
  }
}

async function holdIfFree(port: number): Promise<Server | null> {
  try {
    return await hold(port, '');
  } catch (error) {
    if (error instanceof Problem) return null;
    throw error;
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
      ? `if that is the Temporal server you want, use it with TEMPORAL_ADDRESS=${HOST}:${port}; else `
      : '';
  return new Problem(
    'NO_SERVER',
    `port ${port} on ${HOST} is taken by another process: ${reuse}stop it, or choose another` +
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
