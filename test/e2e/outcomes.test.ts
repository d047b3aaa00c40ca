import type { JsonObject } from '../../src/core/json';
import { belief, freshBundle, regime } from '../support/bundles';
import { Sandbox } from '../support/sandbox';
import {
  codesOf,
  graph,
  object,
  objects,
  policy,
  task,
  taskLines,
  uniqueBundle,
} from './documents';
import { actionId, identities } from './recipe';
import { resultShape } from './result';

let box: Sandbox;
let files = 0;
beforeAll(async () => {
  box = await Sandbox.open();
  await box.worker();
});
afterAll(async () => {
  const verified = await box.json(['audit', 'verify']);
  await box.close();
  expect(verified).toMatchObject({ status: 0, value: { status: 'INTACT' } });
});

interface Documents {
  readonly graph?: JsonObject;
  readonly policy?: JsonObject;
}

/** `cycle start --wait --json` on these documents; what it prints always has the interface's shape. */
async function start(
  bundle: JsonObject,
  documents: Documents = {},
): Promise<{ status: number | null; value: JsonObject }> {
  files += 1;
  const options = Object.entries(documents).flatMap(([name, document]) => [
    `--${name}`,
    box.file(`${files}-${name}.json`, document),
  ]);
  const input = box.file(`${files}-bundle.json`, bundle);
  const ran = await box.json(['cycle', 'start', '--input', input, ...options, '--wait']);
  expect(resultShape.safeParse(ran.value).error?.issues).toBeUndefined();
  expect(ran.value).toMatchObject({ phase: 'IDLE', halt: null, deduplicated: false });
  return ran;
}

const at = (ms: number): string => new Date(Date.now() + ms).toISOString();
const ALL_DONE = ['T1 SUCCESS', 'T2 SUCCESS', 'T3 SUCCESS', 'T4 SUCCESS'];

describe('a cycle that completes', () => {
  it('C4.I3 has the hashes and ids that anyone can compute from the documents', async () => {
    const bundle = uniqueBundle();
    const { status, value } = await start(bundle);
    const { tasks, ...ids } = identities(bundle, graph(), policy());
    expect(status).toBe(0);
    expect(value).toMatchObject({ outcome: 'COMPLETED', violations: [], reasons: [], ...ids });
    expect(objects(value['tasks']).map(({ name, task_id }) => [name, task_id])).toEqual(tasks);
    expect(taskLines(value)).toEqual(ALL_DONE);
    const t4 = String(objects(value['tasks'])[3]?.['task_id']);
    expect(value['actions']).toEqual([
      {
        action_id: actionId(t4, 'B-1'),
        belief_id: 'B-1',
        mode: 'SHADOW',
        duplicate: false,
        source_signal_ids: ['SG-1'],
        source_regime_state_id: 'RS-1',
        source_belief_id: 'B-1',
        factor_permission: 'GRANTED',
      },
    ]);
  });

  it('R2 COMPLETES on UNDEFINED with enough confidence', async () => {
    const { status, value } = await start(
      freshBundle({ regime_state: regime({ behavior: 'UNDEFINED', confidence: 0.5 }) }),
    );
    expect([status, value['outcome']]).toEqual([0, 'COMPLETED']);
    expect(taskLines(value)).toEqual(ALL_DONE);
  });

  it('R30 removes each belief for the first reason that applies, and still COMPLETES', async () => {
    const beliefs = [
      belief('stale', { is_stale: true, confidence: 0.1 }),
      belief('doubtful', { confidence: 0.59, required_permissions: null }),
      belief('undeclared', { required_permissions: null }),
      belief('denied', { required_permissions: ['value'] }),
      belief('kept', { confidence: 0.6, source_signal_ids: null }),
    ];
    const { status, value } = await start(uniqueBundle({ active_beliefs: beliefs }), {
      policy: policy({ min_belief_confidence: 0.6 }),
    });
    expect([status, value['outcome']]).toEqual([0, 'COMPLETED']);
    const removed = objects(value['beliefs_removed']);
    expect(removed.map(({ belief_id, reason }) => [belief_id, object(reason)['code']])).toEqual([
      ['stale', 'BELIEF_STALE'],
      ['doubtful', 'BELIEF_CONFIDENCE_TOO_LOW'],
      ['undeclared', 'PERMISSION_UNDECLARED'],
      ['denied', 'PERMISSION_DENIED'],
    ]);
    expect(value['actions']).toMatchObject([{ belief_id: 'kept', source_signal_ids: [] }]);
  });

  it('EXE-4 emits nothing at size_multiplier 0, and COMPLETES', async () => {
    const permission = {
      timestamp: at(0),
      regime_context: 'TRENDING_NORMAL_VOL',
      momentum_permitted: true,
      size_multiplier: 0,
    };
    const beliefs = [belief('B-1'), belief('free', { required_permissions: [] })];
    const { status, value } = await start(
      uniqueBundle({ factor_permission: permission, active_beliefs: beliefs }),
    );
    expect([status, value['outcome']]).toEqual([0, 'COMPLETED']);
    expect(value['actions']).toEqual([]);
    expect(value['beliefs_removed']).toMatchObject([
      { belief_id: 'B-1', reason: { code: 'PERMISSION_DENIED' } },
      { belief_id: 'free', reason: { code: 'PERMISSION_DENIED' } },
    ]);
    expect(taskLines(value)).toEqual(ALL_DONE);
  });

  it('R3 denies every belief without a permission object while L6.5 is ACTIVE', async () => {
    const { status, value } = await start(uniqueBundle({ factor_permission: null }), {
      policy: policy({ factor_layer: 'ACTIVE' }),
    });
    expect([status, value['outcome']]).toEqual([0, 'COMPLETED']);
    expect([value['actions'], codesOf(value['reasons'])]).toEqual([[], []]);
    expect(objects(value['beliefs_removed'])).toHaveLength(2);
  });

  it('R3 bypasses the permissions without an object while L6.5 is LATENT, and says so', async () => {
    const { status, value } = await start(uniqueBundle({ factor_permission: null }));
    expect([status, value['outcome']]).toEqual([0, 'COMPLETED']);
    expect(codesOf(value['reasons'])).toEqual(['FACTOR_BYPASSED']);
    expect(value['actions']).toMatchObject([
      { belief_id: 'B-1', factor_permission: 'BYPASSED' },
      { belief_id: 'B-2', factor_permission: 'BYPASSED' },
    ]);
  });
});

describe('a cycle with less to do', () => {
  it('C2.U4 is SKIPPED without beliefs: the graph is built, T1 is done, the rest is on record', async () => {
    const bundle = uniqueBundle({ active_beliefs: [] });
    const { status, value } = await start(bundle);
    expect([status, value['outcome']]).toEqual([0, 'SKIPPED']);
    expect(codesOf(value['reasons'])).toEqual(['NO_BELIEFS']);
    expect(taskLines(value)).toEqual([
      'T1 SUCCESS',
      ...['T2', 'T3', 'T4'].map((name) => `${name} SKIPPED NO_BELIEFS`),
    ]);
    expect(value['plan_hash']).toBe(identities(bundle, graph(), policy())['plan_hash']);
  });

  it('R2 is SKIPPED on EVENT_LOCK, whatever the confidence', async () => {
    const { status, value } = await start(
      freshBundle({ regime_state: regime({ behavior: 'EVENT_LOCK', confidence: 1 }) }),
    );
    expect([status, value['outcome']]).toEqual([0, 'SKIPPED']);
    expect(codesOf(value['reasons'])).toEqual(['REGIME_GATE']);
    expect(taskLines(value)).toEqual([
      'T1 SUCCESS',
      'T2 SUCCESS',
      'T3 SKIPPED REGIME_GATE',
      'T4 SKIPPED REGIME_GATE',
    ]);
  });

  it('R1 is DEGRADED at low confidence: T3 still runs, T4 emits nothing', async () => {
    const { status, value } = await start(
      uniqueBundle({ regime_state: regime({ confidence: 0.499 }) }),
    );
    expect([status, value['outcome']]).toEqual([2, 'DEGRADED']);
    expect(codesOf(value['reasons'])).toEqual(['CONFIDENCE_TOO_LOW']);
    expect(taskLines(value)).toEqual([...ALL_DONE.slice(0, 3), 'T4 SKIPPED CONFIDENCE_TOO_LOW']);
    expect(value['actions']).toEqual([]);
    expect(value['beliefs_removed']).toMatchObject([{ belief_id: 'B-2' }]);
  });

  it('R2 is DEGRADED on UNDEFINED at low confidence, with the gate closed', async () => {
    const { status, value } = await start(
      freshBundle({ regime_state: regime({ behavior: 'UNDEFINED', confidence: 0.4 }) }),
    );
    expect([status, value['outcome']]).toEqual([2, 'DEGRADED']);
    expect(codesOf(value['reasons'])).toEqual(['CONFIDENCE_TOO_LOW', 'REGIME_GATE']);
    expect(taskLines(value).slice(2)).toEqual(['T3 SKIPPED REGIME_GATE', 'T4 SKIPPED REGIME_GATE']);
  });

  it('is DEGRADED when there are no beliefs and the confidence is low', async () => {
    const { status, value } = await start(
      freshBundle({ regime_state: regime({ confidence: 0.1 }), active_beliefs: [] }),
    );
    expect([status, value['outcome']]).toEqual([2, 'DEGRADED']);
    expect(codesOf(value['reasons'])).toEqual(['NO_BELIEFS', 'CONFIDENCE_TOO_LOW']);
    expect(taskLines(value).slice(1)).toEqual(
      ['T2', 'T3', 'T4'].map((name) => `${name} SKIPPED NO_BELIEFS`),
    );
  });
});

describe('a cycle on a state that nothing may run on', () => {
  const nothingRan = { tasks: [], plan_hash: null, actions: [], beliefs_removed: [] };

  it.each([
    ['stale', -301_000, 'STATE_STALE'],
    ['from the future', 60_000, 'STATE_FROM_FUTURE'],
  ])('C2.U5 is REJECTED when a state is %s', async (_, ms, code) => {
    const bundle = uniqueBundle({ regime_state: regime({ timestamp: at(ms) }) });
    const { status, value } = await start(bundle);
    expect(status).toBe(3);
    expect(value).toMatchObject({
      outcome: 'REJECTED',
      reasons: [{ code, state: 'regime_state' }],
      input_hash: identities(bundle, graph(), policy())['input_hash'],
      ...nothingRan,
    });
  });

  it('lists at most 20 reasons of a code, the last saying how many more', async () => {
    const beliefs = Array.from({ length: 31 }, (_, i) =>
      belief(`B-${i}`, { timestamp: at(-400_000) }),
    );
    const { status, value } = await start(uniqueBundle({ active_beliefs: beliefs }));
    const reasons = objects(value['reasons']);
    expect([status, value['outcome'], reasons.length]).toEqual([3, 'REJECTED', 20]);
    expect(reasons.at(18)?.['detail']).not.toMatch(/more/);
    expect(reasons.at(19)?.['detail']).toMatch(/11 more/);
  });

  it.each([
    ['the regime is missing', { regime_state: null }, 'STATE_MISSING', 'regime_state'],
    ['beliefs are null', { active_beliefs: null }, 'STATE_MISSING', 'active_beliefs'],
    [
      'a behavior is no word of the vocabulary',
      { regime_state: regime({ behavior: 'BULLISH' }) },
      'STATE_INVALID',
      'regime_state',
    ],
    ['a state is no object', { regime_state: 'TRENDING' }, 'STATE_INVALID', 'regime_state'],
    ['an optional state is invalid', { flow_state: 7 }, 'STATE_INVALID', 'flow_state'],
    ['the bundle has a field of its own', { price: 1 }, 'STATE_INVALID', 'price'],
  ])('C2.U1 is HALTED at once when %s', async (_, changes: JsonObject, code, state) => {
    const { status, value } = await start(uniqueBundle(changes));
    expect(status).toBe(4);
    expect(value).toMatchObject({ outcome: 'HALTED', reasons: [{ code, state }], ...nothingRan });
  });

  it('C2.U1 leaves an audited HALTED cycle of an empty bundle', async () => {
    const { status, value } = await start({});
    expect([status, value['outcome']]).toEqual([4, 'HALTED']);
    expect(codesOf(value['reasons'])).toEqual(['STATE_MISSING', 'STATE_MISSING', 'STATE_MISSING']);
    expect(value['workflow_id']).toMatch(/^shadow-undated-/);
    const trail = await box.json(['audit', 'show', String(value['cycle_id'])]);
    const types = (trail.value as unknown as JsonObject[]).map(({ type }) => type);
    expect(types).toEqual([
      'CYCLE_OPENED',
      'TASK_STARTED',
      'TASK_ENDED',
      'STATE_JUDGED',
      'CYCLE_ENDED',
    ]);
    expect(value['audit']).toMatchObject({ entries: 5 });
  });
});

describe('a graph of one’s own', () => {
  it('R8, R19, R25 skips for the one reason that comes first, and COMPLETES', async () => {
    const document = graph([
      task('unknown', ['T2']),
      task('after-unknown', ['unknown']),
      task('twin', ['T2'], { inputs: { of: 'unknown' } }),
      task('no-macro', ['T2'], { required_state: ['macro_state'] }),
      task('no-right', ['T2'], { required_permissions: ['value', 'momentum'] }),
    ]);
    const bundle = uniqueBundle();
    const { status, value } = await start(bundle, { graph: document });
    expect([status, value['outcome']]).toEqual([0, 'COMPLETED']);
    expect(taskLines(value)).toEqual([
      ...ALL_DONE,
      'unknown SKIPPED SKILL_UNREGISTERED',
      'after-unknown SKIPPED SKILL_UNREGISTERED',
      'twin SKIPPED DUPLICATE_TASK',
      'no-macro SKIPPED STATE_MISSING',
      'no-right SKIPPED PERMISSION_DENIED',
    ]);
    const { tasks, ...ids } = identities(bundle, document, policy());
    expect(value).toMatchObject(ids);
    expect(objects(value['tasks']).map(({ name, task_id }) => [name, task_id])).toEqual(tasks);
  });

  it('R20 is DEGRADED when a critical task has no skill to run it', async () => {
    const { status, value } = await start(uniqueBundle(), {
      graph: graph([task('ranking', ['T4'], { critical: true })]),
    });
    expect([status, value['outcome']]).toEqual([2, 'DEGRADED']);
    expect(codesOf(value['reasons'])).toEqual(['SKILL_UNREGISTERED']);
    expect(taskLines(value).at(-1)).toBe('ranking SKIPPED SKILL_UNREGISTERED');
    expect(objects(value['actions'])).toHaveLength(1);
  });

  it('C4.P ends in a parallel graph as in a sequential one', async () => {
    const branches = ['a', 'b', 'c'].map((name) => task(name, ['T2']));
    const { status, value } = await start(uniqueBundle(), {
      graph: graph([...branches, task('joined', ['a', 'b', 'c', 'T4'])], { parallel: true }),
    });
    expect([status, value['outcome']]).toEqual([0, 'COMPLETED']);
    expect(taskLines(value)).toEqual([
      ...ALL_DONE,
      ...['a', 'b', 'c', 'joined'].map((name) => `${name} SKIPPED SKILL_UNREGISTERED`),
    ]);
  });

  it('C4.G, R34 skips the branch that a gate does not take, and lets branches merge', async () => {
    const gates = [
      {
        name: 'trending-only',
        condition: "regime.behavior == 'TRENDING_NORMAL_VOL' and regime.confidence > 0.8",
        if_true: 'trend',
        if_false: 'revert',
      },
      { name: 'quiet-only', condition: 'flow.month_end', if_true: 'T4', if_false: 'SKIP' },
    ];
    const tasks = [task('trend', ['T2']), task('revert', ['T2'])];
    const merged = [task('after-revert', ['revert']), task('merged', ['trend', 'revert'])];
    const { status, value } = await start(uniqueBundle(), {
      graph: graph([...tasks, ...merged], { gates }),
    });
    expect([status, value['outcome']]).toEqual([0, 'COMPLETED']);
    expect(taskLines(value).slice(3)).toEqual([
      'T4 SKIPPED GATE_SKIP',
      'trend SKIPPED SKILL_UNREGISTERED',
      'revert SKIPPED GATE_SKIP',
      'after-revert SKIPPED GATE_SKIP',
      'merged SKIPPED SKILL_UNREGISTERED',
    ]);
  });
});

describe('a cycle that another client started', () => {
  /** The documents are in the store; the start itself is not judged by our client. */
  async function startRaw(bundle: JsonObject, document: JsonObject, changes: JsonObject = {}) {
    const store = await box.store();
    const ids = identities(bundle, document, policy());
    const { canonicalText } = await import('../../src/core/identity');
    for (const content of [bundle, document, policy()])
      await store.documents.put(Buffer.from(canonicalText(content)));
    const cycleId = String(ids['cycle_id']);
    const first = objects(document['tasks'])[0] ?? {};
    const handle = await box.client().workflow.start('executionCycle', {
      taskQueue: 'harness',
      workflowId: `raw-${cycleId}`,
      args: [
        {
          cycle_id: cycleId,
          mode: 'shadow',
          input_hash: ids['input_hash'],
          graph_hash: ids['graph_hash'],
          policy_hash: ids['policy_hash'],
          policy: policy(),
          first_task: { ...first, task_id: (ids['tasks'] as string[][])[0]?.[1] },
          ...changes,
        },
      ],
    });
    return handle.result().catch((error: unknown) => error) as Promise<JsonObject>;
  }

  it('R26 is HALTED, and a violation, when its graph goes round the gate', async () => {
    const document = graph([task('sneaky', ['T1'])]);
    expect(await startRaw(uniqueBundle(), document)).toMatchObject({
      outcome: 'HALTED',
      reasons: [{ code: 'GRAPH_INVALID', detail: expect.stringContaining('sneaky') }],
      violations: [{ kind: 'HARNESS_VIOLATION', code: 'GRAPH_INVALID' }],
      tasks: [],
      plan_hash: null,
    });
  });

  it('C5.O is HALTED, and a violation, when it brings another policy than it names', async () => {
    const relaxed = policy({ min_regime_confidence: 0 });
    const result = await startRaw(uniqueBundle(), graph(), { policy: relaxed });
    expect(result).toMatchObject({
      outcome: 'HALTED',
      reasons: [{ code: 'OVERRIDE_ATTEMPT' }],
      violations: [{ kind: 'HARNESS_VIOLATION', code: 'OVERRIDE_ATTEMPT' }],
      tasks: [],
    });
  });

  it('R22 does not run at all in mode live', async () => {
    const error = await startRaw(uniqueBundle(), graph(), { mode: 'live' });
    expect(error).toMatchObject({ cause: { message: expect.stringContaining('C6') } });
  });
});
