import { createHash } from 'node:crypto';
import { chainEntry, checkChain, sealEntry } from '../../src/audit/chain';
import type { Draft } from '../../src/core/entry';
import { canonicalText } from '../../src/core/identity';
import type { Sha256 } from '../../src/core/json';
import { CYCLE, draft, drafts, OTHER_CYCLE, wholeRun } from '../store/drafts';

/**
 * The lines of drafts chained as they come: each link and hash is right, whatever the order says.
 */
function linesOf(batch: readonly Draft[], cycleId = CYCLE): readonly string[] {
  let prev: Sha256 | null = null;
  return batch.map((each) => {
    const sealed = sealEntry(cycleId, each, prev);
    prev = sealed.hash;
    return sealed.line;
  });
}

describe('the audit chain', () => {
  test('an entry is hashed and written as its recipe says', () => {
    const entry = chainEntry(CYCLE, draft('r1', 1), `sha256:${'0'.repeat(64)}`);
    const { hash, ...rest } = entry;
    const digest = createHash('sha256').update(`harness/audit/v1\0${canonicalText(rest)}`);
    expect(hash).toBe(`sha256:${digest.digest('hex')}`);
    const sealed = sealEntry(CYCLE, draft('r1', 1), entry.prev);
    expect(sealed).toEqual({ hash, line: canonicalText({ ...entry }) });
  });

  test('two runs of one cycle, with parts, are a good chain', () => {
    const batch = [
      draft('r1', 1),
      draft('r1', 1, { part: 1 }),
      draft('r1', 1, { part: 2 }),
      ...drafts('r1', 2, 3),
      ...wholeRun('r2', 3),
    ];
    const lines = linesOf(batch);
    const report = checkChain(CYCLE, lines);
    expect(report).toMatchObject({ entries: 8, runs: 2, ended: true, problem: null });
    expect(lines.at(-1)).toContain(`"hash":"${report.head}"`);
  });

  test.each<[string, readonly Draft[], number]>([
    ['a run that does not begin at 1', [draft('r1', 2)], 1],
    ['a first entry that is not CYCLE_OPENED', [draft('r1', 1, { type: 'TASK_ENDED' })], 1],
    ['a CYCLE_OPENED later on', [draft('r1', 1), draft('r1', 2, { type: 'CYCLE_OPENED' })], 2],
    ['a missing number', [draft('r1', 1), draft('r1', 3)], 2],
    ['a number twice', [draft('r1', 1), draft('r1', 2), draft('r1', 2)], 3],
    ['a run opened twice', [draft('r1', 1), draft('r1', 1)], 2],
    ['a missing part', [draft('r1', 1), draft('r1', 1, { part: 2, type: 'X' })], 2],
    ['a part of another entry', [...drafts('r1', 1, 3), draft('r1', 2, { part: 1 })], 4],
    ['a run that comes back', [draft('r1', 1), draft('r2', 1), draft('r1', 2)], 3],
    ['a run that begins again', [draft('r1', 1), draft('r2', 1), draft('r1', 1)], 3],
    ['an entry after the end', [...wholeRun('r1', 3), draft('r1', 4)], 4],
    ['a part after the end', [...wholeRun('r1', 3), draft('r1', 3, { part: 1 })], 4],
  ])('%s is a problem, even when rightly chained', (_, batch, line) => {
    const report = checkChain(CYCLE, linesOf(batch));
    expect(report.problem).toMatchObject({ line, problem: expect.any(String) });
    expect(report.entries).toBe(line - 1);
  });

  test('lines that say the same in other bytes are a problem', () => {
    const [line = ''] = linesOf([draft('r1', 1)]);
    const variants = [
      ` ${line}`,
      `${line} `,
      line.replace('"seq":1', '"seq":1.0'),
      line.replace('"seq":1', '"seq":1,"seq":1'),
      line.replace('"v":1', '"v":1,"w":1'),
      line.replace('€', '\\u20ac'),
      line.replace('"sign"', '"\\u0073ign"'),
      line.replace('{"actor":"harness",', '{').replace(/}$/, ',"actor":"harness"}'),
    ];
    for (const variant of variants) {
      expect(variant).not.toBe(line);
      expect(checkChain(CYCLE, [variant]).problem).toMatchObject({ line: 1 });
    }
    expect(checkChain(CYCLE, [line]).problem).toBeNull();
  });

  test('what belongs elsewhere, is no JSON or has no canonical form is a problem, no error', () => {
    const deep = '['.repeat(20_000) + ']'.repeat(20_000);
    const [line = ''] = linesOf([draft('r1', 1)]);
    const data = /"data":\{[^}]*\}/;
    for (const each of [
      ...linesOf([draft('r1', 1)], OTHER_CYCLE),
      '',
      'null',
      '[]',
      '{}',
      '{',
      'intact',
      line.replace(data, '"data":{"half":"\\ud800"}'),
      line.replace(data, `"data":{"deep":${deep}}`),
      line.replace(data, '"data":{"__proto__":{"seq":9}}'),
    ]) {
      expect(checkChain(CYCLE, [each]).problem).toMatchObject({ line: 1 });
    }
  });
});
