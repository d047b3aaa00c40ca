import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { isObject, type Json } from '../core/json';

/** Where the drill's own notices go: an HTTP server on this machine, which notes when it was told of which cycle's halt. */
export interface Sink {
  readonly url: string;
  /** When the first notice of the cycle's halt came, epoch milliseconds; null: none has. */
  firstOf(cycleId: string): number | null;
  close(): Promise<void>;
}

export async function openSink(): Promise<Sink> {
  const first = new Map<string, number>();
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (text: string) => (body += text));
    request.on('end', () => {
      const cycle = raisedIn(body);
      if (cycle !== null && !first.has(cycle)) first.set(cycle, Date.now());
      response.end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${portOf(server)}/`,
    firstOf: (cycleId) => first.get(cycleId) ?? null,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Reminders and ends are no news. */
function raisedIn(body: string): string | null {
  const card = JSON.parse(body) as Json;
  if (!isObject(card) || card['notice'] !== 'RAISED') return null;
  return typeof card['cycle_id'] === 'string' ? card['cycle_id'] : null;
}
