import { ContractWatch } from '../../src/core/breaches';
import type { Draft } from '../../src/core/entry';
import { tickId } from '../../src/core/identity';
import type { JsonObject } from '../../src/core/json';
import { chained, type Trail, trailOf } from '../audit/trails';
import { bundleWith, graphWith, task } from './samples';
import type { Script } from './script';

/** The first breach that is told, with its entry's type; null: none. */
function breachIn(trail: Trail, drafts: readonly Draft[] = trail.drafts): string | null {
  const watch = new ContractWatch(trail.cycleId);
  for (const entry of chained(trail.cycleId, drafts)) {
    const breach = watch.see(entry);
    if (breach !== null) return `${entry.type}: ${breach}`;
  }
  return null;
}

type Change = (draft: Draft) => Draft | readonly Draft[];

const is = (draft: Draft, type: string, of: string | null): boolean =>
  draft.type === type && draft.task === of;
const changed = (trail: Trail, type: string, of: string | null, change: Change): Draft[] =>
  trail.drafts.flatMap((draft) => (is(draft, type, of) ? change(draft) : draft));
const withData =
  (changes: JsonObject): Change =>
  (draft) => ({ ...draft, data: { ...draft.data, ...changes } });
function find(trail: Trail, type: string, of: string | null): Draft {
  const draft = trail.drafts.find((each) => is(each, type, of));
  if (draft === undefined) throw new Error(`no ${type} of ${of}`);
  return draft;
}
/** The trail up to and with that entry. */
const upTo = (drafts: readonly Draft[], type: string, of: string | null): readonly Draft[] =>
  drafts.slice(0, drafts.findIndex((draft) => is(draft, type, of)) + 1);

const good = trailOf();
const empty = trailOf({ bundle: bundleWith({ active_beliefs: [] }) });
const stopped: Script = { cuts: { 'TASK_ENDED T2': [{ halt: 'look' }] } };
const expired = trailOf(stopped);
const resumed = trailOf({ ...stopped, waits: [[{ decide: 'RESUME' }]] });

/** Two tasks side by side in a graph that runs one at a time, and one behind the first of them. */
const beside = graphWith([task('X'), task('Y'), task('Z', { depends_on: ['X'] })]);
const broken = trailOf({ graph: beside, ends: { X: [{ failed: 'TASK_ERROR' }] } });

describe('C1.1 what a sound trail may hold', () => {
  test('C4.I2: an action that was known already, when it says so', () => {
    const known = changed(good, 'ACTION_EMITTED', 'T4', (draft) => ({
      ...draft,
      type: 'ACTION_KNOWN',
      data: { ...draft.data, duplicate: true },
    }));
    expect(breachIn(good, known)).toBeNull();
  });

  test('R36: a scheduled cycle goes by its schedule and its nominal time', () => {
    const tick = { schedule: 'plain', nominal_time: '2026-11-22T14:25:00Z', source: 'file:/b' };
    const cycleId = tickId(tick.schedule, tick.nominal_time);
    const change = withData({ tick, cycle_id: cycleId });
    const scheduled = { ...good, cycleId, drafts: changed(good, 'CYCLE_OPENED', null, change) };
    expect(breachIn(scheduled)).toBeNull();
    expect(breachIn({ ...scheduled, cycleId: good.cycleId })).toMatch(/^CYCLE_OPENED: .*C4\.I2/);
  });

  test('C5.O: a start that T1 refuses because its policy is another than it says', () => {
    const policy = { ...(find(good, 'CYCLE_OPENED', null).data['policy'] as JsonObject) };
    const foreign = changed(good, 'CYCLE_OPENED', null, withData({ policy: { ...policy, v: 9 } }));
    const refused = foreign.map((draft) =>
      draft.type === 'STATE_JUDGED'
        ? { ...draft, data: { ...draft.data, verdict: 'HALT' } }
        : draft,
    );
    expect(breachIn(good, upTo(refused, 'STATE_JUDGED', 'T1'))).toBeNull();
  });

  test('C6.T4: a T4 that emitted, and then FAILED', () => {
    const reason = { code: 'TASK_ERROR', detail: 'the record broke' };
    const failed = changed(good, 'TASK_ENDED', 'T4', (draft) => ({
      ...draft,
      data: { ...draft.data, outcome: 'FAILED', reason, output: null, lists: {} },
    }));
    expect(breachIn(good, upTo(failed, 'TASK_ENDED', 'T4'))).toBeNull();
  });

  test('C6.T4: long lists that stand elsewhere, by their count', () => {
    const ref = `sha256:${'0'.repeat(64)}`;
    const listed = (count: number): string | null =>
      breachIn(
        good,
        changed(good, 'TASK_ENDED', 'T4', (draft) => ({
          ...draft,
          data: { ...draft.data, lists: { actions: { ref, count } } },
        })),
      );
    expect(listed(1)).toBeNull();
    expect(listed(2)).toContain('T4 lists 2 actions, 1 are on record (C6.T4)');
    const survivors = { lists: { survivors: { ref, count: 1 } } };
    expect(breachIn(good, changed(good, 'TASK_ENDED', 'T3', withData(survivors)))).toBeNull();
  });

  test('C3.P4: a task that starts at the very last fresh instant, and none a millisecond later', () => {
    const until = String(find(good, 'STATE_JUDGED', 'T1').data['fresh_until']);
    const started = (at: string): string | null =>
      breachIn(
        good,
        changed(good, 'TASK_STARTED', 'T4', (draft) => ({ ...draft, at })),
      );
    expect(started(until)).toBeNull();
    const late = new Date(Date.parse(until) + 1).toISOString();
    expect(started(late)).toContain('T4 starts on a bundle that has gone stale (C3.P4)');
  });

  test('R36: a further run of the cycle begins anew, and its actions are its own', () => {
    const again = trailOf({}, 'run-0002').drafts;
    const watch = new ContractWatch(good.cycleId);
    const told = chained(good.cycleId, [...good.drafts, ...again]).map((entry) => watch.see(entry));
    expect(told.filter((breach) => breach !== null)).toEqual([]);
    expect(watch.seen.opened?.run_id).toBe('run-0002');
    expect(watch.actions.map(({ belief_id }) => belief_id)).toEqual(['B-1']);
  });
});

describe('C1.1 what no harness can have left behind', () => {
  const foreign = { task_id: good.cycleId };
  const cases: readonly (readonly [string, Trail, readonly Draft[], string])[] = [
    [
      'data of another form',
      good,
      changed(good, 'GRAPH_BUILT', null, (draft) => ({ ...draft, data: {} })),
      'GRAPH_BUILT: its data is not that of GRAPH_BUILT',
    ],
    [
      'R36: an opening of another run',
      good,
      changed(good, 'CYCLE_OPENED', null, withData({ run_id: 'run-0009' })),
      'CYCLE_OPENED: it names another run than it belongs to',
    ],
    [
      'C4.I2: an opening that names another cycle',
      good,
      changed(good, 'CYCLE_OPENED', null, withData({ cycle_id: 'another' })),
      'CYCLE_OPENED: the cycle id is not that of what it was opened with (C4.I2)',
    ],
    [
      'C4.I2: a chain of another cycle',
      { ...good, cycleId: `${good.cycleId}0` },
      good.drafts,
      'CYCLE_OPENED: the cycle id is not that of what it was opened with (C4.I2)',
    ],
    [
      'C6.T4: an action that T4 did not write itself',
      good,
      changed(good, 'ACTION_EMITTED', 'T4', (draft) => ({ ...draft, part: 0 })),
      'ACTION_EMITTED: an action stands outside T4 (C6.T4)',
    ],
    [
      'C6.T4: an action behind the end of T4',
      good,
      changed(good, 'TASK_ENDED', 'T4', (draft) => [draft, find(good, 'ACTION_EMITTED', 'T4')]),
      'ACTION_EMITTED: an action stands outside T4 (C6.T4)',
    ],
    [
      'C6.T4: an action of a running task that is not T4',
      good,
      changed(good, 'TASK_STARTED', 'T2', (draft) => [
        draft,
        { ...find(good, 'ACTION_EMITTED', 'T4'), task: 'T2' },
      ]),
      'ACTION_EMITTED: an action stands outside T4 (C6.T4)',
    ],
    [
      'C6.T4: an action of no task of the plan',
      good,
      changed(good, 'ACTION_EMITTED', 'T4', (draft) => ({ ...draft, task: 'T9' })),
      'ACTION_EMITTED: an action stands outside T4 (C6.T4)',
    ],
    [
      'C6.T4: a known action outside T4',
      good,
      changed(good, 'ACTION_EMITTED', 'T4', (draft) => ({
        ...draft,
        type: 'ACTION_KNOWN',
        part: 0,
      })),
      'ACTION_KNOWN: an action stands outside T4 (C6.T4)',
    ],
    [
      'C4.I2: two actions of one belief',
      good,
      changed(good, 'ACTION_EMITTED', 'T4', (draft) => [draft, { ...draft, part: 2 }]),
      'ACTION_EMITTED: belief B-1 has an action already in this run (C4.I2)',
    ],
    [
      'C6.T4: an action where T3 lists no survivors',
      good,
      changed(good, 'TASK_ENDED', 'T3', withData({ lists: {} })),
      'ACTION_EMITTED: the action for B-1 is of no belief that survived T3 (C6.T4)',
    ],
    [
      'EXE-3: an action without its regime',
      good,
      changed(good, 'ACTION_EMITTED', 'T4', withData({ source_regime_state_id: null })),
      'ACTION_EMITTED: the action for B-1 cannot be traced to its sources (EXE-3)',
    ],
    [
      'EXE-3: an action that names another belief as its source',
      good,
      changed(good, 'ACTION_EMITTED', 'T4', withData({ source_belief_id: 'B-2' })),
      'ACTION_EMITTED: the action for B-1 cannot be traced to its sources (EXE-3)',
    ],
    [
      'C6.T4: an action that is not in shadow',
      good,
      changed(good, 'ACTION_EMITTED', 'T4', withData({ mode: 'LIVE' })),
      'ACTION_EMITTED: the action for B-1 is not in shadow mode (C6.T4)',
    ],
    [
      'C4.I2: a new action that says it was known',
      good,
      changed(good, 'ACTION_EMITTED', 'T4', withData({ duplicate: true })),
      'ACTION_EMITTED: the action for B-1 is not what its entry says, new or known (C4.I2)',
    ],
    [
      'C4.I2: a known action that says it is new',
      good,
      changed(good, 'ACTION_EMITTED', 'T4', (draft) => ({ ...draft, type: 'ACTION_KNOWN' })),
      'ACTION_KNOWN: the action for B-1 is not what its entry says, new or known (C4.I2)',
    ],
    [
      'C5.N: a start of no task of the plan',
      good,
      changed(good, 'TASK_STARTED', 'T2', (draft) => ({ ...draft, task: 'T9' })),
      'TASK_STARTED: it breaks an invariant, C5.N: task T9 is in the plan',
    ],
    [
      'C5.N: an end of no task of the plan',
      good,
      changed(good, 'TASK_ENDED', 'T2', (draft) => ({ ...draft, task: 'T9' })),
      'TASK_ENDED: it breaks an invariant, C5.N: task T9 is in the plan',
    ],
    [
      'C5.N: a skip of no task of the plan',
      empty,
      changed(empty, 'TASK_SKIPPED', 'T3', (draft) => ({ ...draft, task: 'T9' })),
      'TASK_SKIPPED: it breaks an invariant, C5.N: task T9 is in the plan',
    ],
    [
      'C4.I3: an end under another id',
      good,
      changed(good, 'TASK_ENDED', 'T2', withData(foreign)),
      "TASK_ENDED: T2 ends under another id than the plan's (C4.I3)",
    ],
    [
      'C4.I3: a skip under another id',
      empty,
      changed(empty, 'TASK_SKIPPED', 'T3', withData(foreign)),
      "TASK_SKIPPED: T3 is skipped under another id than the plan's (C4.I3)",
    ],
    [
      'CA: a start after the cancelling',
      good,
      changed(good, 'TASK_STARTED', 'T3', (draft) => [
        { ...draft, type: 'CANCEL_REQUESTED', task: null, data: { detail: 'enough' } },
        draft,
      ]),
      'TASK_STARTED: T3 starts in a cycle that is ending',
    ],
    [
      'C3.F3: a start after the halt ended the cycle',
      expired,
      changed(expired, 'HALT_EXPIRED', null, (draft) => [
        draft,
        { ...find(resumed, 'TASK_STARTED', 'T3'), at: draft.at },
      ]),
      'TASK_STARTED: T3 starts in a cycle that is ending',
    ],
    [
      'C3.P3: a start behind a task that FAILED',
      broken,
      changed(broken, 'TASK_SKIPPED', 'Z', (draft) => ({ ...draft, type: 'TASK_STARTED' })),
      'TASK_STARTED: Z starts though X, which it depends on, FAILED (C3.P3)',
    ],
    [
      'C6.T3: a start where there are no beliefs',
      empty,
      changed(empty, 'TASK_SKIPPED', 'T3', (draft) => ({ ...draft, type: 'TASK_STARTED' })),
      'TASK_STARTED: T3 starts though there are no beliefs',
    ],
    [
      'C4.O: two tasks at a time in a graph that is not parallel',
      broken,
      changed(broken, 'TASK_STARTED', 'X', (draft) => [draft, find(broken, 'TASK_STARTED', 'Y')]),
      'TASK_STARTED: Y starts while X runs, in a graph that is not parallel (C4.O)',
    ],
    [
      'C3.O: an outcome that there is not',
      good,
      changed(good, 'TASK_ENDED', 'T2', withData({ outcome: 'SKIPPED' })),
      'TASK_ENDED: T2 ends in no outcome that there is (C3.O)',
    ],
    [
      'C3.O: a failure without its reason',
      broken,
      changed(broken, 'TASK_ENDED', 'X', withData({ reason: null })),
      'TASK_ENDED: X ends FAILED without its reason (C3.O)',
    ],
    [
      'C3.O: a success with a reason to fail',
      broken,
      changed(broken, 'TASK_ENDED', 'X', withData({ outcome: 'SUCCESS' })),
      'TASK_ENDED: X ends SUCCESS without its reason (C3.O)',
    ],
    ...[
      { code: 'NO_BELIEFS', detail: '' },
      { code: 'NO_BELIEFS', detail: null },
      { code: 'WHIM', detail: 'it did not feel like it' },
      { code: 'toString', detail: 'not a code of its own' },
    ].map((reason): readonly [string, Trail, readonly Draft[], string] => [
      `C4.S: a skip for ${JSON.stringify(reason)}`,
      empty,
      changed(empty, 'TASK_SKIPPED', 'T3', withData({ reason })),
      'TASK_SKIPPED: T3 is skipped without a reason (C4.S)',
    ]),
    [
      'C3.F3: an expiry of another halt',
      expired,
      changed(expired, 'HALT_EXPIRED', null, withData({ halt_id: 'another' })),
      'HALT_EXPIRED: a halt expires that does not wait',
    ],
    [
      'C3.F3: an expiry of a halt that was decided on',
      resumed,
      changed(resumed, 'TASK_STARTED', 'T3', (draft) => [
        { ...find(expired, 'HALT_EXPIRED', null), seq: draft.seq },
        draft,
      ]),
      'HALT_EXPIRED: a halt expires that does not wait',
    ],
    [
      'C3.F3: an expiry where no halt was raised',
      good,
      changed(good, 'TASK_STARTED', 'T3', () => find(expired, 'HALT_EXPIRED', null)),
      'HALT_EXPIRED: a halt expires that does not wait',
    ],
    [
      'C3.F3: a decision on another halt',
      resumed,
      changed(resumed, 'DECISION_TAKEN', null, withData({ halt_id: 'another' })),
      'DECISION_TAKEN: a decision is taken on a halt that does not wait (C3.F3)',
    ],
    [
      'C3.F3: a second decision on one halt',
      resumed,
      changed(resumed, 'DECISION_TAKEN', null, (draft) => [draft, draft]),
      'DECISION_TAKEN: a decision is taken on a halt that does not wait (C3.F3)',
    ],
    [
      'C3.F3: a decision where no halt was raised',
      good,
      changed(good, 'TASK_STARTED', 'T3', () => find(resumed, 'DECISION_TAKEN', null)),
      'DECISION_TAKEN: a decision is taken on a halt that does not wait (C3.F3)',
    ],
    [
      'C3.F3: a decision with a number for its reason',
      resumed,
      changed(resumed, 'DECISION_TAKEN', null, withData({ root_cause: 7 })),
      'DECISION_TAKEN: the decision lacks its reason, root cause, why it is safe, or who decided',
    ],
    [
      'CA: an end while a task runs',
      good,
      changed(good, 'TASK_ENDED', 'T4', () => []),
      'CYCLE_ENDED: the cycle ends while T4 runs (CA)',
    ],
    [
      'CA: an end as COMPLETED without a graph',
      good,
      [...upTo(good.drafts, 'STATE_JUDGED', 'T1'), find(good, 'CYCLE_ENDED', null)],
      'CYCLE_ENDED: the cycle ends without its graph (CA)',
    ],
    [
      'CA: an end as SKIPPED without a graph',
      empty,
      [...upTo(empty.drafts, 'STATE_JUDGED', 'T1'), find(empty, 'CYCLE_ENDED', null)],
      'CYCLE_ENDED: the cycle ends without its graph (CA)',
    ],
  ];

  test.each(cases)('%s is told', (_, trail, drafts, told) => {
    expect(breachIn(trail, drafts)).toContain(told);
  });

  test('the trails that are changed are sound themselves', () => {
    for (const trail of [good, empty, expired, resumed, broken]) expect(breachIn(trail)).toBeNull();
  });
});
