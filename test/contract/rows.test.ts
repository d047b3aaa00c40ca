import fc from 'fast-check';
import { AT_MS } from '../core/samples';
import { readingOf } from './reading';
import { REFUSED } from './refused';
import { FINDINGS, OUTCOMES, REMOVED, SKIPPED, VIOLATIONS } from './table';
import { worlds } from './worlds';

/** A row that no world comes to is held against nothing. */
test('each row of the table decides something in the worlds that are tried', () => {
  const used = new Set<string>();
  for (const world of fc.sample(worlds, { numRuns: 1_500, seed: 1 }))
    readingOf(world, AT_MS, (from) => used.add(from));
  const rows = [
    ...[...FINDINGS, ...REFUSED, ...SKIPPED, ...REMOVED, ...OUTCOMES].map(({ from }) => from),
    ...VIOLATIONS.map(([from]) => from),
  ];
  expect(rows.filter((from) => !used.has(from))).toEqual([]);
});
