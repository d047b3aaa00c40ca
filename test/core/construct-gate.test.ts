import { executionOrder, graphProblems } from '../../src/core/construct';
import { type Graph, type Task, V1_GRAPH } from '../../src/core/graph';
import { graphWith, shaped, task, v1With } from './samples';

const refusalsOf = (graph: Graph): string[] =>
  graphProblems(graph).map(({ clause, detail }) => `${clause} ${detail}`);
const orderOf = (graph: Graph): string[] =>
  executionOrder(graph).map((i) => graph.tasks[i]?.name ?? '');
const [T1, T2, T3, T4] = V1_GRAPH.tasks as readonly [Task, Task, Task, Task];
const tasks = (...list: readonly Task[]): Graph => shaped({ ...V1_GRAPH, tasks: list });

describe('R26: the gate cannot be left out, gone round or done twice', () => {
  const chain = (skip: Task, ...behind: Task[]): Graph =>
    tasks(
      ...V1_GRAPH.tasks
        .filter((each) => each !== skip)
        .map((each) =>
          each.depends_on.includes(skip.name) ? { ...each, depends_on: skip.depends_on } : each,
        ),
      ...behind,
    );
  test.each<[string, Graph, string[]]>([
    ['no T1', chain(T1), ['no task runs harness.validate-state: the gate cannot be left out']],
    ['no T2', chain(T2), ['no task runs harness.check-regime: the gate cannot be left out']],
    [
      'T4 without T3',
      chain(T3),
      ['task "T4" emits actions but does not come after harness.filter-beliefs'],
    ],
    [
      'T1 behind another task',
      tasks({ ...T1, depends_on: ['a'] }, T2, T3, T4, task('a', { depends_on: [] })),
      [
        'task "T1" (harness.validate-state) depends on another task: it is the first',
        'task "a" does not come after harness.check-regime: it would bypass the regime gate',
      ],
    ],
    [
      'T2 beside T1',
      v1With('T2', { depends_on: [] }),
      ['task "T2" (harness.check-regime) does not come after harness.validate-state'],
    ],
    [
      'a task beside T2',
      graphWith([task('a', { depends_on: ['T1'] }), task('b', { depends_on: [] })]),
      [
        'task "a" does not come after harness.check-regime: it would bypass the regime gate',
        'task "b" does not come after harness.check-regime: it would bypass the regime gate',
      ],
    ],
    [
      'T3 beside T2',
      v1With('T3', { depends_on: ['T1'] }),
      [
        'task "T3" does not come after harness.check-regime: it would bypass the regime gate',
        'task "T4" does not come after harness.check-regime: it would bypass the regime gate',
      ],
    ],
    [
      'T4 beside T3',
      v1With('T4', { depends_on: ['T2'] }),
      ['task "T4" emits actions but does not come after harness.filter-beliefs'],
    ],
    [
      'an effect beside T3',
      graphWith([
        task('a', { depends_on: ['T2'], side_effects: ['audit_log', 'signal_db', 'desk'] }),
      ]),
      ['task "a" writes to "signal_db", "desk" but does not come after harness.filter-beliefs'],
    ],
    ...['T1', 'T2', 'T3'].map((name): [string, Graph, string[]] => [
      `an effect of ${name} itself`,
      v1With(name, { side_effects: ['desk'] }),
      [`task "${name}" writes to "desk" but does not come after harness.filter-beliefs`],
    ]),
    ...V1_GRAPH.tasks.map((each): [string, Graph, string[]] => [
      `a second ${each.name}`,
      tasks(...V1_GRAPH.tasks, { ...each, name: 'again', depends_on: ['T3'] }),
      [`${each.skill_ref} stands more than once: "${each.name}", "again"`],
    ]),
    ...V1_GRAPH.tasks.flatMap((each): [string, Graph, string[]][] => [
      [
        `${each.name} under another task type`,
        v1With(each.name, { task_type: 'other' }),
        [
          `task "${each.name}" runs ${each.skill_ref} under task_type "other", not ${each.task_type}`,
        ],
      ],
      [
        `${each.name} with another output schema`,
        v1With(each.name, { output_schema: 'Other' }),
        [
          `task "${each.name}" runs ${each.skill_ref} with output_schema "Other", not ${each.output_schema}`,
        ],
      ],
      [
        `a skill that takes the task type of ${each.name}`,
        graphWith([task('a', { task_type: each.task_type })]),
        [`task "a" takes task_type ${each.task_type}, which is of ${each.skill_ref} alone`],
      ],
    ]),
    ...[T1, T2].flatMap((each): [string, Graph, string[]][] => [
      [
        `a permission on ${each.name}`,
        v1With(each.name, { required_permissions: ['momentum'] }),
        [`task "${each.name}" (${each.skill_ref}) lists a permission: it cannot be skipped`],
      ],
      [
        `an optional state on ${each.name}`,
        v1With(each.name, { required_state: ['signals', 'timestamp', 'flow_state'] }),
        ['signals', 'flow_state'].map(
          (state) =>
            `task "${each.name}" (${each.skill_ref}) lists the optional state ${state}: it cannot be skipped`,
        ),
      ],
    ]),
  ])('R26, C5.O: %s', (_, graph, refusals) => {
    expect(refusalsOf(graph)).toEqual(refusals.map((each) => `C5.O ${each}`));
  });

  test('R26, C5.O: a built-in with a version is no built-in, so the gate is missing', () => {
    const refusals = refusalsOf(v1With('T2', { skill_ref: 'harness.check-regime@1.0.0' }));
    expect(refusals).toContain(
      'C5.O no task runs harness.check-regime: the gate cannot be left out',
    );
    expect(refusals.join()).toContain('"harness.check-regime@1.0.0"');
  });

  test('R26: names and places are free: T3 and T4 may ask for more, and tasks may stand between them', () => {
    const renamed = tasks(
      task('early', { depends_on: ['gate'] }),
      { ...T4, name: 'out', depends_on: ['mid'], required_permissions: ['momentum'] },
      task('mid', { depends_on: ['filter'], side_effects: ['desk'] }),
      { ...T3, name: 'filter', depends_on: ['early'], required_state: ['signals'] },
      { ...T2, name: 'gate', depends_on: ['in'], required_state: ['timestamp', 'active_beliefs'] },
      { ...T1, name: 'in', critical: false, required_state: [] },
    );
    expect(refusalsOf(renamed)).toEqual([]);
    expect(orderOf(renamed)).toEqual(['in', 'gate', 'early', 'filter', 'mid', 'out']);
    expect(refusalsOf(tasks(T1, T2))).toEqual([]);
  });
});
