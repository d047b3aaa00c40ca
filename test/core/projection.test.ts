import fc from 'fast-check';
import type { Entry } from '../../src/core/entry';
import { type Event, event } from '../../src/core/events';
import type { JsonObject, Sha256 } from '../../src/core/json';
import { projectTrail } from '../../src/core/projection';
import { resultOf } from '../../src/core/result';
import { RUNS, scripts } from './random-scripts';
import { AT } from './samples';
import { simulate } from './simulation';

const hash = (n: number): Sha256 => `sha256:${String(n).padStart(64, '0')}`;

/** The events as they stand in a trail: through JSON, numbered, with hashes that only have to be there. */
const entriesOf = (events: readonly Event[], runId: string, before = 0): Entry[] =>
  events.map((each, i): Entry => {
    const data = JSON.parse(JSON.stringify(each.data)) as JsonObject;
    const n = before + i;
    const prev = n === 0 ? null : hash(n - 1);
    const place = { v: 1, cycle_id: 'c', run_id: runId, seq: i + 1, part: 0 } as const;
    return { ...place, ...each, data, prev, hash: hash(n) };
  });

test('C1.1: the trail alone tells the same cycle as the one that wrote it, at every moment of it', () => {
  const same = fc.property(scripts, fc.nat(200), (script, n) => {
    const { events, cycle, result } = simulate(script);
    const entries = entriesOf(events, 'run-1');
    const whole = projectTrail(entries);
    expect(resultOf(whole.cycle, whole.run_id, whole.audit)).toEqual({
      ...result,
      audit: { entries: events.length, head: entries.at(-1)?.hash },
    });
    expect(whole.cycle.decisions).toEqual(cycle.decisions);
    const part = entries.slice(0, (n % entries.length) + 1);
    expect(projectTrail(part).audit).toEqual({ entries: part.length, head: part.at(-1)?.hash });
  });
  fc.assert(same, { numRuns: RUNS });
});

test('R36: of a cycle that was run again the trail tells the newest run, and counts the entries of all', () => {
  const first = simulate({ cuts: { 'TASK_STARTED T3': [{ cancel: 'enough' }] } });
  const second = simulate();
  const before = entriesOf(first.events, 'run-1');
  const entries = [...before, ...entriesOf(second.events, 'run-2', before.length)];
  const { cycle, run_id, audit } = projectTrail(entries);
  expect(resultOf(cycle, run_id, audit)).toEqual({
    ...second.result,
    run_id: 'run-2',
    audit: { entries: entries.length, head: hash(entries.length - 1) },
  });
});

test('R36: an entry of the older run that came late changes nothing in the newest one', () => {
  const { events, result } = simulate();
  const [opened, ...rest] = entriesOf(events, 'run-2');
  const late = entriesOf(events, 'run-1').filter(({ type }) => type === 'GRAPH_BUILT');
  if (opened === undefined) throw new Error('a cycle has entries');
  const { cycle, run_id } = projectTrail([opened, ...late, ...rest]);
  expect(resultOf(cycle, run_id, result.audit)).toEqual({ ...result, run_id: 'run-2' });
});

test('C6.T4: what a task’s activity wrote itself changes nothing in the projection', () => {
  const { events, result } = simulate();
  const action = { action_id: 'a', belief_id: 'B-1' };
  const written = events.flatMap((each) =>
    each.type === 'TASK_STARTED' && each.task === 'T4'
      ? [
          each,
          event('ACTION_EMITTED', 'C6.T4', AT, action, { task: 'T4' }),
          event('ACTION_KNOWN', 'C6.T4', AT, action, { task: 'T4' }),
        ]
      : [each],
  );
  const { cycle, audit } = projectTrail(entriesOf(written, 'run-1'));
  expect(resultOf(cycle, 'run-1', { ...audit, entries: events.length, head: null })).toEqual(
    result,
  );
});

test('C1.1: no trail and a trail that no run wrote are refused', () => {
  const entries = entriesOf(simulate().events, 'run-1');
  const refused = expect.objectContaining({ code: 'HARNESS_ERROR' });
  expect(() => projectTrail([])).toThrow(refused);
  for (const missing of ['GRAPH_BUILT', 'STATE_JUDGED', 'TASK_STARTED']) {
    const first = entries.findIndex(({ type }) => type === missing);
    expect(() => projectTrail(entries.filter((_, i) => i !== first))).toThrow(refused);
  }
});
