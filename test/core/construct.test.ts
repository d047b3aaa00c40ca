import fc from 'fast-check';
import { executionOrder, graphProblems, namesUpstreamState } from '../../src/core/construct';
import { BUILT_INS, type Gate, type Graph, type Task, V1_GRAPH } from '../../src/core/graph';
import { hashOf } from '../../src/core/identity';
import type { Json } from '../../src/core/json';
import { gate, graphWith, planOf, shaped, task, v1With } from './samples';

const refusalsOf = (graph: Graph): string[] =>
  graphProblems(graph).map(({ clause, detail }) => `${clause} ${detail}`);
const orderOf = (graph: Graph): string[] =>
  executionOrder(graph).map((i) => graph.tasks[i]?.name ?? '');
const [T1, T2, T3, T4] = V1_GRAPH.tasks as readonly [Task, Task, Task, Task];
const tasks = (...list: readonly Task[]): Graph => shaped({ ...V1_GRAPH, tasks: list });

describe('the v1 graph', () => {
  test('C6.T1, C6.T2, C6.T3, C6.T4: is a chain of the four built-ins, all critical, that logs and nothing else', () => {
    expect(graphProblems(V1_GRAPH)).toEqual([]);
    expect(orderOf(V1_GRAPH)).toEqual(['T1', 'T2', 'T3', 'T4']);
    expect(V1_GRAPH).toMatchObject({ graph_id: 'v1', parallel: false, gates: [] });
    expect(V1_GRAPH.tasks.map(({ depends_on }) => depends_on)).toEqual([
      [],
      ['T1'],
      ['T2'],
      ['T3'],
    ]);
    expect(V1_GRAPH.tasks.map(({ skill_ref }) => skill_ref)).toEqual(Object.keys(BUILT_INS));
    for (const each of V1_GRAPH.tasks)
      expect(each).toMatchObject({
        critical: true,
        side_effects: ['audit_log'],
        timeout_ms: 5_000,
      });
  });

  test('C6.T1: its first task reads as the interface prints it, key by key', () => {
    const printed: unknown = JSON.parse(
      `{"name": "T1", "task_type": "validate_state", "skill_ref": "harness.validate-state", "required_state": ["regime_state"],
   "required_permissions": [], "depends_on": [], "inputs": {}, "timeout_ms": 5000, "output_schema": "StateValidation", "side_effects": ["audit_log"], "critical": true}`,
    );
    expect(T1).toEqual(printed);
    expect(hashOf(T1 as unknown as Json)).toBe(hashOf(printed as Json));
  });
});

test('C3.D3: a graph that leaves out what may be left out is built as one without gates', () => {
  const { gates: _, parallel: __, ...bare } = V1_GRAPH;
  const graph = shaped(bare);
  expect(graphProblems(graph)).toEqual([]);
  const { plan_hash } = planOf(V1_GRAPH);
  expect({ ...planOf(graph), plan_hash }).toEqual(planOf(V1_GRAPH));
});

test('C3.D3: a circle is named also where its first task is the first of the graph', () => {
  const [a, b] = [task('a', { depends_on: ['b'] }), task('b', { depends_on: ['a'] })];
  expect(refusalsOf(tasks(a, b, T1, T2, T3, T4))).toContain(
    'C3.D3 tasks "a", "b" depend on each other in a circle',
  );
});

test('R26, C5.O: nobody goes round a regime gate that is declared first', () => {
  expect(refusalsOf(tasks(T2, T1, T3, T4, task('a', { depends_on: ['T1'] })))).toEqual([
    'C5.O task "a" does not come after harness.check-regime: it would bypass the regime gate',
  ]);
});

describe('what is no graph', () => {
  test.each<[string, Graph, string[]]>([
    [
      'a task that depends on itself',
      graphWith([task('a', { depends_on: ['T3', 'a'] })]),
      ['C3.D3 task "a" depends on itself'],
    ],
    [
      'unknown dependencies, all of them',
      graphWith([task('a', { depends_on: ['T3', 'x', 'y'] })]),
      ['C3.D3 task "a" depends on unknown task "x"', 'C3.D3 task "a" depends on unknown task "y"'],
    ],
    [
      'a name that stands twice',
      graphWith([task('a'), task('b'), task('a', { inputs: {} })]),
      ['C3.D3 task "a" is declared more than once'],
    ],
    ['a name in two cases, which are two names', graphWith([task('a'), task('A')]), []],
    [
      'a gate name that stands twice',
      graphWith(
        [task('a')],
        [gate('regime.is_stable', 'a'), gate('regime.is_stable', 'T4', 'SKIP', 'g')],
      ),
      ['C3.D3 gate "g" is declared more than once'],
    ],
    [
      'a circle, with every member and nobody else',
      graphWith([
        task('out', { depends_on: ['c'] }),
        task('c', { depends_on: ['b'] }),
        task('a', { depends_on: ['T3', 'c'] }),
        task('b', { depends_on: ['a'] }),
      ]),
      ['C3.D3 tasks "c", "a", "b" depend on each other in a circle'],
    ],
    [
      'two circles, each by itself',
      graphWith([
        task('a', { depends_on: ['T3', 'b'] }),
        task('b', { depends_on: ['a'] }),
        task('c', { depends_on: ['b', 'd'] }),
        task('d', { depends_on: ['c'] }),
      ]),
      [
        'C3.D3 tasks "c", "d" depend on each other in a circle',
        'C3.D3 tasks "a", "b" depend on each other in a circle',
      ],
    ],
    [
      'a built-in that does not exist',
      graphWith([task('a', { skill_ref: 'harness.size-orders' })]),
      [
        'C3.P5 task "a" names a built-in that does not exist: "harness.size-orders" (a built-in has no version)',
      ],
    ],
  ])('C3.D3: %s', (_, graph, refusals) => {
    expect(refusalsOf(graph)).toEqual(expect.arrayContaining(refusals));
    expect(refusalsOf(graph)).toHaveLength(refusals.length);
  });

  test('C3.D3: a graph without a task is refused', () => {
    expect(graphProblems({ ...V1_GRAPH, tasks: [] })).not.toEqual([]);
  });

  test('C3.D3: whatever depends on whatever, exactly the tasks that reach themselves are named', () => {
    const wiring = fc.array(fc.array(fc.nat(7), { maxLength: 2 }), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(wiring, (edges) => {
        const name = (i: number): string => `n${i}`;
        const extra = edges.map((list, i) =>
          task(name(i), { depends_on: ['T3', ...list.filter((j) => j !== i).map(name)] }),
        );
        const problems = refusalsOf(graphWith(extra)).join(' ');
        const reaches = (from: number, to: number, seen = new Set<number>()): boolean =>
          (edges[from] ?? []).some(
            (next) =>
              next !== from &&
              (next === to || (!seen.has(next) && reaches(next, to, seen.add(next)))),
          );
        edges.forEach((_, i) => expect(problems.includes(`"n${i}"`)).toBe(reaches(i, i)));
      }),
    );
  });
});

test.each([
  'RegimeState',
  'FactorPermission',
  'SignalSet',
  'BeliefSet',
  'MacroState',
  'FlowState',
  'regime_state',
  'active_beliefs',
  'factor-permission',
  'MACRO STATE',
  'signals',
  'Belief',
])('R33, C7.SK1: an output cannot pass for the upstream state %s', (output_schema) => {
  expect(refusalsOf(graphWith([task('a', { output_schema })]))).toEqual([
    `C7.SK1 task "a" has output_schema ${JSON.stringify(output_schema)}, the name of an upstream state`,
  ]);
});

test.each(['Ranking', 'RegimeReport', 'BeliefFilter', 'timestamp'])(
  'R33: an output may be called %s',
  (output_schema) => expect(namesUpstreamState(output_schema)).toBe(false),
);

describe('gates', () => {
  const GOOD = 'regime.is_stable';
  test.each<[string, Gate, string[]]>([
    [
      'T1',
      gate(GOOD, 'T1'),
      ['C5.O gate "g" gates task "T1" (harness.validate-state), which cannot be gated'],
    ],
    [
      'T2 by its else branch',
      gate(GOOD, 'a', 'T2'),
      ['C5.O gate "g" gates task "T2" (harness.check-regime), which cannot be gated'],
    ],
    [
      'T3',
      gate(GOOD, 'T3'),
      ['C5.O gate "g" gates task "T3" (harness.filter-beliefs), which cannot be gated'],
    ],
    [
      'an unknown task',
      gate(GOOD, 'x', 'y'),
      ['C4.G gate "g" names unknown task "x"', 'C4.G gate "g" names unknown task "y"'],
    ],
    [
      'a task by the id it would have',
      gate(GOOD, '5f7c6ad1-3b0e-5c35-9a51-1f6f1d9a7f10'),
      ['C4.G gate "g" names unknown task "5f7c6ad1-3b0e-5c35-9a51-1f6f1d9a7f10"'],
    ],
    ['one task twice', gate(GOOD, 'a', 'a'), ['C4.G gate "g" names task "a" for both branches']],
    ['nothing for true', gate(GOOD, 'SKIP', 'a'), ['C4.G gate "g" names unknown task "SKIP"']],
    [
      'by market logic',
      gate('regime.is_stable and price > 100', 'a'),
      ['C4.G gate "g": a field begins with regime, factor, macro, flow, at position 21: "price"'],
    ],
    [
      "by another task's output",
      gate("scan.output == 'x'", 'a'),
      ['C4.G gate "g": a field begins with regime, factor, macro, flow, at position 0: "scan"'],
    ],
    ['T4, which may be', gate(GOOD, 'T4', 'a'), []],
  ])('R34, C4.G: a gate on %s', (_, each, refusals) => {
    expect(refusalsOf(graphWith([task('a')], [each]))).toEqual(refusals);
  });

  test('R34, C5.O: T3 under another name is T3 all the same', () => {
    const renamed = v1With('T3', { name: 'filter' });
    const graph = {
      ...renamed,
      tasks: renamed.tasks.map((each) =>
        each.name === 'T4' ? { ...T4, depends_on: ['filter'] } : each,
      ),
      gates: [gate(GOOD, 'filter')],
    };
    expect(refusalsOf(graph)).toEqual([expect.stringMatching(/^C5\.O .*"filter"/)]);
  });

  test('C4.G: what a refusal quotes cannot steer a terminal', () => {
    const name = `\u001b[2J\u009b2J\n\u202e\u2028${'x'.repeat(1_000)}`;
    const [problem] = graphProblems(graphWith([], [gate(GOOD, name)]));
    expect(problem?.detail).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
    expect(problem?.detail.length).toBeLessThan(300);
  });

  test('C4.G: as many gates as a document holds are judged, not suffered', () => {
    const many = Array.from({ length: 200_000 }, (_, i) => gate(GOOD, 'T4', 'SKIP', `g${i}`));
    expect(
      graphProblems({ ...V1_GRAPH, gates: [...many, gate(GOOD, 'T4', 'SKIP', 'g7')] }),
    ).toEqual([{ clause: 'C3.D3', detail: 'gate "g7" is declared more than once' }]);
  });
});

describe('the order of execution', () => {
  test('C4.O, C3.D1: among candidates the one declared first goes first, and each end brings new candidates', () => {
    const graph = tasks(
      task('late', { depends_on: ['x'] }),
      task('b', { depends_on: ['T2'] }),
      T3,
      T2,
      task('x'),
      task('a', { depends_on: ['T2'] }),
      T1,
      T4,
    );
    // After T2 the candidates are b, T3 and a; T3 brings x and T4, and x brings late, which is declared before a.
    expect(orderOf(graph)).toEqual(['T1', 'T2', 'b', 'T3', 'x', 'late', 'a', 'T4']);
  });

  test('C5.N: neither names, timeouts nor parallelism change the order, and a dependency said twice is one', () => {
    const of = (parallel: boolean): Graph => ({
      ...graphWith([
        task('z', { timeout_ms: 9_000, depends_on: ['T3', 'T3'] }),
        task('a', { timeout_ms: 1, depends_on: ['T3'] }),
      ]),
      parallel,
    });
    expect(orderOf(of(false))).toEqual(['T1', 'T2', 'T3', 'T4', 'z', 'a']);
    expect(orderOf(of(true))).toEqual(orderOf(of(false)));
  });
});
