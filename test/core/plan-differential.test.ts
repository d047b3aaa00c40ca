import fc from 'fast-check';
import type { Bundle } from '../../src/core/bundle';
import { graphProblems } from '../../src/core/construct';
import { type Graph, type Task, V1_GRAPH } from '../../src/core/graph';
import { DEFAULT_POLICY } from '../../src/core/policy';
import { fromRanges } from '../../src/core/ranges';
import type { SkillFacts } from '../../src/core/skills';
import { fullBundle } from '../documents/samples';
import { referencePlan } from './reference-plan';
import { bundleOf, edited, gate, permission, planOf, policyWith, shaped, task } from './samples';

/** Each condition with what it means, said once more in TypeScript. */
const CONDITIONS: Record<string, (bundle: Bundle) => boolean> = {
  'regime.is_stable': ({ regime_state }) => regime_state.is_stable,
  'regime.confidence >= 0.5': ({ regime_state }) => regime_state.confidence >= 0.5,
  "regime.bias != 'BULLISH'": ({ regime_state }) => regime_state.bias !== 'BULLISH',
  'factor.momentum_permitted': (bundle) =>
    bundle.factor_permission?.['momentum_permitted'] === true,
  'not flow.month_end': ({ flow_state }) => flow_state?.['month_end'] !== true,
};
const some = <T>(...values: T[]): fc.Arbitrary<T[]> => fc.subarray(values);

const OPTIONAL = ['factor_permission', 'signals', 'macro_state', 'flow_state'];
const bundles = fc
  .record({
    confidence: fc.constantFrom(0, 0.4, 0.5, 0.9),
    is_stable: fc.boolean(),
    bias: fc.constantFrom('BULLISH', 'NEUTRAL'),
    size_multiplier: fc.constantFrom(0, 0.5, null),
    momentum_permitted: fc.constantFrom(true, false, null),
    value_permitted: fc.boolean(),
    month_end: fc.boolean(),
    absent: some(...OPTIONAL),
  })
  .map(({ confidence, is_stable, bias, month_end, absent, ...flags }) => {
    const full = edited(fullBundle(), {
      'regime_state.confidence': confidence,
      'regime_state.is_stable': is_stable,
      'regime_state.bias': bias,
      'flow_state.month_end': month_end,
      factor_permission: permission(flags),
    });
    return bundleOf(edited(full, Object.fromEntries(absent.map((name) => [name, null]))));
  });

const state = fc.constantFrom<SkillFacts['state'][]>(
  ...(['ACTIVE', 'ACTIVE', 'ACTIVE', 'DEPRECATED'] as const),
  ...(['REGISTERED', 'REMOVED', 'QUARANTINED', 'DEREGISTERED'] as const),
);
const skills = fc.dictionary(
  fc.constantFrom('acme.a', 'acme.b', 'acme.b@1.0.0'),
  fc.record({
    skill_id: fc.constant('acme.a'),
    skill_version: fc.constant('1.0.0'),
    state,
    task_types: some('scan', 'rank'),
    required_inputs: fc.subarray(['regime_state', 'signals', 'macro_state'] as const),
    output_schema: fc.constantFrom('Ranking', 'Ranking', 'Scan'),
    side_effects: some('audit_log', 'desk', 'db'),
    registration: fc.constant(`sha256:${'a'.repeat(64)}` as const),
  }),
);

const extras = fc.array(
  fc.record({
    /** Behind T3, where it may write; else between T2 and T3. */
    late: fc.boolean(),
    parents: fc.array(fc.nat(), { minLength: 1, maxLength: 4 }),
    rank: fc.nat(),
    facts: fc.record({
      critical: fc.boolean(),
      skill_ref: fc.constantFrom('acme.a', 'acme.b', 'acme.b@1.0.0', 'acme.none'),
      task_type: fc.constantFrom('scan', 'rank'),
      inputs: fc.constantFrom({}, { n: 1 }, { n: 1, m: [null] }, { m: [null], n: 1 }, { n: 2 }),
      required_state: some<Task['required_state'][number]>('timestamp', 'signals', 'flow_state'),
      required_permissions: some('momentum', 'value', 'size'),
      side_effects: some('audit_log', 'desk', 'db'),
      output_schema: fc.constantFrom('Ranking', 'Ranking', 'Scan'),
    }),
  }),
  { maxLength: 26, size: 'max' },
);
const wishes = fc.array(
  fc.record({
    condition: fc.constantFrom(...Object.keys(CONDITIONS)),
    ifTrue: fc.nat(),
    ifFalse: fc.option(fc.nat()),
  }),
  { maxLength: 6 },
);

/** A graph that R26 allows, of up to 30 tasks, declared in any order. */
const graphs = fc
  .record({ extras, wishes, ranks: fc.array(fc.nat(), { minLength: 4, maxLength: 4 }) })
  .map((drawn): Graph => {
    const [t1, t2, t3, t4] = V1_GRAPH.tasks as readonly [Task, Task, Task, Task];
    const placed: { rank: number; task: Task }[] = [];
    const names = (): string[] => placed.map((each) => each.task.name);
    const pick = (list: readonly string[], n: number): string => list[n % list.length] ?? '';
    const place = (rank: number | undefined, each: Task): number =>
      placed.push({ rank: rank ?? 0, task: each });
    /** One dependency behind `root` or on it, the others anywhere before. */
    const grow = (root: string, isLate: boolean): void =>
      drawn.extras.forEach(({ late, parents: [first = 0, ...others], rank, facts }, i) => {
        if (late !== isLate) return;
        const behind = names().slice(names().indexOf(root));
        const depends_on = [pick(behind, first), ...others.map((n) => pick(names(), n))];
        const side_effects = late ? facts.side_effects : [];
        const unique = [...new Set(depends_on)];
        place(rank, task(`x${i}`, { ...facts, side_effects, depends_on: unique }));
      });
    const [r1, r2, r3 = 0, r4] = drawn.ranks;
    place(r1, t1);
    place(r2, t2);
    grow('T2', false);
    const above = names().slice(1);
    place(r3, { ...t3, depends_on: above.filter((_, i) => i === 0 || (r3 >> i) % 2 === 1) });
    grow('T3', true);
    const last = names().slice(names().indexOf('T3')).at(-1) ?? 'T3';
    place(r4, { ...t4, depends_on: [last], required_permissions: ['momentum'] });

    const targets = names().filter((name) => !['T1', 'T2', 'T3'].includes(name));
    const gates = drawn.wishes.flatMap(({ condition, ifTrue, ifFalse }, i) => {
      const [yes, no] = [pick(targets, ifTrue), ifFalse === null ? 'SKIP' : pick(targets, ifFalse)];
      return yes === no ? [] : [gate(condition, yes, no, `g${i}`)];
    });
    const tasks = placed.sort((a, b) => a.rank - b.rank).map((each) => each.task);
    return shaped({ ...V1_GRAPH, tasks, gates });
  });

test('C4.O, C3.P1, C3.P2, C3.P5, R25: order, dependencies, criticality and bars are those of a second reading of the contract', () => {
  const policies = fc.constantFrom(DEFAULT_POLICY, policyWith({ factor_layer: 'ACTIVE' }));
  fc.assert(
    fc.property(graphs, bundles, policies, skills, (graph, bundle, policy, snapshot) => {
      expect(graphProblems(graph)).toEqual([]);
      const holds = (text: string): boolean => CONDITIONS[text]?.(bundle) ?? false;
      const expected = referencePlan(graph, bundle, policy, snapshot, holds);
      const plan = planOf(graph, bundle, policy, snapshot);
      const said = plan.tasks.map(({ name, after, critical, effects, barred }) => ({
        name,
        after: fromRanges(after)
          .map((i) => plan.tasks[i]?.name)
          .sort(),
        critical,
        effects,
        bar: barred?.code ?? null,
      }));
      expect(said).toEqual(expected.map((each) => ({ ...each, after: [...each.after].sort() })));
      expect(planOf(graph, bundle, policy, snapshot)).toEqual(plan); // C4.I1
    }),
    { numRuns: 200 },
  );
});
