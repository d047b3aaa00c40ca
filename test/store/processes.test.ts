import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFileStore, type Recovered } from '../../src/store/files/index';
import { runChild } from './child';
import { chainIn, CYCLE, drafts } from './drafts';
import { processesContract } from './processes-contract';

const storeIn = (home: string): string =>
  `require('./src/store/files/index.ts').openFileStore(${JSON.stringify(home)})`;

processesContract('the file store', async () => {
  const home = await mkdtemp(join(tmpdir(), 'harness-processes-'));
  return {
    script: storeIn(home),
    folder: home,
    open: (lockWaitMs) => openFileStore(home, lockWaitMs === undefined ? {} : { lockWaitMs }),
    async lines(chainId) {
      const text = await readFile(join(home, 'audit', `${chainId}.jsonl`), 'utf8');
      return text.split('\n').slice(0, -1);
    },
    remove: () => rm(home, { recursive: true }),
  };
});

describe('the file store and a writer that dies in the middle of a batch', () => {
  let home: string;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'harness-processes-'));
  });
  afterEach(() => rm(home, { recursive: true }));

  /** Appends entries 4 … 6 and is killed when `written` bytes of them are there. */
  async function killedAfter(written: string): Promise<void> {
    const child = runChild(
      `const fs = require('node:fs');
       const { CYCLE, drafts } = require('./test/store/drafts.ts');
       const store = await ${storeIn(home)};
       const { writeSync } = fs;
       fs.writeSync = (fd, bytes, from, length, ...more) => {
         if (!bytes.toString().startsWith('{')) return writeSync(fd, bytes, from, length, ...more);
         writeSync(fd, bytes, from, ${written});
         process.kill(process.pid, 'SIGKILL');
       };
       await store.audit.append(CYCLE, drafts('r1', 4, 6));`,
    );
    expect(await child.ended).toBeNull();
  }

  const cuts: [where: string, written: string][] = [
    ['in its first line', '10'],
    ['behind its first line', "bytes.indexOf('\\n') + 1"],
    ['in its last line', 'length - 1'],
  ];

  test.each(cuts)(
    'C4.I2: nothing of it stands, cut %s: another try may write something else',
    async (_where, written) => {
      const recovered: Recovered[] = [];
      const store = await openFileStore(home, { onRecovered: (info) => recovered.push(info) });
      await store.audit.append(CYCLE, drafts('r1', 1, 3));
      const { size } = await stat(join(home, 'audit', `${CYCLE}.jsonl`));
      await killedAfter(written);
      const left = (await readFile(join(home, 'audit', `${CYCLE}.jsonl`))).subarray(size);
      // A workflow task that is done again is done at another time, with messages that came since.
      const later = drafts('r1', 4, 5).map((each) => ({ ...each, at: '2026-11-22T14:25:31.000Z' }));
      expect(await store.audit.append(CYCLE, later)).toMatchObject({ entries: 5 });
      expect(await readFile(recovered[0]?.set_aside ?? '')).toEqual(left);
      expect(await chainIn(home)).toMatchObject({ problem: null, entries: 5 });
    },
  );

  test('C4.I2: all of it stands once all of it is there', async () => {
    const store = await openFileStore(home);
    await store.audit.append(CYCLE, drafts('r1', 1, 3));
    await killedAfter('length');
    expect(await store.audit.append(CYCLE, drafts('r1', 7, 7))).toMatchObject({ entries: 7 });
    expect(await chainIn(home)).toMatchObject({ problem: null, entries: 7 });
  });
});

describe('the file store on a disk that fills up', () => {
  let home: string;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'harness-processes-'));
  });
  afterEach(() => rm(home, { recursive: true }));

  test('C3.F3: a full disk takes back what it took of a batch, and says so', async () => {
    const store = await openFileStore(home);
    const { head } = await store.audit.append(CYCLE, drafts('r1', 1, 3));
    const file = join(home, 'audit', `${CYCLE}.jsonl`);
    const { size } = await stat(file);
    // The limit falls into the middle of the batch: the first write is short, the second is
    // refused.
    const child = runChild(
      `const { CYCLE, drafts } = require('./test/store/drafts.ts');
       const store = await ${storeIn(home)};
       await store.audit.append(CYCLE, drafts('r1', 4, 40)).catch((error) => {
         console.log(JSON.stringify({ code: error.code, message: error.message }));
       });`,
      'ulimit -f 8;',
    );
    const refusal = String(await child.line());
    await child.ended;
    expect(JSON.parse(refusal)).toEqual({
      code: 'AUDIT_UNAVAILABLE',
      message: expect.stringContaining('EFBIG'),
    });
    expect((await stat(file)).size).toBe(size);
    const recovered: Recovered[] = [];
    const roomy = await openFileStore(home, { onRecovered: (info) => recovered.push(info) });
    const again = await roomy.audit.append(CYCLE, drafts('r1', 4, 40));
    expect(again.entries).toBe(40);
    expect(recovered).toEqual([]);
    const lines = (await readFile(file, 'utf8')).split('\n');
    expect(JSON.parse(lines[3] ?? '')).toMatchObject({ seq: 4, prev: head });
  });
});
