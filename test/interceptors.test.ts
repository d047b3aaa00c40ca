import { isAhead, type Waking } from '../src/workflows/interceptors';

const BEFORE: Waking = { historyLength: 9, historySize: 4_000, time: '100 5', isReplaying: false };
const waking = (changes: Partial<Waking>): Waking => ({ ...BEFORE, ...changes });

describe('R4 a workflow is woken ahead of its next workflow task', () => {
  it('when there are more events, and neither a time nor a size of their own', () => {
    expect(isAhead(BEFORE, waking({ historyLength: 14 }))).toBe(true);
  });

  it.each([
    ['a workflow task, which has a time and a size', { historySize: 4_600, time: '103 7' }],
    ['a workflow task of a server whose clock went back', { historySize: 4_600 }],
    ['a workflow task that told the size of the one before', { time: '103 7' }],
    ['the end of a local activity, within its workflow task', { historyLength: 9, time: '101 0' }],
    ['the same workflow task once more', { historyLength: 9 }],
    ['a task that was taken back since nobody wanted it', { historyLength: 7 }],
    ['a replay', { isReplaying: true }],
  ])('not: %s', (_what, changes) => {
    expect(isAhead(BEFORE, waking({ historyLength: 14, ...changes }))).toBe(false);
  });

  it('not when it begins', () => {
    expect(isAhead(null, BEFORE)).toBe(false);
  });
});
