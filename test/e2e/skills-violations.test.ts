import { type Json, type JsonObject, own } from '../../src/core/json';
import { DEFAULT_POLICY } from '../../src/core/policy';
import { type Planned, World } from '../faults/world';
import { act, chameleon, SkillDesk } from '../support/skills';
import { graph, objects, taskLines } from './documents';
import { until } from './until';

/** The contract's violation table (C7.V1–V5) on the real server: one skill that does what its task says, one that is good. */
const ZOO = 'acme.zoo@1.0.0';
const VALUER = 'acme.valuer@1.0.0';
/** So that one skill can go on misbehaving. */
const PATIENT = {
  ...DEFAULT_POLICY,
  violations_before_deregistration: 1_000,
} as unknown as JsonObject;

let world: World;
let desk: SkillDesk;
beforeAll(async () => {
  world = await World.open();
  desk = new SkillDesk(world.box, world.harness);
  await world.worker();
  await Promise.all([
    desk.register(chameleon('acme.zoo')),
    desk.register(chameleon('acme.valuer', { requires_permissions: ['value'] })),
    desk.register(chameleon('acme.good')),
  ]);
});
afterAll(async () => {
  await world.expectSound();
  await desk.close();
  await world.close();
});

/** Before it the good one; behind it the good one, and itself once more. */
async function start(
  inputs: JsonObject,
  { ref = 'acme.zoo', policy = PATIENT, ...changes }: JsonObject = {},
): Promise<Planned> {
  const tasks = [
    act('tried', String(ref), inputs, changes),
    act('beside', 'acme.good', { steps: [['note', { good: 'work' }]] }),
    act('again', String(ref), { steps: [] }, { depends_on: ['T3'] }),
  ];
  const cycle = world.plan({ graph: graph(tasks), policy: policy as JsonObject });
  return world.start(cycle);
}

/** All but the built-ins'. */
const lines = (result: JsonObject): string[] =>
  taskLines(result).filter((line) => !/^T\d/.test(line));
const task = (result: JsonObject, name: string): JsonObject =>
  objects(result['tasks']).find((each) => each['name'] === name) ?? {};

function listOf(value: Json): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}

async function standing(id: string): Promise<string> {
  const { registry } = await world.harness.store.registry.now();
  return own(registry.skills, id)?.standing ?? 'none';
}

/** The registry's own record has what was noted. */
async function counted(): Promise<void> {
  await until('the violation is counted in', async () => {
    const { registry, snapshot } = await world.harness.store.registry.now();
    return snapshot?.registry.notes === registry.notes;
  });
}

describe('C7.V1 an undeclared side effect', () => {
  const deeds: readonly (readonly [string, Json, RegExp])[] = [
    ['an effect that it has not declared', [['call', 'desk']], /ctx\.effects\.desk/],
    ['the same, with the error swallowed', [['swallow', 'desk']], /ctx\.effects\.desk/],
    ['the network, with the error swallowed', [['network', null]], /fetch|127\.0\.0\.1/],
  ];

  it.each(deeds)('%s: FAILED, quarantine, halt; RESUME leaves it FAILED', async (_, step, told) => {
    const before = ['note', { n: 1 }];
    const after = ['note', { n: 2 }];
    const cycle = await start({ steps: [before, ...listOf(step), after] });
    const halt = await world.halted(cycle);
    expect(halt).toMatchObject({
      scope: 'cycle',
      code: 'UNDECLARED_SIDE_EFFECT',
      detail: expect.stringMatching(told),
      raised_by: ZOO,
      choices: ['RESUME', 'RESTART_FRESH', 'ABORT'],
      decision: null,
    });
    const waiting = await world.show(cycle);
    const violation = {
      kind: 'SKILL_VIOLATION',
      code: 'UNDECLARED_SIDE_EFFECT',
      skill_ref: ZOO,
      response: ['QUARANTINE', 'HALT'],
    };
    expect(waiting['violations']).toMatchObject([violation]);
    expect(lines(waiting)).toEqual([
      'tried FAILED UNDECLARED_SIDE_EFFECT',
      'beside null',
      'again null',
    ]);
    expect(await standing('acme.zoo')).toBe('QUARANTINED');
    const cards = (await world.box.run(['halts'])).stdout;
    for (const words of [/raised by acme\.zoo@1\.0\.0/, /skills release acme\.zoo --ledger/])
      expect(cards).toMatch(words);
    const shown = (await world.box.run(['cycle', 'show', cycle.cycle_id])).stdout;
    expect(shown).toMatch(/SKILL_VIOLATION .* by acme\.zoo@1\.0\.0: .* → QUARANTINE, HALT/);
    const { task_id, effects } = task(waiting, 'tried');
    expect(effects).toMatchObject([{ effect: 'notes', status: 'PERFORMED', payload: { n: 1 } }]);
    expect(desk.linesOf(task_id)).toEqual([{ n: 1 }]);

    await world.decide(cycle, 'RESUME');
    const ended = await world.ended(cycle);
    expect(ended).toMatchObject({ outcome: 'COMPLETED', violations: [violation] });
    expect(lines(ended)).toEqual([
      'tried FAILED UNDECLARED_SIDE_EFFECT',
      'beside SUCCESS',
      'again SKIPPED SKILL_NOT_INVOCABLE',
    ]);
    expect(desk.linesOf(task_id)).toEqual([{ n: 1 }]);
    await desk.change('release', 'acme.zoo', 'D012');
    expect(await standing('acme.zoo')).toBe('GOOD');
  });
});

it('C7.V3 a state that it has not declared: quarantine and review, the cycle goes on', async () => {
  const ended = await world.ended(await start({ steps: [['state', 'regime_state']] }));
  expect(ended).toMatchObject({
    outcome: 'COMPLETED',
    halt: null,
    violations: [
      { kind: 'SKILL_VIOLATION', code: 'LAYER_BYPASS', response: ['QUARANTINE', 'REVIEW'] },
    ],
  });
  expect(lines(ended)).toEqual([
    'tried FAILED LAYER_BYPASS',
    'beside SUCCESS',
    'again SKIPPED SKILL_NOT_INVOCABLE',
  ]);
  expect(task(ended, 'again')['reason']).toMatchObject({
    detail: expect.stringContaining('QUARANTINED'),
  });
  expect(await standing('acme.zoo')).toBe('QUARANTINED');
  const later = await world.ended(await start({ steps: [] }));
  expect(lines(later)[0]).toBe('tried SKIPPED SKILL_NOT_INVOCABLE');
  expect(later['violations']).toEqual([]);
  await desk.change('release', 'acme.zoo', 'D012');
});

describe('what is counted, and nothing more', () => {
  const rows: readonly (readonly [string, JsonObject, JsonObject, string, string])[] = [
    ['C7.V4 a skill that never ends', { steps: [['spin']] }, { timeout_ms: 600 }, 'TIMEOUT', 'C'],
    [
      'C7.V4 one that naps too long',
      { steps: [['nap', 9e3]] },
      { timeout_ms: 600 },
      'TIMEOUT',
      'C',
    ],
    ['R15 an output off its schema', { answer: { said: 'no list' } }, {}, 'OUTPUT_SCHEMA', 'C'],
    ['R15 an output over 1 MiB', { steps: [['long', 1_100_000]] }, {}, 'OUTPUT_SCHEMA', 'C'],
    ['C3.F1 a skill that throws', { steps: [['fail', 'no feed']] }, {}, 'TASK_ERROR', ''],
  ];

  it.each(rows)('%s: FAILED, the cycle goes on', async (_, inputs, changes, code, counts) => {
    const before = (await world.harness.store.registry.now()).registry.notes;
    const noted = { ...inputs, steps: [['note', { n: 1 }], ...listOf(inputs['steps'] ?? [])] };
    const ended = await world.ended(await start(noted, changes));
    expect(ended).toMatchObject({ outcome: 'COMPLETED', halt: null });
    expect(lines(ended)).toEqual([`tried FAILED ${code}`, 'beside SUCCESS', 'again SUCCESS']);
    expect(ended['violations']).toMatchObject(
      counts === '' ? [] : [{ code, skill_ref: ZOO, response: ['COUNT'] }],
    );
    expect(objects(ended['violations'])).toHaveLength(counts.length);
    const { effects, task_id, isolation } = task(ended, 'tried');
    expect(effects).toMatchObject([{ status: 'PERFORMED', payload: { n: 1 } }]);
    expect(['process', 'os']).toContain(isolation);
    expect(desk.linesOf(task_id)).toEqual([{ n: 1 }]);
    expect(await standing('acme.zoo')).toBe('GOOD');
    const { registry } = await world.harness.store.registry.now();
    expect(registry.notes - before).toBe(counts.length);
  });
});

describe('C7.V2, R17 permissions, and a third violation', () => {
  const inputs = { steps: [['note', { n: 1 }]] };

  it('SK-2 a task that lists a permission that is not granted is skipped: no violation', async () => {
    const more = { ref: 'acme.valuer', required_permissions: ['value'], policy: PATIENT };
    const ended = await world.ended(await start(inputs, more));
    expect(lines(ended)[0]).toBe('tried SKIPPED PERMISSION_DENIED');
    // The one behind it leaves the permission out.
    expect(lines(ended)[2]).toBe('again FAILED PERMISSION_BYPASS');
    expect(ended['violations']).toMatchObject([{ code: 'PERMISSION_BYPASS', skill_ref: VALUER }]);
  });

  it('C7.V2 one that leaves it out is rejected, the third time deregistered; the cycle goes on', async () => {
    const policy = DEFAULT_POLICY as unknown as JsonObject;
    const ended = await world.ended(await start(inputs, { ref: 'acme.valuer', policy }));
    expect(ended).toMatchObject({
      outcome: 'COMPLETED',
      halt: null,
      violations: [
        { kind: 'SKILL_VIOLATION', code: 'PERMISSION_BYPASS', response: ['REJECT'] },
        { code: 'PERMISSION_BYPASS', response: ['REJECT', 'DEREGISTER'] },
      ],
    });
    expect(lines(ended)).toEqual([
      'tried FAILED PERMISSION_BYPASS',
      'beside SUCCESS',
      'again FAILED PERMISSION_BYPASS',
    ]);
    expect(desk.linesOf(task(ended, 'tried')['task_id'])).toEqual([]);
    expect(await standing('acme.valuer')).toBe('DEREGISTERED');
    const later = await world.ended(await start(inputs, { ref: 'acme.valuer', policy }));
    expect(lines(later)).toEqual([
      'tried SKIPPED SKILL_NOT_INVOCABLE',
      'beside SUCCESS',
      'again SKIPPED SKILL_NOT_INVOCABLE',
    ]);
    await counted();
  });

  it('R17 a deregistered skill comes back by a new version with a new ledger entry only', async () => {
    const change = (operation: 'release' | 'activate' | 'remove') =>
      desk.change(operation, VALUER, 'D012');
    await expect(change('release')).rejects.toThrow(/DEREGISTERED for good/);
    await expect(change('activate')).rejects.toThrow(/DEREGISTERED for good/);
    await expect(change('remove')).rejects.toThrow(/DEREGISTERED for good/);
    const as = (changes: JsonObject) =>
      desk.register(chameleon('acme.valuer', { requires_permissions: ['value'], ...changes }));
    await expect(as({ decision_ledger_ref: 'D012' })).rejects.toThrow(/new version/);
    await expect(as({ skill_version: '2.0.0' })).rejects.toThrow(/new ledger entry/);
    expect(await standing('acme.valuer')).toBe('DEREGISTERED');

    await as({ skill_version: '2.0.0', decision_ledger_ref: 'D012' });
    const { registry } = await world.harness.store.registry.now();
    expect(own(registry.skills, 'acme.valuer')).toMatchObject({
      standing: 'GOOD',
      tenure: 2,
      violations: 0,
      versions: { '1.0.0': { state: 'REMOVED' }, '2.0.0': { state: 'ACTIVE' } },
    });
  });
});

it('C7.V3 a quarantine stops the skill in every cycle that runs already, on every worker, at its next task', async () => {
  await world.killWorkers();
  const holding = await world.stoppingWorker();
  const tasks = [act('held-up', 'acme.zoo', { steps: [['note', { n: 1 }]] })];
  const others = [1, 2, 3, 4].map(() => world.plan({ graph: graph(tasks), policy: PATIENT }));
  for (const cycle of others) {
    await holding.hold(cycle.workflow_id, 'before T3');
    await world.start(cycle);
  }
  await Promise.all(others.map((cycle) => holding.held(cycle.workflow_id, 'before T3')));
  await world.worker();
  const guilty = await start({ steps: [['swallow', 'desk']] });
  await world.halted(guilty);
  for (const cycle of others) holding.release(cycle.workflow_id, 'before T3');
  for (const cycle of others) {
    const ended = await world.ended(cycle);
    expect(ended).toMatchObject({ outcome: 'COMPLETED', violations: [], halt: null });
    expect(lines(ended)).toEqual(['held-up SKIPPED SKILL_NOT_INVOCABLE']);
    expect(task(ended, 'held-up')['reason']).toMatchObject({
      detail: `${ZOO} is QUARANTINED`,
    });
    expect(desk.linesOf(task(ended, 'held-up')['task_id'])).toEqual([]);
  }
  await world.decide(guilty, 'ABORT');
  expect(await world.ended(guilty)).toMatchObject({ outcome: 'HALTED' });
});
