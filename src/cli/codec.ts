import type { Command } from 'commander';
import { Problem } from '../problem';
import { type Context, contextOf } from './context';

const DEFAULT_PORT = '8081';

interface CodecOptions {
  readonly port: string;
  readonly origin?: readonly string[];
}

export function codecCommand(root: Command): void {
  root
    .command('codec')
    .description(
      'a codec server, with which the Web UI and the temporal command read encrypted payloads; until Ctrl-C',
    )
    .option('--port <address>', 'a port, on loopback, or an address and a port', DEFAULT_PORT)
    .option(
      '--origin <url...>',
      "of the Web UI: no other page is answered (default: the Web UI's own)",
    )
    .action((options: CodecOptions, command: Command) => codec(contextOf(command), options));
}

/** HARNESS_CODEC_TOKEN, when it is set, is asked for as a bearer token. */
async function codec(context: Context, options: CodecOptions): Promise<void> {
  const { endpointAt } = await import('../metrics/address');
  const { readPayloadKeys } = await import('../payloads/keys');
  const { payloadCodec } = await import('../payloads/codec');
  const { serveCodec } = await import('../payloads/server');
  const path = context.env['HARNESS_PAYLOAD_KEYS'];
  if (!path) {
    const sentence =
      'there are no payload keys to serve: name their file with HARNESS_PAYLOAD_KEYS';
    throw new Problem('USAGE', sentence);
  }
  const { host, port } = endpointAt(options.port, '--port');
  const origins = options.origin?.map((origin) => new URL(origin).origin) ?? ownOrigins(context);
  const token = context.env['HARNESS_CODEC_TOKEN'] || null;
  const server = await serveCodec(payloadCodec(readPayloadKeys(path)), {
    host,
    port,
    origins,
    token,
  });
  context.print(
    { url: server.url, origins, token: token !== null },
    `codec ${server.url}, for pages of ${origins.join(', ')}${token === null ? '' : ', with a token'}; Ctrl-C stops`,
  );
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve).once('SIGTERM', resolve);
  });
  await server.close();
}

/** A browser tells loopback by its name from loopback by its number. */
function ownOrigins(context: Context): string[] {
  const { origin } = new URL(context.uiUrl());
  const others = origin.includes('//127.0.0.1') ? [origin.replace('127.0.0.1', 'localhost')] : [];
  return [origin, ...others];
}
