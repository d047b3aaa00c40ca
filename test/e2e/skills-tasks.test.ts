import type { ChildProcess } from 'node:child_process';
import type { JsonObject } from '../../src/core/json';
import { World } from '../faults/world';
import { descendants } from '../sandbox/world';
import { act, chameleon, SkillDesk } from '../support/skills';
import { graph, objects, taskLines } from './documents';
import { until } from './until';

/** What skills see, return and write in a cycle, and which version of them runs. */
let world: World;
let desk: SkillDesk;
let worker: ChildProcess;

/** Writes nothing but to the record, so it may run before T3. */
const reader = (changes: JsonObject = {}): string =>
  chameleon('acme.reader', { side_effects: ['audit_log'], ...changes });
const EXECUTION = { layer: 'L12', layer_dependencies: ['L9'] };

beforeAll(async () => {
  world = await World.open();
  desk = new SkillDesk(world.box, world.harness);
  worker = await world.worker();
  await Promise.all([
    desk.register(reader()),
    desk.register(chameleon('acme.writer', { side_effects: ['notes', 'hidden', 'audit_log'] })),
    desk.register(chameleon('acme.executor', EXECUTION)),
  ]);
});
afterAll(async () => {
  await world.expectSound();
  await desk.close();
  await world.close();
});

type Made = ReturnType<typeof act>;
const reading = (name: string, steps: JsonObject['steps'], depends_on: readonly string[]): Made =>
  act(name, 'acme.reader', { steps: steps ?? [] }, { depends_on, side_effects: ['audit_log'] });

async function run(tasks: readonly JsonObject[], more: JsonObject = {}): Promise<JsonObject> {
  const cycle = world.plan({ graph: graph(tasks, more) });
  await world.start(cycle);
  return world.ended(cycle);
}

const task = (result: JsonObject, name: string): JsonObject =>
  objects(result['tasks']).find((each) => each['name'] === name) ?? {};
const said = (result: JsonObject, name: string): unknown => {
  const { output } = task(result, name);
  return typeof output === 'object' && output !== null && 'said' in output ? output.said : output;
};
const lines = (result: JsonObject): string[] =>
  taskLines(result).filter((line) => !/^T\d/.test(line));

it('SK-2, R33 behind T3 a skill sees the surviving beliefs, before it all of them', async () => {
  const result = await run([
    reading('before', [['beliefs']], ['T2']),
    reading('behind', [['beliefs']], ['T3']),
    reading('far-behind', [['beliefs']], ['before', 'behind']),
  ]);
  expect(said(result, 'before')).toEqual([['B-1', 'B-2']]);
  expect(said(result, 'behind')).toEqual([['B-1']]);
  expect(said(result, 'far-behind')).toEqual([['B-1']]);
});

it('R33 a skill reads the outputs of its own dependencies, long ones too, and null of one that was skipped', async () => {
  const result = await run(
    [
      reading('short', [['mode']], ['T2']),
      reading('long', [['long', 3_000]], ['T2']),
      reading('gated', [['mode']], ['T2']),
      reading('failing', [['fail', 'no feed']], ['T2']),
      ...['short', 'long', 'gated'].map((of) =>
        reading(`reads-${of}`, [['output', of]], ['T3', of]),
      ),
      reading('reads-other', [['output', 'short']], ['T3']),
      reading('reads-failing', [['output', 'failing']], ['T3', 'failing']),
    ],
    {
      parallel: true,
      gates: [
        {
          name: 'calm',
          condition: "regime.behavior == 'UNDEFINED'",
          if_true: 'gated',
          if_false: 'SKIP',
        },
      ],
    },
  );
  expect(said(result, 'reads-short')).toEqual([{ said: ['shadow'] }]);
  expect(said(result, 'reads-long')).toEqual([{ said: ['x'.repeat(3_000)] }]);
  expect(said(result, 'reads-gated')).toEqual([null]);
  expect(lines(result)).toEqual(
    expect.arrayContaining([
      'gated SKIPPED GATE_SKIP',
      'reads-other FAILED TASK_ERROR', // nobody else's
      'reads-failing SKIPPED DEPENDENCY_FAILED',
    ]),
  );
  expect(result).toMatchObject({ outcome: 'COMPLETED', violations: [] });
});

it('C6.T4 `record` and audit_log are written to the record only, and so is all that an L12 skill asks for', async () => {
  const steps = [
    ['hide', { n: 1 }],
    ['note', { n: 2 }],
    ['tell', { n: 3 }],
    ['note', { n: 4 }],
  ];
  const effects = ['notes', 'hidden', 'audit_log'];
  const result = await run([
    act('writes', 'acme.writer', { steps }, { side_effects: effects }),
    act('executes', 'acme.executor', { steps: [['note', { n: 5 }]] }),
  ]);
  const { task_id, effects: receipts } = task(result, 'writes');
  const path = expect.stringMatching(/out\/notes\.jsonl$/);
  expect(receipts).toMatchObject([
    { effect: 'hidden', ordinal: 1, status: 'RECORDED', payload: { n: 1 }, target: 'record' },
    { effect: 'notes', ordinal: 1, status: 'PERFORMED', payload: { n: 2 }, target: path },
    { effect: 'audit_log', ordinal: 1, status: 'RECORDED', payload: { n: 3 }, target: 'record' },
    { effect: 'notes', ordinal: 2, status: 'PERFORMED', payload: { n: 4 }, target: path },
  ]);
  expect(desk.linesOf(task_id)).toEqual([{ n: 2 }, { n: 4 }]);
  expect(desk.lines('hidden')).toEqual([]);
  const executed = task(result, 'executes');
  expect(executed).toMatchObject({
    outcome: 'SUCCESS',
    effects: [{ effect: 'notes', status: 'RECORDED', payload: { n: 5 }, target: 'record' }],
  });
  expect(desk.linesOf(executed['task_id'])).toEqual([]);
});

it('R28, R35 a bare reference is the active version, a pinned one that version; others are skipped', async () => {
  const graphOf = () => [
    reading('bare', [], ['T3']),
    { ...reading('old', [], ['T3']), skill_ref: 'acme.reader@1.0.0' },
    { ...reading('new', [], ['T3']), skill_ref: 'acme.reader@1.1.0' },
    { ...reading('none', [], ['T3']), skill_ref: 'acme.nobody' },
    { ...reading('other-type', [], ['T3']), task_type: 'rank' },
    { ...reading('other-schema', [], ['T3']), output_schema: 'Ranking' },
    { ...reading('unlisted', [], ['T3']), skill_ref: 'acme.writer' },
  ];
  const barred = ['other-type', 'other-schema', 'unlisted'].map(
    (name) => `${name} SKIPPED SKILL_NOT_INVOCABLE`,
  );
  // Registered while the worker runs.
  const ref = await desk.register(reader({ skill_version: '1.1.0' }), false);
  const before = await run(graphOf());
  expect(lines(before)).toEqual([
    'bare SUCCESS',
    'old SUCCESS',
    'new SKIPPED SKILL_NOT_INVOCABLE', // REGISTERED: not yet
    'none SKIPPED SKILL_UNREGISTERED',
    ...barred,
  ]);
  expect(task(before, 'bare')).toMatchObject({ skill_ref: 'acme.reader@1.0.0' });
  expect(task(before, 'bare')).not.toHaveProperty('deprecated');

  await desk.change('activate', ref);
  const after = await run(graphOf());
  expect(lines(after).slice(0, 3)).toEqual(['bare SUCCESS', 'old SUCCESS', 'new SUCCESS']);
  expect(task(after, 'bare')).toMatchObject({ skill_ref: 'acme.reader@1.1.0' });
  expect(task(after, 'old')).toMatchObject({ deprecated: true });
});

describe('R23 a parallel graph', () => {
  it('comes to the same as a sequential one, each effect once', async () => {
    const tasks = (of: string) =>
      ['a', 'b', 'c', 'd'].flatMap((name) => [
        act(
          `writes-${name}`,
          'acme.writer',
          { of, steps: [['note', { name }]] },
          {
            side_effects: ['notes', 'hidden', 'audit_log'],
          },
        ),
        reading(`reads-${name}`, [['output', `writes-${name}`], ['beliefs']], [`writes-${name}`]),
      ]);
    const [one, other] = await Promise.all([
      run(tasks('one')),
      run(tasks('other'), { parallel: true }),
    ]);
    expect(lines(one)).toEqual(lines(other));
    expect(new Set(lines(one).map((line) => line.split(' ')[1]))).toEqual(new Set(['SUCCESS']));
    for (const result of [one, other]) {
      for (const { name, task_id } of objects(result['tasks'])) {
        const written = /^writes-(.)$/.exec(String(name))?.[1];
        expect(desk.linesOf(task_id)).toEqual(written === undefined ? [] : [{ name: written }]);
      }
    }
    const outputs = (result: JsonObject) => objects(result['tasks']).map(({ output }) => output);
    expect(outputs(one).slice(4)).toEqual(outputs(other).slice(4));
  });

  it('C4.P of 200 skill tasks completes, and leaves no process behind', async () => {
    const left = (): number => descendants(worker.pid ?? 0).length;
    const spares = await settled(left);
    const names = Array.from({ length: 200 }, (_, i) => `task-${i}`);
    const tasks = names.map((name) => reading(name, [['long', 900]], ['T3']));
    // More than the call of one task carries.
    const last = reading(
      'reads-all',
      [
        ['output', 'task-0'],
        ['output', 'task-199'],
      ],
      names,
    );
    const result = await run([...tasks, last], { parallel: true });
    expect(result['outcome']).toBe('COMPLETED');
    expect(lines(result)).toEqual([...names, 'reads-all'].map((name) => `${name} SUCCESS`));
    const long = { said: ['x'.repeat(900)] };
    expect(said(result, 'reads-all')).toEqual([long, long]);
    expect(await settled(left)).toBe(spares);
  });
});

/** A number that no longer changes. */
async function settled(count: () => number): Promise<number> {
  let [same, last] = [0, -1];
  await until('nothing starts or ends any more', async () => {
    same = count() === last ? same + 1 : 0;
    last = count();
    return same >= 10;
  });
  return last;
}
