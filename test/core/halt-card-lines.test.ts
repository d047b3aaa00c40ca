import { type Cycle, fold, newCycle } from '../../src/core/cycle';
import type { Deciders } from '../../src/core/deciders';
import { type Event, event, type Violation } from '../../src/core/events';
import { cardLines, haltCard, type HaltCard } from '../../src/core/halt-card';
import { latchNotice } from '../../src/core/latch-notice';
import { at, graphWith, policyWith, task } from './samples';
import type { Script } from './script';
import { simulate } from './simulation';

const never = policyWith({ halt_expiry_ms: null });
const HEAD = { entries: 7, head: null };
const LOOK = { cuts: { 'TASK_STARTED T3': [{ halt: 'look' }] } };
type Change = (event: Event) => Event;

/** A cycle at its first halt: what it is by then, with its record changed. */
function haltedAt(
  script: Script = { policy: never, ...LOOK },
  change: Change = (one) => one,
): Cycle {
  const { events } = simulate(script);
  const cycle = newCycle();
  const raised = events.findIndex(({ type }) => type === 'HALT_RAISED');
  for (const each of events.slice(0, raised + 1)) fold(cycle, change(each));
  return cycle;
}
function drawn(cycle: Cycle, now = at(1_000)): HaltCard {
  const card = haltCard(cycle, now, HEAD);
  if (card === null) throw new Error('no halt was raised');
  return card;
}
const textOf = (cycle: Cycle, now?: string): string => cardLines(drawn(cycle, now)).join('\n');
const raisedAs =
  (changes: object): Change =>
  (each) =>
    each.type === 'HALT_RAISED' ? { ...each, data: { ...each.data, ...changes } } : each;
const inWorkflow =
  (workflow_id: string): Change =>
  (each) =>
    each.type === 'CYCLE_OPENED' ? { ...each, data: { ...each.data, workflow_id } } : each;

describe('C3.F3 a halt card tells', () => {
  test('how old the bundle is, by the instant that the workflow id carries', () => {
    const cycle = haltedAt(undefined, inWorkflow('shadow-2026-11-22T14.25.29Z-0f3a'));
    expect(drawn(cycle, at(61_000)).bundle.age_ms).toBe(61_000);
    expect(textOf(cycle, at(61_000))).toContain('bundle: 1 min 1 s old, fresh for 3 min 59 s more');
  });

  test.each([
    'shadow-test',
    '2026-11-22T14.25.29Z-0f3a',
    'shadow-2026-11-22T14:25:29Z-0f3a',
    'SHADOW-2026-11-22T14.25.29Z-0f3a',
    '1shadow-2026-11-22T14.25.29Z-0f3a',
    'shadow-26-11-22T14.25.29Z-0f3a',
    'shadow-2026-13-22T14.25.29Z-0f3a',
    'shadow-2026-11-22T14.25.29Z',
  ])('no age where the workflow id %s carries no instant', (id) => {
    const cycle = haltedAt(undefined, inWorkflow(id));
    expect(drawn(cycle).bundle.age_ms).toBeNull();
    expect(textOf(cycle)).toContain('bundle: of unknown age, fresh for');
  });

  test('how long the bundle is fresh: to the last instant, STALE behind it, nothing before T1', () => {
    const cycle = haltedAt();
    const until = cycle.verdict?.fresh_until ?? '';
    expect(textOf(cycle, until)).toContain(`fresh for 0 ms more (until ${until})`);
    const late = new Date(Date.parse(until) + 1).toISOString();
    expect(textOf(cycle, late)).toContain(`STALE since ${until}`);
    const early = haltedAt({ policy: never, cuts: { 'TASK_STARTED T1': [{ halt: 'look' }] } });
    expect(drawn(early).bundle).toMatchObject({ fresh_until: null, fresh_for_ms: null });
    expect(textOf(early)).toContain('not judged yet');
  });

  test('which task is running, and which of the done ones FAILED or were SKIPPED', () => {
    const graph = graphWith([task('X'), task('Z', { depends_on: ['X'] }), task('Y')]);
    const cycle = haltedAt({
      policy: never,
      graph,
      ends: { X: [{ failed: 'TASK_ERROR' }] },
      cuts: { 'TASK_STARTED Y': [{ halt: 'look' }] },
    });
    const { done, running, blocked } = drawn(cycle).tasks;
    expect(running).toEqual({ count: 1, names: ['Y'] });
    expect(done.names).toEqual(expect.arrayContaining(['T1', 'T2', 'T3', 'X FAILED']));
    expect(blocked.names).not.toContain('Y');
    const skipped = simulate({
      policy: never,
      graph,
      ends: { X: [{ failed: 'TASK_ERROR' }] },
      cuts: { 'TASK_SKIPPED Z': [{ halt: 'look' }] },
    }).cycle;
    expect(skipped.tasks.find(({ planned }) => planned.name === 'Z')?.outcome).toBe('SKIPPED');
    skipped.tasks = skipped.tasks.filter(({ status }) => status === 'ENDED').slice(-2);
    expect(drawn(skipped).tasks.done.names.join()).toContain('Z SKIPPED');
  });

  test('of no list more than five names, and how many more there are, only if there are more', () => {
    const tasks = (count: number) =>
      textOf(
        haltedAt({
          policy: never,
          graph: graphWith(Array.from({ length: count }, (_, i) => task(`X${i}`))),
          ...LOOK,
        }),
      );
    expect(tasks(4)).toMatch(/; 1 running \(T3\); 5 blocked \([^)]*X3\)/);
    expect(tasks(4)).not.toContain('more);');
    expect(tasks(5)).toMatch(/6 blocked \(\S+, \S+, \S+, \S+, \S+ and 1 more\)/);
    const still = simulate({ policy: never, ...LOOK }).cycle;
    expect(textOf(still)).toContain('; none running; ');
  });

  test('C6.T4: how many actions and effect receipts are on record already', () => {
    const cycle = haltedAt({ policy: never, cuts: { 'TASK_ENDED T4': [{ halt: 'look' }] } });
    expect(textOf(cycle)).toContain('already written: 1 action, 0 effect receipts');
    const [t1, t2, , t4] = cycle.tasks;
    if (t1 === undefined || t2 === undefined || t4 === undefined) throw new Error('four tasks');
    t1.left = { effects: [{}] };
    expect(textOf(cycle)).toContain('1 action, 1 effect receipt\n');
    t2.left = { effects: { ref: `sha256:${'0'.repeat(64)}`, count: 40 } };
    expect(drawn(cycle).emitted.effects).toBe(41);
    t4.output = { emitted: 'two' };
    expect(drawn(cycle).emitted.actions).toBe(0);
    t4.output = { emitted: 2 };
    expect(textOf(cycle)).toContain('2 actions, 41 effect receipts');
  });

  test('what to type: for this halt, for the harness-wide one, and where nothing waits', () => {
    const own = drawn(haltedAt());
    expect(own.command).toMatch(new RegExp(`^harness resume ${own.halt_id} --choice RESUME --`));
    const wide = drawn(haltedAt(undefined, raisedAs({ scope: 'harness' })));
    expect(wide.command).toMatch(/^harness resume --all --choice RESUME --/);
    const cycle = simulate({ policy: never, ...LOOK, waits: [[{ decide: 'RESUME' }]] }).cycle;
    const over = drawn(cycle);
    expect([over.offers, over.command]).toEqual([[], `harness cycle show ${over.cycle_id}`]);
    expect(cardLines(over).at(-1)).toBe(`look: harness cycle show ${over.cycle_id}`);
  });

  test('when it expires: never, in a while, or now', () => {
    expect(textOf(haltedAt())).toContain('expires: never\n');
    const cycle = haltedAt(LOOK);
    const expires = cycle.halt?.expires_at ?? '';
    const before = new Date(Date.parse(expires) - 1).toISOString();
    expect(textOf(cycle, before)).toContain(`expires: in 1 ms (${expires})`);
    expect(textOf(cycle, expires)).toContain(`expires: now (${expires})`);
  });

  test('C7.V1: which skill broke its word, and how its quarantine is ended', () => {
    const of = raisedAs({ code: 'UNDECLARED_SIDE_EFFECT', raised_by: 'acme.rank@1.2.0' });
    const { evidence } = drawn(haltedAt(undefined, of));
    expect(evidence).toEqual([expect.stringContaining('`harness skills show acme.rank`')]);
    expect(drawn(haltedAt()).evidence).toEqual([]);
  });

  test('C7.V1: the last five violations that halt, each once, and the last five further causes', () => {
    const cycle = haltedAt();
    const violation = (detail: string, response: Violation['response']): Event =>
      event('VIOLATION', 'C7.V1', at(5), {
        kind: 'SKILL_VIOLATION',
        code: 'UNDECLARED_SIDE_EFFECT',
        skill_ref: 'acme.rank@1.2.0',
        detail,
        response,
      });
    for (const detail of ['a', 'b', 'c', 'd', 'e', 'f', 'f'])
      fold(cycle, violation(detail, ['QUARANTINE', 'HALT']));
    fold(cycle, violation('mild', ['COUNT']));
    cycle.causes = ['1', '2', '3', '4', '5', '6'];
    const code = 'UNDECLARED_SIDE_EFFECT';
    expect(drawn(cycle).evidence).toEqual([
      ...['c', 'd', 'e', 'f'].map((detail) => `${code}: ${detail}`),
      '2',
      '3',
      '4',
      '5',
      '6',
    ]);
  });

  test('of a long text three hundred characters, none of them cut in half', () => {
    const headline = (detail: string): string =>
      drawn(haltedAt(undefined, raisedAs({ detail }))).headline;
    expect(headline('𝄞'.repeat(300))).toContain(`: ${'𝄞'.repeat(300)} (`);
    expect(headline('𝄞'.repeat(301))).toContain(`: ${'𝄞'.repeat(300)}… (`);
  });
});

describe('C3.F3 a halt card tells who decides', () => {
  const decided = (deciders: Deciders | null): string => {
    const cycle = haltedAt();
    cycle.deciders = deciders;
    return cardLines(drawn(cycle)).find((line) => line.startsWith('decides: ')) ?? '';
  };
  const operators = (count: number): Deciders => ({
    operators: { count, names: ['ada', 'bob'] },
    required: { default: 1, violation: 2 },
    signed: false,
  });

  test('anyone, nobody while the file cannot be used, or those that it names', () => {
    expect(decided(null)).toBe('decides: anyone with access, by name');
    expect(decided({ problem: 'the file is\ngone' })).toBe('decides: nobody yet: the file is gone');
    expect(decided(operators(2))).toBe('decides: one of ada, bob');
    expect(decided(operators(5))).toBe('decides: one of ada, bob and 3 more');
    expect(decided({ ...operators(2), signed: true })).toBe('decides: signed by one of ada, bob');
  });

  test('R31: how many people a choice takes, and who has decided already', () => {
    const cycle = haltedAt();
    cycle.deciders = { ...operators(2), required: { default: 2, violation: 2 } };
    cycle.approvals.push({
      choice: 'RESUME',
      reason: 'seen',
      root_cause: 'known',
      why_safe: 'mended',
      by: 'ada',
      decision_id: 'D-1',
      at: at(2),
    });
    const card = drawn(cycle);
    expect(card.approvals).toEqual([{ by: 'ada', choice: 'RESUME' }]);
    expect(card.offers.map(({ choice, needed }) => [choice, needed])).toEqual([
      ['RESUME', 2],
      ['RESTART_FRESH', 1],
      ['ABORT', 1],
    ]);
    expect(cardLines(card)).toContain(
      'decides: one of ada, bob; RESUME takes 2 people; ada has decided RESUME',
    );
  });
});

describe('C3.F3 what people are told of the harness-wide halt', () => {
  const { halt } = haltedAt(undefined, raisedAs({ scope: 'harness', raised_by: 'ada' }));
  if (halt === null) throw new Error('a halt was raised');
  const how = { by: 'bob', reason: 'the feed is back' };

  test('that it is set, by whom, why, and what to type to clear it', () => {
    const notice = latchNotice(halt, 'RAISED', how, at(9));
    expect(notice).toMatchObject({
      ...halt,
      cycle_id: null,
      notice: 'RAISED',
      headline: 'the whole harness was stopped by a person: look (ada)',
      drawn_at: at(9),
    });
    const lines = notice.text.split('\n');
    expect([lines[0], lines.at(-1)]).toEqual([notice.headline, `decide: ${notice.command}`]);
    expect(lines[1]).toBe(
      `halt: ${halt.halt_id}, OPERATOR_HALT, scope harness, since ${halt.since}`,
    );
    expect(lines[2]).toContain('no task starts in any cycle');
    expect(notice.command).toMatch(/^harness resume --all /);
  });

  test('that it is cleared, by whom, and why', () => {
    const notice = latchNotice(halt, 'ENDED', how, at(9));
    expect(notice.headline).toMatch(/halted no longer: cleared by bob, because the feed is back$/);
    expect(notice.text.split('\n')).toHaveLength(3);
    expect(notice.text).toMatch(/\nlook: harness cycle list$/);
  });
});
