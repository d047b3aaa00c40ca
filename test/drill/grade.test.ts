import { CLEAN, DRILLS } from '../../src/drill/drills';
import { factsOf } from '../../src/drill/facts';
import { type Evidence, grade, gullible, NOTICE_MS_MAX } from '../../src/drill/grade';
import { skillCode, SKILLS } from '../../src/drill/skill';
import type { JsonObject } from '../../src/core/json';

const entry = (type: string, data: JsonObject) => ({ type, data });

const EXPECTED = { facts: ['outcome COMPLETED', 'halt OPERATOR_HALT'], notice: true };
const SEEN: Evidence = { facts: ['halt OPERATOR_HALT', 'outcome COMPLETED'], notice_ms: 40 };

describe('the grader', () => {
  it('passes what was seen as expected, in whatever order', () => {
    expect(grade(EXPECTED, SEEN)).toEqual({ grade: 'PASSED', problems: [] });
  });

  const wrong: readonly (readonly [string, Partial<Evidence>, string])[] = [
    ['something is missing', { facts: ['outcome COMPLETED'] }, 'missing: halt OPERATOR_HALT'],
    [
      'there is something besides',
      { facts: [...SEEN.facts, 'violation LAYER_BYPASS: REVIEW'] },
      'not expected: violation LAYER_BYPASS: REVIEW',
    ],
    ['nobody was told', { notice_ms: null }, 'missing: a notice of the halt'],
    [
      'the notice is late',
      { notice_ms: NOTICE_MS_MAX + 1 },
      'the notice came after 5001 ms, limit 5000',
    ],
  ];
  it.each(wrong)('fails when %s, and says so', (_, changes, problem) => {
    const graded = grade(EXPECTED, { ...SEEN, ...changes });
    expect(graded).toEqual({ grade: 'FAILED', problems: [problem] });
  });

  it('fails a notice that nobody expects', () => {
    expect(grade({ ...EXPECTED, notice: false }, SEEN).problems).toEqual([
      'not expected: a notice, after 40 ms',
    ]);
  });
});

describe('the control of the grader', () => {
  it('no expectation of a drill is met by a clean cycle, nor by nothing at all', () => {
    const clean = { facts: CLEAN.expected.facts, notice_ms: null };
    const others = DRILLS.filter((drill) => drill !== CLEAN);
    expect(gullible(others, clean)).toEqual([]);
    expect(gullible(DRILLS, { facts: [], notice_ms: null })).toEqual([]);
  });

  it('names the one that would believe anything', () => {
    const expected = { facts: [], notice: false };
    expect(gullible([{ name: 'sleepy', expected }], { facts: [], notice_ms: null })).toEqual([
      'sleepy',
    ]);
  });

  it('no two drills expect the same of different faults', () => {
    const texts = DRILLS.map(({ expected }) => JSON.stringify(expected));
    expect(new Set(texts).size).toBe(texts.length);
    expect(new Set(DRILLS.map(({ name }) => name)).size).toBe(DRILLS.length);
  });
});

describe('the facts of a cycle', () => {
  it('tell how it ended, its halts and how they ended, its violations, its tasks of skills', () => {
    const result = {
      outcome: 'COMPLETED',
      reasons: [{ code: 'FACTOR_BYPASSED' }, { code: 'STATE_STALE' }],
      violations: [{ code: 'LAYER_BYPASS', response: ['QUARANTINE', 'REVIEW'] }],
      tasks: [
        { name: 'T1', outcome: 'SUCCESS', reason: null },
        { name: 'skill', outcome: 'FAILED', reason: { code: 'LAYER_BYPASS' } },
        { name: 'next', outcome: null, reason: null },
      ],
    };
    const entries = [
      entry('HALT_RAISED', { code: 'OPERATOR_HALT' }),
      entry('DECISION_TAKEN', { choice: 'RESUME' }),
      entry('HALT_EXPIRED', {}),
    ];
    expect(factsOf(result, entries)).toEqual([
      'outcome COMPLETED',
      'reason STATE_STALE',
      'halt OPERATOR_HALT',
      'decision RESUME',
      'halt expired',
      'violation LAYER_BYPASS: QUARANTINE, REVIEW',
      'task skill FAILED LAYER_BYPASS',
      'task next open',
    ]);
  });

  it('tell of a cycle that waits its phase, and of an action that was emitted twice', () => {
    const emitted = ['a', 'b', 'a'].map((action_id) => entry('ACTION_EMITTED', { action_id }));
    expect(factsOf({ outcome: null, phase: 'HALTED' }, emitted)).toEqual([
      'outcome HALTED',
      '1 actions emitted twice',
    ]);
  });
});

it('every skill of a drill has code of its own, and every drill a skill that there is', () => {
  expect(new Set(SKILLS.map(skillCode)).size).toBe(SKILLS.length);
  for (const { skill } of DRILLS) if (skill !== undefined) expect(SKILLS).toContain(skill);
});
