import { fuzz, type Readers } from './fuzz';
import { openReaders } from './open';
import { differs, JUDGED, type Reader, type Reading, refused, taken } from './reading';

describe('every way in', () => {
  let readers: Readers & { close(): void };
  beforeAll(async () => {
    readers = await openReaders();
  });
  afterAll(() => readers.close());

  test('R13: what is fuzzed below is taken as it stands', async () => {
    const { ofValues, ofBytes } = readers;
    for (const { name, valid, read } of ofValues)
      if (!name.startsWith('command')) expect([name, await read(valid)]).toEqual([name, whole()]);
    for (const { name, valid, read } of ofBytes)
      expect([name, await read(valid)]).toEqual([name, whole()]);
  });

  test('R13, C2.U1: whatever comes in is read as it is, or refused in plain words, at once', async () => {
    const { defects, told } = await fuzz(120, 1, readers);
    expect(defects).toEqual([]);
    const idle = Object.entries(told).filter(([, { taken: t, refused: r }]) => t + r === 0);
    expect(idle).toEqual([]);
  });
});

/** Taken, and nothing made up. */
function whole(): unknown {
  return {
    asymmetricMatch: (reading: Reading) => reading.problems.length === 0 && !differs(reading),
    toString: () => 'a reading of what was given',
  };
}

describe('C2.U1: the fuzz sees a reader that', () => {
  const found = async (read: Reader['read']): Promise<string> => {
    const reader = { name: 'planted', valid: { a: 1 }, read };
    return (await fuzz(60, 1, { ofValues: [reader], ofBytes: [] })).defects[0] ?? 'nothing';
  };
  const a = (value: unknown): unknown => Object(value).a;

  test.each<[what: string, read: Reader['read'], defect: RegExp]>([
    [
      'puts a default in the place of what is damaged',
      (v) => taken(v, { a: a(v) === 1 ? 1 : 0 }),
      /it reads/,
    ],
    ['leaves something out', (v) => taken(v, { a: a(v) }), /it reads/],
    [
      'throws',
      (v) => (a(v) === 1 ? JUDGED : (null as unknown as { f(): Reading }).f()),
      /it throws/,
    ],
    ['rejects', (v) => (a(v) === 1 ? JUDGED : Promise.reject(new Error('no'))), /it throws/],
    ['says nothing', (v) => (a(v) === 1 ? JUDGED : refused('')), /it says ""/],
    [
      'shows what a terminal heeds',
      (v) => (a(v) === 1 ? JUDGED : refused('\u001b[31m')),
      /it says/,
    ],
    [
      'shows a stack',
      (v) => (a(v) === 1 ? JUDGED : refused(new Error('x').stack ?? '')),
      /it says/,
    ],
  ])('%s', async (_, read, defect) => {
    expect(await found(read)).toMatch(defect);
  });

  test('does nothing of the kind: nothing is found', async () => {
    expect(await found((value) => (a(value) === 1 ? taken(value, value) : refused('no')))).toBe(
      'nothing',
    );
  });
});
