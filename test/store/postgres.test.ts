import { openPostgresStore } from '../../src/store/postgres';
import type { Store } from '../../src/store/store';
import { Databases } from '../support/database';
import { describeWithPostgres } from '../support/postgres';
import { storeContract } from './contract';

describeWithPostgres('PostgreSQL', () => {
  let databases: Databases;
  beforeAll(async () => {
    databases = await Databases.start();
  });
  afterAll(() => databases.stop());

  storeContract('the PostgreSQL store, as a role that may read and insert alone,', async () => {
    const name = await databases.make();
    const opened: Store[] = [];
    return {
      async open() {
        const store = await openPostgresStore(databases.url(name));
        opened.push(store);
        return store;
      },
      async remove() {
        await Promise.all(opened.map((store) => store.close()));
      },
    };
  });
});
