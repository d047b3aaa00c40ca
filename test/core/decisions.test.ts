import type { Event } from '../../src/core/events';
import { operatorHalt } from '../../src/core/halts';
import { at, graphWith, policyWith, task } from './samples';
import type { Cut, Script } from './script';
import { type Simulated, simulate } from './simulation';

const never = policyWith({ halt_expiry_ms: null });
const halted = (...waits: readonly Cut[][]): Script => ({
  policy: never,
  cuts: { 'TASK_STARTED T3': [{ halt: 'look' }] },
  waits,
});
const running = (...cuts: readonly Cut[]): Script => ({
  policy: never,
  cuts: { 'TASK_STARTED T3': cuts },
});
const typesIn = (events: readonly Event[]): string[] => events.map(({ type }) => type);
const told = ({ answers }: Simulated): string[] => answers.map(({ code }) => code);

describe('R14, C5.O: an override attempt', () => {
  const attempts: [string, Cut][] = [
    ['a choice that does not exist', { decide: 'IGNORE_STALENESS' }],
    ['a permission', { decide: 'GRANT momentum' }],
    ['more than a choice', { decide: 'RESUME', extra: ['max_staleness_ms'] }],
    ['a choice’s name in other letters', { decide: 'resume' }],
  ];

  test.each([
    ...attempts,
    ['a choice that this halt does not allow', { decide: 'SKIP_TASK' } as Cut],
  ])(
    'on a halted cycle is refused, a HARNESS_VIOLATION on record, and it stays halted: %s',
    (_, attempt) => {
      const simulated = simulate(halted([attempt as Cut]));
      const [answer] = simulated.answers;
      expect(answer).toMatchObject({ accepted: false, code: 'OVERRIDE_ATTEMPT' });
      expect(typesIn(answer?.events ?? [])).toEqual(['DECISION_REFUSED', 'VIOLATION']);
      expect(
        answer?.events.every(({ clause, actor }) => clause === 'C5.O' && actor === 'ada'),
      ).toBe(true);
      expect(simulated.result).toMatchObject({ phase: 'HALTED', outcome: null });
      expect(simulated.result.halt).toMatchObject({ code: 'OPERATOR_HALT', decision: null });
      expect(simulated.result.violations).toMatchObject([
        { kind: 'HARNESS_VIOLATION', code: 'OVERRIDE_ATTEMPT', response: ['REJECT', 'HALT'] },
      ]);
    },
  );

  test.each(attempts)('on a running cycle halts it at once: %s', (_, attempt) => {
    const simulated = simulate(running(attempt));
    const types = typesIn(simulated.events);
    const refused = types.indexOf('DECISION_REFUSED');
    expect(types.slice(refused, refused + 4)).toEqual([
      'DECISION_REFUSED',
      'VIOLATION',
      'HALT_RAISED',
      'TASK_STOPPED',
    ]);
    expect(simulated.result).toMatchObject({ phase: 'HALTED', outcome: null });
    expect(simulated.result.halt).toMatchObject({ code: 'OVERRIDE_ATTEMPT', raised_by: 'ada' });
  });

  test('SKIP_TASK of a critical task is one', () => {
    const script: Script = { policy: never, ends: { T3: ['HARNESS_ERROR'] } };
    const simulated = simulate({
      ...script,
      waits: [[{ decide: 'SKIP_TASK' }], [{ decide: 'RETRY_TASK' }]],
    });
    expect(told(simulated)).toEqual(['OVERRIDE_ATTEMPT', 'ACCEPTED']);
    expect(simulated.tasks['T3']).toBe('SUCCESS');
  });

  test('RESUME where a task is open is one: it would leave the task’s fate unsaid', () => {
    const graph = graphWith([task('X')]);
    const script: Script = { policy: never, graph, ends: { X: ['HARNESS_ERROR'] } };
    expect(told(simulate({ ...script, waits: [[{ decide: 'RESUME' }]] }))).toEqual([
      'OVERRIDE_ATTEMPT',
    ]);
  });

  test('on an ending cycle is refused as well', () => {
    const script = halted([{ decide: 'ABORT' }, { decide: 'IGNORE_GATE' }], [{ decide: 'ABORT' }]);
    const simulated = simulate(script);
    expect(told(simulated)).toEqual(['ACCEPTED', 'OVERRIDE_ATTEMPT', 'ACCEPTED']);
    expect(simulated.result).toMatchObject({ outcome: 'HALTED', violations: [{}] });
  });

  test('the record names what was asked for beyond the seven texts', () => {
    const simulated = simulate(halted([{ decide: 'RESUME', extra: ['max_staleness_ms', 'gate'] }]));
    const refused = simulated.events.find((each) => each.type === 'DECISION_REFUSED');
    expect(refused?.data).toMatchObject({
      decision: { choice: 'RESUME', by: 'ada', extra: ['max_staleness_ms', 'gate'] },
      override: true,
    });
  });
});

describe('a decision that is no override, and refused', () => {
  test('R14: with no halt open nothing is decided, nothing halts, and the refusal is on record', () => {
    const simulated = simulate(running({ decide: 'RESUME' }));
    expect(told(simulated)).toEqual(['REFUSED']);
    expect(typesIn(simulated.answers[0]?.events ?? [])).toEqual(['DECISION_REFUSED']);
    expect(simulated.result).toMatchObject({ outcome: 'COMPLETED', violations: [] });
  });

  test('C3.F3: another halt’s id is refused', () => {
    const simulated = simulate(halted([{ decide: { halt_id: 'another', choice: 'RESUME' } }]));
    expect(told(simulated)).toEqual(['REFUSED']);
    expect(simulated.answers[0]?.message).toContain('halt another does not wait');
    expect(simulated.result.halt?.decision).toBe(null);
  });
});

describe('C4.I2: the same decision twice', () => {
  const resume = { choice: 'RESUME', decision_id: 'D-1' };

  test('is answered the same, and done and recorded once', () => {
    const simulated = simulate(halted([{ decide: resume }, { decide: resume }]));
    expect(told(simulated)).toEqual(['ACCEPTED', 'ACCEPTED']);
    expect(simulated.answers[1]?.events).toEqual([]);
    expect(simulated.result.outcome).toBe('COMPLETED');
  });

  test('is answered the same long after the halt', () => {
    const { halt } = simulate(halted()).result;
    const again = { ...resume, halt_id: halt?.halt_id ?? '' };
    const script = halted([{ decide: resume }]);
    const cuts = { ...script.cuts, 'TASK_ENDED T4': [{ decide: again }] };
    expect(told(simulate({ ...script, cuts }))).toEqual(['ACCEPTED', 'ACCEPTED']);
  });

  test('is refused the same', () => {
    const wrong = { ...resume, halt_id: 'another' };
    const simulated = simulate(halted([{ decide: wrong }, { decide: wrong }]));
    expect(told(simulated)).toEqual(['REFUSED', 'REFUSED']);
    expect(simulated.answers[1]).toEqual({ ...simulated.answers[0], events: [] });
  });

  test('R14: an override attempt stays one, and is one violation', () => {
    const attempt: Cut = { decide: { ...resume, choice: 'IGNORE_GATE' }, extra: ['gate'] };
    const simulated = simulate(halted([attempt, attempt]));
    expect(told(simulated)).toEqual(['OVERRIDE_ATTEMPT', 'OVERRIDE_ATTEMPT']);
    expect(simulated.answers[1]).toEqual({ ...simulated.answers[0], events: [] });
    expect(simulated.result.violations).toHaveLength(1);
  });

  test('R14: a decision that was taken does not cover the same texts with something more', () => {
    const more: Cut = { decide: resume, extra: ['max_staleness_ms'] };
    const simulated = simulate(halted([{ decide: resume }, more]));
    expect(told(simulated)).toEqual(['ACCEPTED', 'OVERRIDE_ATTEMPT']);
    expect(simulated.result).toMatchObject({ phase: 'HALTED', violations: [{}] });
  });

  test('under one id another content is refused, whichever of the seven texts differs', () => {
    const texts = ['halt_id', 'choice', 'reason', 'root_cause', 'why_safe', 'by'] as const;
    for (const text of texts) {
      const other = { ...resume, [text]: text === 'choice' ? 'ABORT' : 'another' };
      const simulated = simulate(
        halted([{ decide: { ...resume, halt_id: 'x' } }, { decide: other }]),
      );
      expect(told(simulated)).toEqual(['REFUSED', 'REFUSED']);
      expect(simulated.answers[1]?.message).toContain('was used for another decision');
      expect(simulated.answers[1]?.events).toHaveLength(1);
    }
  });
});

test('C3.F3: a decision is on record with its author, time and all its texts', () => {
  const simulated = simulate(halted([{ decide: { choice: 'RESUME', by: 'bob' } }]));
  const taken = simulated.events.find(({ type }) => type === 'DECISION_TAKEN');
  expect(taken).toMatchObject({ actor: 'bob', clause: 'C3.F3' });
  expect(taken?.data).toEqual({
    halt_id: simulated.result.halt?.halt_id,
    choice: 'RESUME',
    reason: 'seen',
    root_cause: 'known',
    why_safe: 'mended',
    by: 'bob',
    decision_id: 'D-0',
    at: taken?.at,
  });
});

test('CA: a cycle that has ended cannot be halted', () => {
  expect(operatorHalt(simulate().cycle, { reason: 'late', by: 'ada' }, at(60_000))).toEqual([]);
});
