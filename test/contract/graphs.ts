import fc from 'fast-check';
import { type Graph, type Task, V1_GRAPH } from '../../src/core/graph';
import { gate, shaped, task } from '../core/samples';

/** Graphs of up to thirty tasks, declared in any order; some of them damaged, each in one way. The gates' conditions come later. */

/** The first one four times as often as all the others. */
export const mostly = <T>(usual: T, ...others: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof({ arbitrary: fc.constant(usual), weight: 4 }, fc.constantFrom(usual, ...others));

const extras = fc.array(
  fc.record({
    /** Behind T3, where it may write; else between T2 and T3. */
    late: fc.boolean(),
    parents: fc.array(fc.nat(), { minLength: 1, maxLength: 4 }),
    rank: fc.nat(),
    facts: fc.record({
      critical: fc.boolean(),
      skill_ref: mostly('acme.a', 'acme.b', 'acme.a@1.0.0', 'acme.none'),
      task_type: mostly('rank', 'scan'),
      inputs: fc.oneof(
        { arbitrary: fc.record({ n: fc.noBias(fc.nat()) }), weight: 6 },
        fc.constantFrom({}, { n: 1, m: [null] }, { m: [null], n: 1 }),
      ),
      required_state: mostly<Task['required_state']>([], ['timestamp', 'signals'], ['flow_state']),
      required_permissions: mostly<readonly string[]>([], ['momentum'], ['value', 'size']),
      side_effects: fc.subarray(['audit_log', 'desk', 'db']),
      output_schema: mostly('Ranking', 'Scan'),
    }),
  }),
  { maxLength: 26 },
);
const wishes = fc.array(fc.record({ ifTrue: fc.nat(), ifFalse: fc.option(fc.nat()) }), {
  maxLength: 4,
});

interface Draw {
  readonly extras: typeof extras extends fc.Arbitrary<infer T> ? T : never;
  readonly wishes: readonly { readonly ifTrue: number; readonly ifFalse: number | null }[];
  readonly ranks: readonly number[];
  readonly t3: Partial<Task>;
}

function pick(list: readonly string[], n: number): string {
  return list[n % list.length] ?? '';
}

/** Each task behind one that is behind its root, and anything before; then in the order of their ranks. */
function grown({ extras: further, wishes: wished, ranks, t3: change }: Draw): Graph {
  const [t1, t2, t3, t4] = V1_GRAPH.tasks as readonly [Task, Task, Task, Task];
  const placed: { rank: number; task: Task }[] = [];
  const names = (): string[] => placed.map((each) => each.task.name);
  const place = (rank: number | undefined, each: Task): number =>
    placed.push({ rank: rank ?? 0, task: each });
  const grow = (root: string, isLate: boolean): void =>
    further.forEach(({ late, parents: [first = 0, ...others], rank, facts }, i) => {
      if (late !== isLate) return;
      const behind = names().slice(names().indexOf(root));
      const depends_on = [pick(behind, first), ...others.map((n) => pick(names(), n))];
      const side_effects = late ? facts.side_effects : [];
      place(rank, task(`x${i}`, { ...facts, side_effects, depends_on: [...new Set(depends_on)] }));
    });
  const [r1, r2, r3 = 0, r4] = ranks;
  place(r1, t1);
  place(r2, t2);
  grow('T2', false);
  const above = names().slice(1);
  const depends_on = above.filter((_, i) => i === 0 || (r3 >> i) % 2 === 1);
  place(r3, { ...t3, ...change, depends_on });
  grow('T3', true);
  const last = names().slice(names().indexOf('T3')).at(-1) ?? 'T3';
  place(r4, { ...t4, depends_on: [last] });

  const targets = names().filter((name) => !['T1', 'T2', 'T3'].includes(name));
  const gates = wished.flatMap(({ ifTrue, ifFalse }, i) => {
    const [yes, no] = [pick(targets, ifTrue), ifFalse === null ? 'SKIP' : pick(targets, ifFalse)];
    return yes === no ? [] : [gate('regime.is_stable', yes, no, `g${i}`)];
  });
  const tasks = placed.sort((a, b) => a.rank - b.rank).map((each) => each.task);
  return { ...V1_GRAPH, tasks, gates };
}

type Damage = (graph: Graph) => Graph;
const changing =
  (name: string, change: (task: Task) => Partial<Task>): Damage =>
  (graph) => ({
    ...graph,
    tasks: graph.tasks.map((each) => (each.name === name ? { ...each, ...change(each) } : each)),
  });
const without =
  (name: string): Damage =>
  (graph) => ({
    ...graph,
    tasks: graph.tasks
      .filter((each) => each.name !== name)
      .map((each) => ({ ...each, depends_on: each.depends_on.filter((dep) => dep !== name) })),
  });
const withTask =
  (name: string, changes: Partial<Task>): Damage =>
  (graph) => ({ ...graph, tasks: [...graph.tasks, task(name, changes)] });
const gated =
  (yes: string, no = 'SKIP', name = 'added'): Damage =>
  (graph) => ({
    ...graph,
    gates: [...(graph.gates ?? []), gate('regime.is_stable', yes, no, name)],
  });
const again =
  (name: string, as: string): Damage =>
  (graph) => ({
    ...graph,
    tasks: [...graph.tasks, ...graph.tasks.filter((each) => each.name === name)].map((each, i) =>
      i === graph.tasks.length ? { ...each, name: as } : each,
    ),
  });

/** What R26, R33, R34 and C3.D3 refuse; and some changes that are none of it. */
const DAMAGES: readonly Damage[] = [
  without('T1'),
  without('T2'),
  without('T3'),
  without('T4'),
  again('T1', 'T5'),
  again('T2', 'T5'),
  again('T3', 'T5'),
  again('T4', 'T5'),
  again('T4', 'T4'),
  changing('T1', () => ({ depends_on: ['T4'] })),
  changing('T1', () => ({ required_permissions: ['momentum'] })),
  changing('T2', () => ({ required_permissions: ['momentum'] })),
  changing('T2', () => ({ required_state: ['macro_state'] })),
  changing('T1', () => ({ required_state: ['timestamp', 'active_beliefs'] })),
  changing('T2', () => ({ depends_on: [] })),
  changing('T2', () => ({ task_type: 'rank' })),
  changing('T3', () => ({ output_schema: 'Ranking' })),
  changing('T3', () => ({ depends_on: ['T1'] })),
  changing('T3', () => ({ skill_ref: 'acme.a' })),
  changing('T4', () => ({ depends_on: ['T2'] })),
  changing('T4', ({ depends_on }) => ({ depends_on: [...depends_on, 'nowhere'] })),
  changing('T4', ({ depends_on }) => ({ depends_on: [...depends_on, 'T4'] })),
  changing('T4', () => ({ skill_ref: 'harness.emit-actions@1.0.0' })),
  changing('T3', ({ depends_on }) => ({ depends_on: [...depends_on, 'T4'] })),
  withTask('y', { depends_on: [] }),
  withTask('y', { depends_on: ['T2'], side_effects: ['desk'] }),
  withTask('y', { depends_on: ['T2'], side_effects: ['audit_log'] }),
  withTask('y', { task_type: 'emit_actions' }),
  withTask('y', { skill_ref: 'harness.none' }),
  withTask('y', { output_schema: 'Regime_State' }),
  withTask('y', { output_schema: 'Regime' }),
  gated('T1'),
  gated('T4', 'T3'),
  gated('T4', 'T4'),
  gated('nowhere'),
  gated('T4', 'nowhere'),
  (graph) => gated('T4', 'SKIP', 'twice')(gated('T4', 'SKIP', 'twice')(graph)),
];

export const graphs: fc.Arbitrary<Graph> = fc
  .record({
    drawn: fc.record({
      extras,
      wishes,
      ranks: fc.array(fc.nat(), { minLength: 4, maxLength: 4 }),
      t3: mostly<Partial<Task>>(
        {},
        { required_state: ['flow_state'] },
        { required_permissions: ['momentum'] },
      ),
    }),
    damage: fc.oneof(
      { arbitrary: fc.constant<Damage>((graph) => graph), weight: 4 },
      fc.constantFrom(...DAMAGES),
    ),
    parallel: mostly(false, true),
  })
  .map(({ drawn, damage, parallel }) => shaped({ ...damage(grown(drawn)), parallel }));
