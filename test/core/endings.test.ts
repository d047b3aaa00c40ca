import { type Cycle, fold, newCycle } from '../../src/core/cycle';
import { type Event, event, type Halt } from '../../src/core/events';
import { judgeDecision, operatorHalt, skipForOperator } from '../../src/core/halts';
import { type Latch, latchEvents } from '../../src/core/latch';
import { endedHow, noticeOf, noticeWorkflowId, reminderTimes } from '../../src/core/notice';
import { endOf } from '../../src/core/outcome';
import { cycleReport, sourceSummary } from '../../src/core/report';
import { progressOf, resultOf } from '../../src/core/result';
import {
  AT,
  bundleOf,
  at,
  bundleWith,
  edited,
  graphWith,
  plainBundle,
  policyWith,
  RANK,
  skill,
  task,
} from './samples';
import { judge } from '../../src/core/validate';
import type { Script } from './script';
import { simulate } from './simulation';

const HEAD = { entries: 7, head: null };
const LOOK = { cuts: { 'TASK_STARTED T3': [{ halt: 'look' }] } };
const never = policyWith({ halt_expiry_ms: null });

/** The cycle as it stood just after the first event of that type. */
function when(type: Event['type'], script: Script): Cycle {
  const cycle = newCycle();
  for (const each of simulate(script).events) {
    fold(cycle, each);
    if (each.type === type) return cycle;
  }
  throw new Error(`${type} did not happen`);
}
const request = (cycle: Cycle, changes: object = {}) => ({
  halt_id: cycle.halt?.halt_id ?? '',
  choice: 'RESUME',
  reason: 'seen',
  root_cause: 'known',
  why_safe: 'mended',
  by: 'bob',
  decision_id: 'D-9',
  ...changes,
});

describe('R25 what is still open when a cycle ends', () => {
  const skips = (cycle: Cycle) =>
    endOf(cycle, at(9)).flatMap((each) => (each.type === 'TASK_SKIPPED' ? [each.data.reason] : []));

  test('CA: is skipped for the halt that ended it', () => {
    const cycle = when('HALT_EXPIRED', LOOK);
    expect(skips(cycle).map(({ code }) => code)).toEqual(['HALT_EXPIRED', 'HALT_EXPIRED']);
    expect(skips(cycle)).toEqual([cycle.ended_by, cycle.ended_by]);
  });

  test('CA: is skipped for its cancelling, whatever else was found before', () => {
    const bundle = bundleWith({ 'regime_state.confidence': 0.1 });
    const cycle = when('CANCEL_REQUESTED', {
      bundle,
      cuts: { 'TASK_STARTED T3': [{ cancel: 'enough' }] },
    });
    expect(cycle.reasons[0]?.code).toBe('CONFIDENCE_TOO_LOW');
    expect(skips(cycle)).toEqual(
      Array.from({ length: 2 }, () => ({ code: 'CANCELLED', detail: 'enough' })),
    );
  });

  test('CA: a state from the future is what a rejection came of, not what else was found', () => {
    const bundle = bundleWith({
      'regime_state.timestamp': at(3_600_000),
      'regime_state.confidence': 0.1,
    });
    const { result } = simulate({ bundle });
    expect(result.summary).toMatch(
      /^Refused to execute on this state: STATE_FROM_FUTURE, .*\. No graph was built\.$/,
    );
  });

  test('CA: and the sentence of the end counts it as skipped', () => {
    const { result } = simulate(LOOK);
    expect(result.summary).toContain('Of 4 tasks 2 succeeded, 2 skipped, 0 failed; 0 actions.');
    expect(simulate().result.summary).toBe(
      'All tasks are done. Of 4 tasks 4 succeeded, 0 skipped, 0 failed; 1 action.',
    );
    const early = simulate({ cuts: { 'TASK_STARTED T1': [{ cancel: 'enough' }] } }).result;
    expect(early.summary).toMatch(/^Cancelled by an operator: CANCELLED, enough\./);
  });
});

describe('C3.F3 decisions', () => {
  const operators = {
    operators: { count: 3, names: ['ada', 'bob', 'eve'] },
    required: { default: 2, violation: 2 },
    signed: false,
  };
  const check = (person: string) => ({ ok: true, person, key: null }) as const;

  test('R31: the first of two is on record with how many it takes; the second names the first', () => {
    const cycle = when('HALT_RAISED', { policy: never, ...LOOK });
    cycle.deciders = operators;
    const decide = (by: string, changes: object = {}) =>
      judgeDecision(cycle, request(cycle, { by, ...changes }), [], at(5), check(by));
    const first = decide('bob');
    expect(first).toMatchObject({ accepted: true, code: 'ACCEPTED' });
    expect(first.events).toEqual([
      expect.objectContaining({ type: 'DECISION_SEEN', clause: 'C3.F3', actor: 'bob' }),
    ]);
    expect(first.events[0]?.data).toMatchObject({ needed: 2, choice: 'RESUME', by: 'bob' });
    expect(first.events[0]?.data).not.toHaveProperty('signature');
    for (const each of first.events) fold(cycle, each);
    const ended = decide('eve', { choice: 'ABORT', decision_id: 'D-10' });
    expect(ended.events.map(({ type }) => type)).toEqual(['DECISION_TAKEN']);
    expect(ended.events[0]?.data).not.toHaveProperty('seconds');
    const [taken] = decide('eve', { decision_id: 'D-11' }).events;
    expect(taken).toMatchObject({ type: 'DECISION_TAKEN', data: { seconds: ['bob'], by: 'eve' } });
    if (taken !== undefined) fold(cycle, taken);
    expect(endedHow(cycle)).toBe('RESUME decided by bob and eve, because seen');
  });

  test('R14: a refusal stands under the clause of halts, an attempt to override under its own', () => {
    const cycle = when('HALT_RAISED', { policy: never, ...LOOK });
    const refused = (changes: object) =>
      judgeDecision(cycle, request(cycle, changes), [], at(5)).events[0];
    expect(refused({ halt_id: 'another' })).toMatchObject({
      type: 'DECISION_REFUSED',
      clause: 'C3.F3',
      actor: 'bob',
    });
    expect(refused({ choice: 'SKIP_TASK' })).toMatchObject({
      type: 'DECISION_REFUSED',
      clause: 'C5.O',
    });
    expect(refused({ choice: 'SKIP_TASK', halt_id: 'another' })).toMatchObject({ clause: 'C3.F3' });
  });

  test('R14: what a halt did not allow is no override once it was decided', () => {
    const cycle = when('DECISION_TAKEN', { ...LOOK, waits: [[{ decide: 'RESUME' }]] });
    const late = judgeDecision(cycle, request(cycle, { choice: 'SKIP_TASK' }), [], at(9));
    expect(late).toMatchObject({ accepted: false, code: 'REFUSED' });
  });

  test('R31: only an open task is skipped by an operator’s word', () => {
    const by = { by: 'bob', reason: 'not needed' };
    expect(skipForOperator(when('HALT_RAISED', LOOK), by, at(5))).toEqual([]);
    const cycle = when('HALT_RAISED', {
      graph: graphWith([task('X')]),
      ends: { X: ['HARNESS_ERROR'] },
    });
    expect(cycle.openTask).toBe('X');
    const skipped = skipForOperator(cycle, by, at(5));
    expect(skipped).toMatchObject([{ type: 'TASK_SKIPPED', task: 'X', actor: 'bob' }]);
    for (const each of skipped) fold(cycle, each);
    expect(skipForOperator(cycle, by, at(6))).toEqual([]);
  });

  test('C3.F3: one halt after another of a cycle has an id of its own, and each run has its own', () => {
    const id = (run_id: string) => {
      const cycle = newCycle();
      const opened = simulate().events[0];
      if (opened?.type !== 'CYCLE_OPENED') throw new Error('a cycle is opened first');
      fold(cycle, { ...opened, data: { ...opened.data, run_id } });
      const [raised] = operatorHalt(cycle, { reason: 'look', by: 'ada' }, at(1));
      if (raised !== undefined) fold(cycle, raised);
      return cycle.halt?.halt_id.slice(opened.data.cycle_id.length);
    };
    expect([id('00000000-aaaa'), id('00000000-bbbb')]).toEqual(['-aaaa-h1', '-bbbb-h1']);
  });
});

describe('C3.F3 what the harness-wide halt does to a cycle', () => {
  const halt: Halt = {
    halt_id: 'harness-h1',
    scope: 'harness',
    code: 'OPERATOR_HALT',
    detail: 'stop all',
    raised_by: 'eve',
    since: AT,
    expires_at: null,
    choices: ['RESUME'],
    decision: null,
  };
  const set: Latch = { halt, cleared: null, sets: 1, last: { run_id: 'harness-h1', seq: 1 } };

  test('it suspends a running one, in the name of who raised it', () => {
    const cycle = when('GRAPH_BUILT', {});
    expect(latchEvents(cycle, set, at(5))).toMatchObject([
      { type: 'HALT_RAISED', clause: 'C3.F3', actor: 'eve', data: { ...halt, open_task: null } },
    ]);
    expect(latchEvents(cycle, { ...set, halt: null }, at(5))).toEqual([]);
  });

  test('CA: it suspends none that has ended, was cancelled, or is ending', () => {
    const ending = [
      when('CYCLE_ENDED', {}),
      when('CANCEL_REQUESTED', { cuts: { 'TASK_STARTED T3': [{ cancel: 'enough' }] } }),
      when('HALT_EXPIRED', LOOK),
    ];
    for (const cycle of ending) expect(latchEvents(cycle, set, at(5))).toEqual([]);
  });

  test('cleared, the cycle goes on by the word of who cleared it; a halt of its own stays', () => {
    const cycle = when('GRAPH_BUILT', {});
    for (const each of latchEvents(cycle, set, at(5))) fold(cycle, each);
    const cleared = { ...request(cycle), choice: 'RESUME' as const, at: at(6) };
    const after: Latch = { ...set, halt: null, cleared };
    expect(latchEvents(cycle, { ...after, cleared: null }, at(7))).toEqual([]);
    const [taken, ...more] = latchEvents(cycle, after, at(7));
    expect([taken, more]).toMatchObject([
      { type: 'DECISION_TAKEN', clause: 'C3.F3', actor: 'bob', data: { at: at(7) } },
      [],
    ]);
    const own = when('HALT_RAISED', LOOK);
    expect(latchEvents(own, after, at(7))).toEqual([]);
  });
});

describe('C3.F3 notices', () => {
  test('the last one says how the halt ended, and where to look; the others hold the card', () => {
    const cycle = when('HALT_EXPIRED', LOOK);
    const last = noticeOf(cycle, 'ENDED', at(9), HEAD);
    expect(last?.text.split('\n')).toEqual([
      'shadow-test waits no longer: nobody decided in time, so the cycle ends HALTED',
      `look: harness cycle show ${cycle.opened?.cycle_id}`,
    ]);
    const open = when('HALT_RAISED', LOOK);
    const raised = noticeOf(open, 'RAISED', at(9), HEAD)?.text.split('\n') ?? [];
    expect(raised.length).toBeGreaterThan(5);
    const reminded = noticeOf(open, 'REMINDER', at(9), HEAD)?.text.split('\n') ?? [];
    expect(reminded[0]).toMatch(/ left to decide: shadow-test was stopped/);
    expect(reminded.slice(1)).toEqual(raised.slice(1));
    expect(noticeOf(when('GRAPH_BUILT', {}), 'RAISED', at(9), HEAD)).toBeNull();
  });

  test('a halt that went with its cycle says so', () => {
    const cancelled = when('CANCEL_REQUESTED', {
      policy: never,
      ...LOOK,
      waits: [[{ cancel: 'enough' }]],
    });
    expect(endedHow(cancelled)).toBe('the cycle was cancelled');
    expect(endedHow(when('GRAPH_BUILT', {}))).toBe('the cycle ended meanwhile');
    expect(endedHow(simulate().cycle)).toBe('the cycle ended COMPLETED');
  });

  test('its workflow is known by the cycle’s and the halt’s own number', () => {
    expect(noticeWorkflowId(when('HALT_RAISED', LOOK))).toBe('shadow-test-notice-0001-h1');
    expect(noticeWorkflowId(when('GRAPH_BUILT', {}))).toBe('shadow-test-notice-none');
    expect(reminderTimes(1_000, 2_001)).toEqual([1_500, 1_900]);
  });
});

describe('C2.U5 which state is stale', () => {
  const OLD = at(-10 * 86_400_000);

  test.each([
    ['timestamp', 'the bundle', 'timestamp'],
    ['regime_state.timestamp', 'regime_state', 'regime_state'],
  ])('is told by the name of %s and the state that it belongs to', (path, what, state) => {
    const bundle = bundleOf(edited(plainBundle(), { [path]: OLD }));
    const { findings, verdict } = judge(bundle, never, Date.parse(AT));
    expect(verdict).toBe('REJECT');
    expect(findings.find(({ code }) => code === 'STATE_STALE')).toMatchObject({
      state,
      detail: expect.stringContaining(`${what} is 864000000 ms old, limit `),
    });
  });

  test('is told of each belief, by its place', () => {
    const [one] = plainBundle()['active_beliefs'] as object[];
    const beliefs = [one, { ...one, belief_id: 'B-2', timestamp: OLD }];
    const bundle = bundleOf({ ...plainBundle(), active_beliefs: beliefs as [] });
    expect(judge(bundle, never, Date.parse(AT)).findings).toContainEqual(
      expect.objectContaining({
        state: 'active_beliefs',
        detail: expect.stringContaining('active_beliefs[1] is 864000000 ms old'),
      }),
    );
  });

  test('C2.U2, C2.U3, C2.U4: a finding names the state that it is of', () => {
    const bundle = bundleWith({ active_beliefs: [], 'regime_state.confidence': 0.1 });
    const { findings, seen } = judge(bundle, never, Date.parse(AT));
    expect(findings.map(({ code, state }) => [code, state])).toEqual([
      ['NO_BELIEFS', 'active_beliefs'],
      ['CONFIDENCE_TOO_LOW', 'regime_state'],
      ['FACTOR_BYPASSED', 'factor_permission'],
    ]);
    expect(seen).toMatchObject({ beliefs: 0, signals: null, confidence: 0.1 });
  });
});

describe('what people see of a cycle', () => {
  test('R28: a skill that is deprecated is flagged in the result and in the report, no other is', () => {
    const of = (state: 'ACTIVE' | 'DEPRECATED') =>
      simulate({ graph: graphWith([task('X')]), skills: { 'acme.rank': skill({ state }) } });
    const flagged = of('DEPRECATED');
    const x = ({ result }: ReturnType<typeof of>) => result.tasks.find(({ name }) => name === 'X');
    expect(x(flagged)).toMatchObject({ deprecated: true, outcome: 'SUCCESS' });
    expect(cycleReport(flagged.cycle)).toContain('SUCCESS · its skill is DEPRECATED');
    expect(x(of('ACTIVE'))).not.toHaveProperty('deprecated');
    expect(cycleReport(of('ACTIVE').cycle)).not.toContain('DEPRECATED');
  });

  test('the report holds a section only of what there is', () => {
    const sections = (cycle: Cycle) =>
      cycleReport(cycle)
        .split('\n')
        .filter((line) => line.startsWith('###'));
    const { cycle } = simulate({ graph: graphWith([task('X')]), skills: RANK });
    expect(sections(newCycle())).toEqual([]);
    expect(sections(when('CYCLE_OPENED', {}))).toEqual(['### Record']);
    const reasons = cycle.reasons.map(({ code }) => code);
    expect(reasons).toEqual(['FACTOR_BYPASSED']);
    expect(sections(cycle)).toEqual(['### Reasons', '### Tasks', '### Record']);
    expect(cycleReport(cycle)).toContain('- **FACTOR_BYPASSED** L6.5 is latent');
    const violation = simulate({
      policy: never,
      ...LOOK,
      waits: [[{ decide: 'SKIP_TASK' }]],
    }).cycle;
    expect(sections(violation)).toEqual([
      `### Halt \`${violation.halt?.halt_id}\``,
      '### Reasons',
      '### Tasks',
      '### Violations',
      '### Record',
    ]);
    expect(cycleReport(violation)).toMatch(/\*\*HARNESS_VIOLATION\*\* OVERRIDE_ATTEMPT: \S/);
  });

  test('the report names twenty reasons and twenty violations, and each section stands apart', () => {
    const { cycle } = simulate({ policy: never, ...LOOK, waits: [[{ decide: 'SKIP_TASK' }]] });
    const [violation] = cycle.violations;
    if (violation === undefined) throw new Error('an attempt to override is one');
    for (let i = 0; i < 30; i += 1) {
      cycle.reasons.push({ code: 'SOURCE_FAILED', detail: `${i}` });
      cycle.violations.push({ ...violation, skill_ref: 'acme.rank@1.2.0' });
    }
    const lines = cycleReport(cycle).split('\n');
    const linesOf = (title: string): string[] =>
      lines.slice(lines.indexOf(`### ${title}`) + 1).slice(0, 21);
    for (const title of ['Reasons', 'Violations']) {
      expect(
        linesOf(title)
          .slice(0, 20)
          .every((line) => line.startsWith('- **')),
      ).toBe(true);
      expect(linesOf(title)[20]).toBe('');
    }
    expect(linesOf('Violations')[0]).not.toContain(' by acme');
    expect(linesOf('Violations')[1]).toContain('OVERRIDE_ATTEMPT by acme.rank@1.2.0: ');
    lines.forEach((line, i) => {
      if (line.startsWith('###')) expect(lines[i - 1]).toBe('');
    });
  });

  test('the report names forty tasks, and of more how many more there are', () => {
    const of = (count: number) => {
      const tasks = Array.from({ length: count - 4 }, (_, i) => task(`X${i}`));
      return cycleReport(simulate({ graph: graphWith(tasks) }).cycle);
    };
    expect(of(40)).not.toContain('more');
    expect(of(41)).toContain('- … and 1 more');
  });

  test('the report and the progress tell what is running, and what waits', () => {
    const cycle = when('TASK_STARTED', {});
    expect(progressOf(cycle)).toMatch(/^\S+: 0 of \? tasks done, T1 running\.$/);
    const later = newCycle();
    for (const each of simulate().events) {
      fold(later, each);
      if (each.type === 'TASK_STARTED' && each.task === 'T3') break;
    }
    expect(progressOf(later)).toMatch(/: 2 of 4 tasks done, T3 running\.$/);
    const report = cycleReport(later);
    expect(report).toContain('- **T3** filter\\_beliefs: running');
    expect(report).toContain('- **T4** emit\\_actions: waiting');
    expect(resultOf(later, 'run-1', HEAD)).toMatchObject({
      deduplicated: false,
      beliefs_removed: [],
      actions: [],
    });
    const decided = when('DECISION_TAKEN', { ...LOOK, waits: [[{ decide: 'RESUME' }]] });
    expect(progressOf(decided)).not.toMatch(/^HALTED by/);
    const expiring = when('HALT_RAISED', LOOK);
    expect(progressOf(expiring)).toContain(`it expires ${expiring.halt?.expires_at}`);
  });

  test('the reading of a source is shown without its query, and a summary is at most 180 characters', () => {
    expect(sourceSummary('https://a/b?token=x\ny', '14:25')).toBe('source of 14:25: https://a/b');
    const room = 180 - sourceSummary('', 'T').length;
    const full = sourceSummary('y'.repeat(room), 'T');
    expect([full.length, full.endsWith('y')]).toEqual([180, true]);
    const cut = sourceSummary('y'.repeat(room + 9), 'T');
    expect([cut.length, cut.endsWith('y…')]).toEqual([180, true]);
    expect(sourceSummary('y  \n y', 'T')).toBe('source of T: y y');
  });

  test('an event is the harness’s own where nobody else acts', () => {
    const told = event('CANCEL_REQUESTED', 'CA', AT, { detail: 'enough' });
    expect([told.actor, told.task]).toEqual(['harness', null]);
  });
});
