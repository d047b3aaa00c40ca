import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { SEARCH_ATTRIBUTES } from '../core/start';
import type { Row } from '../drill/run';
import { Problem } from '../problem';
import type { ConnectionSettings } from '../server/connection';
import { type Context, contextOf } from './context';
import { ownServer } from './own-server';
import { table } from './render';

interface DrillOptions {
  readonly only?: readonly string[];
  readonly list?: boolean;
}

export function drillCommand(root: Command): void {
  root
    .command('drill')
    .description(
      'inject each violation and fault in a world of its own, and grade detection, halt, notice and resume',
    )
    .option('--only <name...>', 'these drills alone (and the controls)')
    .option('--list', 'what there is to drill; runs nothing')
    .action((options: DrillOptions, command: Command) => drill(contextOf(command), options));
}

async function drill(context: Context, { only, list }: DrillOptions): Promise<void> {
  const { DRILLS } = await import('../drill/drills');
  if (list === true) {
    const listed = DRILLS.map(({ name, injects, expected }) => ({ name, injects, expected }));
    const rows = listed.map(({ name, injects }) => [name, injects]);
    return context.print(listed, table(['drill', 'injects'], rows));
  }
  const unknown = only?.find((name) => !DRILLS.some((each) => each.name === name));
  if (unknown !== undefined)
    throw new Problem(
      'USAGE',
      `there is no drill ${unknown}: --list shows those there are`,
      '--only',
    );
  const chosen = DRILLS.filter(({ name }) => only === undefined || only.includes(name));

  const server = await openServer(context);
  try {
    const { Site } = await import('../drill/site');
    const { runDrills } = await import('../drill/run');
    const { connection, where } = server;
    context.say(
      `drill: injects ${chosen.length} violations and faults on ${where}, in a namespace and a folder of its own that are removed afterwards; your cycles, HARNESS_HOME and notices are not touched`,
    );
    const site = await Site.open({
      connection,
      profile: context.options.profile,
      env: context.env,
      program: join(__dirname, 'main.js'),
    });
    const since = performance.now();
    try {
      const rows = await orInterrupted(runDrills(site, chosen, (line) => context.say(line)));
      report(context, rows, Math.round(performance.now() - since));
    } finally {
      const left = await site.close();
      if (left !== null) context.say(`drill: ${left}`);
    }
  } finally {
    await server.stop();
  }
}

function report(context: Context, rows: readonly Row[], ms: number): void {
  const passed = rows.every(({ grade }) => grade === 'PASSED');
  const cells = rows.map(({ drill: name, shows, expected, seen, notice_ms, grade, problems }) => [
    name,
    grade === 'PASSED' ? shows : `${shows}: ${expected.join('; ')}`,
    grade === 'PASSED' ? 'as expected' : [...problems, `seen: ${seen.join('; ')}`].join('; '),
    notice_ms === null ? '' : String(notice_ms),
    grade,
  ]);
  const head = ['drill', 'expected', 'seen', 'notice ms', 'grade'];
  const failed = rows.filter(({ grade }) => grade === 'FAILED').length;
  const verdict = failed === 0 ? 'all passed' : `${failed} of ${rows.length} FAILED`;
  context.print(
    { passed, ms, drills: rows },
    `${table(head, cells)}\n${verdict}, in ${(ms / 1_000).toFixed(1)} s`,
  );
  process.exitCode = passed ? 0 : 1;
}

/** Ctrl-C: nothing of it stays behind. */
async function orInterrupted<T>(running: Promise<T>): Promise<T> {
  let stop = (): void => undefined;
  const interrupted = new Promise<never>((_, reject) => {
    stop = () => reject(new Problem('REFUSED', 'the drill was interrupted: run it again'));
  });
  process.once('SIGINT', stop).once('SIGTERM', stop);
  running.catch(() => undefined); // its error comes out of the race, or no longer matters
  try {
    return await Promise.race([running, interrupted]);
  } finally {
    process.removeListener('SIGINT', stop).removeListener('SIGTERM', stop);
  }
}

interface DrillServer {
  readonly connection: ConnectionSettings;
  readonly where: string;
  stop(): Promise<void>;
}

/** The configured server, else the one that `harness up` runs here, else one in memory for as long as the drill takes. */
async function openServer(context: Context): Promise<DrillServer> {
  const connection = context.connection();
  const { address } = connection;
  if (connection.source !== 'default' || ownServer(context.home) !== null)
    return { connection, where: `the server at ${address}`, stop: async () => undefined };
  return startServer(context, connection);
}

async function startServer(context: Context, connection: ConnectionSettings): Promise<DrillServer> {
  const { locateBinary } = await import('../server/locate');
  const { cachedBinaryPath } = await import('../server/binary');
  const { startEmbedded } = await import('../server/embedded');
  const home = mkdtempSync(join(tmpdir(), 'harness-drill-server-'));
  try {
    // The binary that is there already is used; where there is none, it is fetched for this drill alone.
    const cache = existsSync(cachedBinaryPath(context.home)) ? context.home : home;
    const progress = (line: string): void => context.say(line);
    const { path } = await locateBinary({ home: cache, env: context.env, progress });
    const searchAttributes = SEARCH_ATTRIBUTES;
    const options = { home, dbFile: null, port: 0, uiPort: null, searchAttributes };
    const { address, stop } = await startEmbedded({ ...options, binary: path });
    return {
      connection: {
        ...connection,
        address,
        connectionOptions: { ...connection.connectionOptions, address },
      },
      where: `a server of its own at ${address}`,
      async stop() {
        await stop();
        rmSync(home, { recursive: true, force: true });
      },
    };
  } catch (error) {
    rmSync(home, { recursive: true, force: true });
    throw error;
  }
}
