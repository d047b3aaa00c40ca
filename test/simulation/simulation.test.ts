import { nextStep } from '../../src/core/engine';
import type { Planted } from './defects';
import { type Lane, type Lived, liveWorld, simulateOn, simulateWorlds } from './simulate';
import { World } from './world';

jest.mock('@temporalio/workflow', () => jest.requireActual('./temporal-workflow'));
jest.mock('@temporalio/activity', () => jest.requireActual('./temporal-activity'));
jest.mock('../../src/sources/source', () => jest.requireActual('./outside'));
jest.mock('../../src/schedules/account', () => jest.requireActual('./outside'));
jest.mock('../../src/core/engine', () => {
  const engine: object = jest.requireActual('../../src/core/engine');
  return { ...engine, nextStep: jest.fn() };
});
const { nextStep: real } = jest.requireActual<{ nextStep: typeof nextStep }>(
  '../../src/core/engine',
);
const asked = jest.mocked(nextStep);

/** The seed is fixed, so that a red test is red again; `npm run simulate` goes on from any other. */
const SEED = 1;

describe('the workflow and its activities, over virtual time and faults', () => {
  beforeEach(() => void asked.mockImplementation(real));

  test('C1.1, C4.I2, C3.F3: whatever befalls them, every cycle keeps the contract and comes to an end', async () => {
    const { violations, faults, outcomes } = await simulateWorlds(SEED, 200);
    expect(violations).toEqual([]);
    // A fault that never happened proves nothing.
    for (const kind of [
      'LOST_WITHIN',
      'LOST_AFTER',
      'FROZEN',
      'TWICE',
      'STORE_FAILED',
      'NO_WORKER',
      'NO_SOURCE',
    ])
      expect([kind, faults[kind] ?? 0]).not.toEqual([kind, 0]);
    for (const outcome of ['COMPLETED', 'DEGRADED', 'SKIPPED', 'REJECTED', 'HALTED'])
      expect([outcome, outcomes[outcome] ?? 0]).not.toEqual([outcome, 0]);
  });

  /**
   * Worlds that once told of a defect, or would have: a suspended cycle that forgot to look, a state that was not on record, a
   * scheduled cycle that could not be opened, or lost its result to a late attempt at reading its source.
   */
  test.each([264, 266, 373, 378, 51_872])(
    'C3.F3, C1.1: what seed %i once told of is mended',
    async (seed) => {
      expect(await new World(seed).live()).toEqual([]);
    },
  );

  test('C4.I1: the same seed is the same world', async () => {
    const [one, other] = [await simulateWorlds(77, 10), await simulateWorlds(77, 10)];
    expect({ ...one, seconds: 0 }).toEqual({ ...other, seconds: 0 });
  });

  test('C4.I1: the same seed tells the same on one thread and on several, whichever is first', async () => {
    const [one, three] = [await simulateOn(lanes(1), 77, 120), await simulateOn(lanes(3), 77, 120)];
    const alone = await simulateWorlds(77, 120);
    expect({ ...three, seconds: 0 }).toEqual({ ...one, seconds: 0 });
    expect({ ...alone, seconds: 0 }).toEqual({ ...one, seconds: 0 });
  });

  const told: readonly (readonly [Planted, RegExp])[] = [
    ['NO_GATE', /begins while the harness is halted/],
    ['LOST_ENTRY', /its trail has no end|is not what the trail tells/],
    ['NO_CLAIM', /is emitted twice/],
    ['NO_FENCE', /performed 2 times/],
  ];
  test.each(told)('a planted defect is found: %s', async (planted, sentence) => {
    const { violations } = await simulateWorlds(SEED, 400, planted);
    expect(violations.map(({ breach }) => breach).join('; ')).toMatch(sentence);
  });

  test('a planted defect is found: a task that starts while a halt waits', async () => {
    asked.mockImplementation((cycle, now) => {
      const waiting = cycle.tasks.filter(({ status }) => status === 'WAITING').slice(0, 1);
      if (cycle.haltOpen && waiting.length > 0) return { do: 'RUN', tasks: waiting };
      return real(cycle, now);
    });
    const { violations } = await simulateWorlds(SEED, 400, 'ENGINE');
    expect(violations.map(({ breach }) => breach).join('; ')).toMatch(/the workflow fails/);
  });
});

/** As many as are asked for, in this one thread, where one world lives at a time. The first is the last to answer. */
function lanes(count: number): Lane[] {
  let turn: Promise<unknown> = Promise.resolve();
  const liveAll = async (seeds: readonly number[]): Promise<Lived[]> => {
    const lived: Lived[] = [];
    for (const seed of seeds) lived.push(await liveWorld(seed));
    return lived;
  };
  return Array.from({ length: count }, (_, lane) => ({
    async live(seeds) {
      const before = turn;
      const lived = before.then(() => liveAll(seeds));
      turn = lived;
      const answer = await lived;
      if (lane === 0) await turn;
      return answer;
    },
  }));
}
