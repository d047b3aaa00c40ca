import { execFileSync } from 'node:child_process';
import {
  appendFile,
  mkdir,
  mkdtemp,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jsonlAdapter } from '../../src/effects/jsonl';
import { runChild } from '../store/child';
import { callOf } from './calls';

describe('a jsonl effect', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'harness-jsonl-'));
    path = join(folder, 'out', 'deep', 'ranking.jsonl');
  });
  afterEach(() => rm(folder, { recursive: true }));

  const done = { status: 'PERFORMED', detail: null };
  const append = (ordinal: number, again = false) =>
    jsonlAdapter(path).perform(callOf(ordinal), again);
  const lines = async () => (await readFile(path, 'utf8')).split('\n');
  const ordinals = async () =>
    (await lines()).slice(0, -1).map((line) => (JSON.parse(line) as { ordinal: number }).ordinal);

  test('a call is one line with its key first, in folders that are made for it', async () => {
    expect(await append(1)).toEqual(done);
    expect(await append(2)).toEqual(done);
    const [first = '', second = '', rest] = await lines();
    expect(JSON.parse(first)).toEqual(callOf(1));
    expect(first.startsWith(`{"key":"${callOf(1).key}",`)).toBe(true);
    expect(JSON.parse(second)).toEqual(callOf(2));
    expect(rest).toBe('');
    expect((await stat(path)).mode & 0o044).toBe(0o044 & ~process.umask());
  });

  test('a payload with line breaks stays on one line', async () => {
    await jsonlAdapter(path).perform(callOf(1, 'a\nb\r\n\u2028'), false);
    expect(await lines()).toHaveLength(2);
  });

  test('C4.I2: repeated after a lost attempt, a line that stands is not appended again', async () => {
    await append(1);
    for (let ordinal = 2; ordinal <= 50; ordinal += 1) await append(ordinal);
    expect(await append(1, true)).toEqual(done);
    expect(await append(51, true)).toEqual(done);
    expect(await ordinals()).toEqual(Array.from({ length: 51 }, (_, index) => index + 1));
  });

  test('C4.I2: a payload that holds the key is not taken for its line', async () => {
    const { key } = callOf(2);
    await jsonlAdapter(path).perform(callOf(1, { key, text: `\n{"key":"${key}"}` }), false);
    expect(await append(2, true)).toEqual(done);
    expect(await ordinals()).toEqual([1, 2]);
  });

  test('C4.I2: where the line may stand further back than is searched, it is UNKNOWN', async () => {
    await append(1);
    const block = `${JSON.stringify({ filler: 'x'.repeat(1_000_000) })}\n`;
    for (let count = 0; count < 17; count += 1) await appendFile(path, block);
    const { size } = await stat(path);
    expect(await append(1, true)).toMatchObject({
      status: 'UNKNOWN',
      detail: expect.stringContaining('look there'),
    });
    expect((await stat(path)).size).toBe(size);
    expect(await append(2)).toEqual(done);
    expect(await append(2, true)).toEqual(done);
    expect((await lines()).at(-2)).toBe(JSON.stringify(lineOf(2)));
  });

  test('C4.I2: the torn line of a writer that died is cut off at every length, and written whole', async () => {
    await append(1);
    const { size } = await stat(path);
    await append(2);
    const whole = await readFile(path);
    for (let length = size + 1; length < whole.length; length += 1) {
      await truncate(path, length);
      expect(await append(2, true)).toEqual(done);
      expect((await readFile(path)).equals(whole)).toBe(true);
    }
  });

  test('what others left without a newline stays, on a line of its own', async () => {
    await mkdir(join(folder, 'out', 'deep'), { recursive: true });
    for (const tail of ['{"mine":1}', 'notes', JSON.stringify(lineOf(9))]) {
      await writeFile(path, tail);
      expect(await append(1)).toEqual(done);
      expect((await lines())[0]).toBe(tail);
      expect(await lines()).toHaveLength(3);
    }
  });

  test('where it cannot be appended it is FAILED, with the cause in one sentence', async () => {
    const target = (name: string) => join(folder, name);
    await mkdir(target('folder'));
    await writeFile(target('file'), 'x');
    await symlink(target('file'), target('link'));
    execFileSync('mkfifo', [target('pipe')]);
    const cases: readonly (readonly [string, string])[] = [
      [target('folder'), 'a folder stands where a file should be'],
      [target('link'), 'a symbolic link stands where a file should be'],
      [target('file/below'), 'a file stands where a folder should be'],
      [target('pipe'), 'is no plain file'],
      ['/dev/full', 'is no plain file'],
    ];
    for (const [path, sentence] of cases) {
      const outcome = await jsonlAdapter(path).perform(callOf(), false);
      expect(outcome).toEqual({ status: 'FAILED', detail: expect.stringContaining(sentence) });
      expect(outcome.detail).toContain(path);
    }
    expect(await readFile(target('file'), 'utf8')).toBe('x');
  });

  test('on a full disk it is FAILED, and nothing of the line is left', async () => {
    await append(1);
    const before = await readFile(path);
    const child = runChild(
      `const { jsonlAdapter } = require('./src/effects/jsonl.ts');
       const { callOf } = require('./test/effects/calls.ts');
       process.on('SIGXFSZ', () => {});
       const call = callOf(2, 'x'.repeat(20000));
       console.log(JSON.stringify(await jsonlAdapter(${JSON.stringify(path)}).perform(call, false)));`,
      'ulimit -f 8;',
    );
    const outcome: unknown = JSON.parse(String(await child.line()));
    await child.ended;
    expect(outcome).toEqual({ status: 'FAILED', detail: expect.stringContaining('EFBIG') });
    expect((await readFile(path)).equals(before)).toBe(true);
  });

  test('C4.I2: workers that append to one file at once leave every line whole, and each once', async () => {
    const body = (from: number) => `
      const { jsonlAdapter } = require('./src/effects/jsonl.ts');
      const { callOf } = require('./test/effects/calls.ts');
      const adapter = jsonlAdapter(${JSON.stringify(path)});
      await Promise.all(Array.from({ length: 20 }, async (_, index) => {
        const { status } = await adapter.perform(callOf(${from} + index, 'x'.repeat(5000)), false);
        if (status !== 'PERFORMED') throw new Error(status);
      }));`;
    const children = [1, 101, 201].map((from) => runChild(body(from)));
    expect(await Promise.all(children.map((child) => child.ended))).toEqual([0, 0, 0]);
    const expected = [1, 101, 201].flatMap((from) =>
      Array.from({ length: 20 }, (_, index) => from + index),
    );
    expect((await ordinals()).sort((a, b) => a - b)).toEqual(expected);
  });

  function lineOf(ordinal: number) {
    const { key, at, cycle_id, task_id, effect, payload } = callOf(ordinal);
    return { key, at, cycle_id, task_id, effect, ordinal, payload };
  }
});
