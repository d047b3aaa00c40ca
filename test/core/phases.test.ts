import { fold, newCycle } from '../../src/core/cycle';
import { type Event, event, type EventType } from '../../src/core/events';
import { raiseHalt } from '../../src/core/halts';
import { type HarnessPhase, nextPhase, PHASES, type PhaseEvent } from '../../src/core/phases';
import { skipEvent } from '../../src/core/engine';
import { startedEvent } from '../../src/core/recorded';
import { AT, at } from './samples';
import type { Script } from './script';
import { simulate } from './simulation';

const EVENTS: readonly PhaseEvent[] = [
  'INPUT_RECEIVED',
  'STATE_VALID',
  'GRAPH_BUILT',
  'HALT_RAISED',
  'HALT_CLEARED',
  'FINALIZING',
  'ENDED',
];

/** Appendix A in so many words, and the wait for a human; everything else is illegal. */
const LEGAL = new Set([
  'IDLE INPUT_RECEIVED VALIDATE',
  'VALIDATE STATE_VALID BUILD_GRAPH',
  'BUILD_GRAPH GRAPH_BUILT EXECUTE',
  ...['VALIDATE', 'BUILD_GRAPH', 'EXECUTE', 'HALTED', 'FINALIZE'].flatMap((phase) => [
    `${phase} FINALIZING FINALIZE`,
    `${phase} HALT_RAISED HALTED`,
  ]),
  'HALTED HALT_CLEARED EXECUTE',
  'FINALIZE ENDED IDLE',
]);
const cells = PHASES.flatMap((from) => EVENTS.map((happened) => [from, happened] as const));

const change = (from: HarnessPhase, happened: PhaseEvent): string => {
  try {
    return `${from} ${happened} ${nextPhase(from, happened, 'EXECUTE')}`;
  } catch (error) {
    expect(error).toMatchObject({ code: 'HARNESS_ERROR', name: 'HarnessError' });
    expect(String(error)).toContain(`CA: ${happened} is not possible in phase ${from}`);
    return 'illegal';
  }
};

test('CA: of all phase changes only those of the state machine are possible, all others throw HARNESS_ERROR', () => {
  const possible = cells.map(([from, happened]) => change(from, happened));
  expect(possible.filter((each) => each !== 'illegal').sort()).toEqual([...LEGAL].sort());
});

test.each(['VALIDATE', 'BUILD_GRAPH', 'EXECUTE', 'FINALIZE'] as const)(
  'C3.F3: a cleared halt returns to the phase that it interrupted: %s',
  (phase) => {
    expect(nextPhase('HALTED', 'HALT_CLEARED', phase)).toBe(phase);
  },
);

describe('the phases of a cycle, event by event', () => {
  const phasesOf = (script: Script): string[] => {
    const cycle = newCycle();
    const seen = simulate(script).events.map((each) => {
      fold(cycle, each);
      return cycle.phase;
    });
    return seen.filter((phase, i) => phase !== seen[i - 1]);
  };
  const resumed = (when: string): Script => ({
    cuts: { [when]: [{ halt: 'look' }] },
    waits: [[{ decide: 'RESUME' }]],
  });

  test('CA: VALIDATE, BUILD_GRAPH, EXECUTE, and back to IDLE', () => {
    expect(phasesOf({})).toEqual(['VALIDATE', 'BUILD_GRAPH', 'EXECUTE', 'IDLE']);
  });

  test('CA: a validation halt goes back to IDLE at once', () => {
    const invalid = [{ code: 'STATE_INVALID' as const, detail: 'regime_state' }];
    expect(phasesOf({ invalid })).toEqual(['VALIDATE', 'IDLE']);
  });

  test.each([
    ['TASK_STARTED T1', ['VALIDATE', 'HALTED', 'VALIDATE', 'BUILD_GRAPH', 'EXECUTE', 'IDLE']],
    ['STATE_JUDGED T1', ['VALIDATE', 'BUILD_GRAPH', 'HALTED', 'BUILD_GRAPH', 'EXECUTE', 'IDLE']],
    ['BUILD_GRAPH', ['VALIDATE', 'BUILD_GRAPH', 'HALTED', 'EXECUTE', 'IDLE']],
    ['TASK_STARTED T3', ['VALIDATE', 'BUILD_GRAPH', 'EXECUTE', 'HALTED', 'EXECUTE', 'IDLE']],
  ])('C3.F3: suspended and resumed: %s', (when, phases) => {
    expect(phasesOf(resumed(when))).toEqual(phases);
  });
});

describe('a record that no cycle can have is refused by the fold', () => {
  const impossible = (
    script: Script,
    upTo: EventType,
    next: (cycle: ReturnType<typeof newCycle>) => Event,
  ) => {
    const cycle = newCycle();
    for (const each of simulate(script).events) {
      fold(cycle, each);
      if (each.type === upTo) break;
    }
    const made = next(cycle);
    expect(() => fold(cycle, made)).toThrow(expect.objectContaining({ code: 'HARNESS_ERROR' }));
  };
  const taskNamed = (cycle: ReturnType<typeof newCycle>, name: string) => {
    const found = cycle.tasks.find(({ planned }) => planned.name === name);
    if (found === undefined) throw new Error(`no task ${name}`);
    return found;
  };
  const ended = event('CYCLE_ENDED', 'CA', AT, { outcome: 'COMPLETED', summary: '', reasons: [] });
  const cause = { code: 'OPERATOR_HALT', detail: 'look', raisedBy: 'ada' } as const;
  const waiting: Script = { cuts: { 'TASK_STARTED T3': [{ halt: 'look' }] } };

  test('CA: a second outcome', () => impossible({}, 'CYCLE_ENDED', () => ended));

  test('C3.F3: a halt of a cycle that has ended', () =>
    impossible({}, 'CYCLE_ENDED', (cycle) => raiseHalt(cycle, cause, AT)));

  test('C3.F3: two open halts', () =>
    impossible(waiting, 'HALT_RAISED', (cycle) => raiseHalt(cycle, cause, AT)));

  test('R32: a start while a halt waits', () =>
    impossible(waiting, 'TASK_STOPPED', (cycle) => startedEvent(taskNamed(cycle, 'T3'), AT)));

  test('C4.P: a task that starts twice', () =>
    impossible({}, 'GRAPH_BUILT', (cycle) => {
      const start = startedEvent(taskNamed(cycle, 'T2'), AT);
      fold(cycle, start);
      return start;
    }));

  test('C3.O: a task that ends twice', () =>
    impossible({}, 'GRAPH_BUILT', (cycle) =>
      skipEvent(cycle, taskNamed(cycle, 'T1'), { code: 'NO_BELIEFS', detail: '' }, null, at(1)),
    ));

  test('C5.N: a task that is not in the plan', () =>
    impossible({}, 'GRAPH_BUILT', (cycle) => ({
      ...startedEvent(taskNamed(cycle, 'T2'), AT),
      task: 'T5',
    })));

  test('C3.F3: a decision on no halt', () =>
    impossible({}, 'GRAPH_BUILT', () => {
      const texts = { halt_id: 'h', reason: 'r', root_cause: 'c', why_safe: 's', by: 'ada' };
      const decision = { ...texts, choice: 'RESUME', decision_id: 'D', at: AT } as const;
      return event('DECISION_TAKEN', 'C3.F3', AT, decision);
    }));
});
