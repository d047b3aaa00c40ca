import fc from 'fast-check';
import { BUNDLE_FIELDS } from '../../src/core/bundle';
import { V1_GRAPH } from '../../src/core/graph';
import { type Json, type JsonObject, isObject } from '../../src/core/json';
import { GRAPH_GATES_MAX, GRAPH_TASKS_MAX, TASK_TIMEOUT_MS_MAX } from '../../src/core/limits';
import { readGraphShape } from '../../src/documents/graph';
import { changed } from './samples';

const T = 'tasks[0]';
const G = 'gates[0]';
const task = {
  name: 'T1',
  task_type: 'validate_state',
  skill_ref: 'harness.validate-state',
  required_state: ['regime_state'],
  required_permissions: ['momentum'],
  depends_on: ['T0'],
  inputs: { any: [1, null] },
  timeout_ms: 5_000,
  output_schema: 'StateValidation',
  side_effects: ['audit_log'],
  critical: true,
};
const graph: JsonObject = {
  graph_id: 'v1',
  version: '1.0.0',
  parallel: false,
  tasks: [task],
  gates: [{ name: 'g', condition: 'regime.is_stable', if_true: 'scan', if_false: 'SKIP' }],
};

function problemsOf(value: Json): readonly string[] {
  const { graph: read, problems } = readGraphShape(value);
  expect(read === null).toBe(problems.length > 0);
  return problems;
}

describe('the shape of a graph is right', () => {
  test('C6: for the v1 graph, which is given back as it is', () => {
    expect(readGraphShape(JSON.parse(JSON.stringify(V1_GRAPH)))).toEqual({
      graph: V1_GRAPH,
      problems: [],
    });
  });

  test('C4.I1: nothing is added for what is left out, and inputs stay what they are', () => {
    const { critical: _critical, ...least } = task;
    const inputs: JsonObject = JSON.parse('{"__proto__":{"a":1},"toJSON":[]}');
    const value = { graph_id: 'v1', version: '1', tasks: [{ ...least, inputs }] };
    const read = readGraphShape(value).graph;
    expect(read).toStrictEqual(value);
    expect(read?.tasks[0]?.inputs).toBe(inputs);
  });

  const accepted: [string, Json[]][] = [
    [`${T}.name`, ['a', '0', '_', '-', 'Aa_9-', 'x'.repeat(64), 'constructor', '__proto__']],
    [`${T}.required_state`, [[], [...BUNDLE_FIELDS]]],
    [`${T}.timeout_ms`, [1, TASK_TIMEOUT_MS_MAX]],
    [`${T}.inputs`, [{}, { deep: { er: [] } }]],
    [`${T}.depends_on`, [[], ['T1', 'T1', 'no such task']]],
    [`${T}.side_effects`, [[], ['audit_log', 'audit_log']]],
    [`${G}.condition`, ['', 'anything', 'x'.repeat(5_000)]],
  ];
  test.each(accepted)('C3: where %s is one of %j', (path, values) => {
    for (const value of values) expect(problemsOf(changed(graph, path, value))).toEqual([]);
  });

  test(`C3: with ${GRAPH_TASKS_MAX} tasks, and not with one more`, () => {
    const tasks = Array.from({ length: GRAPH_TASKS_MAX }, () => task);
    expect(problemsOf({ ...graph, tasks })).toEqual([]);
    expect(problemsOf({ ...graph, tasks: [...tasks, task] })).toEqual([
      'graph: tasks is a list, not a list of at most 1000 tasks',
    ]);
  });

  test(`C4.G: with ${GRAPH_GATES_MAX} gates, and not with one more`, () => {
    const gate = { name: 'open', condition: 'regime.is_stable', if_true: 'T4', if_false: 'SKIP' };
    const gates = Array.from({ length: GRAPH_GATES_MAX }, () => gate);
    expect(problemsOf({ ...graph, gates })).toEqual([]);
    expect(problemsOf({ ...graph, gates: [...gates, gate] })).toEqual([
      'graph: gates is a list, not a list of at most 1000 gates',
    ]);
  });
});

describe('the shape of a graph is wrong', () => {
  const required = Object.keys(task).filter((key) => key !== 'critical');
  test.each([
    'graph_id',
    'version',
    'tasks',
    ...required.map((key) => `${T}.${key}`),
    ...['name', 'condition', 'if_true', 'if_false'].map((key) => `${G}.${key}`),
  ])('C7.D: without %s', (path) => {
    expect(problemsOf(changed(graph, path, undefined))).toEqual([`graph: ${path} is missing`]);
    expect(problemsOf(changed(graph, path, null))).toEqual([
      expect.stringContaining(`graph: ${path} is null, not `),
    ]);
  });

  const wrong: [string, Json[]][] = [
    ['graph_id', ['', 1]],
    ['version', ['', 1]],
    ['parallel', [null, 'true', 1]],
    ['tasks', [[], {}, 'T1', 7]],
    ['gates', [null, {}, 'g', 7]],
    [T, ['T1', 1, []]],
    [G, ['g', 1, []]],
    [`${T}.name`, ['', 'x'.repeat(65), 'a b', 'a.b', 'é', 'a\n', 1]],
    ...['task_type', 'skill_ref', 'output_schema'].map((key): [string, Json[]] => [
      `${T}.${key}`,
      ['', 1, []],
    ]),
    ...['required_state', 'required_permissions', 'depends_on', 'side_effects'].map(
      (key): [string, Json[]] => [`${T}.${key}`, ['T1', {}, 1]],
    ),
    [`${T}.inputs`, [[], 'x', 1]],
    [`${T}.timeout_ms`, [0, -1, 1.5, TASK_TIMEOUT_MS_MAX + 1, '5000', true]],
    [`${T}.critical`, [null, 'true', 1]],
    [`${G}.name`, ['', 1]],
    [`${G}.condition`, [1, {}, true]],
    [`${G}.if_true`, ['', ['scan']]],
    [`${G}.if_false`, ['', 1]],
  ];
  test.each(wrong)('C7.D: where %s is one of %j', (path, values) => {
    for (const value of values) {
      expect(problemsOf(changed(graph, path, value))).toEqual([
        expect.stringMatching(/^graph: .* is .*, not /),
      ]);
      expect(problemsOf(changed(graph, path, value))[0]).toContain(`graph: ${path} is `);
    }
  });

  test('R10: every required state that is no field of the bundle is named', () => {
    expect(problemsOf(changed(graph, `${T}.required_state`, ['price', 'signals', 'x']))).toEqual([
      expect.stringContaining(`${T}.required_state[0] is "price", not one of timestamp, regime_`),
      expect.stringContaining(`${T}.required_state[2] is "x", not one of timestamp, regime_state`),
    ]);
  });

  test.each(['retries', '__proto__', 'constructor'])('C7.D: with the unknown key %s', (key) => {
    const add = (text: string, before: string): Json =>
      JSON.parse(text.replace(before, `"${key}":1,${before}`));
    const text = JSON.stringify(graph);
    const unknown = `has an unknown key "${key}"`;
    expect(problemsOf(add(text, '"graph_id"'))).toEqual([`graph: the document ${unknown}`]);
    expect(problemsOf(add(text, '"task_type"'))).toEqual([`graph: ${T} ${unknown}`]);
    expect(problemsOf(add(text, '"condition"'))).toEqual([`graph: ${G} ${unknown}`]);
  });

  test('C3.D3: and every offender is named', () => {
    const problems = problemsOf({
      version: 1,
      more: 1,
      tasks: [task, { ...task, name: 'b c', timeout_ms: 0 }, 'T3'],
      gates: [{}],
    });
    expect(problems.map((problem) => problem.split(/ is | has /)[0])).toEqual([
      'graph: graph_id',
      'graph: version',
      'graph: the document',
      'graph: tasks[1].name',
      'graph: tasks[1].timeout_ms',
      'graph: tasks[2]',
      'graph: gates[0].name',
      'graph: gates[0].condition',
      'graph: gates[0].if_true',
      'graph: gates[0].if_false',
    ]);
  });

  test('whatever else it is, and a million offenders are no flood', () => {
    const json = fc.jsonValue().map((value) => value as Json);
    fc.assert(
      fc.property(json, (value) => {
        expect(readGraphShape(value).graph).toBeNull();
        if (isObject(value)) expect(problemsOf({ ...graph, ...value }).length).toBeLessThan(100);
      }),
    );
    const nothings = (length: number): Json[] => Array.from({ length }, () => ({}));
    expect(problemsOf({ ...graph, gates: nothings(1_000_000) })).toHaveLength(1);
    expect(problemsOf({ ...graph, gates: nothings(GRAPH_GATES_MAX) })).toHaveLength(1_001);
  });
});
