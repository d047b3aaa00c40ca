import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from '../cli/context';
import { forgetServer, noteServer, ownServer } from '../cli/own-server';
import { SEARCH_ATTRIBUTES } from '../core/start';
import { Problem } from '../problem';
import { configuredAddress } from '../server/connection';
import { startEmbedded } from '../server/embedded';
import { locateBinary } from '../server/locate';
import { choosePorts, DEFAULT_PORT, DEFAULT_UI_PORT, type Ports } from '../server/ports';

/** The server that the demo runs on, and what to tell of it at the end. */
export interface DemoServer {
  readonly afterwards: string;
  stop(): Promise<void>;
}

/** The configured server, else the one that `harness up` runs on this HARNESS_HOME, else one of our own. @throws Problem */
export async function openServer(context: Context): Promise<DemoServer> {
  const there = configuredAddress({ env: context.env }) ?? ownServer(context.home)?.address;
  if (there === undefined) return startServer(context);
  context.say(`using the Temporal server at ${there}`);
  return {
    afterwards: `the server at ${there} goes on: the links above are live (\`npx harness up\` would start one of your own)`,
    stop: async () => undefined,
  };
}

async function startServer(context: Context): Promise<DemoServer> {
  mkdirSync(context.home, { recursive: true, mode: 0o700 });
  const say = (line: string): void => context.say(line);
  const { path } = await locateBinary({ home: context.home, env: context.env, progress: say });
  const ports = await usualPorts(context);
  const server = await startEmbedded({
    binary: path,
    home: context.home,
    dbFile: join(context.home, 'temporal.db'),
    ...ports,
    searchAttributes: SEARCH_ATTRIBUTES,
    namespace: context.connection().namespace,
  });
  const { address, uiUrl: ui_url, pid } = server;
  // As `harness up` does: while this runs, every command finds it.
  noteServer(context.home, { address, ui_url, pid });
  context.say(`a Temporal server runs at ${address}, its Web UI at ${ui_url ?? 'none'}`);
  const flags = ports.port === 0 ? portFlags(address, ui_url) : '';
  return {
    afterwards: `\`npx harness up${flags}\` shows these cycles at the same links (all is kept in ${context.home})`,
    async stop() {
      forgetServer(context.home);
      await server.stop();
    },
  };
}

/** The ports of `harness up`, so that the links are the same there; free ones where those are taken. */
async function usualPorts(context: Context): Promise<Ports> {
  const usual = { port: DEFAULT_PORT, uiPort: DEFAULT_UI_PORT };
  try {
    return await choosePorts(usual);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    context.say(
      `port ${DEFAULT_PORT} or ${DEFAULT_UI_PORT} is taken by another process: free ports are used`,
    );
    return { port: 0, uiPort: 0 };
  }
}

function portFlags(address: string, uiUrl: string | null): string {
  const [port, uiPort] = [address, uiUrl ?? ''].map((text) =>
    text.slice(text.lastIndexOf(':') + 1),
  );
  return ` --port ${port} --ui-port ${uiPort}`;
}
