import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from '../core/invariant';
import { Problem } from '../problem';
import { locateBinary } from '../server/locate';
import { DEFAULT_PORT, DEFAULT_UI_PORT } from '../server/ports';
import { findPostgres } from './postgres';
import { locateProgram, programsFolder, SERVER, SQL_TOOL, UI_SERVER } from './programs';
import { WORKERS } from './settings';
import type { TopologyOptions } from './bringing';
import { type Tls, tlsFrom } from './tls';
import { startTopology, type Topology } from './topology';

const DEFAULT_POSTGRES_PORT = 5432;

const HELP = `npm run production:local -- [options]

The production topology without containers, in the foreground, until Ctrl-C: PostgreSQL, Temporal's server and Web UI, the
harness's own database, and workers. The same as docker compose up, from the same settings and scripts (production/).

  --data DIR            where everything is kept (default: .production in the working directory)
  --port PORT           of the server (default ${DEFAULT_PORT}; 0: a free one)
  --ui-port PORT        of the Web UI (default ${DEFAULT_UI_PORT}; 0: a free one)
  --no-ui               without it
  --postgres-port PORT  of PostgreSQL (default ${DEFAULT_POSTGRES_PORT}; 0: a free one)
  --tls DIR             with the certificates in that folder: ca.pem, server.pem, server.key, client.pem, client.key
  --programs            finds or builds the programs that it takes, says where they are, and starts nothing
  --workers N           (default ${WORKERS})

Needs PostgreSQL 14 or newer, and Go to build Temporal's server once. TEMPORAL_SERVER_PATH, TEMPORAL_SQL_TOOL_PATH and
TEMPORAL_UI_SERVER_PATH name binaries that are there already; HARNESS_PROGRAMS says where what was built is kept.
`;

const say = (line: string): void => void process.stderr.write(`${line}\n`);

async function main(): Promise<void> {
  const options = readOptions();
  if (options === null) {
    process.stdout.write(HELP);
    return;
  }
  const { folder, ports, workers, tls } = options;
  const programs = await locatePrograms(ports.ui !== null);
  if (options.programsOnly) {
    process.stdout.write(`${Object.values(programs).join('\n')}\n`);
    return;
  }
  const start = { folder, ports, workers, programs, env: process.env, progress: say, ...tls };
  const topology = await stoppable(startTopology(start));
  if (topology === null) return;
  process.stdout.write(`${summary(topology, folder, workers)}\n`);
  const died = await Promise.race([topology.died, untilAsked()]);
  say('draining: what runs may end, nothing new is taken; then all is stopped');
  await topology.stop();
  if (died === null) return;
  throw new Problem('NO_SERVER', `${died} ended by itself: see ${folder}/logs`);
}

/** Ctrl-C while it comes up: it is stopped as soon as it is up. Null then. */
async function stoppable(starting: Promise<Topology>): Promise<Topology | null> {
  let asked = false;
  const note = (): void => {
    asked = true;
    say('stopping as soon as it is up');
  };
  process.once('SIGINT', note).once('SIGTERM', note);
  const topology = await starting;
  process.removeListener('SIGINT', note).removeListener('SIGTERM', note);
  if (!asked) return topology;
  await topology.stop();
  return null;
}

/** Until Ctrl-C or SIGTERM: null, which is not the name of a part. */
function untilAsked(): Promise<null> {
  return new Promise((done) => {
    const asked = (): void => done(null);
    process.once('SIGINT', asked).once('SIGTERM', asked);
  });
}

async function locatePrograms(withUi: boolean): Promise<TopologyOptions['programs']> {
  const { env } = process;
  const postgres = findPostgres(env['PATH']);
  if (postgres === null)
    throw new Problem(
      'NO_SERVER',
      'there is no PostgreSQL here (no initdb and postgres on the PATH or in /usr/lib/postgresql): install it',
    );
  const look = { env, progress: say };
  return {
    postgres,
    server: await locateProgram(SERVER, look),
    sqlTool: await locateProgram(SQL_TOOL, look),
    ui: withUi ? await locateProgram(UI_SERVER, look) : null,
    cli: (await locateBinary({ home: programsFolder(env), env, progress: say })).path,
  };
}

function summary(topology: Topology, folder: string, workers: number): string {
  const { address, namespace, uiUrl, envFile } = topology;
  return [
    `server    ${address}, namespace ${namespace}`,
    `Web UI    ${uiUrl ?? 'none'}`,
    `database  ${topology.databaseUrl.replace(/\/\/[^@]*@/, '//')}`,
    `data      ${folder} (logs in ${folder}/logs)`,
    `workers   ${workers} running; Ctrl-C drains them, then stops the server and PostgreSQL`,
    '',
    'In another terminal:',
    `  . ${envFile}`,
    '  npx harness doctor',
    '  node examples/fresh.mjs examples/bundles/calm-trend.json > bundle.json',
    '  npx harness cycle start --input bundle.json --wait',
  ].join('\n');
}

function readOptions():
  | (Pick<TopologyOptions, 'folder' | 'ports' | 'workers'> & {
      readonly tls: { tls?: Tls };
      readonly programsOnly: boolean;
    })
  | null {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const { values } = parse({
    data: text,
    port: text,
    'ui-port': text,
    'postgres-port': text,
    workers: text,
    tls: text,
    'no-ui': flag,
    programs: flag,
    help: flag,
  });
  if (values.help === true) return null;
  return {
    programsOnly: values.programs === true,
    folder: resolve(values.data ?? '.production'),
    ports: {
      frontend: whole('--port', values.port, DEFAULT_PORT),
      ui: values['no-ui'] === true ? null : whole('--ui-port', values['ui-port'], DEFAULT_UI_PORT),
      postgres: whole('--postgres-port', values['postgres-port'], DEFAULT_POSTGRES_PORT),
    },
    tls: values.tls === undefined ? {} : { tls: tlsFrom(resolve(values.tls)) },
    workers: whole('--workers', values.workers, WORKERS),
  };
}

function parse<T extends Record<string, { readonly type: 'string' | 'boolean' }>>(options: T) {
  try {
    return parseArgs({ options });
  } catch (error) {
    throw new Problem('USAGE', `${messageOf(error)}: see npm run production:local -- --help`);
  }
}

function whole(flag: string, value: string | undefined, byDefault: number): number {
  const number = value === undefined ? byDefault : Number(value);
  if (Number.isInteger(number) && number >= 0 && number <= 65_535) return number;
  throw new Problem('USAGE', `${flag} is "${value}": it is a whole number, 0 to 65535`);
}

main().catch((error: unknown) => {
  process.stderr.write(`production: ${messageOf(error)}\n`);
  process.exitCode = 1;
});
