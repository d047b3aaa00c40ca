import fc from 'fast-check';
import type { Json, JsonObject } from '../../src/core/json';
import { DEFAULT_POLICY } from '../../src/core/policy';
import { HALT_NOTICE } from '../../src/core/notice';
import {
  EXECUTION_CYCLE,
  HARNESS_VERSION,
  LATCH_SIGNAL,
  problemOfInput,
  REGISTRY_CHANGE,
  REGISTRY_NEWS,
  REGISTRY_WORKFLOW_ID,
  SKILL_REGISTRY,
  TASK_QUEUE,
  workflowIdFor,
} from '../../src/core/start';
import { version } from '../../package.json';

const CYCLE = '1a2b3c4d-0000-5000-8000-000000000000';
const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;
const start = (changes: JsonObject = {}): JsonObject => ({
  cycle_id: CYCLE,
  mode: 'shadow',
  input_hash: digest('0'),
  graph_hash: digest('1'),
  policy_hash: digest('2'),
  policy: DEFAULT_POLICY as unknown as JsonObject,
  first_task: {
    name: 'T1',
    task_id: 'id',
    task_type: 'validate_state',
    skill_ref: 'harness.validate-state',
    timeout_ms: 5_000,
  },
  ...changes,
});
const policy = (halt_expiry_ms: Json): JsonObject => ({ ...start(), policy: { halt_expiry_ms } });
const firstTask = (changes: JsonObject): JsonObject =>
  start({ first_task: { ...(start()['first_task'] as JsonObject), ...changes } });

describe('the workflow id', () => {
  test.each<[Json, string]>([
    ['2026-11-22T14:25:29Z', '2026-11-22T14.25.29Z'],
    ['2026-11-22T14:25:29.123456Z', '2026-11-22T14.25.29Z'],
    ['2026-11-22T14:25:29+00:00', '2026-11-22T14.25.29Z'],
    ['2026-11-22T14:25:29+01:00', 'undated'],
    ['2026-11-22', 'undated'],
    ['', 'undated'],
    [null, 'undated'],
    [1_795_357_529_000, 'undated'],
    [['2026-11-22T14:25:29Z'], 'undated'],
    [{ toString: 1, valueOf: 1 }, 'undated'],
  ])('C1.1: speaks for a bundle of %j, whatever that is', (timestamp, when) => {
    expect(workflowIdFor('shadow', timestamp, CYCLE)).toBe(`shadow-${when}-1a2b3c4d`);
  });
});

describe('a start by another client', () => {
  test('CA: is worked with when it has the shape of ours', () => {
    expect(problemOfInput(start())).toBeNull();
    expect(problemOfInput(start({ restarts: CYCLE }))).toBeNull();
    expect(problemOfInput(policy(null))).toBeNull();
  });

  test('R22: live is refused, citing C6', () => {
    expect(problemOfInput(start({ mode: 'live' }))).toContain('C6');
  });

  test.each<[string, unknown]>([
    ['no argument', undefined],
    ['a text', 'shadow'],
    ['a list', [start()]],
    ['no mode', { ...start(), mode: undefined }],
    ['another mode', start({ mode: 'SHADOW' })],
    ['no digest', start({ input_hash: 'sha256:0' })],
    ['a digest in a list', start({ graph_hash: [digest('1')] })],
    ['an object for a digest', start({ policy_hash: { toString: 1, valueOf: 1 } })],
    ['no cycle id', start({ cycle_id: 7 })],
    ['no first task', start({ first_task: null })],
    ['a first task without a name', firstTask({ name: null })],
    ['a first task without an id', firstTask({ task_id: 1 })],
    ['a first task without time', firstTask({ timeout_ms: '5000' })],
    ['a first task with less than a millisecond', firstTask({ timeout_ms: 0 })],
    ['a first task with more than an hour', firstTask({ timeout_ms: 3_600_001 })],
    ['no policy', start({ policy: null })],
    ['a policy without halt expiry', start({ policy: {} })],
    ['a halt that expired before it was raised', policy(-1e300)],
    ['a halt expiry of half a millisecond', policy(0.5)],
  ])('CA: with %s it is refused by a sentence, not by a stuck workflow', (_, input) => {
    expect(problemOfInput(input)).toEqual(expect.stringMatching(/^[a-z].*[^.]$/));
  });

  test('CA: whatever it is, it gets an answer', () => {
    const key = fc.constantFrom(...Object.keys(start()));
    fc.assert(
      fc.property(key, fc.jsonValue(), (name, value) => {
        const problem = problemOfInput({ ...start(), [name]: value });
        expect(problem === null || typeof problem === 'string').toBe(true);
      }),
    );
  });
});

test('C4.I1: the version that stands in every record is the one that is installed', () => {
  expect(HARNESS_VERSION).toBe(version);
});

test('the names by which running servers and other clients know the harness stay what they are', () => {
  expect({
    EXECUTION_CYCLE,
    TASK_QUEUE,
    LATCH_SIGNAL,
    REGISTRY_WORKFLOW_ID,
    SKILL_REGISTRY,
    REGISTRY_CHANGE,
    REGISTRY_NEWS,
    HALT_NOTICE,
  }).toEqual({
    EXECUTION_CYCLE: 'executionCycle',
    TASK_QUEUE: 'harness',
    LATCH_SIGNAL: 'latch',
    REGISTRY_WORKFLOW_ID: 'harness-registry',
    SKILL_REGISTRY: 'skillRegistry',
    REGISTRY_CHANGE: 'change',
    REGISTRY_NEWS: 'news',
    HALT_NOTICE: 'haltNotice',
  });
});
