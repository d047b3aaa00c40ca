import { type Cycle, fold, inputHashOf, newCycle, openedOf, textOf } from '../../src/core/cycle';
import { namesUpstreamState, quote } from '../../src/core/construct';
import { type Event, event, type EventOf, type TaskLeft } from '../../src/core/events';
import { haltCard } from '../../src/core/halt-card';
import { judgeDecision, operatorHalt, raiseHalt } from '../../src/core/halts';
import type { PlannedTask } from '../../src/core/plan';
import { endedEvents } from '../../src/core/recorded';
import type { SkillState } from '../../src/core/skills';
import { at, bundleWith, graphWith, planOf, policyWith, skill, task } from './samples';
import type { Script } from './script';
import { simulate } from './simulation';

const never = policyWith({ halt_expiry_ms: null });
const STARTED = { task_id: 'a', task_type: 'filter_beliefs', skill_ref: 'harness.filter-beliefs' };

/** The cycle as it stood just after that event, of that task where one is named. */
function after(type: Event['type'], script: Script = {}, of: string | null = null): Cycle {
  const cycle = newCycle();
  for (const each of simulate(script).events) {
    fold(cycle, each);
    if (each.type === type && (of === null || each.task === of)) return cycle;
  }
  throw new Error(`${type} did not happen`);
}
function eventOf<T extends Event['type']>(type: T, script: Script = {}): EventOf<T> {
  const found = simulate(script).events.find((each) => each.type === type);
  if (found === undefined) throw new Error(`${type} did not happen`);
  return found as EventOf<T>;
}
const offers = (cycle: Cycle): Record<string, string> =>
  Object.fromEntries(
    (haltCard(cycle, at(1_000), { entries: 1, head: null })?.offers ?? []).map(
      ({ choice, does }) => [choice, does],
    ),
  );

describe('what cannot happen to a cycle is a HARNESS_ERROR with its clause', () => {
  const thrown = (clause: string) =>
    expect.objectContaining({
      code: 'HARNESS_ERROR',
      message: expect.stringMatching(new RegExp(`^${clause}: `)),
    });

  test('CA: nothing is known of a cycle that was not opened', () => {
    const cycle = newCycle();
    expect(() => openedOf(cycle)).toThrow(thrown('CA'));
    expect(cycle).toMatchObject({ tasks: [], causes: [], approvals: [], reasons: [], lists: {} });
    expect([cycle.parallel, cycle.violated, cycle.planned, cycle.haltOpen]).toEqual(
      Array.from({ length: 4 }, () => false),
    );
  });

  test('C2.U1: a cycle that got no bundle runs no task, and has no hash of one', () => {
    const opened = eventOf('CYCLE_OPENED');
    const cycle = newCycle();
    const data = { ...opened.data, input_hash: null, first_task: null };
    fold(cycle, { ...opened, data } as Event);
    expect(cycle.tasks).toEqual([]);
    expect(() => inputHashOf(cycle)).toThrow(thrown('C2\\.U1'));
  });

  test('CA, C4.I3: a graph is built once T1 has ended, and holds it under its own id', () => {
    const built = eventOf('GRAPH_BUILT') as Event & EventOf<'GRAPH_BUILT'>;
    const planned = (tasks: readonly PlannedTask[]): Event => ({
      ...built,
      data: { ...built.data, tasks },
    });
    expect(() => fold(after('TASK_STARTED'), built)).toThrow(thrown('CA'));
    const early = after('TASK_STARTED');
    fold(early, eventOf('STATE_JUDGED') as Event);
    expect(() => fold(early, built)).toThrow(thrown('CA'));
    expect(() => fold(newCycle(), built)).toThrow(thrown('CA'));
    const judged = () => after('STATE_JUDGED');
    expect(() => fold(judged(), planned([]))).toThrow(thrown('C4\\.I3'));
    const [t1, ...rest] = built.data.tasks;
    if (t1 === undefined) throw new Error('T1 is planned');
    const foreign = { ...t1, task_id: 'another' };
    expect(() => fold(judged(), planned([foreign, ...rest]))).toThrow(thrown('C4\\.I3'));
    expect(() => fold(judged(), built)).not.toThrow();
  });

  test('C3.F3: a decision is on a halt that is open', () => {
    const script: Script = {
      cuts: { 'TASK_STARTED T3': [{ halt: 'look' }] },
      waits: [[{ decide: 'RESUME' }]],
    };
    const taken = eventOf('DECISION_TAKEN', script) as Event;
    expect(() => fold(after('GRAPH_BUILT'), taken)).toThrow(thrown('C3\\.F3'));
    expect(() => fold(after('DECISION_TAKEN', script), taken)).toThrow(thrown('C3\\.F3'));
    expect(() => fold(after('HALT_RAISED', script), taken)).not.toThrow();
  });
});

describe('C6.T2 the regime gate', () => {
  const ended = (of: string, output: unknown, outcome = 'SUCCESS'): Cycle => {
    const cycle = after('TASK_STARTED', {}, of);
    const found = simulate().events.find((each) => each.type === 'TASK_ENDED' && each.task === of);
    if (found?.type !== 'TASK_ENDED') throw new Error(`${of} ends`);
    fold(cycle, { ...found, data: { ...found.data, output, outcome } } as Event);
    return cycle;
  };
  const reason = { code: 'REGIME_GATE', detail: 'locked' };
  const codes = (cycle: Cycle): string[] => cycle.reasons.map(({ code }) => code);

  test('is closed by T2 alone, when it succeeds and says so, and then tells why', () => {
    const shut = ended('T2', { gate: 'CLOSED', reason });
    expect([shut.gate, codes(shut)]).toEqual(['CLOSED', ['FACTOR_BYPASSED', 'REGIME_GATE']]);
    const mute = ended('T2', { gate: 'CLOSED', reason: null });
    expect([mute.gate, codes(mute)]).toEqual(['CLOSED', ['FACTOR_BYPASSED']]);
    expect(ended('T2', { gate: 'CLOSED' }).gate).toBe('CLOSED');
    expect(ended('T2', { gate: 'CLOSED', reason }, 'FAILED').gate).toBeNull();
    const other = ended('T3', { gate: 'CLOSED', reason });
    expect([other.gate, codes(other)]).toEqual(['OPEN', ['FACTOR_BYPASSED']]);
  });

  test.each([[null], ['CLOSED'], [{}], [{ gate: 'OPEN', reason }], [{ gate: null, reason }]])(
    'is open where T2 says %j',
    (output) => {
      const cycle = ended('T2', output);
      expect([cycle.gate, codes(cycle)]).toEqual(['OPEN', ['FACTOR_BYPASSED']]);
    },
  );
});

describe('C3.F3 what a halt keeps', () => {
  const halted = () => after('HALT_RAISED', { cuts: { 'TASK_STARTED T3': [{ halt: 'look' }] } });
  const request = (cycle: Cycle) => ({
    halt_id: cycle.halt?.halt_id ?? '',
    choice: 'RESUME',
    reason: 'seen',
    root_cause: 'known',
    why_safe: 'mended',
    by: 'bob',
    decision_id: 'D-1',
  });

  const resumed = (cycle: Cycle) => ({ ...request(cycle), choice: 'RESUME' as const });

  test('R14: the same refused decision gets the same answer and nothing more on record; another one does not', () => {
    const cycle = halted();
    const asked = (extra: readonly string[]) => judgeDecision(cycle, request(cycle), extra, at(5));
    const first = asked(['force']);
    for (const each of first.events) fold(cycle, each);
    expect(asked(['force'])).toEqual({ ...first, events: [] });
    expect(asked(['relax']).message).toContain('relax');
    expect(asked(['relax']).events).not.toEqual([]);
  });

  test('R32: of a task that is stopped what it has performed stays known', () => {
    const cycle = after('TASK_STARTED', {}, 'T3');
    const left = { effects: [{ effect: 'desk', status: 'PERFORMED' }] };
    const stop = (told: { left?: TaskLeft }): void => {
      const data = { task_id: 'a', because: 'a halt cut in', ...told };
      fold(cycle, event('TASK_STOPPED', 'C3.F3', at(5), data, { task: 'T3' }));
    };
    const leftOf = () => cycle.tasks.find(({ planned }) => planned.name === 'T3')?.left;
    stop({ left });
    expect(leftOf()).toEqual(left);
    stop({});
    expect(leftOf()).toEqual(left);
    const end = (told: { left?: TaskLeft }): void => {
      const done = { outcome: 'SUCCESS', reason: null, output: null, attempt: 2 } as const;
      fold(cycle, event('TASK_STARTED', 'C4.O', at(6), STARTED, { task: 'T3' }));
      const data = { task_id: 'a', ...done, ...told };
      fold(cycle, event('TASK_ENDED', 'C3.O', at(7), data, { task: 'T3' }));
    };
    const more = { effects: [...left.effects, { effect: 'desk', status: 'RECORDED' }] };
    end({ left: more });
    expect(leftOf()).toEqual(more);
  });

  test('R14: with another signature it is another decision', () => {
    const signed = (signature: string): string => textOf({ ...request(halted()), signature });
    expect(signed('a')).toBe(signed('a'));
    expect(signed('a')).not.toBe(signed('b'));
  });

  test('C3.F3: halted once more while a halt ends it, a cycle goes on from where it was', () => {
    const cycle = halted();
    const choose = (choice: 'ABORT' | 'RESUME'): void => {
      const { events } = judgeDecision(cycle, { ...request(cycle), choice }, [], at(5));
      for (const each of events) fold(cycle, each);
    };
    choose('ABORT');
    expect(cycle.phase).toBe('HALTED');
    fold(
      cycle,
      raiseHalt(cycle, { code: 'HARNESS_ERROR', detail: 'x', raisedBy: 'harness' }, at(6)),
    );
    fold(cycle, event('DECISION_TAKEN', 'C3.F3', at(7), { ...resumed(cycle), at: at(7) }));
    expect(cycle.phase).toBe('EXECUTE');
  });

  test('R14: what was sent without an id of its own answers for no later decision', () => {
    const cycle = halted();
    const decision = { choice: 'RESUME' };
    const refused = { decision, why: 'it has no id', override: false };
    fold(cycle, event('DECISION_REFUSED', 'C3.F3', at(5), refused));
    expect(cycle.decisions.size).toBe(0);
    const known = { ...request(cycle), choice: 'SKIP_TASK' };
    const [first] = judgeDecision(cycle, known, [], at(5)).events;
    if (first?.type !== 'DECISION_REFUSED') throw new Error('it is refused');
    fold(cycle, first);
    fold(cycle, { ...first, data: { ...first.data, why: 'another' } });
    expect(cycle.decisions.get('D-1')?.refusal?.why).not.toBe('another');
  });

  test('C3.F3: a further cause of a cycle’s own halt raises none of its own afterwards', () => {
    const cycle = halted();
    for (const each of operatorHalt(cycle, { reason: 'me too', by: 'eve' }, at(5)))
      fold(cycle, each);
    expect([cycle.causes, cycle.ownCause]).toEqual([['me too'], null]);
    for (const each of cycle.tasks) expect(each.outcome).not.toBe('FAILED');
  });

  test('R29: a bundle is fresh enough to go on at its very last instant, and not a millisecond later', () => {
    const decided = (laterMs: number): Cycle => {
      const cycle = after('HALT_RAISED', {
        policy: never,
        cuts: { 'TASK_STARTED T3': [{ halt: 'look' }] },
      });
      const until = Date.parse(cycle.verdict?.fresh_until ?? '');
      const now = new Date(until + laterMs).toISOString();
      for (const each of judgeDecision(cycle, request(cycle), [], now).events) fold(cycle, each);
      return cycle;
    };
    expect([decided(0).stale, decided(1).stale]).toEqual([false, true]);
    expect(decided(7).reasons.at(-1)?.detail).toContain(', 7 ms before the decision to go on');
  });
});

describe('R31 what a decision will do, tried out', () => {
  const two = graphWith([task('X'), task('Y'), task('Z', { depends_on: ['X'] })]);

  test('R31: a task that still runs when the halt is raised is what RESUME goes on with', () => {
    const cycle = after('HALT_RAISED', { cuts: { 'TASK_STARTED T3': [{ halt: 'look' }] } });
    expect(cycle.tasks[2]?.status).toBe('RUNNING');
    expect(offers(cycle)['RESUME']).toBe('goes on with T3');
  });

  test('R31: before the graph stands, RESUME goes on with building it', () => {
    const early = after('HALT_RAISED', { cuts: { 'STATE_JUDGED T1': [{ halt: 'look' }] } });
    expect(offers(early)['RESUME']).toBe('goes on with building the graph');
  });

  test('R31: what only goes on record is passed over to what runs next', () => {
    const cycle = after('HALT_RAISED', {
      graph: two,
      ends: { X: [{ failed: 'TASK_ERROR' }] },
      cuts: { 'TASK_ENDED X': [{ halt: 'look' }] },
    });
    expect(offers(cycle)['RESUME']).toMatch(/^goes on with (Y|T4); X stays FAILED$/);
  });

  test('R31: SKIP_TASK goes on behind the open task, RETRY_TASK with it', () => {
    const cycle = after('HALT_RAISED', { graph: two, ends: { X: ['HARNESS_ERROR'] } });
    expect(offers(cycle)['RETRY_TASK']).toBe('goes on with X');
    expect(offers(cycle)['SKIP_TASK']).toMatch(/^X is SKIPPED; goes on with (T4|Y|Z)$/);
  });

  test('C3.F3: to try a decision out changes nothing of the cycle itself', () => {
    const cycle = after('HALT_RAISED', { graph: two, ends: { X: ['HARNESS_ERROR'] } });
    const before = structuredClone(cycle);
    expect(Object.keys(offers(cycle)).length).toBeGreaterThan(2);
    expect(cycle).toEqual(before);
  });
});

describe('C4.I1 the plan', () => {
  const of = (state: SkillState): PlannedTask | undefined =>
    planOf(graphWith([task('X')]), bundleWith(), undefined, {
      'acme.rank': skill({ state }),
    }).tasks.find(({ name }) => name === 'X');

  test('R28: pins the registration of a skill that may be invoked, and of no other', () => {
    const registration = skill().registration;
    for (const state of ['ACTIVE', 'DEPRECATED'] as const)
      expect(of(state)?.skill).toEqual({ registration, state, behind_filter: true });
    for (const state of ['REGISTERED', 'REMOVED', 'QUARANTINED', 'DEREGISTERED'] as const)
      expect(of(state)).not.toHaveProperty('skill');
  });

  test('SK-2: only what descends from T3 reads what T3 let through', () => {
    const graph = graphWith([
      task('A', { depends_on: ['T2'] }),
      task('B', { depends_on: ['A'] }),
      task('C', { depends_on: ['A', 'T3'] }),
      task('D', { depends_on: ['C', 'A'] }),
    ]);
    const { tasks, registry } = planOf(graph, bundleWith(), undefined, { 'acme.rank': skill() });
    const behind = Object.fromEntries(
      tasks.flatMap((each) => (each.skill ? [[each.name, each.skill.behind_filter]] : [])),
    );
    expect(behind).toEqual({ A: false, B: false, C: true, D: true });
    expect(registry).toBeNull();
  });
});

test('C5.O: what T1 finds to be an attempt to override is a violation, no other finding is', () => {
  const cycle = after('TASK_STARTED', {}, 'T1');
  const [t1] = cycle.tasks;
  const { data: verdict } = eventOf('STATE_JUDGED');
  if (t1 === undefined) throw new Error('T1 is announced');
  const findings = [
    { code: 'STATE_INVALID', detail: 'one' },
    { code: 'OVERRIDE_ATTEMPT', detail: 'two' },
  ] as const;
  const done = { output: null, attempt: 1, audit: { entries: 1, head: null } };
  const told = endedEvents(t1, { ...done, verdict: { ...verdict, findings } }, at(2));
  expect(told.map(({ type }) => type)).toEqual(['TASK_ENDED', 'STATE_JUDGED', 'VIOLATION']);
  expect(told[2]).toMatchObject({ data: { code: 'OVERRIDE_ATTEMPT', detail: 'two' } });
});

test.each([
  'HarnessInput',
  'signal_set',
  'Signal',
  'belief-set',
  'Beliefs',
  'belief',
  'RegimeState',
])('C7.SK1: %s is the name of an upstream state, which no skill produces', (name) => {
  expect(namesUpstreamState(name)).toBe(true);
  expect(namesUpstreamState(`${name}Rank`)).toBe(false);
});

test('a name from outside is quoted whole up to eighty characters, and nothing in it is unseen', () => {
  expect(quote('x'.repeat(80))).toBe(`"${'x'.repeat(80)}"`);
  expect(quote('x'.repeat(81))).toBe(`"${'x'.repeat(79)}…"`);
  expect(quote('a\u202eb')).toBe('"a\\u{202e}b"');
});
