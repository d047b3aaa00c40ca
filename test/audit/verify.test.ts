import { writeSync } from 'node:fs';
import {
  appendFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sealEntry } from '../../src/audit/chain';
import type { TrailStatus } from '../../src/audit/report';
import { verifyTrail } from '../../src/audit/verify';
import type { AuditHead, Draft } from '../../src/core/entry';
import type { Sha256 } from '../../src/core/json';
import { withLock } from '../../src/store/files/growing';
import { openFileStore } from '../../src/store/files/index';
import type { Store } from '../../src/store/store';
import { runChild } from '../store/child';
import { storedResult } from '../store/results';
import {
  CYCLE,
  draft,
  drafts,
  keepAllDocuments,
  OTHER_CYCLE,
  THIRD_CYCLE,
  wholeRun,
} from './trails';

describe('verify', () => {
  let home: string;
  let store: Store;
  let head: AuditHead;
  let whole: Buffer;
  const folder = () => join(home, 'audit');
  const chainFile = () => join(folder(), `${CYCLE}.jsonl`);
  const keepResult = (audit: AuditHead) => store.cycles.putResult(CYCLE, storedResult({}, audit));

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'harness-verify-'));
    store = await openFileStore(home);
    await keepAllDocuments(store);
    head = await store.audit.append(CYCLE, wholeRun('r1', 4));
    whole = await readFile(chainFile());
  });
  afterEach(() => rm(home, { recursive: true }));

  /** What verify says when the chain file holds these bytes. */
  async function statusOf(bytes: string | Uint8Array): Promise<TrailStatus> {
    await writeFile(chainFile(), bytes);
    return (await verifyTrail(home)).status;
  }

  const textLines = () => whole.toString().split('\n').slice(0, -1);
  const joined = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join('');

  /** The drafts chained afresh, as a forger would who knows the recipe. */
  function forged(batch: readonly Draft[]): string {
    let prev: Sha256 | null = null;
    const lines = batch.map((each) => {
      const sealed = sealEntry(CYCLE, each, prev);
      prev = sealed.hash;
      return sealed.line;
    });
    return joined(lines);
  }

  test('C1.1: what a newer harness wrote is neither intact nor broken: it says which version to ask', async () => {
    const [first = '', ...rest] = textLines();
    expect(
      await statusOf(joined([first, ...rest.map((line) => line.replace('"v":1}', '"v":2}'))])),
    ).toBe('UNREADABLE');
    const { cycles, exit } = await verifyTrail(home);
    expect([exit, cycles[0]?.problem]).toEqual([
      3,
      {
        line: 2,
        seq: null,
        problem: 'it is written in form v2, by a newer harness: verify it with that one',
        foreign: true,
      },
    ]);
    const unknown = draft('r1', 2, { type: 'TASK_PAUSED' });
    expect(await statusOf(forged([draft('r1', 1), unknown, draft('r1', 3)]))).toBe('UNREADABLE');
    // Whoever knows what stood there is believed all the same.
    const result = { entries: 3, head: head.head };
    await keepResult(result);
    expect(await statusOf(forged([draft('r1', 1), unknown, draft('r1', 3)]))).toBe('BROKEN');
  });

  test('an ended cycle whose chain reaches its result is intact', async () => {
    await keepResult(head);
    const cycle = {
      kind: 'cycle',
      cycle_id: CYCLE,
      status: 'INTACT',
      ...head,
      ended: true,
      problem: null,
    };
    expect(await verifyTrail(home)).toEqual({
      status: 'INTACT',
      exit: 0,
      cycles: [cycle],
      governance: [],
      aliens: [],
      not_begun: [],
      problem: null,
    });
    expect(await verifyTrail(home, CYCLE)).toMatchObject({ exit: 0, cycles: [cycle] });
  });

  test('an unfinished cycle is intact so far', async () => {
    await store.audit.append(OTHER_CYCLE, drafts('r2', 1, 2, OTHER_CYCLE));
    const report = await verifyTrail(home, OTHER_CYCLE);
    expect(report).toMatchObject({ exit: 0, cycles: [{ status: 'INTACT', ended: false }] });
  });

  test('R36: a chain that goes on after its stored result, in a new run, is intact', async () => {
    await keepResult(head);
    await store.audit.append(CYCLE, drafts('r2', 1, 2));
    expect(await verifyTrail(home)).toMatchObject({ exit: 0, cycles: [{ ended: false }] });
  });

  test('a flip of any byte is found, with no result to compare', async () => {
    for (let at = 0; at < whole.length; at += 1) {
      const mask = [0x01, 0x20, 0x80][at % 3] ?? 0x01;
      const flipped = Buffer.from(whole);
      flipped.writeUInt8(flipped.readUInt8(at) ^ mask, at);
      const status = await statusOf(flipped);
      // Only the last newline is different: without it the last line is unfinished.
      const expected = at === whole.length - 1 ? 'INCOMPLETE' : 'BROKEN';
      expect(`${at}: ${status}`).toBe(`${at}: ${expected}`);
    }
  });

  /** Where each line ends, its newline included. */
  const ends = (): number[] => {
    const lines = textLines();
    return lines.map((_, n) => Buffer.byteLength(joined(lines.slice(0, n + 1))));
  };

  /** Every size around the end of a line, every fifth within it. */
  const sizes = (): number[] => {
    const at = ends();
    const near = (size: number): boolean => at.some((end) => Math.abs(end - size) <= 3);
    return Array.from({ length: whole.length }, (_, size) => size).filter(
      (size) => size < 4 || size % 5 === 0 || near(size),
    );
  };

  test('a cut anywhere is found by the stored result', async () => {
    await keepResult(head);
    for (const size of sizes())
      expect(`${size}: ${await statusOf(whole.subarray(0, size))}`).toBe(`${size}: INCOMPLETE`);
  });

  test('a cut of an unfinished cycle is found wherever it leaves half a line', async () => {
    const bounds = [0, ...ends()];
    for (const size of sizes()) {
      const expected = bounds.includes(size) ? 'INTACT' : 'INCOMPLETE';
      expect(`${size}: ${await statusOf(whole.subarray(0, size))}`).toBe(`${size}: ${expected}`);
    }
  });

  test('a line dropped, doubled or swapped is found', async () => {
    const lines = textLines();
    for (const [index, line] of lines.entries()) {
      const without = lines.toSpliced(index, 1);
      const isLast = index === lines.length - 1;
      if (!isLast) expect(await statusOf(joined(without))).toBe('BROKEN');
      expect(await statusOf(joined(lines.toSpliced(index, 0, line)))).toBe('BROKEN');
      for (let to = 0; to < lines.length; to += 1) {
        const moved = without.toSpliced(to, 0, line);
        if (to !== index) expect(await statusOf(joined(moved))).toBe('BROKEN');
      }
    }
  });

  test('a chain forged by the recipe is found by the stored result', async () => {
    await keepResult(head);
    const entries = wholeRun('r1', 4);
    expect(await statusOf(forged(entries))).toBe('INTACT');
    const other = entries.with(1, draft('r1', 2, { actor: 'mallory' }));
    expect(await statusOf(forged(other))).toBe('BROKEN');
    expect(await statusOf(forged(wholeRun('r1', 5)))).toBe('BROKEN');
    expect(await statusOf(forged(wholeRun('r1', 3)))).toBe('INCOMPLETE');
  });

  test('bytes that only read as the right text are found', async () => {
    const replacement = Buffer.from('\ufffd');
    const text = forged([draft('r1', 1, { data: { sign: '\ufffd' } })]);
    const bytes = Buffer.from(text);
    const at = bytes.indexOf(replacement);
    const invalid = Buffer.concat([
      bytes.subarray(0, at),
      Buffer.of(0xff),
      bytes.subarray(at + replacement.length),
    ]);
    expect(invalid.toString()).toBe(text);
    expect(await statusOf(bytes)).toBe('INTACT');
    expect(await statusOf(invalid)).toBe('BROKEN');
  });

  test('the first bad place is named', async () => {
    const lines = textLines();
    const changed = lines.with(1, (lines[1] ?? '').replace('entry 2', 'entry 8'));
    await writeFile(chainFile(), joined(changed));
    const problem = { line: 2, seq: 2, problem: 'its hash does not fit its content' };
    expect(await verifyTrail(home)).toMatchObject({ exit: 1, cycles: [{ entries: 1, problem }] });
  });

  test('a whole chain that is gone is found by its result', async () => {
    await keepResult(head);
    await rm(chainFile());
    const cycle = { cycle_id: CYCLE, status: 'INCOMPLETE', entries: 0 };
    expect(await verifyTrail(home)).toMatchObject({ exit: 2, cycles: [cycle] });
    expect(await verifyTrail(home, CYCLE)).toMatchObject({ exit: 2, cycles: [cycle] });
  });

  test('an empty chain, whose first entry a full disk refused, counts as none', async () => {
    await writeFile(chainFile(), '');
    expect(await verifyTrail(home)).toMatchObject({ exit: 0, status: 'INTACT', cycles: [] });
    expect(await verifyTrail(home, CYCLE)).toMatchObject({ exit: 3 });
    await keepResult(head);
    const problem = { problem: 'the chain has no entry' };
    const cycle = { cycle_id: CYCLE, status: 'INCOMPLETE', problem };
    expect(await verifyTrail(home)).toMatchObject({ exit: 2, cycles: [cycle] });
  });

  test('whatever else lies under audit/ is a finding', async () => {
    const makers = [
      () => writeFile(join(folder(), 'notes.txt'), ''),
      () => writeFile(join(folder(), `${OTHER_CYCLE.toUpperCase()}.jsonl`), ''),
      () => writeFile(join(folder(), `${OTHER_CYCLE}.jsonl.bak`), ''),
      () => mkdir(join(folder(), 'old')),
      () => mkdir(join(folder(), `${OTHER_CYCLE}.jsonl`)),
      () => symlink(chainFile(), join(folder(), `${OTHER_CYCLE}.jsonl`)),
    ];
    for (const make of makers) {
      await make();
      const report = await verifyTrail(home);
      expect(report).toMatchObject({ exit: 1, cycles: [{ status: 'INTACT' }] });
      expect(report.aliens).toHaveLength(1);
      for (const name of await readdir(folder())) {
        if (name !== `${CYCLE}.jsonl`) await rm(join(folder(), name), { recursive: true });
      }
    }
    expect(await verifyTrail(home)).toMatchObject({ exit: 0, aliens: [] });
  });

  test('the worst finding decides', async () => {
    await store.audit.append(OTHER_CYCLE, drafts('r1', 1, 2, OTHER_CYCLE));
    await store.audit.append(THIRD_CYCLE, drafts('r1', 1, 2, THIRD_CYCLE));
    expect((await verifyTrail(home)).exit).toBe(0);
    await writeFile(join(home, 'results', `${THIRD_CYCLE}.json`), 'no JSON');
    expect((await verifyTrail(home)).exit).toBe(3);
    await appendFile(join(folder(), `${OTHER_CYCLE}.jsonl`), '{');
    expect((await verifyTrail(home)).exit).toBe(2);
    await writeFile(chainFile(), 'no entry\n');
    expect((await verifyTrail(home)).exit).toBe(1);
  });

  test('it never says intact of what it could not look at', async () => {
    const nowhere = { exit: 3, status: 'UNREADABLE', problem: expect.any(String) };
    expect(await verifyTrail(join(home, 'nowhere'))).toMatchObject(nowhere);
    expect(await verifyTrail(home, OTHER_CYCLE)).toMatchObject(nowhere);
    expect(await verifyTrail(home, '../../etc/passwd')).toMatchObject(nowhere);
    expect(await verifyTrail(chainFile())).toMatchObject(nowhere);
    await mkdir(join(folder(), `${OTHER_CYCLE}.jsonl`));
    expect(await verifyTrail(home, OTHER_CYCLE)).toMatchObject({ exit: 3 });
    await keepResult(head);
    for (const result of [
      '',
      '{}',
      '{"audit":{"entries":4}}',
      '{"audit":{"entries":-1,"head":""}}',
    ]) {
      await writeFile(join(home, 'results', `${CYCLE}.json`), result);
      expect(await verifyTrail(home, CYCLE)).toMatchObject({ exit: 3 });
    }
  });

  test('a cycle is verified by its workflow id, and one that has not begun is named', async () => {
    const address: Sha256 = `sha256:${'0'.repeat(64)}`;
    const hashes = { input_hash: null, graph_hash: address, policy_hash: address };
    const record = (cycle_id: string) => ({
      cycle_id,
      workflow_id: `shadow-2026-11-22T14.25.29Z-${cycle_id.slice(0, 8)}`,
      mode: 'shadow',
      created_at: '2026-11-22T14:25:29.000Z',
      ...hashes,
    });
    await store.cycles.put(record(CYCLE));
    await store.cycles.put(record(OTHER_CYCLE));
    const { workflow_id } = record(CYCLE);
    expect(await verifyTrail(home, workflow_id)).toMatchObject({ exit: 0, cycles: [head] });
    expect(await verifyTrail(home)).toMatchObject({ exit: 0, not_begun: [OTHER_CYCLE] });
    await writeFile(join(folder(), `${OTHER_CYCLE}.jsonl`), '');
    expect(await verifyTrail(home)).toMatchObject({ exit: 0, not_begun: [OTHER_CYCLE] });
    expect(await verifyTrail(home, OTHER_CYCLE)).toMatchObject({ exit: 3 });
  });

  test('a batch that is just being written is waited for', async () => {
    const file = join(folder(), `${OTHER_CYCLE}.jsonl`);
    const line = Buffer.from(
      `${sealEntry(OTHER_CYCLE, draft('r1', 1, {}, OTHER_CYCLE), null).line}\n`,
    );
    const locked = await withLock(file, 1000, async (fd) => {
      writeSync(fd, line.subarray(0, 100));
      const begun = verifyTrail(home, OTHER_CYCLE);
      // Two whole looks at another chain: the one that began before them has met the half line.
      for (let look = 0; look < 2; look += 1) await verifyTrail(home, CYCLE);
      writeSync(fd, line.subarray(100));
      return { looking: begun };
    });
    expect(await locked.looking).toMatchObject({ exit: 0, cycles: [{ entries: 1 }] });
  });

  test('it changes nothing, and sees no half of a batch that is being written', async () => {
    const child = runChild(
      `const { openFileStore } = require('./src/store/files/index.ts');
       const { drafts, OTHER_CYCLE } = require('./test/audit/trails.ts');
       const store = await openFileStore(${JSON.stringify(home)});
       for (let seq = 1; seq < 3000; seq += 50) {
         await store.audit.append(OTHER_CYCLE, drafts('r1', seq, seq + 49, OTHER_CYCLE));
         if (seq === 1) console.log('writing');
       }`,
    );
    expect(await child.line()).toBe('writing');
    const seen = new Set<number>();
    let writing = true;
    const end = child.ended.finally(() => {
      writing = false;
    });
    while (writing) {
      const report = await verifyTrail(home);
      expect(report.exit).toBe(0);
      const other = report.cycles.find(({ cycle_id }) => cycle_id === OTHER_CYCLE);
      seen.add((other?.entries ?? -1) % 50);
    }
    expect(await end).toBe(0);
    expect([...seen]).toEqual([0]);
    expect(await readFile(chainFile())).toEqual(whole);
  });
});
