import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { JsonObject } from '../../src/core/json';

interface Received {
  readonly body: JsonObject;
  readonly headers: IncomingMessage['headers'];
  readonly url: string;
  readonly atMs: number;
}

/** A real HTTP sink: it answers as it is told to, else 200, and keeps what it took. */
export class HttpSink {
  readonly tried: Received[] = [];
  readonly taken: Received[] = [];
  private readonly server = createServer((request, response) => void this.on(request, response));
  /** By cycle and notice: how the next attempts are answered; 0: never. */
  private readonly answers = new Map<string, number[]>();

  static async open(): Promise<HttpSink> {
    const sink = new HttpSink();
    sink.server.listen(0, '127.0.0.1');
    await once(sink.server, 'listening');
    return sink;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  answer(cycleId: string, notice: string, codes: readonly number[]): void {
    this.answers.set(`${cycleId} ${notice}`, [...codes]);
  }

  of(cycleId: string): Received[] {
    return this.taken.filter(({ body }) => body['cycle_id'] === cycleId);
  }

  private async on(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request.setEncoding('utf8')) text += String(chunk);
    const body = JSON.parse(text) as JsonObject;
    const { headers, url = '' } = request;
    const received = { body, headers, url, atMs: Date.now() };
    this.tried.push(received);
    const code =
      this.answers.get(`${String(body['cycle_id'])} ${String(body['notice'])}`)?.shift() ?? 200;
    if (code === 0) return;
    if (code === 200) this.taken.push(received);
    response.writeHead(code).end();
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}
