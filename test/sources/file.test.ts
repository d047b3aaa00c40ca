import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hashOf } from '../../src/core/identity';
import type { JsonObject } from '../../src/core/json';
import { datedText } from '../../src/sources/dated';
import { nameSource, readSource, type SourceRead } from '../../src/sources/source';
import { freshBundle } from '../support/bundles';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'harness-source-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string): string => join(folder, name);
const read = (source: string): Promise<SourceRead> =>
  readSource(source, new AbortController().signal);
async function problemOf(source: string): Promise<string> {
  const answer = await read(source);
  return answer.ok ? 'it was read' : answer.problem;
}

test('a file is read as it stands, in canonical form', async () => {
  const bundle = freshBundle();
  writeFileSync(file('bundle.json'), JSON.stringify(bundle, null, 2));
  const answer = await read(`file:${file('bundle.json')}`);
  if (!answer.ok) throw new Error(answer.problem);
  expect(answer.dated).toBe(true);
  expect(hashOf(JSON.parse(answer.text) as JsonObject)).toBe(hashOf(bundle));
});

test('a half-written file is waited for', async () => {
  const text = JSON.stringify(freshBundle());
  writeFileSync(file('bundle.json'), text.slice(0, 100));
  const reading = read(`file:${file('bundle.json')}`);
  await sleep(200);
  writeFileSync(file('bundle.json'), text);
  expect(await reading).toMatchObject({ ok: true });
});

test('a file that is not there for a moment, because it is replaced, is waited for', async () => {
  const reading = read(`file:${file('bundle.json')}`);
  await sleep(100);
  writeFileSync(file('new'), JSON.stringify(freshBundle()));
  renameSync(file('new'), file('bundle.json'));
  expect(await reading).toMatchObject({ ok: true });
});

test('a file that keeps changing is given up with one sentence', async () => {
  let length = 0;
  const writing = setInterval(() => {
    writeFileSync(file('bundle.json'), `{"at": [${'1,'.repeat((length += 1))}`);
  }, 15);
  try {
    expect(await problemOf(`file:${file('bundle.json')}`)).toBe(
      `${file('bundle.json')} kept changing for 5 s: write it under another name, then rename it`,
    );
  } finally {
    clearInterval(writing);
  }
});

describe('SOURCE_FAILED a file that is no bundle has one sentence', () => {
  test.each([
    ['cut off', '{"timestamp": "2026', /bundle\.json: .* at line 1/],
    ['empty', '', /bundle\.json: /],
    ['HTML', '<!doctype html><p>Bad gateway</p>', /bundle\.json: /],
    ['a duplicate key', '{"a": 1, "a": 2}', /bundle\.json: .*"a"/],
    ['a list', '[]', /bundle\.json: the document is a list/],
    ['NaN', '{"a": NaN}', /bundle\.json: /],
    ['too large', `{"a": "${'x'.repeat(16 * 1024 * 1024)}"}`, /more than the 16777216 bytes/],
  ])('%s', async (_what, text, sentence) => {
    writeFileSync(file('bundle.json'), text);
    const problem = await problemOf(`file:${file('bundle.json')}`);
    expect(problem).toMatch(sentence);
    expect(problem.split('\n')).toHaveLength(1);
  });

  test('missing, a folder, a pipe that nobody writes', async () => {
    mkdirSync(file('folder'));
    execFileSync('mkfifo', [file('pipe')]);
    const [missing, directory, pipe] = await Promise.all(
      ['missing', 'folder', 'pipe'].map((name) => problemOf(`file:${file(name)}`)),
    );
    expect(missing).toBe(`${file('missing')} cannot be read: no such file or directory`);
    expect(directory).toBe(`${file('folder')} cannot be read: it is no plain file`);
    expect(pipe).toBe(`${file('pipe')} cannot be read: it is no plain file`);
  });
});

test('it ends at once when it is told to stop', async () => {
  const stop = new AbortController();
  const reading = readSource(`file:${file('missing')}`, stop.signal);
  stop.abort(new Error('cancelled'));
  await expect(reading).rejects.toThrow('cancelled');
});

describe('a folder', () => {
  test('is a bundle of a file for each state; its timestamp is the evaluation time', async () => {
    const { timestamp: _, ...states } = freshBundle();
    for (const [field, state] of Object.entries(states))
      writeFileSync(file(`${field}.json`), JSON.stringify(state));
    writeFileSync(file('README.md'), 'not a state');
    writeFileSync(file('.regime_state.json'), 'an editor at work');
    const answer = await read(`dir:${folder}`);
    if (!answer.ok) throw new Error(answer.problem);
    expect(answer.dated).toBe(false);
    const at = '2026-11-22T14:25:29.123Z';
    expect(JSON.parse(datedText(answer.text, at))).toEqual({ ...states, timestamp: at });
  });

  test('R13 has a field for each JSON file: an unknown one is left for T1 to judge', async () => {
    writeFileSync(file('regime_state.json'), '{}');
    writeFileSync(file('prices.json'), '[1]');
    writeFileSync(file('__proto__.json'), '{"a": 1}');
    const answer = await read(`dir:${folder}`);
    if (!answer.ok) throw new Error(answer.problem);
    expect(answer.text).toBe('{"__proto__":{"a":1},"prices":[1],"regime_state":{}}');
    expect(datedText(answer.text, 'T')).toBe(
      '{"__proto__":{"a":1},"prices":[1],"regime_state":{},"timestamp":"T"}',
    );
  });

  test('is refused when it is empty, brings a timestamp, or holds what is no JSON', async () => {
    expect(await problemOf(`dir:${folder}`)).toMatch(/holds no JSON file: .*regime_state\.json/);
    writeFileSync(file('regime_state.json'), '{"cut');
    expect(await problemOf(`dir:${folder}`)).toMatch(/regime_state\.json: .* at line 1/);
    writeFileSync(file('timestamp.json'), '"2026-11-22T14:00:00Z"');
    writeFileSync(file('regime_state.json'), '{}');
    expect(await problemOf(`dir:${folder}`)).toMatch(/timestamp\.json is refused/);
    expect(await problemOf(`dir:${file('nowhere')}`)).toMatch(/nowhere cannot be read: no such/);
  });

  test('may be no larger and no deeper than any bundle, as a whole', async () => {
    writeFileSync(file('regime_state.json'), `${'['.repeat(64)}${']'.repeat(64)}`);
    expect(await problemOf(`dir:${folder}`)).toMatch(/nested deeper than 64/);
    for (const name of ['regime_state', 'signals', 'macro_state'])
      writeFileSync(file(`${name}.json`), JSON.stringify('x'.repeat(6 * 1024 * 1024)));
    expect(await problemOf(`dir:${folder}`)).toMatch(/more than the 16777216 bytes/);
  });
});

describe('the name of a source', () => {
  test.each([
    ['file:bundle.json', 'file:/feed/bundle.json'],
    ['file:/a/bundle.json', 'file:/a/bundle.json'],
    ['file:///a/bundle.json', 'file:/a/bundle.json'],
    ['dir:../states', 'dir:/states'],
    ['http://127.0.0.1:9000/bundle', 'http://127.0.0.1:9000/bundle'],
    ['https://feed.example/b?of=us#top', 'https://feed.example/b?of=us'],
  ])('%s is %s', (text, source) => {
    expect(nameSource(text, '/feed')).toEqual({ ok: true, source });
  });

  test.each(['bundle.json', 'file:', 'dir:', 'ftp://a/b', 'http://', 'file:a\nb', 'FILE:/a'])(
    '%j is refused',
    (text) => {
      expect(nameSource(text, '/feed')).toMatchObject({ ok: false });
    },
  );

  test('with a password is refused, and the sentence does not repeat it', () => {
    const named = nameSource('https://ada:secret@feed.example/b', '/feed');
    expect(named.ok).toBe(false);
    expect(JSON.stringify(named)).not.toContain('secret');
  });
});
