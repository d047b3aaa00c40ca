import fc from 'fast-check';
import { effectsOf } from '../../src/core/construct';
import { fold, newCycle } from '../../src/core/cycle';
import type { Event } from '../../src/core/events';
import { OUTCOMES } from '../../src/core/reasons';
import { cycleReport } from '../../src/core/report';
import { fitting, resultOf } from '../../src/core/result';
import { quietScripts, RUNS, scripts } from './random-scripts';
import type { Script } from './script';
import { type Simulated, simulate } from './simulation';

const plannedIn = (events: readonly Event[]): string[] =>
  events.flatMap((each) =>
    each.type === 'GRAPH_BUILT' ? each.data.tasks.map(({ name }) => name) : [],
  );
const tasksOf = ({ graph }: Script) => graph?.tasks ?? [];
const goesOn = (each: Event): boolean =>
  each.type === 'DECISION_TAKEN' && !['ABORT', 'RESTART_FRESH'].includes(each.data.choice);

/** What holds of every cycle, whatever happens to it. */
const PROMISES: Readonly<Record<string, (simulated: Simulated, script: Script) => void>> = {
  'CA: it ends with exactly one outcome, or it waits for a human': ({ events, result, cycle }) => {
    const ends = events.filter(({ type }) => type === 'CYCLE_ENDED').length;
    if (result.outcome === null) {
      const waiting = [ends, cycle.haltOpen, result.phase, result.halt?.expires_at];
      expect(waiting).toEqual([0, true, 'HALTED', null]);
    } else {
      expect(OUTCOMES).toContain(result.outcome);
      expect([ends, events.at(-1)?.type, result.phase]).toEqual([1, 'CYCLE_ENDED', 'IDLE']);
    }
  },

  'R25, C5.N: every planned task ends exactly once, and no other one': ({ events, result }) => {
    if (result.outcome === null) return;
    const planned = plannedIn(events);
    const ended = events.flatMap(({ type, task }) =>
      type === 'TASK_ENDED' || type === 'TASK_SKIPPED' ? [task] : [],
    );
    if (planned.length === 0) expect(ended.filter((name) => name !== 'T1')).toEqual([]);
    else expect([...ended].sort()).toEqual([...planned].sort());
    expect(result.tasks.map(({ name }) => name)).toEqual(planned);
    expect(result.tasks.filter(({ outcome }) => outcome === null)).toEqual([]);
  },

  'C3.F3, R32: no task starts while a halt waits, nor once it has ended the cycle': ({
    events,
  }) => {
    let shut = false;
    for (const each of events) {
      if (each.type === 'TASK_STARTED') expect(shut).toBe(false);
      if (each.type === 'HALT_RAISED') shut = true;
      if (goesOn(each)) shut = false;
    }
  },

  'CA: no task starts once the cycle is cancelled': ({ events }) => {
    const cancelled = events.findIndex(({ type }) => type === 'CANCEL_REQUESTED');
    const after = cancelled < 0 ? [] : events.slice(cancelled);
    expect(after.filter(({ type }) => type === 'TASK_STARTED')).toEqual([]);
  },

  'C3.D2: no task starts before all that it depends on ended SUCCESS or SKIPPED': (
    { events },
    script,
  ) => {
    const ended = new Map<string | null, string>();
    for (const each of events) {
      if (each.type === 'TASK_SKIPPED') ended.set(each.task, 'SKIPPED');
      if (each.type === 'TASK_ENDED') ended.set(each.task, each.data.outcome);
      if (each.type !== 'TASK_STARTED') continue;
      const { depends_on = [] } = tasksOf(script).find(({ name }) => name === each.task) ?? {};
      for (const name of depends_on) expect(['SUCCESS', 'SKIPPED']).toContain(ended.get(name));
    }
  },

  'C4.P, C7.D, R23: tasks run one at a time, or, in parallel, never two that share an effect': (
    { events },
    script,
  ) => {
    const running = new Set<string | null>();
    const effects = (name: string | null): string[] =>
      tasksOf(script).flatMap((task) => (task.name === name ? effectsOf(task) : []));
    for (const { type, task } of events) {
      if (type === 'TASK_STARTED') {
        const others = [...running].flatMap(effects);
        expect(effects(task).filter((effect) => others.includes(effect))).toEqual([]);
        if (script.graph?.parallel !== true) expect(running.size).toBe(0);
        running.add(task);
      }
      if (type === 'TASK_ENDED' || type === 'TASK_STOPPED') running.delete(task);
    }
  },

  'C4.O, R23: tasks start for the first time in execution order, also in parallel': ({
    events,
  }) => {
    const order = plannedIn(events);
    const started = events.flatMap(({ type, task }) => (type === 'TASK_STARTED' ? [task] : []));
    const places = [...new Set(started)].map((name) => order.indexOf(name ?? ''));
    if (order.length > 0) expect(places).toEqual([...places].sort((a, b) => a - b));
  },

  'C3.P4, R4, R29: no task starts on a stale bundle, and who goes on with one is REJECTED': ({
    events,
    result,
  }) => {
    const verdicts = events.flatMap((each) => (each.type === 'STATE_JUDGED' ? [each.data] : []));
    const until = verdicts[0]?.verdict === 'PROCEED' ? verdicts[0].fresh_until : null;
    if (until === null) return;
    const starts = events.filter(({ type, task }) => type === 'TASK_STARTED' && task !== 'T1');
    expect(starts.filter(({ at }) => at > until)).toEqual([]);
    if (!events.some((each) => goesOn(each) && each.at > until)) return;
    expect(['HALTED', 'REJECTED', null]).toContain(result.outcome);
    expect(result.reasons.map(({ code }) => code)).toContain('STATE_STALE');
  },

  'C5.O, R14: only what the halt allows is decided, and every attempt at more is a violation': ({
    events,
    answers,
    result,
  }) => {
    let allowed: readonly string[] = [];
    for (const each of events) {
      if (each.type === 'HALT_RAISED') allowed = each.data.choices;
      if (each.type === 'DECISION_TAKEN') expect(allowed).toContain(each.data.choice);
    }
    const fresh = answers.filter(({ events: made }) => made.length > 0);
    const attempts = fresh.filter(({ code }) => code === 'OVERRIDE_ATTEMPT');
    const against = result.violations.filter(({ kind }) => kind === 'HARNESS_VIOLATION');
    expect(against).toHaveLength(attempts.length);
    const refused = events.filter(({ type }) => type === 'DECISION_REFUSED');
    expect(refused).toHaveLength(fresh.filter(({ accepted }) => !accepted).length);
  },

  'C1.1: after each event there is a result and a report to show': ({ events }) => {
    const cycle = newCycle();
    expect(cycleReport(cycle)).toContain('IDLE');
    for (const each of events) {
      fold(cycle, each);
      const result = resultOf(cycle, 'run-1', { entries: 0, head: null });
      expect(fitting(result)).toBe(result);
      expect(cycleReport(cycle)).toContain(result.outcome ?? result.phase);
    }
  },
};

describe('whatever happens to a cycle', () => {
  let judged: Map<string, unknown> | undefined;

  /** One cycle is judged by all promises; the tests below say which of them it broke. */
  const broken = (): Map<string, unknown> => (judged ??= judgeAll());

  function judgeAll(): Map<string, unknown> {
    const broken = new Map<string, unknown>();
    const all = fc.property(scripts, (script) => {
      const simulated = simulate(script);
      for (const [promise, holds] of Object.entries(PROMISES)) {
        try {
          holds(simulated, script);
        } catch (error) {
          broken.set(promise, error);
          throw error;
        }
      }
    });
    const { failed, counterexample, errorInstance } = fc.check(all, { numRuns: RUNS });
    if (failed) broken.set('', new Error(fc.stringify(counterexample), { cause: errorInstance }));
    return broken;
  }

  // First, so that what the whole judging covers counts as covered by this one (mutation tests go by that).
  test('CA: nothing that can happen to it is impossible', () => {
    if (broken().has('')) throw broken().get('');
  });

  test.each(Object.keys(PROMISES))('%s', (promise) => {
    const error = broken().get(promise);
    if (error !== undefined) throw broken().get('') ?? error;
  });
});

test('R23, C4.I1: nothing cutting in, a parallel graph gives the outcomes of the sequential one', () => {
  const same = fc.property(quietScripts, ({ graph, ...script }) => {
    if (graph === undefined) return;
    const inOrder = simulate({ ...script, graph: { ...graph, parallel: false } });
    const atOnce = simulate({ ...script, graph: { ...graph, parallel: true } });
    expect(atOnce.tasks).toEqual(inOrder.tasks);
    expect(atOnce.result.outcome).toBe(inOrder.result.outcome);
    expect(atOnce.result.reasons).toEqual(inOrder.result.reasons);
  });
  fc.assert(same, { numRuns: RUNS });
});
