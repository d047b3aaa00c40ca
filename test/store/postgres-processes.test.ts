import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPostgresStore } from '../../src/store/postgres';
import type { Store } from '../../src/store/store';
import { Databases } from '../support/database';
import { describeWithPostgres } from '../support/postgres';
import { processesContract } from './processes-contract';

describeWithPostgres('PostgreSQL and many processes', () => {
  let databases: Databases;
  beforeAll(async () => {
    databases = await Databases.start();
  });
  afterAll(() => databases.stop());

  processesContract('the PostgreSQL store', async () => {
    const name = await databases.make();
    const url = databases.url(name);
    const folder = await mkdtemp(join(tmpdir(), 'harness-processes-'));
    const opened: Store[] = [];
    return {
      script: `require('./src/store/postgres/index.ts').openPostgresStore(${JSON.stringify(url)})`,
      folder,
      async open(waitMs) {
        const store = await openPostgresStore(url, waitMs === undefined ? {} : { waitMs });
        opened.push(store);
        return store;
      },
      async lines(chainId) {
        const rows = await databases.asOwner(name, [
          `SELECT line FROM harness.entries WHERE key = '${chainId}' ORDER BY n`,
        ]);
        return rows.map((row) => String((row as { line: unknown }).line));
      },
      async remove() {
        await Promise.all(opened.map((store) => store.close()));
        await rm(folder, { recursive: true });
      },
    };
  });
});
