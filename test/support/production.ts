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
  await asAdmin(`CREATE DATABASE "${name}" TEMPLATE "${url.pathname.slice(1)}"`);
  url.pathname = `/${name}`;
  return url.href;
}

export async function dropDatabase(name: string): Promise<void> {
  await asAdmin(`DROP DATABASE "${name}" WITH (FORCE)`);
}

async function asAdmin(statement: string): Promise<void> {
  const client = new Client({ connectionString: process.env['HARNESS_TEST_DATABASE_ADMIN'] });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
