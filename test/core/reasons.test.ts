import { CLAUSES } from '../../src/core/clauses';
import { fromRanges, toRanges } from '../../src/core/ranges';
import fc from 'fast-check';
import {
  capReasons,
  OUTCOMES,
  type Reason,
  type ReasonCode,
  REASONS,
  SKIP_ORDER,
  VIOLATIONS,
} from '../../src/core/reasons';

const reasons = (code: ReasonCode, count: number): Reason[] =>
  Array.from({ length: count }, (_, i) => ({ code, detail: `${code} ${i}` }));

describe('the list of reasons', () => {
  test('C4.S: up to 20 of a code are shown as they are', () => {
    const given = [...reasons('STATE_STALE', 20), ...reasons('FACTOR_BYPASSED', 1)];
    expect(capReasons(given)).toEqual(given);
    expect(capReasons([])).toEqual([]);
  });

  test('C4.S: of more than 20 of a code, the twentieth says how many more there are', () => {
    const shown = capReasons(reasons('STATE_STALE', 21));
    expect(shown).toHaveLength(20);
    expect(shown.slice(0, 19)).toEqual(reasons('STATE_STALE', 19));
    expect(shown[19]).toEqual({ code: 'STATE_STALE', detail: 'STATE_STALE 19 (and 1 more)' });
    expect(capReasons(reasons('STATE_STALE', 10_020))[19]?.detail).toContain('(and 10000 more)');
  });

  test('C4.S: each code is counted by itself, and the order stays', () => {
    const mixed = reasons('STATE_STALE', 30).flatMap((reason, i) => [
      reason,
      ...reasons('STATE_FROM_FUTURE', 30).slice(i, i + 1),
    ]);
    const shown = capReasons([...mixed, ...reasons('NO_BELIEFS', 1)]);
    expect(shown.map(({ code }) => code)).toEqual([
      ...Array.from({ length: 20 }, () => ['STATE_STALE', 'STATE_FROM_FUTURE']).flat(),
      'NO_BELIEFS',
    ]);
    expect(shown.filter(({ detail }) => detail.includes('(and 10 more)'))).toHaveLength(2);
  });

  test('C4.S: a list that was capped once is not capped again', () => {
    const once = capReasons([...reasons('STATE_STALE', 77), ...reasons('NO_BELIEFS', 1)]);
    expect(capReasons(once)).toEqual(once);
  });
});

describe('the words that scripts rely on', () => {
  test('R25: a skip has the first reason that applies, in this order', () => {
    expect(SKIP_ORDER.join(', ')).toBe(
      'NO_BELIEFS, STATE_STALE, REGIME_GATE, DEPENDENCY_FAILED, GATE_SKIP, DUPLICATE_TASK, STATE_MISSING, CONFIDENCE_TOO_LOW, PERMISSION_DENIED, SKILL_UNREGISTERED, SKILL_NOT_INVOCABLE',
    );
  });

  test('CA: the outcomes, strongest first', () => {
    expect(OUTCOMES.join(' ')).toBe('HALTED REJECTED CANCELLED DEGRADED SKIPPED COMPLETED');
  });

  test("C4.S: the reason codes are the interface's, each resting on a clause of the contract", () => {
    const published = `STATE_MISSING, STATE_INVALID, STATE_STALE, STATE_FROM_FUTURE, NO_BELIEFS, CONFIDENCE_TOO_LOW, REGIME_GATE, GATE_SKIP, FACTOR_BYPASSED, PERMISSION_DENIED, PERMISSION_UNDECLARED,
BELIEF_STALE, BELIEF_CONFIDENCE_TOO_LOW, DEPENDENCY_FAILED, DUPLICATE_TASK, GRAPH_INVALID, SKILL_UNREGISTERED, SKILL_NOT_INVOCABLE, TIMEOUT, TASK_ERROR, OUTPUT_SCHEMA, UNDECLARED_SIDE_EFFECT, PERMISSION_BYPASS,
LAYER_BYPASS, OVERRIDE_ATTEMPT, HARNESS_ERROR, WORKER_LOST, SOURCE_FAILED, OPERATOR_HALT, OPERATOR_SKIP, HALT_EXPIRED, CANCELLED`;
    expect(Object.keys(REASONS).sort()).toEqual(published.split(/,\s+/).sort());
    for (const clause of Object.values(REASONS)) expect(CLAUSES).toHaveProperty([clause]);
  });

  test('C5.O, C7.V1: only an undeclared output, an override and a graph round the gate halt', () => {
    const halting = Object.entries(VIOLATIONS).filter(([, { response }]) =>
      (response as readonly string[]).includes('HALT'),
    );
    expect(halting.map(([code]) => code)).toEqual([
      'UNDECLARED_SIDE_EFFECT',
      'OVERRIDE_ATTEMPT',
      'GRAPH_INVALID',
    ]);
  });
});

describe('positions as ranges', () => {
  test.each<[number[], string]>([
    [[], ''],
    [[0], '0'],
    [[5, 0, 2, 1, 2], '0-2 5'],
    [[0, 2, 4], '0 2 4'],
    [[998, 999], '998-999'],
  ])('C3.P3: the dependencies %j are recorded as "%s"', (positions, text) => {
    expect(toRanges(positions)).toBe(text);
  });

  test('C3.P3: no dependency is lost or added on the way through a record', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(999)), (positions) => {
        const back = fromRanges(toRanges(positions));
        expect(back).toEqual([...positions].sort((a, b) => a - b));
      }),
    );
  });
});
