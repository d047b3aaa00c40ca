import type { Bundle } from '../../src/core/bundle';
import { type Gate, type Task, V1_GRAPH } from '../../src/core/graph';
import type { JsonObject } from '../../src/core/json';
import { DEFAULT_POLICY, type Policy } from '../../src/core/policy';
import type { SkillFacts } from '../../src/core/skills';
import {
  barsOf,
  bundleOf,
  bundleWith,
  edited,
  gate,
  graphWith,
  permission,
  plainBundle,
  planOf,
  policyWith,
  RANK,
  skill,
  task,
  v1With,
} from './samples';

const ACTIVE = policyWith({ factor_layer: 'ACTIVE' });
const ZERO = bundleWith({ factor_permission: permission({ size_multiplier: 0 }) });
/** What bars a task `a` of a registered skill. */
const barOf = (
  changes: Partial<Task>,
  bundle?: Bundle,
  policy = DEFAULT_POLICY,
  skills = RANK,
): string | null | undefined =>
  barsOf(planOf(graphWith([task('a', changes)]), bundle, policy, skills))['a'];

describe('what bars a task', () => {
  test('R25: of everything that bars a task the first in order is its reason', () => {
    const worst: Partial<Task> = {
      inputs: {},
      required_state: ['signals'],
      required_permissions: ['momentum'],
      side_effects: ['desk'],
      skill_ref: 'acme.gone',
    };
    const twin = [task('twin', { inputs: {} })];
    const gated = [gate('regime.is_stable', 'T4', 'a')];
    const bundle = edited(plainBundle(), {
      'regime_state.confidence': 0.4,
      factor_permission: permission(),
    });
    const present = edited(bundle, { signals: [] });
    const sure = edited(present, { 'regime_state.confidence': 0.5 });
    const granted = edited(sure, { 'factor_permission.momentum_permitted': true });
    const gone = skill({ state: 'REMOVED' });
    // From row to row one bar less.
    const rows: [string | null, JsonObject, Gate[], Task[], SkillFacts | null][] = [
      ['GATE_SKIP', bundle, gated, twin, null],
      ['DUPLICATE_TASK', bundle, [], twin, null],
      ['STATE_MISSING', bundle, [], [], null],
      ['CONFIDENCE_TOO_LOW', present, [], [], null],
      ['PERMISSION_DENIED', sure, [], [], null],
      ['SKILL_UNREGISTERED', granted, [], [], null],
      ['SKILL_NOT_INVOCABLE', granted, [], [], gone],
      [null, granted, [], [], skill({ side_effects: ['desk'] })],
    ];
    for (const [code, document, gates, before, registered] of rows) {
      const graph = graphWith([...before, task('a', worst)], gates);
      const skills = registered === null ? {} : { 'acme.gone': registered };
      expect(barsOf(planOf(graph, bundleOf(document), DEFAULT_POLICY, skills))['a']).toBe(code);
    }
  });

  test.each(['factor_permission', 'signals', 'macro_state', 'flow_state'] as const)(
    'R10, C3.P1: without %s a task that names it is skipped, and so is one whose skill does',
    (state) => {
      const needy = { 'acme.rank': skill({ required_inputs: ['regime_state', state] }) };
      const barred = { code: 'STATE_MISSING', detail: `${state} is not in the bundle`, state };
      const plan = planOf(graphWith([task('a', { required_state: ['timestamp', state] })]));
      expect(plan.tasks.at(-1)?.barred).toEqual(barred);
      expect(barOf({}, bundleWith(), DEFAULT_POLICY, needy)).toBe('STATE_MISSING');
    },
  );

  test('R10: what every bundle has is never missing', () => {
    expect(barOf({ required_state: ['timestamp', 'regime_state', 'active_beliefs'] })).toBeNull();
  });

  test('R11: an empty set of signals is present, and no beliefs are a present list', () => {
    const bundle = bundleWith({ signals: [], active_beliefs: [] });
    expect(barOf({ required_state: ['signals', 'active_beliefs'] }, bundle)).toBeNull();
  });

  test('R1, EXE-4: with low confidence T4 and whatever writes is skipped, and nothing else', () => {
    const graph = graphWith([
      task('reads'),
      task('writes', { side_effects: ['audit_log', 'desk'] }),
    ]);
    const bars = (confidence: number) =>
      barsOf(
        planOf(graph, bundleWith({ 'regime_state.confidence': confidence }), DEFAULT_POLICY, RANK),
      );
    const none = { T1: null, T2: null, T3: null, T4: null, reads: null, writes: null };
    expect(bars(0.5)).toEqual(none);
    const low = { T4: 'CONFIDENCE_TOO_LOW', writes: 'CONFIDENCE_TOO_LOW' };
    expect(bars(0.49999)).toEqual({ ...none, ...low });
    const plan = planOf(
      graph,
      bundleWith({ 'regime_state.confidence': 0.4 }),
      DEFAULT_POLICY,
      RANK,
    );
    expect(plan.tasks[3]?.barred).toMatchObject({ state: 'regime_state' });
  });

  test.each<[string, Bundle, Policy]>([
    ['size_multiplier 0', ZERO, DEFAULT_POLICY],
    ['an active L6.5 that gave nothing', bundleWith(), ACTIVE],
  ])(
    'EXE-4, R3: with %s whatever writes is denied, even when it asks for nothing',
    (_, bundle, policy) => {
      const graph = graphWith([
        task('reads'),
        task('asks', { required_permissions: ['momentum'] }),
        task('writes', { side_effects: ['desk'] }),
      ]);
      expect(barsOf(planOf(graph, bundle, policy, RANK))).toEqual({
        T1: null,
        T2: null,
        T3: null,
        T4: null, // T3 leaves it nothing to emit
        reads: null,
        asks: 'PERMISSION_DENIED',
        writes: 'PERMISSION_DENIED',
      });
    },
  );

  test('C3.P2, R9: a task needs every permission that it lists, and is told which it lacks', () => {
    const held = permission({ momentum_permitted: true, value_permitted: false });
    const bundle = bundleWith({ factor_permission: held });
    expect(barOf({ required_permissions: ['momentum'] }, bundle)).toBeNull();
    const graph = v1With('T4', { required_permissions: ['momentum', 'value', 'size'] });
    expect(planOf(graph, bundle).tasks[3]?.barred).toMatchObject({
      code: 'PERMISSION_DENIED',
      detail: 'value, size',
      state: 'factor_permission',
    });
    expect(barOf({ required_permissions: ['anything'] })).toBeNull(); // C2.U3: bypassed
  });
});

describe('gates', () => {
  const two = [task('yes'), task('no')];
  const YES = 'regime.is_stable';
  const NO = 'not regime.is_stable';

  test.each<[string, Gate[], string[]]>([
    ['true skips if_false', [gate(YES, 'yes', 'no')], ['no']],
    ['false skips if_true', [gate(NO, 'yes', 'no')], ['yes']],
    ['true with SKIP skips nothing', [gate(YES, 'yes')], []],
    ['false with SKIP skips if_true', [gate(NO, 'yes')], ['yes']],
    ['one of two gates is not enough', [gate(YES, 'yes'), gate(NO, 'yes', 'SKIP', 'h')], ['yes']],
    ['two open gates are', [gate(YES, 'yes'), gate(NO, 'no', 'yes', 'h')], ['no']],
    ['T4 may stand behind one', [gate(NO, 'T4', 'yes')], ['T4']],
  ])('R34, C4.G: %s', (_, gates, skipped) => {
    const plan = planOf(graphWith(two, gates), bundleWith(), DEFAULT_POLICY, RANK);
    const barred = plan.tasks.filter((each) => each.barred !== null);
    expect(barred.map(({ name }) => name)).toEqual(skipped);
    for (const each of barred) expect(each.barred?.code).toBe('GATE_SKIP');
  });

  test('R34: the skip names the gate and its value, and the verdict is on record', () => {
    const plan = planOf(graphWith(two, [gate(NO, 'yes', 'no', 'calm')]));
    expect(plan.gates).toEqual([{ name: 'calm', value: false, skips: 'yes', missing: [] }]);
    expect(plan.tasks.find(({ name }) => name === 'yes')?.barred).toEqual({
      code: 'GATE_SKIP',
      detail: 'gate "calm" is false',
    });
  });

  test('C4.G, R34: a missing field makes its comparison false, != too, and is on record', () => {
    const condition =
      "flow.month_end or macro.risk.appetite != 'LOW' or factor.momentum_permitted == false";
    expect(planOf(graphWith(two, [gate(condition, 'yes')])).gates).toEqual([
      {
        name: 'g',
        value: false,
        skips: 'yes',
        missing: ['flow.month_end', 'macro.risk.appetite', 'factor.momentum_permitted'],
      },
    ]);
  });

  test('R34: a task that is named SKIP is not meant by an if_false of SKIP', () => {
    const graph = graphWith([task('yes'), task('SKIP')], [gate(YES, 'yes', 'SKIP')]);
    expect(barsOf(planOf(graph, bundleWith(), DEFAULT_POLICY, RANK))['SKIP']).toBeNull();
  });
});

describe('skills', () => {
  const db = { side_effects: ['db'] };
  test.each<[string, Partial<SkillFacts>, Partial<Task>, string | null]>([
    ['that is ACTIVE', { state: 'ACTIVE' }, {}, null],
    ['that is DEPRECATED', { state: 'DEPRECATED' }, {}, null],
    ['that is REGISTERED', { state: 'REGISTERED' }, {}, 'is REGISTERED'],
    ['that is REMOVED', { state: 'REMOVED' }, {}, 'is REMOVED'],
    ['that is QUARANTINED', { state: 'QUARANTINED' }, {}, 'is QUARANTINED'],
    ['that is DEREGISTERED', { state: 'DEREGISTERED' }, {}, 'is DEREGISTERED'],
    ['of another task type', { task_types: ['x'] }, {}, 'does not handle task type "rank"'],
    ['of several task types', { task_types: ['x', 'rank'] }, {}, null],
    ['of another output', { output_schema: 'Other' }, {}, 'produces Other, not "Ranking"'],
    [
      'with effects too many',
      { side_effects: ['audit_log', 'desk', 'db', 'mail'] },
      db,
      'writes to desk, mail, which the task does not list',
    ],
    ['with fewer effects than the task lists', { side_effects: [] }, db, null],
    ['that only logs, as every task may', {}, { side_effects: [] }, null],
  ])('R35, R28: a skill %s', (_, facts, changes, why) => {
    const skills = { 'acme.rank': skill(facts) };
    const plan = planOf(graphWith([task('a', changes)]), bundleWith(), DEFAULT_POLICY, skills);
    expect(plan.tasks.at(-1)?.barred).toEqual(
      why === null ? null : { code: 'SKILL_NOT_INVOCABLE', detail: `acme.rank ${why}` },
    );
  });

  test.each(['acme.rank@9.9.9', 'acme.unheard', 'constructor', '__proto__', 'toString'])(
    'R35, C3.P5: %s is not registered',
    (skill_ref) => expect(barOf({ skill_ref })).toBe('SKILL_UNREGISTERED'),
  );

  test('R35: a version that the graph names is looked up as it stands', () => {
    const skills = { 'acme.rank@1.2.0': skill(), 'acme.rank': skill({ state: 'REMOVED' }) };
    const versioned = { skill_ref: 'acme.rank@1.2.0' };
    expect(barOf(versioned, bundleWith(), DEFAULT_POLICY, skills)).toBeNull();
    expect(barOf({}, bundleWith(), DEFAULT_POLICY, skills)).toBe('SKILL_NOT_INVOCABLE');
  });

  test('R26, R27: the built-ins need no entry in the snapshot', () => {
    expect(Object.values(barsOf(planOf(V1_GRAPH)))).toEqual([null, null, null, null]);
  });
});
