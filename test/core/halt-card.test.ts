import fc from 'fast-check';
import { type Cycle, fold, newCycle } from '../../src/core/cycle';
import type { Event } from '../../src/core/events';
import { cardLines, duration, haltCard, type HaltCard } from '../../src/core/halt-card';
import { at, gate, graphWith, policyWith, task } from './samples';
import { scripts } from './random-scripts';
import type { Cut, Script } from './script';
import { simulate } from './simulation';

const never = policyWith({ halt_expiry_ms: null });
const HEAD = { entries: 7, head: null };
const halted = (more: Partial<Script> = {}): Script => ({
  policy: never,
  cuts: { 'TASK_STARTED T3': [{ halt: 'look' }] },
  ...more,
});

function drawn(cycle: Cycle, now = at(1_000)): HaltCard {
  const card = haltCard(cycle, now, HEAD);
  if (card === null) throw new Error('no halt was raised');
  return card;
}

const cardOf = (script: Script, now?: string): HaltCard => drawn(simulate(script).cycle, now);
const offers = (card: HaltCard): Record<string, string> =>
  Object.fromEntries(card.offers.map(({ choice, does }) => [choice, does]));

/** The cycle just before the event of that position. */
function before(events: readonly Event[], position: number): Cycle {
  const cycle = newCycle();
  for (const each of events.slice(0, position)) fold(cycle, each);
  return cycle;
}

describe('C3.F3 a halt card', () => {
  test('says what happened, who, since when, what is done and what is blocked', () => {
    const card = cardOf(halted());
    expect(card).toMatchObject({
      code: 'OPERATOR_HALT',
      clause: 'C3.F3',
      scope: 'cycle',
      raised_by: 'ada',
      cycle_id: card.cycle_id,
      headline: 'shadow-test was stopped by a person: look (ada)',
      tasks: {
        done: { count: 2, names: ['T1', 'T2'] },
        running: { count: 0, names: [] },
        blocked: { count: 2, names: ['T3', 'T4'] },
      },
      emitted: { actions: 0, effects: 0 },
      audit: HEAD,
      deciders: null,
    });
  });

  test('begins with what happened and ends with what to type', () => {
    const lines = cardLines(cardOf(halted()));
    expect(lines[0]).toBe('shadow-test was stopped by a person: look (ada)');
    expect(lines.at(-1)).toMatch(/^decide: harness resume \S+-h1 --choice RESUME --reason … /);
    expect(lines.length).toBeLessThan(14);
    for (const line of lines) expect(line).not.toMatch(/\n/);
  });

  test('C6.T4: counts the actions that are emitted already', () => {
    const cuts = { 'TASK_ENDED T4': [{ halt: 'look' }] };
    expect(cardOf(halted({ cuts })).emitted.actions).toBe(1);
  });

  test('names a few of many tasks, and says how many more', () => {
    const graph = graphWith(Array.from({ length: 60 }, (_, i) => task(`X${i}`)));
    const card = cardOf(halted({ graph }));
    expect(card.tasks.blocked.names).toHaveLength(5);
    expect(cardLines(card).join('\n')).toMatch(/62 blocked \(.* and 57 more\)/);
  });

  test('R14: what has come to the halt since is evidence', () => {
    const more: Cut[] = [{ halt: 'the desk says so too', by: 'bob' }, { decide: 'IGNORE_GATE' }];
    const { evidence } = cardOf(halted({ waits: [more] }));
    expect(evidence).toEqual([
      expect.stringMatching(/^OVERRIDE_ATTEMPT: ada: "IGNORE_GATE" is no choice/),
      'the desk says so too',
    ]);
  });

  test('a new halt begins with no causes of an earlier one', () => {
    const script = halted({
      cuts: {
        'TASK_STARTED T3': [{ halt: 'look' }, { halt: 'again', by: 'bob' }],
        'TASK_STARTED T4': [{ halt: 'once more' }],
      },
      waits: [[{ decide: 'RESUME' }]],
    });
    expect(cardOf(script)).toMatchObject({ detail: 'once more', evidence: [] });
  });

  test('when nobody decides, it says when it expires, and what then', () => {
    const { events } = simulate({ cuts: { 'TASK_STARTED T3': [{ halt: 'look' }] } });
    const raised = events.findIndex(({ type }) => type === 'HALT_RAISED');
    const card = drawn(before(events, raised + 1), at(60_000));
    expect(cardLines(card).join('\n')).toMatch(
      /expires: in 59 min \S+ s \(\S+Z\), then ABORT: the cycle ends HALTED|expires: in 59 min \(/,
    );
  });

  test('text from outside stays one line', () => {
    const cuts = { 'TASK_STARTED T3': [{ halt: 'a\n\u001b[2Jb\u202e', by: 'x\ny' }] };
    const lines = cardLines(cardOf(halted({ cuts })));
    expect(lines[0]).toBe('shadow-test was stopped by a person: a [2Jb (x y)');
  });

  test('a cycle without a halt has none', () => {
    expect(haltCard(simulate().cycle, at(0), HEAD)).toBe(null);
  });
});

describe('R31 what each choice will do', () => {
  test('RESUME goes on with the task that was stopped', () => {
    expect(offers(cardOf(halted()))).toEqual({
      RESUME: 'goes on with T3',
      RESTART_FRESH:
        'the cycle ends HALTED, and a new cycle starts on the bundle that you give with --input',
      ABORT: 'the cycle ends HALTED, nothing more runs',
    });
  });

  test('a failed task stays FAILED', () => {
    const graph = graphWith([task('X', { depends_on: ['T3'] })]);
    const script = halted({
      graph,
      ends: { X: [{ failed: 'TASK_ERROR' }] },
      cuts: { 'TASK_ENDED X': [{ halt: 'look' }] },
    });
    expect(offers(cardOf(script))['RESUME']).toMatch(/; X stays FAILED$/);
  });

  test('R25: what is only skipped on the way is not what it goes on with', () => {
    const graph = graphWith([task('A'), task('B')], [gate("regime.bias == 'BEARISH'", 'A')]);
    const script = halted({ graph, cuts: { 'TASK_ENDED T4': [{ halt: 'look' }] } });
    expect(offers(cardOf(script))['RESUME']).toBe('goes on with B');
  });

  test('R29: with a bundle that is stale by now, going on ends the cycle REJECTED', () => {
    const card = cardOf(halted(), at(300_001));
    expect(card.bundle.fresh_for_ms).toBeLessThan(0);
    expect(offers(card)['RESUME']).toBe('the cycle ends REJECTED, the bundle being stale');
    expect(offers(card)['ABORT']).toBe('the cycle ends HALTED, nothing more runs');
    expect(cardLines(card).join('\n')).toContain('STALE since');
  });

  test('a task that a harness error left open is retried, or skipped', () => {
    const graph = graphWith([task('X')]);
    const script: Script = { policy: never, graph, ends: { X: ['HARNESS_ERROR'] } };
    expect(offers(cardOf(script))).toMatchObject({
      RETRY_TASK: 'goes on with X',
      SKIP_TASK: expect.stringMatching(/^X is SKIPPED; /),
    });
  });

  test('C3.F3: a card that is drawn changes nothing in the cycle', () => {
    fc.assert(
      fc.property(scripts, (script) => {
        const { cycle } = simulate(script);
        const was = JSON.stringify([cycle, [...cycle.decisions]]);
        haltCard(cycle, at(400_000), HEAD);
        expect(JSON.stringify([cycle, [...cycle.decisions]])).toBe(was);
      }),
    );
  });

  test('C3.F3: whatever happened, the card says what the decision then does', () => {
    let compared = 0;
    fc.assert(
      fc.property(scripts, (script) => {
        const { events } = simulate(script);
        events.forEach((each, position) => {
          if (each.type !== 'DECISION_TAKEN') return;
          const cycle = before(events, position);
          // What is in flight may still end before it is stopped.
          if (cycle.tasks.some(({ status }) => status === 'RUNNING')) return;
          const says = offers(drawn(cycle, each.at))[each.data.choice];
          const came = nextOf(events.slice(position), cycle.verdict?.fresh_until ?? null);
          if (came === null) return;
          compared += 1;
          expect(says).toContain(came);
        });
      }),
      { numRuns: 500 },
    );
    expect(compared).toBeGreaterThan(50);
  });
});

/** What the cycle did next; null when something else cut in, or the bundle went stale on the way. */
function nextOf([decided, ...events]: readonly Event[], freshUntil: string | null): string | null {
  const wasFresh = decided !== undefined && (freshUntil === null || decided.at <= freshUntil);
  for (const each of events) {
    if (wasFresh && freshUntil !== null && each.at > freshUntil) return null;
    switch (each.type) {
      case 'TASK_STARTED':
        return `goes on with ${each.task ?? ''}`;
      case 'CYCLE_ENDED':
        return `the cycle ends ${each.data.outcome}`;
      case 'HALT_RAISED':
      case 'CANCEL_REQUESTED':
      case 'GRAPH_BUILT': // it may have been under way
      case 'GRAPH_REFUSED':
        return null;
      default:
    }
  }
  return null;
}

test.each([
  [0, '0 ms'],
  [850, '850 ms'],
  [61_000, '1 min 1 s'],
  [3_600_000, '1 h'],
  [90_061_000, '1 d 1 h'],
])('%d ms reads %s', (ms, expected) => {
  expect(duration(ms)).toBe(expected);
});
