import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import { codeOf, messageOf } from '../core/invariant';
import { Problem } from '../problem';

export interface CodecServerOptions {
  readonly host: string;
  readonly port: number;
  /** Of the Web UI: the only pages whose requests are answered. */
  readonly origins: readonly string[];
  /** Asked for as `Authorization: Bearer …`; null: nobody is asked. */
  readonly token: string | null;
}

export interface CodecServer {
  readonly url: string;
  close(): Promise<void>;
}

/** More than the server keeps in one event. */
const BODY_BYTES_MAX = 32 * 1_024 * 1_024;
const { Payloads } = temporal.api.common.v1;

/**
 * Temporal's remote codec protocol: POST `/encode` and `/decode`, payloads as JSON. Whoever may ask it reads what is encrypted,
 * so it answers no page but the Web UI's, and asks for the token where there is one.
 * @throws Problem USAGE when the address cannot be bound
 */
export async function serveCodec(
  codec: PayloadCodec,
  options: CodecServerOptions,
): Promise<CodecServer> {
  const { host, port } = options;
  const server = createServer(
    (request, response) => void answer(codec, options, request, response),
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      const at = `${host}:${port}`;
      const sentence = `the codec cannot be served at ${at} (${messageOf(error)}): choose another with --port`;
      reject(new Problem('USAGE', sentence, at, error));
    });
    server.listen(port, host, resolve);
  });
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answer(
  codec: PayloadCodec,
  { origins, token }: CodecServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { origin } = request.headers;
  if (origin !== undefined && origins.includes(origin)) {
    response.setHeader('access-control-allow-origin', origin);
    response.setHeader('access-control-allow-methods', 'POST');
    response.setHeader('access-control-allow-headers', 'content-type, x-namespace, authorization');
    response.setHeader('vary', 'origin');
  }
  const say = (status: number, body: object): void => {
    const text = JSON.stringify(body);
    response.writeHead(status, { 'content-type': 'application/json' }).end(text);
  };
  if (origin !== undefined && !origins.includes(origin)) {
    return say(403, { message: `pages of ${origin} are not answered: see --origin` });
  }
  if (request.method === 'OPTIONS') return void response.writeHead(204).end();
  const work = workOf(codec, request);
  if (work === null) return say(404, { message: 'POST /encode or POST /decode' });
  if (token !== null && !isToken(request.headers.authorization, token))
    return say(401, { message: 'the token is missing or another one' });
  try {
    const payloads = payloadsIn(await bodyOf(request));
    return say(200, jsonOf(await work(payloads)));
  } catch (error) {
    return say(codeOf(error) === undefined ? 500 : 400, { message: messageOf(error) });
  }
}

function workOf(codec: PayloadCodec, { method, url }: IncomingMessage) {
  const path = (url ?? '').split('?')[0] ?? '';
  if (method !== 'POST') return null;
  if (path.endsWith('/encode')) return (payloads: Payload[]) => codec.encode(payloads);
  if (path.endsWith('/decode')) return (payloads: Payload[]) => codec.decode(payloads);
  return null;
}

/** Both are hashed, so that the time of the comparison tells nothing, not even the length. */
function isToken(header: string | undefined, token: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(header ?? ''), digest(`Bearer ${token}`));
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) throw new Problem('USAGE', 'the body is over 32 MiB');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function payloadsIn(text: string): Payload[] {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw new Problem('USAGE', 'the body is no JSON', null, error);
  }
  const problem = new Problem(
    'USAGE',
    'the body is no {"payloads": [{"metadata": {…}, "data": "…"}]}',
  );
  if (typeof document !== 'object' || document === null || !('payloads' in document)) throw problem;
  if (!Array.isArray(document.payloads)) throw problem;
  // The JSON form of protobuf: bytes are base64.
  return Payloads.fromObject({ payloads: document.payloads }).payloads;
}

function jsonOf(payloads: Payload[]): object {
  const list = Payloads.toObject(Payloads.fromObject({ payloads }), { bytes: String })['payloads'];
  return { payloads: list ?? [] };
}
