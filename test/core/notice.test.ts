import { noticeOf, reminderTimes } from '../../src/core/notice';
import { at, policyWith } from './samples';
import type { Cut, Script } from './script';
import { simulate } from './simulation';

const HEAD = { entries: 3, head: null };
const halted = (waits: readonly (readonly Cut[])[], expires = false): Script => ({
  policy: policyWith({ halt_expiry_ms: expires ? 3_600_000 : null }),
  cuts: { 'TASK_STARTED T3': [{ halt: 'look' }] },
  waits,
});
const lines = (script: Script, kind: 'RAISED' | 'REMINDER' | 'ENDED'): string[] =>
  (noticeOf(simulate(script).cycle, kind, at(0), HEAD)?.text ?? '').split('\n');

describe('C3.F3 a notice', () => {
  test('of a halt begins with what happened and ends with what to type', () => {
    const told = lines(halted([]), 'RAISED');
    expect(told[0]).toBe('shadow-test was stopped by a person: look (ada)');
    expect(told.at(-1)).toMatch(/^decide: harness resume /);
  });

  test('of its end says who decided what, and why', () => {
    const told = lines(halted([[{ decide: 'ABORT' }]]), 'ENDED');
    expect(told).toEqual([
      'shadow-test waits no longer: ABORT decided by ada, because seen',
      expect.stringMatching(/^look: harness cycle show /),
    ]);
  });

  test('of its end says that nobody decided, or that the cycle was cancelled', () => {
    expect(lines(halted([], true), 'ENDED')[0]).toBe(
      'shadow-test waits no longer: nobody decided in time, so the cycle ends HALTED',
    );
    expect(lines(halted([[{ cancel: 'by ada' }]]), 'ENDED')[0]).toBe(
      'shadow-test waits no longer: the cycle was cancelled',
    );
  });
});

test('C3.F3: people are reminded at half and at nine tenths of the time', () => {
  expect(reminderTimes(1_000, 11_000)).toEqual([6_000, 10_000]);
});
