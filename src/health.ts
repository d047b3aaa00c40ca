import { createServer } from 'node:http';
import { messageOf } from './core/invariant';
import { type Endpoint, textOf } from './metrics/address';
import { Problem } from './problem';

/** Null while everything is well, else one plain sentence. */
export type Check = () => Promise<string | null>;

export interface HealthEndpoint {
  close(): Promise<void>;
}

/** A probe does not wait longer than this for what it asks. */
const CHECK_MS = 4_000;

/**
 * `GET /healthz`: 200 while the check finds nothing, else 503 with its sentence. It tells nothing else, so whoever reaches it
 * learns no more than that.
 * @throws Problem USAGE when the address cannot be bound
 */
export async function serveHealth(endpoint: Endpoint, check: Check): Promise<HealthEndpoint> {
  const server = createServer((request, response) => {
    const say = (status: number, line: string): void => {
      response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${line}\n`);
    };
    if (request.method !== 'GET' || request.url !== '/healthz') return say(404, 'GET /healthz');
    void inTime(check).then((problem) => say(problem === null ? 200 : 503, problem ?? 'ok'));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      const at = textOf(endpoint);
      const sentence = `health cannot be served at ${at} (${messageOf(error)}): choose another address with --health`;
      reject(new Problem('USAGE', sentence, at, error));
    });
    server.listen(endpoint.port, endpoint.host, resolve);
  });
  // A worker that could not start is not kept alive by it.
  server.unref();
  return {
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function inTime(check: Check): Promise<string | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no answer within ${CHECK_MS} ms`), CHECK_MS);
  });
  try {
    return await Promise.race([check().catch((error: unknown) => messageOf(error)), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Asks a worker how it is. Null: well; else one plain sentence. */
export async function askHealth(endpoint: Endpoint): Promise<string | null> {
  const at = textOf(endpoint);
  const asked = AbortSignal.timeout(CHECK_MS + 1_000);
  try {
    const response = await fetch(`http://${at}/healthz`, { signal: asked });
    const line = (await response.text()).trim().slice(0, 500);
    return response.status === 200 ? null : line;
  } catch {
    return `no worker answers at ${at}: start one with \`harness worker --health ${at}\``;
  }
}
