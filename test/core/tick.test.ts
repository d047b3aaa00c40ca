import { newCycle, type Cycle, fold } from '../../src/core/cycle';
import { nextStep } from '../../src/core/engine';
import { type Event, event } from '../../src/core/events';
import { raiseHalt } from '../../src/core/halts';
import type { JsonObject } from '../../src/core/json';
import { DEFAULT_POLICY } from '../../src/core/policy';
import { sourcelessEvents } from '../../src/core/recorded';
import { resultOf } from '../../src/core/result';
import { isTickInput, nominalText, problemOfTick, type TickInput } from '../../src/core/tick';

const HASH = `sha256:${'a'.repeat(64)}` as const;
const NOW = '2026-11-22T14:25:00.120Z';
const NOMINAL = Date.parse('2026-11-22T14:25:00Z');
const ID = 'shadow-feed-2026-11-22T14:25:00Z';

const TICK: TickInput = {
  schedule: 'feed',
  source: 'file:/b.json',
  mode: 'shadow',
  graph_hash: HASH,
  policy_hash: HASH,
  policy: DEFAULT_POLICY,
  set_by: 'ada',
};
const problem = (changes: JsonObject, nominalMs: number | null = NOMINAL, id = ID): string | null =>
  problemOfTick({ ...TICK, ...changes } as TickInput, nominalMs, id);

test('R36 a scheduled start is one of its schedule, at its nominal time, under its own workflow id', () => {
  expect(problem({})).toBeNull();
  expect(nominalText(NOMINAL + 999)).toBe('2026-11-22T14:25:00Z');
  expect(problem({}, null)).toMatch(/no nominal time/);
  expect(problem({}, NOMINAL, 'shadow-feed-other')).toMatch(/is not shadow-feed-2026/);
  expect(problem({}, NOMINAL + 1_000)).toMatch(/is not shadow-feed-2026-11-22T14:25:01Z/);
});

test('R22 whatever another client puts into a scheduled start is refused with one sentence', () => {
  expect(problem({ mode: 'live' })).toMatch(/C6/);
  const wrong: JsonObject[] = [
    { mode: 1 },
    { schedule: 'a b' },
    { schedule: null },
    { source: '/etc/passwd' },
    { source: { toString: 'x' } },
    { graph_hash: 'sha256:x' },
    { policy_hash: null },
    { policy: null },
    { policy: { halt_expiry_ms: 0 } },
    { set_by: 7 },
  ];
  expect(wrong.filter((changes) => problem(changes) === null)).toEqual([]);
  expect([TICK, { input_hash: HASH }, null, 'source', ['source']].map(isTickInput)).toEqual([
    true,
    false,
    false,
    false,
    false,
  ]);
});

function cycleOf(failed: string | null, ...more: readonly Event[]): Cycle {
  const cycle = newCycle();
  const ids = { cycle_id: 'c', nominal_time: '2026-11-22T14:25:00Z' };
  const workflow = { workflowId: ID, runId: 'run-0001' };
  for (const each of [...sourcelessEvents(TICK, ids, workflow, failed, NOW), ...more])
    fold(cycle, each);
  return cycle;
}

/** What the workflow does with END. */
function ended(cycle: Cycle): ReturnType<typeof resultOf> {
  const step = nextStep(cycle, NOW);
  if (step.do !== 'END') throw new Error(`not at its end: ${step.do}`);
  for (const each of step.events) fold(cycle, each);
  return resultOf(cycle, 'run-0001', { entries: 3, head: HASH });
}

test('C2.U1 a cycle whose source gave no bundle ends HALTED, with no task and no hash of a bundle', () => {
  expect(ended(cycleOf('b.json is gone'))).toMatchObject({
    outcome: 'HALTED',
    phase: 'IDLE',
    input_hash: null,
    plan_hash: null,
    tasks: [],
    halt: null,
    reasons: [{ code: 'SOURCE_FAILED', detail: 'b.json is gone' }],
  });
});

test('CA a cycle that was cancelled while its source was read ends CANCELLED', () => {
  const cancel = event('CANCEL_REQUESTED', 'CA', NOW, { detail: 'by hand' });
  expect(ended(cycleOf(null, cancel))).toMatchObject({
    outcome: 'CANCELLED',
    input_hash: null,
    reasons: [{ code: 'CANCELLED' }],
  });
});

test('C3.F3 where the harness itself failed the cycle waits for a human, and then ends HALTED', () => {
  const cycle = cycleOf('the harness could not read the source: the disk is full');
  const cause = { code: 'HARNESS_ERROR', detail: 'the disk is full', raisedBy: 'harness' } as const;
  fold(cycle, raiseHalt(cycle, cause, NOW));
  expect(nextStep(cycle, NOW)).toEqual({ do: 'WAIT' });
  const { halt_id = '', choices } = cycle.halt ?? {};
  expect(choices).toEqual(['RESUME', 'RESTART_FRESH', 'ABORT']);
  const texts = {
    reason: 'r',
    root_cause: 'c',
    why_safe: 'w',
    by: 'ada',
    decision_id: 'd',
    at: NOW,
  };
  fold(cycle, event('DECISION_TAKEN', 'C3.F3', NOW, { halt_id, choice: 'RESUME', ...texts }));
  expect(ended(cycle)).toMatchObject({ outcome: 'HALTED', reasons: [{ code: 'SOURCE_FAILED' }] });
});
