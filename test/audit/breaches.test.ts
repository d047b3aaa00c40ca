import fc from 'fast-check';
import { ContractWatch } from '../../src/core/breaches';
import type { Draft } from '../../src/core/entry';
import type { JsonObject } from '../../src/core/json';
import { belief, bundleWith, v1With } from '../core/samples';
import { scripts } from '../core/random-scripts';
import type { Script } from '../core/script';
import { chained, trailOf, type Trail } from './trails';

/** The first breach that is told, with its entry's type; null: none. */
function breachIn(trail: Trail, drafts: readonly Draft[] = trail.drafts): string | null {
  const watch = new ContractWatch(trail.cycleId);
  for (const entry of chained(trail.cycleId, drafts)) {
    const breach = watch.see(entry);
    if (breach !== null) return `${entry.type}: ${breach}`;
  }
  return null;
}

type Change = (draft: Draft) => readonly Draft[] | Draft;

/** The trail with each entry of a type (and task) changed. */
function changed(trail: Trail, type: string, task: string | null, change: Change): Draft[] {
  return trail.drafts.flatMap((draft) =>
    draft.type === type && draft.task === task ? change(draft) : draft,
  );
}

const withData =
  (changes: JsonObject): Change =>
  (draft) => ({ ...draft, data: { ...draft.data, ...changes } });

describe('the contract, checked on a trail', () => {
  const good = trailOf();
  const skipping: Trail = trailOf({ bundle: bundleWith({ active_beliefs: [] }) });
  const halted = (waits: Script['waits'] = []) =>
    trailOf({ cuts: { 'TASK_ENDED T2': [{ halt: 'look' }] }, waits });
  const resumed = halted([[{ decide: 'RESUME' }]]);
  const find = (trail: Trail, type: string, task: string | null): Draft => {
    const draft = trail.drafts.find((each) => each.type === type && each.task === task);
    if (draft === undefined) throw new Error(`no ${type} of ${task}`);
    return draft;
  };

  test('C1.1: whatever happens to a cycle, what the harness records keeps the contract', () => {
    fc.assert(
      fc.property(scripts, (script) => {
        expect(breachIn(trailOf(script))).toBeNull();
      }),
      { numRuns: 600 },
    );
  });

  test('the trails that are changed below are sound themselves', () => {
    for (const trail of [good, skipping, halted(), resumed]) expect(breachIn(trail)).toBeNull();
    expect(good.drafts.map(({ type }) => type)).toContain('ACTION_EMITTED');
  });

  const cases: readonly (readonly [string, Trail, readonly Draft[], string])[] = [
    [
      'R25: a task that never ended',
      skipping,
      changed(skipping, 'TASK_SKIPPED', 'T4', () => []),
      'CYCLE_ENDED: the cycle ends, and T4 has no outcome (R25)',
    ],
    [
      'C3.O: a task that ended twice',
      good,
      changed(good, 'TASK_ENDED', 'T2', (draft) => [draft, draft]),
      'TASK_ENDED: it breaks an invariant, C3.O: task T2 ends once',
    ],
    [
      'C3.D2: a task that started before its dependency ended',
      good,
      changed(good, 'TASK_STARTED', 'T2', (draft) => [
        { ...find(good, 'TASK_STARTED', 'T3') },
        draft,
      ]),
      'TASK_STARTED: T3 starts before T2, which it depends on, has ended (C3.D2)',
    ],
    [
      'C3.F3: a task that started while a halt waited',
      resumed,
      changed(resumed, 'HALT_RAISED', null, (draft) => [
        draft,
        find(resumed, 'TASK_STARTED', 'T3'),
      ]),
      'TASK_STARTED: it breaks an invariant, C3.F3: task T3 starts once, and not while a halt waits',
    ],
    [
      'C3.F3: a halt that nobody decided on, and that did not expire',
      halted(),
      changed(halted(), 'HALT_EXPIRED', null, () => []),
      'CYCLE_ENDED: the cycle ends while a halt waits for a decision (C3.F3)',
    ],
    [
      'C6.T4: an action that its task does not list',
      good,
      changed(good, 'TASK_ENDED', 'T4', withData({ lists: {} })),
      'TASK_ENDED: T4 lists 0 actions, 1 are on record (C6.T4)',
    ],
    [
      'C3.F3: a decision without a reason',
      resumed,
      changed(resumed, 'DECISION_TAKEN', null, withData({ why_safe: ' ' })),
      'DECISION_TAKEN: the decision lacks its reason, root cause, why it is safe, or who decided (C3.F3)',
    ],
    [
      'R31: a decision that the halt does not allow',
      resumed,
      changed(resumed, 'DECISION_TAKEN', null, withData({ choice: 'SKIP_TASK' })),
      'DECISION_TAKEN: the decision SKIP_TASK is none that the halt allows (R31)',
    ],
    [
      'C3.F3: a halt that expired before its time',
      halted(),
      changed(halted(), 'HALT_EXPIRED', null, (draft) => ({
        ...draft,
        at: resumed.drafts[0]?.at ?? '',
      })),
      'HALT_EXPIRED: the halt expires before its time (C3.F3)',
    ],
    [
      'C6.T4: an action outside T4',
      good,
      changed(good, 'TASK_STARTED', 'T3', (draft) => [
        draft,
        { ...find(good, 'ACTION_EMITTED', 'T4'), task: 'T3', seq: draft.seq },
      ]),
      'ACTION_EMITTED: an action stands outside T4 (C6.T4)',
    ],
    [
      'C6.T4: an action of a belief that T3 removed',
      good,
      changed(good, 'TASK_ENDED', 'T3', withData({ lists: { survivors: ['B-9'] } })),
      'ACTION_EMITTED: the action for B-1 is of no belief that survived T3 (C6.T4)',
    ],
    [
      'C4.I2: an action under a foreign id',
      good,
      changed(good, 'ACTION_EMITTED', 'T4', withData({ action_id: good.cycleId })),
      "ACTION_EMITTED: the action's id is not that of belief B-1 (C4.I2)",
    ],
    [
      'EXE-2: an action without its grant',
      good,
      changed(good, 'ACTION_EMITTED', 'T4', withData({ factor_permission: 'GRANTED' })),
      'ACTION_EMITTED: the action for B-1 has no grant (EXE-2)',
    ],
    [
      'EXE-3: an action without its sources',
      good,
      changed(good, 'ACTION_EMITTED', 'T4', withData({ source_signal_ids: null })),
      'ACTION_EMITTED: the action for B-1 cannot be traced to its sources (EXE-3)',
    ],
    [
      'C6.T4: an action that T4 lists, and that is not on record',
      good,
      changed(good, 'ACTION_EMITTED', 'T4', () => []),
      'TASK_ENDED: T4 lists 1 actions, 0 are on record (C6.T4)',
    ],
    [
      'C4.S: a skip without its snapshot',
      skipping,
      changed(skipping, 'TASK_SKIPPED', 'T3', withData({ snapshot: null })),
      'TASK_SKIPPED: T3 is skipped without the snapshot of its state (C4.S)',
    ],
    [
      'C4.S: a skip without a reason',
      skipping,
      changed(skipping, 'TASK_SKIPPED', 'T3', withData({ reason: { code: 'WHIM', detail: '' } })),
      'TASK_SKIPPED: T3 is skipped without a reason (C4.S)',
    ],
    [
      'CA: an outcome that the record does not come to',
      skipping,
      changed(skipping, 'CYCLE_ENDED', null, withData({ outcome: 'COMPLETED' })),
      'CYCLE_ENDED: the outcome is COMPLETED, what is on record comes to SKIPPED (CA)',
    ],
    [
      'R6: another policy than its hash names',
      good,
      changed(good, 'CYCLE_OPENED', null, (draft) =>
        withData({
          policy: { ...(draft.data['policy'] as JsonObject), min_regime_confidence: 0.1 },
        })(draft),
      ),
      'STATE_JUDGED: the policy on record does not hash to policy_hash',
    ],
    [
      'C4.I2: a cycle under another id',
      good,
      changed(good, 'CYCLE_OPENED', null, withData({ graph_hash: `sha256:${'0'.repeat(64)}` })),
      'CYCLE_OPENED: the cycle id is not that of what it was opened with (C4.I2)',
    ],
    [
      'C4.I3: a task under another id',
      good,
      changed(good, 'TASK_STARTED', 'T2', withData({ task_id: good.cycleId })),
      "TASK_STARTED: T2 starts under another id than the plan's (C4.I3)",
    ],
    [
      'CA: something behind the end',
      good,
      [...good.drafts, find(good, 'TASK_ENDED', 'T4')],
      'TASK_ENDED: it follows the end of its cycle',
    ],
    [
      'C1.1: data of another form',
      good,
      changed(good, 'TASK_SKIPPED', 'T1', withData({})).concat({
        ...find(good, 'GRAPH_BUILT', null),
        data: {},
        run_id: 'other',
      }),
      'GRAPH_BUILT: its cycle was never opened',
    ],
  ];

  test.each(cases)('%s is told', (_, trail, drafts, told) => {
    expect(breachIn(trail, drafts)).toContain(told);
  });

  test.each([
    ['COMPLETED', {}],
    ['SKIPPED', { active_beliefs: [] }],
    ['DEGRADED', { 'regime_state.confidence': 0.2 }],
  ] as const)('CA: a cycle that ended %s without its graph is told', (outcome, changes) => {
    const trail = trailOf({ bundle: bundleWith(changes) });
    const kept = ['CYCLE_OPENED', 'STATE_JUDGED', 'CYCLE_ENDED'];
    const drafts = trail.drafts.filter(({ type, task }) => task === 'T1' || kept.includes(type));
    expect(drafts.at(-1)?.data['outcome']).toBe(outcome);
    expect(breachIn(trail, drafts)).toBe('CYCLE_ENDED: the cycle ends without its graph (CA)');
  });

  test('C6.T2: a task that started behind a closed gate is told', () => {
    const open = trailOf();
    const lock = bundleWith({ 'regime_state.behavior': 'EVENT_LOCK' });
    const shut = trailOf({ bundle: lock });
    const t3 = { ...find(open, 'TASK_STARTED', 'T3') };
    const id = find(shut, 'TASK_SKIPPED', 'T3').data['task_id'] ?? null;
    const drafts = changed(shut, 'TASK_SKIPPED', 'T3', () => withData({ task_id: id })(t3));
    expect(breachIn(shut, drafts)).toContain('T3 starts behind a closed regime gate (C6.T2)');
  });

  test('C3.P4: a task that started on a stale bundle is told', () => {
    const late = changed(good, 'TASK_STARTED', 'T3', (draft) => ({
      ...draft,
      at: '2026-11-23T14:25:29.000Z',
    }));
    expect(breachIn(good, late)).toContain('T3 starts on a bundle that has gone stale (C3.P4)');
  });

  test('C3.P2: a task that started though it is barred is told', () => {
    const graph = v1With('T3', { required_state: ['macro_state'] });
    const barred = trailOf({ graph, bundle: bundleWith({ active_beliefs: [belief('B-1')] }) });
    const skip = find(barred, 'TASK_SKIPPED', 'T3');
    const drafts = changed(barred, 'TASK_SKIPPED', 'T3', () => ({
      ...skip,
      type: 'TASK_STARTED',
    }));
    expect(breachIn(barred, drafts)).toContain('T3 starts though it is barred, STATE_MISSING');
  });
});
