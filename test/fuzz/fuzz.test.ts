import { problemOfTick } from '../../src/core/tick';
import { problemOfInput } from '../../src/core/start';
import { readOperators } from '../../src/documents/operators';
import { nameSource } from '../../src/sources/source';
import { fuzz } from './fuzz';
import { BYTE_READERS, READERS } from './readers';

test.each(READERS)('R13: what is fuzzed below is taken as it stands: $name', ({ valid, read }) => {
  expect(read(valid)).toEqual([]);
});

test.each(BYTE_READERS)('what is fuzzed below is taken as it stands: $name', ({ valid, read }) => {
  expect(read(valid)).toEqual([]);
});

test('R13, C2.U1: whatever comes from outside is read, or refused in plain words, at once', () => {
  const { defects, told } = fuzz(400, 1);
  expect(defects).toEqual([]);
  const idle = Object.entries(told).filter(([, { taken, refused }]) => taken + refused === 0);
  expect(idle).toEqual([]);
});

describe('what the fuzz has found', () => {
  const schedule = READERS.find(({ name }) => name === 'start of a scheduled workflow')?.valid;
  const odd = { toString: 1 };

  test('C2.1: a start whose hash is an object without a text is refused, and nothing is thrown', () => {
    const tick = { ...(schedule as Parameters<typeof problemOfTick>[0]), graph_hash: odd as never };
    expect(problemOfTick(tick, 0, 'w')).toMatch('graph_hash is no sha256 digest');
    const hash = `sha256:${'0'.repeat(64)}`;
    const hashes = { input_hash: hash, graph_hash: hash, policy_hash: hash };
    expect(problemOfInput({ mode: 'shadow', ...hashes, cycle_id: odd })).toMatch('is no UUID');
  });

  test('R22: a mode is told so that no terminal heeds it, and not at length', () => {
    expect(problemOfInput({ mode: '\u202e\u001b[31m' })).toContain('\\u{202e}\\u001b[31m');
    expect(problemOfInput({ mode: 'x'.repeat(9_000) })?.length).toBeLessThan(200);
  });

  test('a source is told so that no terminal heeds it', () => {
    const read = nameSource('http\u0007', '/');
    expect(read).toMatchObject({
      problem: expect.stringContaining('source "http\\u0007" is none'),
    });
    expect(nameSource('ftp://a', '/')).toMatchObject({
      problem: expect.stringMatching('source ftp://a is none'),
    });
  });

  test('of an unknown key of a list’s item the key is named', () => {
    const value = { operators: [{ name: 'ada', public_key: 'x', role: 'risk' }] };
    expect(readOperators(value)).toMatchObject({
      problem: 'operators: operators[0] has an unknown key "role"',
    });
    const less = { operators: [{ name: 'ada' }] };
    expect(readOperators(less)).toMatchObject({
      problem: 'operators: operators[0].public_key is missing',
    });
  });
});
