import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import type { TopologyOptions } from '../../src/production/bringing';
import { findPostgres } from '../../src/production/postgres';
import {
  locateProgram,
  SERVER,
  SQL_TOOL,
  UI_SERVER,
  whereKept,
} from '../../src/production/programs';
import { startTopology, type Topology } from '../../src/production/topology';

/** A folder that PostgreSQL's own account can enter, where the tests run as root. */
export function topologyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'harness-test-production-'));
  chmodSync(folder, 0o755);
  return folder;
}

/** Brings one up on free ports, its programs built where they are missing. Nothing is synced, and nobody's environment is in it. */
export async function bringTopology(
  options: Pick<TopologyOptions, 'folder' | 'workers'> & Partial<TopologyOptions>,
): Promise<Topology> {
  const postgres = findPostgres(process.env['PATH']);
  if (postgres === null) throw new Error('there is no PostgreSQL on this machine');
  const { progress = () => undefined } = options;
  const look = { env: process.env, progress };
  return startTopology({
    ports: { frontend: 0, ui: null, postgres: 0 },
    programs: {
      postgres,
      server: await locateProgram(SERVER, look),
      sqlTool: await locateProgram(SQL_TOOL, look),
      ui: typeof options.ports?.ui !== 'number' ? null : await locateProgram(UI_SERVER, look),
      cli: process.env['HARNESS_TEST_BINARY'] ?? '',
    },
    env: { PATH: process.env['PATH'], HOME: options.folder },
    postgresSettings: { fsync: 'off' },
    progress,
    ...options,
  });
}

/** The production topology for all tests of one run; each sandbox starts its own workers. */
export async function startProduction(): Promise<{ stop(): Promise<void> }> {
  const folder = topologyFolder();
  // The Web UI is looked at by no test: it is there where it costs no build.
  const ui = whereKept(UI_SERVER, process.env) === null ? null : 0;
  const ports = { frontend: 0, ui, postgres: 0 };
  const progress = (line: string): void => console.info(line);
  const topology = await bringTopology({ folder, workers: 0, ports, progress });
  process.env['HARNESS_TEST_ADDRESS'] = topology.address;
  process.env['HARNESS_TEST_UI'] = topology.uiUrl ?? '';
  process.env['HARNESS_TEST_DATABASE'] = topology.databaseUrl;
  process.env['HARNESS_TEST_DATABASE_ADMIN'] = topology.adminUrl;
  return {
    async stop() {
      await topology.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What of the production topology this machine lacks, so that it cannot be started here at once; null: nothing. */
function lacking(): string | null {
  if (findPostgres(process.env['PATH']) === null) return 'no initdb and postgres here';
  const missing = [SERVER, SQL_TOOL].find((program) => whereKept(program, process.env) === null);
  return missing === undefined
    ? null
    : `${missing.name} is not built: npm run test:production does`;
}

/** A suite that brings the topology up: skipped, with the reason in its name, on a machine that has not what it takes. */
export function describeWithProduction(name: string, body: () => void): void {
  const why = lacking();
  if (why === null) describe(name, body);
  else describe.skip(`${name} (skipped: ${why})`, body);
}

/** A database for one sandbox, with the tables that `harness store migrate` made; where the tests run on files, none. */
export async function openDatabase(name: string): Promise<string | null> {
  const model = process.env['HARNESS_TEST_DATABASE'];
  if (model === undefined) return null;
  const url = new URL(model);
  await asAdmin('postgres', [`CREATE DATABASE "${name}" TEMPLATE "${url.pathname.slice(1)}"`]);
  url.pathname = `/${name}`;
  return url.href;
}

export async function dropDatabase(name: string): Promise<void> {
  await asAdmin('postgres', [`DROP DATABASE "${name}" WITH (FORCE)`]);
}

/** Every chain, and how the cycle was started and ended: as only who has all rights can, past the triggers that refuse it. */
export async function removeRecordIn(name: string): Promise<void> {
  const tables = ['entries', 'results', 'cycles'];
  await asAdmin(name, [
    'SET session_replication_role = replica',
    ...tables.map((table) => `DELETE FROM harness.${table}`),
  ]);
}

export async function damageRegistryIn(name: string): Promise<void> {
  await asAdmin(name, [
    "INSERT INTO harness.registry SELECT key, max(n) + 1, 'no pointer' FROM harness.registry GROUP BY key",
  ]);
}

/** Statements of PostgreSQL's superuser. */
async function asAdmin(database: string, statements: readonly string[]): Promise<void> {
  const url = new URL(process.env['HARNESS_TEST_DATABASE_ADMIN'] ?? '');
  url.pathname = `/${database}`;
  const client = new Client({ connectionString: url.href });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}
