import fc from 'fast-check';
import type { Event } from '../../src/core/events';
import { fold, newCycle } from '../../src/core/cycle';
import { effectsOf } from '../../src/core/construct';
import { OUTCOMES } from '../../src/core/reasons';
import { cycleReport } from '../../src/core/report';
import { fitting, resultOf } from '../../src/core/result';
import { quietScripts, scripts } from './random-scripts';
import type { Script } from './script';
import { simulate } from './simulation';

const RUNS = { numRuns: 2_000 };

const plannedIn = (events: readonly Event[]): string[] =>
  events.flatMap((each) =>
    each.type === 'GRAPH_BUILT' ? each.data.tasks.map(({ name }) => name) : [],
  );
const tasksOf = ({ graph }: Script) => graph?.tasks ?? [];
const isEnd = ({ type }: Event): boolean => type === 'TASK_ENDED' || type === 'TASK_SKIPPED';

describe('whatever happens to a cycle', () => {
  test('CA: it ends with exactly one outcome, or it waits for a human', () => {
    fc.assert(
      fc.property(scripts, (script) => {
        const { events, result, cycle } = simulate(script);
        const ends = events.filter(({ type }) => type === 'CYCLE_ENDED');
        if (result.outcome === null) {
          expect(ends).toEqual([]);
          expect([cycle.haltOpen, result.phase, result.halt?.expires_at]).toEqual([
            true,
            'HALTED',
            null,
          ]);
        } else {
          expect(OUTCOMES).toContain(result.outcome);
          expect([ends.length, events.at(-1)?.type, result.phase]).toEqual([
            1,
            'CYCLE_ENDED',
            'IDLE',
          ]);
        }
      }),
      RUNS,
    );
  });

  test('R25, C5.N: every planned task ends exactly once, and no other one', () => {
    fc.assert(
      fc.property(scripts, (script) => {
        const { events, result } = simulate(script);
        if (result.outcome === null) return;
        const planned = plannedIn(events);
        const ended = events.filter(isEnd).map(({ task }) => task);
        if (planned.length === 0) expect(ended.filter((name) => name !== 'T1')).toEqual([]);
        else expect([...ended].sort()).toEqual([...planned].sort());
        expect(result.tasks.map(({ name }) => name)).toEqual(planned);
        expect(result.tasks.every(({ outcome }) => outcome !== null)).toBe(true);
      }),
      RUNS,
    );
  });

  test('C3.F3, R32: no task starts between an open halt and its decision, nor after one that ends the cycle', () => {
    fc.assert(
      fc.property(scripts, (script) => {
        let closed = false;
        let over = false;
        for (const { type, data } of simulate(script).events) {
          if (type === 'TASK_STARTED') expect([closed, over]).toEqual([false, false]);
          if (type === 'HALT_RAISED') closed = true;
          if (type === 'DECISION_TAKEN') closed = false;
          const ends = type === 'DECISION_TAKEN' && /ABORT|RESTART/.test(data.choice);
          if (ends || type === 'HALT_EXPIRED' || type === 'CANCEL_REQUESTED') over = true;
        }
      }),
      RUNS,
    );
  });

  test('C3.D2: no task starts before all that it depends on has ended SUCCESS or SKIPPED', () => {
    fc.assert(
      fc.property(scripts, (script) => {
        const ended = new Map<string | null, string>();
        for (const each of simulate(script).events) {
          if (each.type === 'TASK_SKIPPED') ended.set(each.task, 'SKIPPED');
          if (each.type === 'TASK_ENDED') ended.set(each.task, each.data.outcome);
          if (each.type !== 'TASK_STARTED') continue;
          const { depends_on = [] } = tasksOf(script).find(({ name }) => name === each.task) ?? {};
          for (const name of depends_on) expect(ended.get(name)).toMatch(/SUCCESS|SKIPPED/);
        }
      }),
      RUNS,
    );
  });

  test('C4.P, C7.D, R23: one task at a time, or, in parallel, never two that share a side effect', () => {
    fc.assert(
      fc.property(scripts, (script) => {
        const running = new Set<string | null>();
        const effects = (name: string | null): string[] =>
          tasksOf(script).flatMap((task) => (task.name === name ? effectsOf(task) : []));
        for (const { type, task } of simulate(script).events) {
          if (type === 'TASK_STARTED') {
            const others = [...running].flatMap(effects);
            expect(effects(task).filter((effect) => others.includes(effect))).toEqual([]);
            if (script.graph?.parallel !== true) expect(running.size).toBe(0);
            running.add(task);
          }
          if (type === 'TASK_ENDED' || type === 'TASK_STOPPED') running.delete(task);
        }
      }),
      RUNS,
    );
  });

  test('C4.O, R23: tasks start for the first time in execution order, also in parallel', () => {
    fc.assert(
      fc.property(scripts, (script) => {
        const { events } = simulate(script);
        const order = plannedIn(events);
        const started = events.flatMap(({ type, task }) => (type === 'TASK_STARTED' ? [task] : []));
        const places = [...new Set(started)].map((name) => order.indexOf(name ?? ''));
        if (order.length > 0) expect(places).toEqual([...places].sort((a, b) => a - b));
      }),
      RUNS,
    );
  });

  test('C3.P4, R4, R29: no task starts once the bundle is stale, and who goes on then is REJECTED', () => {
    fc.assert(
      fc.property(scripts, (script) => {
        const { events, result } = simulate(script);
        const judged = events.flatMap((each) => (each.type === 'STATE_JUDGED' ? [each.data] : []));
        const until = judged[0]?.fresh_until ?? null;
        if (until === null) return;
        let late = false;
        for (const { type, task, at, data } of events) {
          if (type === 'TASK_STARTED' && task !== 'T1') expect(at <= until).toBe(true);
          const goesOn = type === 'DECISION_TAKEN' && !/ABORT|RESTART/.test(data.choice);
          if (goesOn && at > until) late = true;
        }
        if (late && result.outcome !== null)
          expect(['HALTED', 'REJECTED']).toContain(result.outcome);
        if (late) expect(result.reasons.map(({ code }) => code)).toContain('STATE_STALE');
      }),
      RUNS,
    );
  });

  test('C5.O, R14: no decision outside what the halt allows is accepted, and each refusal is on record', () => {
    fc.assert(
      fc.property(scripts, (script) => {
        const { events, answers, result } = simulate(script);
        let allowed: readonly string[] = [];
        for (const each of events) {
          if (each.type === 'HALT_RAISED') allowed = each.data.choices;
          if (each.type === 'DECISION_TAKEN') expect(allowed).toContain(each.data.choice);
        }
        const taken = events.filter(({ type }) => type === 'DECISION_TAKEN').length;
        const done = answers.filter(({ accepted, events: made }) => accepted && made.length > 0);
        expect(done).toHaveLength(taken);
        const attempts = answers.filter(
          ({ code, events: made }) => code === 'OVERRIDE_ATTEMPT' && made.length > 0,
        );
        expect(result.violations).toHaveLength(attempts.length);
      }),
      RUNS,
    );
  });

  test('CA: after each event there is a result and a report to show', () => {
    fc.assert(
      fc.property(scripts, (script) => {
        const cycle = newCycle();
        expect(cycleReport(cycle)).toContain('IDLE');
        for (const each of simulate(script).events) {
          fold(cycle, each);
          const result = resultOf(cycle, 'run-1', { entries: 0, head: null });
          expect(fitting(result)).toEqual(result);
          expect(cycleReport(cycle)).toContain(String(result.outcome ?? result.phase));
        }
      }),
      { numRuns: 500 },
    );
  });

  test('R23, C4.I1: nothing cutting in, a parallel graph gives the outcomes of the sequential one', () => {
    fc.assert(
      fc.property(quietScripts, (script) => {
        if (script.graph === undefined) return;
        const [one, other] = [false, true].map((parallel) =>
          simulate({ ...script, graph: { ...script.graph, parallel } as typeof script.graph }),
        );
        expect(other?.tasks).toEqual(one?.tasks);
        expect(other?.result.outcome).toBe(one?.result.outcome);
        expect(other?.result.reasons).toEqual(one?.result.reasons);
      }),
      RUNS,
    );
  });
});
