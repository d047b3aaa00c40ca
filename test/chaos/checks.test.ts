import {
  ended,
  type Facts,
  type FactsOfCycle,
  line,
  over,
  soundFacts,
  started,
  violationsOf,
} from './facts';

type Doctor = (cycle: FactsOfCycle, facts: Facts) => void;

function doctored(doctor: Doctor): Facts {
  const facts = soundFacts();
  const [cycle] = facts.cycles;
  if (cycle === undefined) throw new Error('no cycle');
  doctor(cycle, facts);
  return facts;
}

const halt = line({ type: 'HALT_RAISED', data: { halt_id: 'h-1' } });
const decided = (choice: string) => line({ type: 'DECISION_TAKEN', data: { choice } });

/** In place of the entry at which `test` holds. */
function replace(cycle: FactsOfCycle, type: string, task: string | null, ...by: (typeof halt)[]) {
  const at = cycle.entries.findIndex((entry) => entry.type === type && entry.task === task);
  cycle.entries.splice(at, 1, ...by);
}

it('finds nothing in a run where nothing is wrong', () => {
  expect(violationsOf(soundFacts())).toEqual([]);
});

it('finds nothing in a halt that was raised, decided and obeyed', () => {
  const facts = doctored((cycle) =>
    replace(cycle, 'TASK_STARTED', 'T3', halt, decided('RESUME'), started('T3')),
  );
  expect(violationsOf(facts)).toEqual([]);
});

it('finds nothing in a body that `halt --all` listed as in flight', () => {
  const facts = doctored((_, { bodies, latches }) => {
    bodies.push({ at: 2_500, workflow_id: 'w-1', task: 'T3' });
    latches[0]?.in_flight.push({ workflow_id: 'w-1', task: 'T3' });
  });
  expect(violationsOf(facts)).toEqual([]);
});

describe('finds, and names the cycle and the invariant:', () => {
  const cases: [what: string, invariant: string, doctor: Doctor][] = [
    [
      'a broken trail',
      'TRAIL_INTACT',
      (_, { verify }) => {
        verify['status'] = 'BROKEN';
        verify['cycles'] = [{ cycle_id: 'c-1', status: 'BROKEN', problem: { problem: 'hash' } }];
      },
    ],
    ['a cycle without a trail', 'TRAIL_INTACT', (_, { verify }) => (verify['not_begun'] = ['c-1'])],
    ['a cycle without an outcome', 'ONE_OUTCOME', (cycle) => void cycle.entries.pop()],
    ['a cycle without a result', 'ONE_OUTCOME', (cycle) => (cycle.result = null)],
    ['a cycle that ended twice', 'ONE_OUTCOME', (cycle) => cycle.entries.push(over('COMPLETED'))],
    [
      'a result that is not its trail’s',
      'ONE_OUTCOME',
      (cycle) => (cycle.result = { ...cycle.result, outcome: 'DEGRADED' }),
    ],
    [
      'an outcome that the model does not allow',
      'ONE_OUTCOME',
      (cycle) => {
        cycle.deeds.push('ABORT');
        cycle.limit_ms = null;
      },
    ],
    ['a task with two ends', 'TASK_ONCE', (cycle) => cycle.entries.splice(3, 0, ended('T1'))],
    ['a task without an end', 'TASK_ONCE', (cycle) => replace(cycle, 'TASK_ENDED', 'T3')],
    [
      'a task that must not run',
      'TASK_NEVER',
      (cycle) => {
        cycle.shape = 'gated';
      },
    ],
    [
      'a task on a stale bundle',
      'TASK_FRESH',
      (cycle) => {
        cycle.limit_ms = 10;
      },
    ],
    [
      'an action emitted twice',
      'ACTION_ONCE',
      (cycle, { cycles }) => {
        const twin = { ...cycle, cycle_id: 'c-2', workflow_id: 'w-2', shape: 'plain' };
        cycles.push({ ...twin, entries: cycle.entries.filter(({ task }) => task !== 'note-1') });
      },
    ],
    ['an action that is lost', 'ACTION_ONCE', (cycle) => replace(cycle, 'ACTION_EMITTED', 'T4')],
    [
      'an effect that is there twice',
      'EFFECT_ONCE',
      (_, { lines }) => lines.push({ key: 'key-note-1', task_id: 'id-other', cycle_id: null }),
    ],
    ['an effect that is lost', 'EFFECT_ONCE', (_, { lines }) => void lines.pop()],
    [
      'a task that starts while a halt is open',
      'HALT_HOLDS',
      (cycle) => replace(cycle, 'TASK_STARTED', 'T3', halt, started('T3'), decided('RESUME')),
    ],
    [
      'an action that is emitted while a halt is open',
      'HALT_HOLDS',
      (cycle) => replace(cycle, 'TASK_STARTED', 'T4', started('T4'), halt),
    ],
    [
      'a task that starts after an abort',
      'HALT_HOLDS',
      (cycle) => replace(cycle, 'TASK_STARTED', 'T3', halt, decided('ABORT'), started('T3')),
    ],
    [
      'a body that begins past the harness-wide halt',
      'LATCH_HOLDS',
      (_, { bodies }) => bodies.push({ at: 2_001, workflow_id: 'w-1', task: 'T3' }),
    ],
    [
      'a result in Temporal that is another than the stored one',
      'SAME_RESULT',
      (cycle) => (cycle.temporal.result = { ...cycle.temporal.result, run_id: 'run-2' }),
    ],
    [
      'a workflow that failed though nobody cut it off',
      'SAME_RESULT',
      (cycle) => (cycle.temporal = { status: 'FAILED', result: null, failure: 'why' }),
    ],
    [
      'a workflow that does not end',
      'SAME_RESULT',
      (cycle) => (cycle.temporal = { status: 'RUNNING', result: null, failure: null }),
    ],
    ['a process that is left', 'NO_LEFTOVER', (_, { leftovers }) => leftovers.push('process 1')],
    [
      'a notice that the record says was sent, and nobody heard',
      'NOTICE_TOLD',
      (cycle) =>
        cycle.entries.push(line({ type: 'NOTICE_SENT', data: { halt_id: 'h-1', kind: 'RAISED' } })),
    ],
    [
      'a workflow that another worker could not go on with',
      'REPLAYS_THE_SAME',
      (_, { replays }) => replays.problems.push({ workflow_id: 'shadow-1', problem: 'timer 3' }),
    ],
    ['a worker that ended by itself', 'NO_ACCIDENT', (_, f) => f.accidents.push('worker 1 ended')],
  ];

  it.each(cases)('%s', (_what, invariant, doctor) => {
    const found = violationsOf(doctored(doctor));
    expect(found.map((each) => each.invariant)).toContain(invariant);
    for (const { cycle_id, sentence } of found)
      expect(sentence).toMatch(cycle_id === null ? /./ : `cycle ${cycle_id}: `);
  });
});
