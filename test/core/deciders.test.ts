import { type Cycle, fold } from '../../src/core/cycle';
import type { DecisionCheck, Deciders } from '../../src/core/deciders';
import { event } from '../../src/core/events';
import { cardLines, haltCard } from '../../src/core/halt-card';
import { type DecisionAnswer, judgeDecision } from '../../src/core/halts';
import { at, policyWith } from './samples';
import type { Cut } from './script';
import { simulate } from './simulation';

const DECIDERS: Deciders = {
  operators: { count: 3, names: ['ada', 'bob', 'eve'] },
  required: { default: 1, violation: 2 },
  signed: true,
};

/** A cycle that ada, or an attempt to override, has halted, and that has heard of operators. */
function halted(by: 'ada' | 'violation', deciders: Deciders | null = DECIDERS): Cycle {
  const cut: Cut = by === 'ada' ? { halt: 'look' } : { decide: { choice: 'GRANT', by: 'mallory' } };
  const { cycle } = simulate({
    policy: policyWith({ halt_expiry_ms: null }),
    cuts: { 'TASK_STARTED T3': [cut] },
  });
  if (deciders !== null) fold(cycle, event('DECIDERS_NAMED', 'C3.F3', at(60), deciders));
  return cycle;
}

let ids = 0;
function decide(
  cycle: Cycle,
  by: string,
  choice: string,
  check: DecisionCheck | null = { ok: true, person: by, key: 'sha256:k' },
  decision_id = `D-${(ids += 1)}`,
): DecisionAnswer {
  const halt_id = cycle.halt?.halt_id ?? '';
  const texts = { reason: 'seen', root_cause: 'known', why_safe: 'mended' };
  const request = { halt_id, choice, ...texts, by, decision_id, signature: 'S' };
  const answer = judgeDecision(cycle, request, [], at(100), check);
  for (const each of answer.events) fold(cycle, each);
  return answer;
}

const types = ({ events }: DecisionAnswer): string[] => events.map(({ type }) => type);

test('C3.F3: a decision that was checked is taken, with its signature and its key', () => {
  const answer = decide(halted('ada'), 'bob', 'RESUME');
  expect(types(answer)).toEqual(['DECISION_TAKEN']);
  expect(answer.events[0]?.data).toMatchObject({ by: 'bob', signature: 'S', key: 'sha256:k' });
});

test('C3.F3: a decision that does not hold is refused, and that is on record', () => {
  const cycle = halted('ada');
  const answer = decide(cycle, 'bob', 'RESUME', { ok: false, why: 'forged' });
  expect(answer).toMatchObject({ accepted: false, message: 'forged' });
  expect(types(answer)).toEqual(['DECISION_REFUSED']);
  expect(cycle.haltOpen).toBe(true);
});

test('C3.F3: a decision that nobody has checked is refused where operators are known', () => {
  expect(decide(halted('ada'), 'bob', 'RESUME', null).accepted).toBe(false);
  expect(decide(halted('ada', null), 'bob', 'RESUME', null).accepted).toBe(true);
});

test('C5.O: whoever raised the halt does not let the cycle go on, but may end it', () => {
  for (const name of ['ada', 'Ada '])
    expect(decide(halted('ada'), name, 'RESUME').message).toMatch(/has raised this halt/);
  expect(decide(halted('ada'), 'ada', 'ABORT').accepted).toBe(true);
});

test('C5.O: the author of the skill that halted the cycle does not let it go on', () => {
  const check = { ok: true, person: 'bob', key: null, author: 'Bob' } as const;
  expect(decide(halted('violation'), 'bob', 'RESUME', check).message).toMatch(/is the author of/);
  expect(decide(halted('violation'), 'bob', 'ABORT', check).accepted).toBe(true);
});

describe('R14 where a violation takes two people', () => {
  test('the first is counted, and the cycle goes on with the second', () => {
    const cycle = halted('violation');
    const first = decide(cycle, 'bob', 'RESUME');
    expect(first).toMatchObject({ accepted: true, message: expect.stringMatching(/is 1 of 2/) });
    expect(types(first)).toEqual(['DECISION_SEEN']);
    expect(cycle.haltOpen).toBe(true);
    const second = decide(cycle, 'eve', 'RESUME');
    expect(types(second)).toEqual(['DECISION_TAKEN']);
    expect(cycle.halt?.decision).toMatchObject({ by: 'eve', seconds: ['bob'] });
  });

  test('the same person twice is one person', () => {
    const cycle = halted('violation');
    decide(cycle, 'bob', 'RESUME');
    expect(decide(cycle, 'BOB', 'RESUME').message).toMatch(/has decided RESUME already/);
    expect(cycle.haltOpen).toBe(true);
  });

  test('the same decision twice is answered, and counted once', () => {
    const cycle = halted('violation');
    decide(cycle, 'bob', 'RESUME', undefined, 'one');
    const again = decide(cycle, 'bob', 'RESUME', undefined, 'one');
    expect(again).toMatchObject({ accepted: true, events: [] });
    expect(cycle.approvals).toHaveLength(1);
  });

  test('one person is enough to end the cycle', () => {
    for (const choice of ['ABORT', 'RESTART_FRESH'])
      expect(types(decide(halted('violation'), 'bob', choice))).toEqual(['DECISION_TAKEN']);
  });

  test('a violation that comes to another halt makes it two', () => {
    const cycle = halted('ada');
    decide(cycle, 'eve', 'IGNORE_GATE');
    expect(types(decide(cycle, 'bob', 'RESUME'))).toEqual(['DECISION_SEEN']);
  });

  test('the card says who may decide, how many it takes, and who has', () => {
    const cycle = halted('violation');
    decide(cycle, 'bob', 'RESUME');
    const card = haltCard(cycle, at(200), { entries: 1, head: null });
    if (card === null) throw new Error('the cycle is halted');
    expect(card.offers.map(({ choice, needed }) => [choice, needed])).toEqual([
      ['RESUME', 2],
      ['RESTART_FRESH', 1],
      ['ABORT', 1],
    ]);
    expect(cardLines(card)).toContain(
      'decides: signed by one of ada, bob, eve; RESUME takes 2 people; bob has decided RESUME',
    );
  });
});

test('C3.F3: who has decided to go on may still end the cycle, and no name is somebody twice by its spelling', () => {
  const cycle = halted('violation');
  expect(types(decide(cycle, 'bob', 'RESUME'))).toEqual(['DECISION_SEEN']);
  expect(decide(cycle, ' BOB ', 'RESUME').accepted).toBe(false);
  expect(decide(cycle, 'ｂｏｂ', 'RESUME').accepted).toBe(false);
  expect(types(decide(cycle, 'bob', 'ABORT'))).toEqual(['DECISION_TAKEN']);
});
