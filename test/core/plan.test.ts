import { createHash } from 'node:crypto';
import { type Graph, type Task, V1_GRAPH } from '../../src/core/graph';
import { hashOf, taskId } from '../../src/core/identity';
import { isObject, type Json, type JsonObject, type Sha256 } from '../../src/core/json';
import { buildPlan, identify } from '../../src/core/plan';
import { DEFAULT_POLICY } from '../../src/core/policy';
import { readDocument } from '../../src/documents/json';
import { fullBundle } from '../documents/samples';
import {
  barsOf,
  bundleOf,
  bundleWith,
  edited,
  gate,
  graphWith,
  plainBundle,
  planOf,
  policyWith,
  RANK,
  shaped,
  task,
} from './samples';

describe('the plan of the v1 graph', () => {
  test('C4.I1, C3.P3: names, ids and order, and what each task waits for', () => {
    const bundle = bundleWith();
    const { tasks, parallel, gates } = planOf(V1_GRAPH, bundle);
    expect([parallel, gates]).toEqual([false, []]);
    const input = hashOf(bundle as unknown as Json);
    expect(tasks).toEqual(
      V1_GRAPH.tasks.map((each, i) => ({
        name: each.name,
        task_id: taskId(each.task_type, input, {}),
        task_type: each.task_type,
        skill_ref: `${each.skill_ref}@1.0.0`,
        after: ['', '0', '1', '2'][i],
        timeout_ms: 5_000,
        critical: true,
        effects: [],
        barred: null,
      })),
    );
    expect(identify(V1_GRAPH, input).map(({ task_id }) => task_id)).toEqual(
      tasks.map(({ task_id }) => task_id),
    );
  });

  test('C4.I1: the plan hash is that of the three hashes and the ids, as the interface writes it', () => {
    const hash = (digit: string): Sha256 => `sha256:${digit.repeat(64)}`;
    const hashes = { input_hash: hash('a'), graph_hash: hash('b'), policy_hash: hash('c') };
    const plan = buildPlan({
      graph: graphWith([task('a')]),
      bundle: bundleWith(),
      policy: DEFAULT_POLICY,
      skills: RANK,
      hashes,
    });
    const tasks = plan.tasks.map(({ name, task_id }) => `["${name}","${task_id}"]`).join(',');
    const text = `{"graph_hash":"${hash('b')}","input_hash":"${hash('a')}","policy_hash":"${hash('c')}","tasks":[${tasks}]}`;
    expect(plan.plan_hash).toBe(`sha256:${createHash('sha256').update(text).digest('hex')}`);
  });

  test('C3.F1, R33: when T1 failed no state is read, and the plan still lists every task, unbarred', () => {
    const graph = graphWith(
      [task('a', { required_state: ['signals'] })],
      [gate('regime.is_stable', 'a')],
    );
    const [input_hash, graph_hash, policy_hash] = [0, 1, 2].map((n) => hashOf(n)) as [
      Sha256,
      Sha256,
      Sha256,
    ];
    const hashes = { input_hash, graph_hash, policy_hash };
    const plan = buildPlan({ graph, bundle: null, policy: DEFAULT_POLICY, skills: {}, hashes });
    expect(plan.gates).toEqual([]);
    expect(barsOf(plan)).toEqual({ T1: null, T2: null, T3: null, T4: null, a: null });
  });
});

describe('the same input', () => {
  /** The same document, its keys the other way round at every level. */
  function turned(value: Json): Json {
    if (Array.isArray(value)) return value.map(turned);
    if (!isObject(value)) return value;
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([k, v]) => [k, turned(v)]),
    );
  }
  function documents(change: (value: Json) => Json) {
    const graph = graphWith(
      [task('a', { inputs: { x: 1, y: { p: [], q: null } } })],
      [gate('flow.month_end', 'a')],
    );
    return [fullBundle(), graph, DEFAULT_POLICY].map((document) => {
      const read = readDocument(
        Buffer.from(JSON.stringify(change(document as unknown as Json), null, 2)),
      );
      if (!read.ok) throw new Error(read.problem);
      return read;
    });
  }

  test('C4.I1: keys in another order are the same documents, the same hashes and the same plan', () => {
    const plans = [(value: Json) => value, turned].map((change) => {
      const [bundle, graph, policy] = documents(change);
      if (!bundle || !graph || !policy) throw new Error('three documents');
      return buildPlan({
        graph: shaped(graph.value as unknown as Graph),
        bundle: bundleOf(bundle.value),
        policy: policyWith(policy.value),
        skills: RANK,
        hashes: { input_hash: bundle.hash, graph_hash: graph.hash, policy_hash: policy.hash },
      });
    });
    expect(plans[1]).toEqual(plans[0]);
  });

  test.each<[string, Record<string, Json>]>([
    ['a timestamp', { timestamp: '2026-11-22T14:25:29.001Z' }],
    ['the same instant written otherwise', { timestamp: '2026-11-22T14:25:29Z' }],
    ['an extra field', { 'regime_state.note': null }],
    ['an optional state that is null instead of absent', { signals: null }],
  ])('C4.I3: %s is another input, so every id and the plan hash are others', (_, changes) => {
    const ids = (document: JsonObject): string[] => {
      const input = hashOf(document);
      return identify(V1_GRAPH, input).map(({ task_id }) => task_id);
    };
    const all = [...ids(plainBundle()), ...ids(edited(plainBundle(), changes))];
    expect(new Set(all).size).toBe(8);
  });

  test('C5.N: parallel changes nothing of the plan but its own flag', () => {
    const graph = graphWith([task('b'), task('a')]);
    const { plan_hash: _, ...sequential } = planOf(graph, bundleWith(), DEFAULT_POLICY, RANK);
    const { plan_hash: __, ...parallel } = planOf(
      { ...graph, parallel: true },
      bundleWith(),
      DEFAULT_POLICY,
      RANK,
    );
    expect(parallel).toEqual({ ...sequential, parallel: true });
  });
});

describe('R19: a task that stands twice', () => {
  test('R19: is skipped where it comes second in execution, not in the file', () => {
    const graph = graphWith([
      task('late', { depends_on: ['early'], inputs: { n: 1, m: 2 } }),
      task('early', { inputs: { m: 2, n: 1 } }),
      task('third', { depends_on: ['late'], inputs: { n: 1, m: 2 } }),
    ]);
    const plan = planOf(graph, bundleWith(), DEFAULT_POLICY, RANK);
    expect(plan.tasks.map(({ name, barred }) => [name, barred])).toEqual([
      ...['T1', 'T2', 'T3', 'T4', 'early'].map((name) => [name, null]),
      ...['late', 'third'].map((name) => [
        name,
        { code: 'DUPLICATE_TASK', detail: 'same task type and inputs as "early"' },
      ]),
    ]);
  });

  test.each<[string, Partial<Task>, string | null]>([
    ['another skill', { skill_ref: 'acme.other' }, 'DUPLICATE_TASK'],
    [
      'other permissions, states and time',
      { timeout_ms: 7, required_state: ['signals'] },
      'DUPLICATE_TASK',
    ],
    ['other inputs', { inputs: { n: 2 } }, null],
    ['an input that is null instead of absent', { inputs: { n: 1, m: null } }, null],
    ['another task type', { task_type: 'rank2' }, 'SKILL_NOT_INVOCABLE'],
  ])('R19, C4.I3: with %s it is %j', (_, changes, expected) => {
    const graph = graphWith([
      task('a', { inputs: { n: 1 } }),
      task('b', { inputs: { n: 1 }, ...changes }),
    ]);
    expect(barsOf(planOf(graph, bundleWith(), DEFAULT_POLICY, RANK))['b']).toBe(expected);
  });

  test('R19, R25: counts as one even where the first of the two is skipped', () => {
    const graph = graphWith(
      [task('a', { inputs: {} }), task('b', { inputs: {} })],
      [gate('regime.is_stable', 'T4', 'a')],
    );
    expect(barsOf(planOf(graph, bundleWith(), DEFAULT_POLICY, RANK))).toMatchObject({
      a: 'GATE_SKIP',
      b: 'DUPLICATE_TASK',
    });
  });
});

test('R20: critical is what says so, and T1 to T4 whatever they say; nothing is computed', () => {
  const graph = shaped({
    ...V1_GRAPH,
    tasks: [
      ...V1_GRAPH.tasks.map((each) => ({ ...each, critical: false })),
      task('a', { critical: true }),
      task('b', { critical: false }),
      task('c', { depends_on: ['a'] }),
    ],
  });
  const critical = planOf(graph)
    .tasks.filter((each) => each.critical)
    .map(({ name }) => name);
  expect(critical).toEqual(['T1', 'T2', 'T3', 'T4', 'a']);
});
