import { Client } from 'pg';
import { runChild } from '../store/child';
import { PASSWORD, type Postgres, startPostgres } from './postgres';

const TEMPLATE = 'harness_template';
/** Who may read and insert, and nothing else. */
export const RUNTIME_ROLE = 'harness_runtime';

/** One server for the tests of a file, and as many databases with the schema as they like. */
export class Databases {
  readonly server: Postgres;
  private count = 0;

  private constructor(server: Postgres) {
    this.server = server;
  }

  static async start(): Promise<Databases> {
    const databases = new Databases(await startPostgres());
    await databases.asOwner('postgres', [
      `CREATE ROLE ${RUNTIME_ROLE} LOGIN PASSWORD '${PASSWORD}'`,
      `CREATE DATABASE ${TEMPLATE}`,
    ]);
    await databases.migrate(TEMPLATE);
    return databases;
  }

  stop(): Promise<void> {
    return this.server.stop();
  }

  /** A new database with the schema; its name. */
  async make(): Promise<string> {
    this.count += 1;
    const name = `place_${this.count}`;
    await this.asOwner('postgres', [`CREATE DATABASE ${name} TEMPLATE ${TEMPLATE}`]);
    return name;
  }

  /** The address for the runtime role, as a worker has it. */
  url(name: string): string {
    return `postgres://${RUNTIME_ROLE}:${PASSWORD}@127.0.0.1:${this.server.port}/${name}`;
  }

  ownerUrl(name: string): string {
    return `postgres://harness:${PASSWORD}@127.0.0.1:${this.server.port}/${name}`;
  }

  /** As `harness store migrate --grant-to` does it; in a process of its own, since jest loads no ES modules. */
  async migrate(name: string, grantTo = RUNTIME_ROLE): Promise<void> {
    const child = runChild(`
      const { migrateDatabase } = require('./src/store/postgres/migrate.ts');
      await migrateDatabase(${JSON.stringify(this.ownerUrl(name))}, ${JSON.stringify(grantTo)});`);
    await child.ended;
  }

  /** Statements of the owner of everything; the rows of the last. */
  async asOwner(name: string, statements: readonly string[]): Promise<readonly unknown[]> {
    return ask(this.ownerUrl(name), statements);
  }
}

/** Each statement by itself; the rows of the last. */
export async function ask(url: string, statements: readonly string[]): Promise<readonly unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    let rows: readonly unknown[] = [];
    for (const statement of statements) rows = (await client.query(statement)).rows as unknown[];
    return rows;
  } finally {
    await client.end();
  }
}
