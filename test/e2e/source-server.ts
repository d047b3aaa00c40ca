import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { uniqueBundle } from './documents';

/** A source as upstream has it: an address that gives a fresh bundle at each request, or is told to keep its readers waiting. */
export class SourceServer {
  readonly address: string;
  private readonly server: Server;
  private readonly waiting: ServerResponse[] = [];
  private holding = false;
  private news = (): void => undefined;

  private constructor(server: Server) {
    this.server = server;
    this.address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/bundle`;
    server.on('request', (_request, response: ServerResponse) => {
      if (!this.holding) return void response.end(JSON.stringify(uniqueBundle()));
      this.waiting.push(response);
      this.news();
    });
  }

  static async open(): Promise<SourceServer> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new SourceServer(server);
  }

  /** From now on every reader waits. Resolves when one does. */
  async hold(): Promise<void> {
    this.holding = true;
    await new Promise<void>((resolve) => {
      this.news = resolve;
    });
  }

  release(): void {
    this.holding = false;
    for (const response of this.waiting.splice(0)) response.end(JSON.stringify(uniqueBundle()));
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}
