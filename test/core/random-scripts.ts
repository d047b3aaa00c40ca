import fc from 'fast-check';
import type { Gate, Graph, Task } from '../../src/core/graph';
import { V1_GRAPH } from '../../src/core/graph';
import type { SkillsSnapshot } from '../../src/core/skills';
import { belief, bundleWith, gate, permission, policyWith, skill, task } from './samples';
import type { Cut, Script, TaskEnd } from './script';

/** How many of them a test goes through; each run of the tests draws others. `npm run mutate` needs more, for each is judged by them alone. */
export const RUNS = Number(process.env['HARNESS_SCRIPTS'] ?? 700);

const SKILLS: SkillsSnapshot = {
  'acme.rank': skill(),
  'acme.removed': skill({ skill_id: 'acme.removed', state: 'REMOVED' }),
};

/** The first one three times as often as each other one. */
const often = <T>(usual: T, ...others: readonly T[]): fc.Arbitrary<T> =>
  fc.constantFrom(usual, usual, usual, ...others);

const bundle = fc
  .record({
    behavior: often('TRENDING_NORMAL_VOL', 'UNDEFINED', 'EVENT_LOCK'),
    confidence: often(0.8, 0.5, 0.3),
    beliefs: often(2, 1, 0),
    factor: fc.constantFrom(
      null,
      permission({ momentum_permitted: true }),
      permission({ momentum_permitted: false }),
      permission({ momentum_permitted: true, size_multiplier: 0 }),
    ),
  })
  .map(({ behavior, confidence, beliefs, factor }) =>
    bundleWith({
      'regime_state.behavior': behavior,
      'regime_state.confidence': confidence,
      active_beliefs: ['B-1', 'B-2'].slice(0, beliefs).map((id) => belief(id)),
      factor_permission: factor,
    }),
  );

const policy = fc
  .record({
    halt_expiry_ms: often<number | null>(3_600_000, 40, null),
    factor_layer: fc.constantFrom('LATENT', 'ACTIVE'),
  })
  .map((changes) => policyWith(changes));

interface Further {
  readonly deps: readonly number[];
  readonly effects: readonly string[];
  readonly changes: Partial<Task>;
}

const further: fc.Arbitrary<Further> = fc.record({
  deps: fc.uniqueArray(fc.nat(8), { minLength: 1, maxLength: 3 }),
  effects: fc.subarray(['ranking', 'desk']),
  changes: fc.record({
    skill_ref: often('acme.rank', 'acme.none', 'acme.removed'),
    required_state: often<Task['required_state']>([], ['macro_state']),
    required_permissions: often<readonly string[]>([], ['momentum']),
    critical: fc.boolean(),
    inputs: fc.record({ n: fc.nat(4) }),
  }),
});

/** T1–T4 and up to six further tasks behind T2, declared in any order, with gates that are true and gates that are false. */
export const graphs: fc.Arbitrary<Graph> = fc
  .record({
    extra: fc.array(further, { maxLength: 6 }),
    t3: often<Partial<Task>>(
      {},
      { required_state: ['flow_state'] },
      { required_permissions: ['momentum'] },
    ),
    gates: fc.array(fc.record({ holds: fc.boolean(), yes: fc.nat(6), no: fc.nat(8) }), {
      maxLength: 2,
    }),
    order: fc.array(fc.nat(1_000), { minLength: 10, maxLength: 10 }),
    parallel: fc.boolean(),
  })
  .map(({ extra, t3, gates, order, parallel }) => {
    const names = ['T2', 'T3', 'T4', ...extra.map((_, i) => `X${i}`)];
    const behindT3 = new Set(['T3', 'T4']);
    const tasks = extra.map(({ deps, effects, changes }, i): Task => {
      const depends_on = [...new Set(deps.map((n) => names[n % (i + 3)] ?? 'T2'))];
      if (depends_on.some((name) => behindT3.has(name))) behindT3.add(`X${i}`);
      const side_effects = behindT3.has(`X${i}`) ? ['audit_log', ...effects] : ['audit_log'];
      return task(`X${i}`, { ...changes, depends_on, side_effects });
    });
    const targets = names.slice(2);
    const at = (n: number): string => targets[n % targets.length] ?? 'T4';
    const v1 = V1_GRAPH.tasks.map((each) => (each.name === 'T3' ? { ...each, ...t3 } : each));
    const keys = [...v1, ...tasks].map((each, i) => ({ each, key: order[i] ?? 0 }));
    return {
      graph_id: 'random',
      version: '1.0.0',
      parallel,
      tasks: keys.sort((a, b) => a.key - b.key).map(({ each }) => each),
      gates: gates.map(({ holds, yes, no }, i): Gate => {
        const other = no > 6 || at(no) === at(yes) ? 'SKIP' : at(no);
        return gate(holds ? 'regime.is_stable' : 'not regime.is_stable', at(yes), other, `g${i}`);
      }),
    };
  });

const documents = { graph: graphs, bundle, policy, skills: fc.constant(SKILLS) };
const NAMES = ['T1', 'T2', 'T3', 'T4', 'X0', 'X1', 'X2', 'X3', 'X4', 'X5'];
const perTask = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> =>
  fc.dictionary(fc.constantFrom(...NAMES), value, { maxKeys: 4 });

const failure: fc.Arbitrary<TaskEnd> = fc
  .constantFrom('TASK_ERROR', 'TIMEOUT', 'WORKER_LOST')
  .map((failed) => ({ failed }) as const);
const answered = fc.oneof(fc.constantFrom<TaskEnd>('SUCCESS', 'LOST'), failure);
const picks = fc.nat(5).map((n) => (running: number) => n % running);

/** Nothing cuts in: only the tasks' own ends differ. */
export const quietScripts: fc.Arbitrary<Script> = fc.record({
  ...documents,
  ends: perTask(fc.tuple(answered)),
  pick: picks,
});

/** A cut without a choice is the one that goes on. */
const decision: fc.Arbitrary<Cut> = fc
  .record({
    choice: often('', 'SKIP_TASK', 'RETRY_TASK', 'RESUME', 'ABORT', 'RESTART_FRESH', 'IGNORE'),
    decision_id: fc.nat(20).map((n) => `D-${n}`),
    extra: often<readonly string[]>([], ['max_staleness_ms']),
  })
  .map(({ extra, choice, decision_id }) => {
    return { decide: choice === '' ? { decision_id } : { choice, decision_id }, extra };
  });

const cut: fc.Arbitrary<Cut> = fc.oneof(
  { arbitrary: decision, weight: 2 },
  {
    arbitrary: fc.constantFrom<Cut>(
      { halt: 'look' },
      { halt: 'look again', by: 'bob' },
      { cancel: 'enough' },
      { laterMs: 50 },
      { laterMs: 400_000 },
      'UNWRITABLE',
    ),
    weight: 1,
  },
);

/** Anything may cut in at any time. */
export const scripts: fc.Arbitrary<Script> = fc.record({
  ...documents,
  ends: perTask(
    fc.array(fc.oneof(answered, fc.constantFrom<TaskEnd>('UNTAKEN', 'HARNESS_ERROR')), {
      minLength: 1,
      maxLength: 3,
    }),
  ),
  unstoppable: fc.subarray(NAMES),
  cuts: fc.dictionary(
    fc.oneof(
      fc.nat(30).map(String),
      fc.constantFrom('BUILD_GRAPH', 'STATE_JUDGED T1', 'HALT_RAISED', 'TASK_STOPPED T2'),
    ),
    fc.array(cut, { minLength: 1, maxLength: 2 }),
    { maxKeys: 3 },
  ),
  waits: fc.array(fc.array(cut, { minLength: 1, maxLength: 2 }), { maxLength: 8 }),
  unclosed: fc.constantFrom(0, 0, 0, 1, 2),
  pick: picks,
});
