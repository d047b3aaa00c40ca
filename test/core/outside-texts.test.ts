import type { JsonObject } from '../../src/core/json';
import { durationText, parseDuration } from '../../src/core/nominal';
import { DEFAULT_POLICY } from '../../src/core/policy';
import { problemOfChange } from '../../src/core/registry-change';
import { problemOfInput, said, workflowIdFor } from '../../src/core/start';
import { isScheduleName, problemOfTick, type TickInput } from '../../src/core/tick';
import { parseInstant } from '../../src/core/time';
import { simulate } from './simulation';

const DIGEST = `sha256:${'a'.repeat(64)}` as const;
/** What holds a valid text, and is none. */
const around = (text: string): readonly string[] => [
  ` ${text}`,
  `${text}x`,
  `x${text}`,
  `${text}\n`,
];

describe('R22 a start by another client', () => {
  const opened = simulate().events[0];
  if (opened?.type !== 'CYCLE_OPENED') throw new Error('a cycle is opened first');
  const { cycle_id, mode, input_hash, graph_hash, policy_hash, policy, first_task } = opened.data;
  const input = { cycle_id, mode, input_hash, graph_hash, policy_hash, policy, first_task };
  const problem = (changes: object): string | null => problemOfInput({ ...input, ...changes });

  test('is worked with when each id and digest is one from end to end, and refused otherwise', () => {
    expect(problem({})).toBeNull();
    for (const text of around(cycle_id))
      expect(problem({ cycle_id: text })).toMatch(/^cycle_id is no UUID/);
    expect(problem({ cycle_id: { toString: 'x' } })).toMatch(/^cycle_id is no UUID/);
    for (const name of ['input_hash', 'graph_hash', 'policy_hash'])
      for (const text of around(DIGEST))
        expect(problem({ [name]: text })).toMatch(new RegExp(`^${name} is no sha256 digest`));
  });

  test('R19: is worked with from the shortest to the longest time of a task and a halt', () => {
    const task = (timeout_ms: number) => problem({ first_task: { ...first_task, timeout_ms } });
    expect([task(1), task(0), task(1.5)].map((said) => said === null)).toEqual([
      true,
      false,
      false,
    ]);
    const expiry = (halt_expiry_ms: number | null) =>
      problem({ policy: { ...policy, halt_expiry_ms } }) === null;
    const most = Number.MAX_SAFE_INTEGER;
    expect([expiry(null), expiry(1), expiry(most), expiry(0), expiry(most + 1)]).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
  });

  test('R22: says which mode it is that there is not', () => {
    expect(problem({ mode: 'paper' })).toMatch(/^mode "paper" is none/);
    expect(problem({ mode: 7 })).toMatch(/^mode that is no text is none/);
    expect(said('a\nb')).not.toContain('\n');
  });

  test('is known by its bundle’s second, and as undated where the timestamp is none', () => {
    const id = (timestamp: unknown) => workflowIdFor('shadow', timestamp, '0123456789');
    const dated = 'shadow-2026-11-22T14.25.29Z-01234567';
    const good = ['2026-11-22T14:25:29Z', '2026-11-22T14:25:29.123Z', '2026-11-22T14:25:29+00:00'];
    expect(good.map(id)).toEqual([dated, dated, dated]);
    for (const text of [...around('2026-11-22T14:25:29Z'), 7, null, { toString: 1 }])
      expect(id(text)).toBe('shadow-undated-01234567');
  });
});

describe('R36 a scheduled start by another client', () => {
  const tick: TickInput = {
    schedule: 'feed',
    source: 'file:/b.json',
    mode: 'shadow',
    graph_hash: DIGEST,
    policy_hash: DIGEST,
    policy: DEFAULT_POLICY,
    set_by: 'ada',
  };
  const problem = (changes: JsonObject): string | null =>
    problemOfTick(
      { ...tick, ...changes } as TickInput,
      Date.parse('2026-11-22T14:25:00Z'),
      'shadow-feed-2026-11-22T14:25:00Z',
    );

  test('is worked with when each name, source and digest is one from end to end', () => {
    for (const name of ['graph_hash', 'policy_hash'])
      for (const text of [...around(DIGEST), 7])
        expect(problem({ [name]: text })).toMatch(new RegExp(`^${name} is no sha256 digest`));
    for (const schedule of ['-feed', ' feed', 'feed ', 'feed/', '', 'x'.repeat(65), 7, null])
      expect(problem({ schedule })).toMatch(/^schedule is not the name of one/);
    expect([isScheduleName('x'.repeat(64)), isScheduleName('0_-')]).toEqual([true, true]);
    for (const source of ['file:/a', 'dir:/a', 'http://a', 'https://a'])
      expect(problem({ source })).toBeNull();
    for (const source of ['ftp://a', ' file:/a', 'xfile:/a', 'http:/a', 'file:a'])
      expect(problem({ source })).toMatch(/^source is none/);
  });

  test('C3.F3: is worked with when its halts expire in whole milliseconds, or never', () => {
    const expiry = (halt_expiry_ms: number | null | string) =>
      problem({ policy: { ...(DEFAULT_POLICY as unknown as JsonObject), halt_expiry_ms } });
    expect([expiry(null), expiry(1)]).toEqual([null, null]);
    for (const ms of [0, -1, 1.5, '1', Number.MAX_SAFE_INTEGER + 1])
      expect(expiry(ms)).toMatch(/^policy is no policy/);
  });
});

describe('C7.SK5 a change of the registry by another client', () => {
  const change = {
    operation: 'activate',
    skill: 'acme.rank',
    ledger: 'D010',
    by: 'ada',
    change_id: 'c',
    registration: null,
  };
  const problem = (changes: object): string | null => problemOfChange({ ...change, ...changes });

  test('R28: registers a digest from end to end, and only a registration does', () => {
    expect(problem({})).toBeNull();
    expect(problem({ operation: 'register', registration: DIGEST })).toBeNull();
    for (const registration of [...around(DIGEST), null, 7, [DIGEST]])
      expect(problem({ operation: 'register', registration })).toMatch(/^registration is the hash/);
    expect(problem({ registration: DIGEST })).toMatch(/^registration is null, but to register/);
  });

  test.each(['skill', 'ledger', 'by', 'change_id'])(
    'R28: has a %s of 1 to 200 characters',
    (name) => {
      for (const text of ['x', 'x'.repeat(200)]) expect(problem({ [name]: text })).toBeNull();
      for (const text of ['', '  ', 'x'.repeat(201), 7, undefined])
        expect(problem({ [name]: text })).toMatch(new RegExp(`^${name} is a text of 1 to 200`));
    },
  );

  test('R28: holds nothing else', () => {
    expect(problem({ force: true })).toBe('a change has no "force"');
  });
});

describe('instants and durations as people write them', () => {
  test.each([
    ['30s', 30_000],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
  ])('%s is read, and written so again', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
    expect(durationText(ms)).toBe(text);
  });

  test('are refused in any other spelling', () => {
    for (const text of ['', 's', '5', '0s', '5x', ' 5m', '5m ', '-5m', '1234567s'])
      expect(parseDuration(text)).toBeNull();
    expect([90_000, 5_400_000, 129_600_000, 0].map(durationText)).toEqual([
      '90s',
      '90m',
      '36h',
      '0s',
    ]);
  });

  test('R4: an instant counts to the millisecond, whatever further digits it has', () => {
    const second = Date.parse('2026-11-22T14:25:29Z');
    const ms = ['Z', '.1Z', '.12Z', '.123Z', '.123999Z'].map((rest) =>
      parseInstant(`2026-11-22T14:25:29${rest}`),
    );
    expect(ms).toEqual([0, 100, 120, 123, 123].map((more) => second + more));
    expect(['', 'x', '2026-11-22'].map(parseInstant)).toEqual([null, null, null]);
  });
});
