import { fold, newCycle, type TaskState } from '../../src/core/cycle';
import { codeOf, harnessError, invariant, messageOf } from '../../src/core/invariant';
import { countOf, isObject, isRef, own, valueOf } from '../../src/core/json';
import * as recorded from '../../src/core/recorded';
import { at, graphWith, RANK, skill, task } from './samples';
import type { Script } from './script';
import { simulate } from './simulation';

const LEFT = { isolation: 'os', effects: [{ effect: 'note' }] } as const;
const AUDIT = { entries: 3, head: null };
const withRank: Script = { graph: graphWith([task('X')]), skills: RANK };

/** A task as the plan holds it, before anything has become of it. */
function planned(name: string, script: Script = withRank): TaskState {
  const found = simulate(script).cycle.tasks.find((each) => each.planned.name === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
}
const done = { output: null, attempt: 2, audit: AUDIT };

describe('what is recorded of a task', () => {
  test.each([
    ['T1', 'C6.T1'],
    ['T2', 'C6.T2'],
    ['T3', 'C6.T3'],
    ['T4', 'C6.T4'],
    ['X', 'C3.O'],
  ])('C6: the end of %s stands under its own clause, %s', (name, clause) => {
    const [ended] = recorded.endedEvents(planned(name), done, at(3));
    expect(ended).toMatchObject({ type: 'TASK_ENDED', clause, task: name, at: at(3) });
  });

  test('C4.O: its start says under which id, which skill, and which registration of it', () => {
    const x = planned('X');
    const start = recorded.startedEvent(x, at(3));
    expect(start).toMatchObject({ type: 'TASK_STARTED', clause: 'C4.O', task: 'X' });
    expect(start.data).toEqual({
      task_id: x.planned.task_id,
      task_type: 'rank',
      skill_ref: 'acme.rank@1.2.0',
      skill: { registration: skill().registration, state: 'ACTIVE', behind_filter: true },
    });
    expect(recorded.startedEvent(planned('T2'), at(3)).data).not.toHaveProperty('skill');
  });

  test('C6.T4: its end holds what it left behind, and no place for what it did not', () => {
    const x = planned('X');
    const [bare] = recorded.endedEvents(x, done, at(3));
    const known = { task_id: x.planned.task_id, reason: null, output: null, attempt: 2 };
    expect(Object.keys(bare?.data ?? {}).sort()).toEqual([...Object.keys(known), 'outcome'].sort());
    const lists = { survivors: ['B-1'] };
    const [full] = recorded.endedEvents(x, { ...done, lists, left: LEFT }, at(3));
    expect(full?.data).toEqual({ ...known, outcome: 'SUCCESS', lists, left: LEFT });
  });

  test('C3.F1, C7.V1: a failure of a skill holds what it left, between its violations and their halt', () => {
    const cycle = newCycle();
    const { events } = simulate(withRank);
    for (const each of events.slice(0, events.findIndex(({ task: of }) => of === 'X') + 1))
      fold(cycle, each);
    const x = planned('X');
    const reason = { code: 'UNDECLARED_SIDE_EFFECT', detail: 'it reached for fetch' } as const;
    const violation = {
      kind: 'SKILL_VIOLATION',
      ...reason,
      skill_ref: 'acme.rank@1.2.0',
      response: ['QUARANTINE', 'HALT'],
    } as const;
    const failed = { violations: [violation], left: LEFT };
    const told = recorded.failedEvents(cycle, x, reason, failed, at(4));
    expect(told.map(({ type }) => type)).toEqual(['VIOLATION', 'TASK_ENDED', 'HALT_RAISED']);
    expect(told[1]).toMatchObject({ clause: 'C7.V1', task: 'X' });
    expect(told[1]?.data).toEqual({
      task_id: x.planned.task_id,
      outcome: 'FAILED',
      reason,
      output: null,
      attempt: null,
      left: LEFT,
    });
    const [alone, ...more] = recorded.failedEvents(cycle, x, reason, null, at(4));
    expect([alone?.data, more]).toEqual([expect.not.objectContaining({ left: LEFT }), []]);
    expect(alone?.data).not.toHaveProperty('left');
  });

  test('R32, C3.P5: a task that is stopped, or barred, is not FAILED, and keeps what it left', () => {
    const x = planned('X');
    const task_id = x.planned.task_id;
    const [stopped] = recorded.stoppedEvents(x, 'a halt cut in', at(5), LEFT);
    expect(stopped).toMatchObject({ type: 'TASK_STOPPED', clause: 'C3.F3', task: 'X' });
    expect(stopped?.data).toEqual({ task_id, because: 'a halt cut in', left: LEFT });
    const [bare] = recorded.stoppedEvents(x, 'a halt cut in', at(5));
    expect(bare?.data).not.toHaveProperty('left');
    const barred = { code: 'SKILL_NOT_INVOCABLE', detail: 'it is QUARANTINED' } as const;
    expect(recorded.barredEvents(x, barred, at(5))).toEqual([
      expect.objectContaining({
        type: 'TASK_STOPPED',
        clause: 'C3.P5',
        task: 'X',
        at: at(5),
        data: { task_id, because: 'it is QUARANTINED', barred },
      }),
    ]);
  });

  test('C3.P5: a task that is barred while it waits is skipped for that reason', () => {
    const cycle = newCycle();
    const { events } = simulate(withRank);
    for (const each of events.slice(0, events.findIndex(({ task: of }) => of === 'X') + 1))
      fold(cycle, each);
    const x = cycle.tasks.find((each) => each.planned.name === 'X');
    if (x === undefined) throw new Error('X is planned');
    const barred = { code: 'SKILL_NOT_INVOCABLE', detail: 'it is QUARANTINED' } as const;
    for (const each of recorded.stoppedEvents(x, 'a halt cut in', at(5), LEFT)) fold(cycle, each);
    for (const each of recorded.barredEvents(x, barred, at(6))) fold(cycle, each);
    expect(x).toMatchObject({ status: 'WAITING', outcome: null, started_at: null });
    expect([x.barred, x.left]).toEqual([barred, LEFT]);
    for (const each of recorded.stoppedEvents(x, 'once more', at(7))) fold(cycle, each);
    expect([x.barred, x.left]).toEqual([barred, LEFT]);
  });
});

describe('what is recorded of a cycle', () => {
  const opened = simulate().events[0];
  if (opened?.type !== 'CYCLE_OPENED') throw new Error('a cycle is opened first');
  const { cycle_id, mode, input_hash, graph_hash, policy_hash, policy, first_task } = opened.data;
  if (input_hash === null || first_task === null) throw new Error('a cycle with a bundle');
  const input = { cycle_id, mode, input_hash, graph_hash, policy_hash, policy, first_task };
  const workflow = { workflowId: 'w', runId: 'r' };
  const tick = { schedule: 'feed', nominal_time: '2026-11-22T14:25:00Z', source: 'file:/b.json' };

  test('CA: its opening says what it restarts and which schedule it is of, if it does', () => {
    const plain = recorded.openingEvent(input, workflow, at(0));
    expect(plain).toMatchObject({ type: 'CYCLE_OPENED', clause: 'CA', actor: 'harness' });
    expect(plain.data).toMatchObject({ restarts: null, evaluated_at: at(0), workflow_id: 'w' });
    expect(plain.data).not.toHaveProperty('tick');
    const restarted = recorded.openingEvent({ ...input, restarts: 'c0', tick }, workflow, at(0));
    expect(restarted.data).toMatchObject({ restarts: 'c0', tick });
  });

  test('C1.1: a scheduled cycle whose source gave nothing says where it should have come from', () => {
    const of = { schedule: 'feed', source: 'file:/b.json', set_by: 'ada' };
    const told = (failed: string | null) =>
      recorded.sourcelessEvents(
        { ...of, mode, graph_hash, policy_hash, policy },
        { cycle_id, nominal_time: tick.nominal_time },
        workflow,
        failed,
        at(0),
      );
    expect(told(null)).toEqual([
      expect.objectContaining({
        type: 'CYCLE_OPENED',
        clause: 'CA',
        data: expect.objectContaining({ tick, input_hash: null, first_task: null, cycle_id }),
      }),
    ]);
    expect(told('it is gone')[1]).toMatchObject({
      type: 'SOURCE_FAILED',
      data: { detail: 'it is gone' },
    });
  });

  test('C3.D3, C5.O: a graph that is refused is on record with all its problems; round the gate it is a violation', () => {
    const problems = [
      { code: 'GRAPH_INVALID', detail: 'one' },
      { code: 'GRAPH_INVALID', detail: 'two' },
    ] as const;
    const told = (override: boolean) =>
      recorded.graphEvents({ built: false, problems, override }, at(1));
    expect(told(false)).toEqual([
      expect.objectContaining({ type: 'GRAPH_REFUSED', clause: 'C3.D3' }),
    ]);
    const [refused, violation] = told(true);
    expect(refused?.data).toEqual({ problems, override: true });
    expect(violation).toMatchObject({
      type: 'VIOLATION',
      actor: 'harness',
      data: { code: 'GRAPH_INVALID', detail: 'one; two' },
    });
  });
});

describe('C3.F3 what only a defect can break', () => {
  test('throws HARNESS_ERROR with the clause that is broken, and its cause', () => {
    expect(() => invariant(true, 'CA', 'it holds')).not.toThrow();
    const thrown = () => invariant(false, 'C3.O', 'a task ends once');
    expect(thrown).toThrow(expect.objectContaining({ code: 'HARNESS_ERROR' }));
    expect(thrown).toThrow('C3.O: a task ends once');
    const cause = new Error('the disk is full');
    const error = harnessError('it broke', cause);
    expect([error.name, error.code, error.cause]).toEqual(['HarnessError', 'HARNESS_ERROR', cause]);
  });

  test('C3.F3: an error of another realm is known by its code and its message', () => {
    const codes = [{ code: 'ENOENT' }, { code: 7 }, {}, null, undefined, 'ENOENT'];
    expect(codes.map(codeOf)).toEqual(['ENOENT', ...Array.from({ length: 5 }, () => undefined)]);
    const said = [new Error('broke'), { message: 'broke too' }, 'a text', null, { a: 1 }];
    expect(said.map(messageOf)).toEqual([
      'broke',
      'broke too',
      'a text',
      'null',
      '[object Object]',
    ]);
  });
});

describe('C2 a JSON value', () => {
  test('is an object only where it is neither a list nor null', () => {
    const values = [{}, { a: 1 }, [], null, 'x', 1, undefined];
    expect(values.map(isObject)).toEqual([true, true, false, false, false, false, false]);
  });

  test('is a reference only when it holds ref and count, and nothing else', () => {
    const ref = `sha256:${'0'.repeat(64)}` as const;
    const values = [
      { ref, count: 1 },
      { count: 1, ref },
      { ref },
      { ref, count: 1, x: 1 },
      [],
      null,
    ];
    expect(values.map(isRef)).toEqual([true, true, false, false, false, false]);
    expect([countOf(undefined), countOf([1, 2]), countOf({ ref, count: 9 })]).toEqual([0, 2, 9]);
  });

  test('has only properties of its own, and a text that is no JSON has no value', () => {
    expect([own({ a: 1 }, 'a'), own({ a: 1 }, 'toString')]).toEqual([1, undefined]);
    expect([valueOf('[1]'), valueOf('null'), valueOf('[1')]).toEqual([[1], null, undefined]);
  });
});
