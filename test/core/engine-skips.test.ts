import { bundleWith, gate, graphWith, permission, task, v1With } from './samples';
import { simulate } from './simulation';

const failing = { failed: 'TASK_ERROR' } as const;

describe('what a skip does to the tasks behind it', () => {
  const chain = [task('A'), task('B', { depends_on: ['A'] }), task('C', { depends_on: ['B'] })];
  const factor_permission = permission({ momentum_permitted: false });

  test('R8: a failure reaches all descendants, siblings run', () => {
    const graph = graphWith([...chain, task('sibling')]);
    const { tasks, result } = simulate({ graph, ends: { A: [failing] } });
    expect(tasks).toMatchObject({
      A: 'FAILED TASK_ERROR',
      B: 'SKIPPED DEPENDENCY_FAILED',
      C: 'SKIPPED DEPENDENCY_FAILED',
      sibling: 'SUCCESS',
      T4: 'SUCCESS',
    });
    expect(result.outcome).toBe('COMPLETED');
  });

  test.each([
    ['STATE_MISSING', { required_state: ['macro_state'] as const }],
    ['PERMISSION_DENIED', { required_permissions: ['momentum'] }],
    ['SKILL_UNREGISTERED', { skill_ref: 'acme.none' }],
    ['SKILL_NOT_INVOCABLE', { task_type: 'another' }],
    ['DUPLICATE_TASK', { inputs: { name: 'twin' } }],
  ])('R7, C3.D2: a task skipped %s satisfies what depends on it', (code, changes) => {
    const graph = graphWith([task('twin'), task('A', changes), ...chain.slice(1)]);
    const { tasks } = simulate({ graph, bundle: bundleWith({ factor_permission }) });
    expect(tasks).toMatchObject({ A: `SKIPPED ${code}`, B: 'SUCCESS', C: 'SUCCESS' });
  });

  test.each([
    ['STATE_MISSING', { required_state: ['macro_state'] as const }],
    ['PERMISSION_DENIED', { required_permissions: ['momentum'] }],
  ])('R7: a skip of T3 reaches all descendants with its code: %s', (code, changes) => {
    const { tasks: v1 } = v1With('T3', changes);
    const graph = {
      ...v1With('T3', changes),
      tasks: [...v1, ...chain, task('side', { depends_on: ['T2'] })],
    };
    const { tasks } = simulate({ graph, bundle: bundleWith({ factor_permission }) });
    const skipped = `SKIPPED ${code}`;
    expect(tasks).toMatchObject({
      T3: skipped,
      T4: skipped,
      A: skipped,
      C: skipped,
      side: 'SUCCESS',
    });
  });

  test('R7: a gate skip goes on as long as all dependencies are skipped by it', () => {
    const graph = graphWith(chain, [gate('not regime.is_stable', 'A')]);
    const skipped = 'SKIPPED GATE_SKIP';
    expect(simulate({ graph }).tasks).toMatchObject({ A: skipped, B: skipped, C: skipped });
  });

  const branches = [task('yes'), task('no'), task('merge', { depends_on: ['yes', 'no'] })];

  test.each([
    ['regime.is_stable', { yes: 'SUCCESS', no: 'SKIPPED GATE_SKIP', merge: 'SUCCESS' }],
    ['not regime.is_stable', { yes: 'SKIPPED GATE_SKIP', no: 'SUCCESS', merge: 'SUCCESS' }],
  ])('R7, R34: two branches of a gate merge again: %s', (condition, expected) => {
    const graph = graphWith(branches, [gate(condition, 'yes', 'no')]);
    expect(simulate({ graph }).tasks).toMatchObject(expected);
  });

  test('R7: where both branches are skipped by gates, so is the merge', () => {
    const gates = [
      gate('not regime.is_stable', 'yes', 'SKIP', 'g1'),
      gate('not regime.is_stable', 'no', 'SKIP', 'g2'),
    ];
    expect(simulate({ graph: graphWith(branches, gates) }).tasks['merge']).toBe(
      'SKIPPED GATE_SKIP',
    );
  });

  test('R7: a merge of a gate skip and another skip runs', () => {
    const [yes, , merge] = branches;
    const tasks = [yes, task('no', { skill_ref: 'acme.none' }), merge].flatMap(
      (each) => each ?? [],
    );
    const graph = graphWith(tasks, [gate('not regime.is_stable', 'yes')]);
    expect(simulate({ graph }).tasks['merge']).toBe('SUCCESS');
  });

  test('R7: what spreads goes on past a task that shows an earlier reason', () => {
    const { tasks: v1, ...rest } = v1With('T3', { required_state: ['macro_state'] });
    const further = [
      task('gated'),
      task('merge', { depends_on: ['gated', 'free'] }),
      task('free', { depends_on: ['T2'] }),
    ];
    const graph = {
      ...rest,
      tasks: [...v1, ...further],
      gates: [gate('not regime.is_stable', 'gated')],
    };
    expect(simulate({ graph }).tasks).toMatchObject({
      T3: 'SKIPPED STATE_MISSING',
      gated: 'SKIPPED GATE_SKIP',
      free: 'SUCCESS',
      merge: 'SKIPPED STATE_MISSING',
    });
  });

  test('R25: a failure behind a gate skip shows before it', () => {
    const graph = graphWith(chain, [gate('not regime.is_stable', 'B')]);
    const { tasks } = simulate({ graph, ends: { A: [failing] } });
    expect(tasks).toMatchObject({ B: 'SKIPPED DEPENDENCY_FAILED', C: 'SKIPPED DEPENDENCY_FAILED' });
  });

  test('C4.S: a reason stays one short sentence when a hundred dependencies failed', () => {
    const many = Array.from({ length: 100 }, (_, i) => task(`X${i}`));
    const all = task('all', { depends_on: many.map(({ name }) => name) });
    const ends = Object.fromEntries(many.map(({ name }) => [name, [failing]]));
    const { result } = simulate({ graph: graphWith([...many, all]), ends });
    const { reason } = result.tasks.find(({ name }) => name === 'all') ?? {};
    expect(reason?.detail).toBe('X0, X1, X2, X3, X4 and 95 more FAILED');
  });
});
