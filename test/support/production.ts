import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { findPostgres } from '../../src/production/postgres';
import { locateProgram, SERVER, SQL_TOOL, UI_SERVER } from '../../src/production/programs';
import { startTopology } from '../../src/production/topology';

/**
 * The production topology for all tests of one run, as `npm run production:local` brings it up, but that nothing is synced, and
 * that each sandbox starts its own workers.
 */
export async function startProduction(cli: string): Promise<{ stop(): Promise<void> }> {
  const postgres = findPostgres(process.env['PATH']);
  if (postgres === null) throw new Error('there is no PostgreSQL on this machine');
  const folder = mkdtempSync(join(tmpdir(), 'harness-test-production-'));
  // PostgreSQL runs as another user where the tests run as root.
  chmodSync(folder, 0o755);
  const look = { env: process.env, progress: (line: string) => console.info(line) };
  const topology = await startTopology({
    folder,
    ports: { frontend: 0, ui: 0, postgres: 0 },
    workers: 0,
    programs: {
      postgres,
      server: await locateProgram(SERVER, look),
      sqlTool: await locateProgram(SQL_TOOL, look),
      ui: await locateProgram(UI_SERVER, look),
      cli,
    },
    env: { PATH: process.env['PATH'], HOME: folder },
    postgresSettings: { fsync: 'off' },
    progress: look.progress,
  });
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
