import type { Gate, Graph, Task } from '../../src/core/graph';
import { V1_GRAPH } from '../../src/core/graph';

/** A skill's task as a graph would have it; only what a drawing shows differs between two. */
export function skillTask(name: string, depends_on: readonly string[], more?: Partial<Task>): Task {
  return {
    name,
    task_type: name.replaceAll('-', '_'),
    skill_ref: `acme.${name}@1.0.0`,
    required_state: [],
    required_permissions: [],
    depends_on,
    inputs: {},
    timeout_ms: 5_000,
    output_schema: 'Report',
    side_effects: ['audit_log'],
    ...more,
  };
}

/** The v1 graph with more behind it. */
export function graphOf(more: readonly Task[], gates: readonly Gate[] = []): Graph {
  return { ...V1_GRAPH, graph_id: 'drawn', tasks: [...V1_GRAPH.tasks, ...more], gates };
}

/** Declared in an order that is also an execution order. */
export function orderOf(graph: Graph): readonly string[] {
  return graph.tasks.map(({ name }) => name);
}

/** Two gates, one of them with a branch to no task, and branches that merge. */
export const BRANCHED: Graph = graphOf(
  [
    skillTask('trend', ['T3']),
    skillTask('range', ['T3']),
    skillTask('merge', ['trend', 'range', 'T4'], { critical: true, skill_ref: 'acme.merge' }),
  ],
  [
    {
      name: 'trending',
      condition: "regime.behavior == 'TRENDING_NORMAL_VOL'",
      if_true: 'trend',
      if_false: 'range',
    },
    { name: 'sure', condition: 'regime.confidence >= 0.6', if_true: 'merge', if_false: 'SKIP' },
  ],
);

/** `count` tasks that each depend on up to `dependencies` of the `reach` before it; no randomness. */
export function largeGraph(count: number, dependencies: number, reach: number): Graph {
  const tasks: Task[] = [];
  for (let index = 0; index < count - V1_GRAPH.tasks.length; index += 1) {
    const names = Array.from({ length: dependencies }, (_, nth) => {
      const at = index - 1 - ((index * 7 + nth * 11) % reach);
      return at < 0 ? 'T3' : `task-${at}`;
    });
    tasks.push(skillTask(`task-${index}`, [...new Set(names)]));
  }
  return graphOf(tasks);
}

/** Texts that try to leave their label, each in its own way. */
export const HOSTILE: readonly string[] = [
  '"]; click n1 call alert() "',
  '</title></desc></style><script>alert(1)</script>',
  '<img src=x onerror="alert(1)">',
  ']]><!-- -->&lt;&#60;&amp;',
  '%%{init: {"securityLevel": "loose"}}%%',
  'a\nn1 --> n9\r\n\tend',
  '`**bold** _em_`',
  '- list',
  '1. list',
  '# head',
  '===',
  'www.example.com',
  'fa:fa-car',
  '$$x^2$$',
  '\\n<br/>#quot;#lt;script#gt;',
  '\ufb02\u00b0\u00b060\u00b6\u00dfscript',
  'style x:#39;a;',
  '\u0000\u0008\ud800\uffff\u202e',
];

/** All of them in every place of a graph that takes a text. */
export const HOSTILE_GRAPH: Graph = {
  ...graphOf(
    HOSTILE.map((text, index) =>
      skillTask(`${text} ${index}`, ['T3'], { task_type: text, skill_ref: text }),
    ),
    HOSTILE.map((text, index) => ({
      name: text,
      condition: text,
      if_true: `${text} ${index}`,
      if_false: 'SKIP',
    })),
  ),
  graph_id: HOSTILE.join(' '),
  version: HOSTILE.join(' '),
};
