import type { Entry } from '../../src/core/entry';
import { judgeDecision, operatorHalt } from '../../src/core/halts';
import {
  judgeClearing,
  type Latch,
  type LatchCause,
  latchDraft,
  latchEvents,
  latchOf,
  NO_LATCH,
  settingDraft,
} from '../../src/core/latch';
import { fold, newCycle } from '../../src/core/cycle';
import { simulate } from './simulation';

const AT = '2026-11-22T14:00:00.000Z';
const cause = { code: 'OPERATOR_HALT', detail: 'look', raised_by: 'ada' } as const;
const decision = {
  halt_id: 'harness-h1',
  choice: 'RESUME',
  reason: 'r',
  root_cause: 'c',
  why_safe: 's',
  by: 'bob',
  decision_id: 'd1',
};

/** The chain as the drafts make it; its hashes are not what is looked at here. */
function after(...made: readonly (Entry | ReturnType<typeof latchDraft>)[]): Latch {
  return latchOf(made as unknown as readonly Entry[]);
}

test('C3.F3: set, it is a halt of the whole harness that does not expire and allows RESUME only', () => {
  const draft = latchDraft(NO_LATCH, cause, AT);
  expect(draft).toMatchObject({ run_id: 'harness-h1', seq: 1, type: 'LATCH_SET', actor: 'ada' });
  expect(after(draft).halt).toEqual({
    halt_id: 'harness-h1',
    scope: 'harness',
    code: 'OPERATOR_HALT',
    detail: 'look',
    raised_by: 'ada',
    since: AT,
    expires_at: null,
    choices: ['RESUME'],
    decision: null,
  });
});

test('C3.F3: set again it is one cause more of the same halt, and set after its clearing a new one', () => {
  const first = latchDraft(NO_LATCH, cause, AT);
  const again = latchDraft(after(first), { ...cause, detail: 'again' }, AT);
  expect(again).toMatchObject({ run_id: 'harness-h1', seq: 2, type: 'LATCH_REPEATED' });
  const cleared = judgeClearing(after(first, again), decision, AT).draft;
  if (cleared === null) throw new Error('it is cleared');
  expect(cleared).toMatchObject({ seq: 3, type: 'LATCH_CLEARED', actor: 'bob' });
  const latch = after(first, again, cleared);
  expect([latch.halt, latch.cleared?.by]).toEqual([null, 'bob']);
  expect(latchDraft(latch, cause, AT)).toMatchObject({ run_id: 'harness-h2', seq: 1 });
});

describe('C3.F3: whether this very cause was told before', () => {
  const first = latchDraft(NO_LATCH, cause, AT);
  const more = { ...cause, detail: 'more' };
  const again = latchDraft(after(first), more, AT);
  const cleared = judgeClearing(after(first, again), decision, AT).draft;
  const chain = [first, again, cleared] as unknown as readonly Entry[];
  const isOnRecord = (entries: readonly Entry[], told: LatchCause, at: string): boolean =>
    settingDraft(entries, told, at) === null;

  test('it was, as what opened the halt or as one cause more, cleared or not', () => {
    for (const entries of [chain, chain.slice(0, 2)])
      expect([cause, more].map((each) => isOnRecord(entries, each, AT))).toEqual([true, true]);
  });

  test.each([
    ['another instant', {}, '2026-11-22T14:00:00.001Z'],
    ['another code', { code: 'HARNESS_ERROR' }, AT],
    ['another detail', { detail: 'look again' }, AT],
    ['somebody else', { raised_by: 'eve' }, AT],
  ] as const)('%s is another cause', (_what, changes, at) => {
    expect(isOnRecord(chain, { ...cause, ...changes }, at)).toBe(false);
  });

  test('nothing else on the chain is one', () => {
    const other = { ...chain[0], type: 'LATCH_REFUSED' } as Entry;
    expect(isOnRecord([other], cause, AT)).toBe(false);
  });
});

test.each(['ABORT', 'RESTART_FRESH', 'RETRY_TASK', 'SKIP_TASK', 'IGNORE_STALENESS'])(
  'R14, R31: %s of the latch is refused, and the refusal is on record',
  (choice) => {
    const latch = after(latchDraft(NO_LATCH, cause, AT));
    const answer = judgeClearing(latch, { ...decision, choice }, AT);
    expect(answer).toMatchObject({
      accepted: false,
      draft: { type: 'LATCH_REFUSED', seq: 2, actor: 'bob' },
    });
    expect(after(latchDraft(NO_LATCH, cause, AT), answer.draft as never).halt).not.toBeNull();
  },
);

test('R31: another halt id clears nothing; the same decision twice is answered, and a clear latch refuses', () => {
  const set = latchDraft(NO_LATCH, cause, AT);
  const other = { ...decision, halt_id: 'harness-h7' };
  expect(judgeClearing(after(set), other, AT)).toMatchObject({ accepted: false });
  const { draft } = judgeClearing(after(set), decision, AT);
  const cleared = after(set, draft as never);
  expect(judgeClearing(cleared, decision, AT)).toMatchObject({ accepted: true, draft: null });
  const another = { ...decision, decision_id: 'd2' };
  expect(judgeClearing(cleared, another, AT)).toMatchObject({
    accepted: false,
    message: 'the harness is not halted',
  });
});

test('C5.O: where operators are configured one of them clears it, and not who raised it', () => {
  const set = after(latchDraft(NO_LATCH, cause, AT));
  const answer = (check: Parameters<typeof judgeClearing>[3]) =>
    judgeClearing(set, decision, AT, check);
  expect(answer({ ok: false, why: 'bob is no operator' })).toMatchObject({
    accepted: false,
    draft: { type: 'LATCH_REFUSED', data: { why: 'bob is no operator', violation: null } },
  });
  expect(answer({ ok: true, person: 'Ada', key: null })).toMatchObject({
    accepted: false,
    message: expect.stringContaining('another person clears it'),
  });
  expect(answer({ ok: true, person: 'bob', key: 'k' })).toMatchObject({
    accepted: true,
    draft: { type: 'LATCH_CLEARED', data: { by: 'bob', key: 'k' } },
  });
});

describe('a cycle that looks at the latch', () => {
  const SET = after(latchDraft(NO_LATCH, cause, AT));
  const CLEAR = after(
    latchDraft(NO_LATCH, cause, AT),
    judgeClearing(SET, decision, AT).draft as never,
  );

  /** A cycle in the middle of its graph. */
  function running() {
    const cycle = newCycle();
    const { events } = simulate({});
    const until = events.findIndex(({ type, task }) => type === 'TASK_ENDED' && task === 'T2');
    for (const each of events.slice(0, until + 1)) fold(cycle, each);
    return cycle;
  }

  test('C3.F3: is suspended while it is set, with its id and scope, and goes on when it is cleared', () => {
    const cycle = running();
    for (const each of latchEvents(cycle, SET, AT)) fold(cycle, each);
    expect(cycle).toMatchObject({
      phase: 'HALTED',
      haltOpen: true,
      halt: { halt_id: 'harness-h1', scope: 'harness', choices: ['RESUME'] },
    });
    expect(latchEvents(cycle, SET, AT)).toEqual([]);
    for (const each of latchEvents(cycle, CLEAR, AT)) fold(cycle, each);
    expect(cycle).toMatchObject({ phase: 'EXECUTE', haltOpen: false, resumed_at: AT });
    expect(cycle.halt?.decision).toMatchObject({ choice: 'RESUME', by: 'bob' });
  });

  test('C3.F3: keeps a halt of its own, whether the latch is set or cleared', () => {
    const cycle = running();
    for (const each of operatorHalt(cycle, { reason: 'mine', by: 'eve' }, AT)) fold(cycle, each);
    expect(latchEvents(cycle, SET, AT)).toEqual([]);
    expect(latchEvents(cycle, CLEAR, AT)).toEqual([]);
    expect(cycle.halt).toMatchObject({ scope: 'cycle', detail: 'mine' });
  });

  test('C3.F3: a halt of its own that comes meanwhile stays when the latch is cleared', () => {
    const cycle = running();
    for (const each of latchEvents(cycle, SET, AT)) fold(cycle, each);
    for (const each of operatorHalt(cycle, { reason: 'mine', by: 'eve' }, AT)) fold(cycle, each);
    expect(cycle.halt?.scope).toBe('harness');
    for (const each of latchEvents(cycle, CLEAR, AT)) fold(cycle, each);
    expect(cycle).toMatchObject({
      haltOpen: true,
      halt: { scope: 'cycle', code: 'OPERATOR_HALT', detail: 'mine', raised_by: 'eve' },
    });
  });

  test.each(['RESUME', 'ABORT'])('R31: %s on it is refused, and is no override', (choice) => {
    const cycle = running();
    for (const each of latchEvents(cycle, SET, AT)) fold(cycle, each);
    expect(judgeDecision(cycle, { ...decision, choice }, [], AT)).toMatchObject({
      accepted: false,
      code: 'REFUSED',
      message: expect.stringContaining('harness resume --all'),
    });
  });

  test('R14: asking for what no halt allows stays an override while it is set', () => {
    const cycle = running();
    for (const each of latchEvents(cycle, SET, AT)) fold(cycle, each);
    const asked = { ...decision, choice: 'IGNORE_STALENESS' };
    expect(judgeDecision(cycle, asked, [], AT)).toMatchObject({ code: 'OVERRIDE_ATTEMPT' });
  });
});

test('R14, C5.O: whoever asks the latch for more than it allows asks the harness to relax itself, and only then', () => {
  const latch = after(latchDraft(NO_LATCH, cause, AT));
  const refused = (changes: object) => judgeClearing(latch, { ...decision, ...changes }, AT).draft;
  expect(refused({ choice: 'ABORT' })).toMatchObject({
    type: 'LATCH_REFUSED',
    clause: 'C3.F3',
    actor: 'bob',
    data: { violation: 'HARNESS_VIOLATION', decision: { choice: 'ABORT' } },
  });
  expect(refused({ halt_id: 'harness-h9' })).toMatchObject({ data: { violation: null } });
});

test('C3.F3: a further cause names the halt that it is one of; where none is set there is none to clear', () => {
  const again = latchDraft(after(latchDraft(NO_LATCH, cause, AT)), { ...cause, detail: 'b' }, AT);
  expect(again.data).toEqual({ halt_id: 'harness-h1', code: 'OPERATOR_HALT', detail: 'b' });
  expect(judgeClearing(NO_LATCH, decision, AT)).toEqual({
    accepted: false,
    message: 'the harness is not halted',
    draft: null,
  });
});
