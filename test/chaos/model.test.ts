import { chaos, constantsOf } from './facts';

interface Plan {
  readonly cycles: readonly { readonly shape: string; readonly clock: string }[];
  readonly faults: readonly {
    readonly kind: string;
    readonly cycle: number;
    readonly place?: string;
  }[];
}

const planOf = (seed: number, cycles = 60, faults = 20): Plan =>
  chaos('plan.mjs', 'planOf', { seed, cycles, faults });

const { PEOPLE_FAULTS: PEOPLE } = constantsOf<{ PEOPLE_FAULTS: string[] }>('plan.mjs');
const placesOf = () => constantsOf<{ PLACES: { at: string; in: string[] }[] }>('places.mjs').PLACES;

const allowed = (changes: object): string[] =>
  chaos('model.mjs', 'allowedOutcomes', {
    shape: 'plain',
    clock: 'right',
    deeds: [],
    losses: 0,
    full: false,
    limit_ms: null,
    lived_ms: 500,
    ...changes,
  });

describe('the plan', () => {
  it('is the same for the same seed, and another for another one', () => {
    expect(planOf(7)).toEqual(planOf(7));
    expect(planOf(8)).not.toEqual(planOf(7));
  });

  it('leaves out no shape of cycle and no kind of fault by chance', () => {
    const { cycles, faults } = planOf(3, 104, 39);
    expect(new Set(cycles.map(({ shape }) => shape)).size).toBe(13);
    expect(new Set(faults.map(({ kind }) => kind)).size).toBe(22);
  });

  it('kills a worker at every place, each on the way of a cycle that comes there and that nobody meddles with', () => {
    const places = placesOf();
    const { cycles, faults } = planOf(3, 400, 3 * places.length);
    const kills = faults.filter(({ place }) => place !== undefined);
    expect(kills.map(({ place }) => place).sort()).toEqual(places.map(({ at }) => at).sort());
    const meddled = faults.filter(({ place }) => place === undefined);
    for (const { place, cycle } of kills) {
      const shapes = places.find(({ at }) => at === place)?.in;
      expect(shapes).toContain(cycles[cycle]?.shape);
      expect(cycles[cycle]?.clock).toBe('right');
      const people = meddled.filter((fault) => fault.cycle === cycle).map(({ kind }) => kind);
      expect(people.filter((kind) => PEOPLE.includes(kind))).toEqual([]);
    }
    expect(new Set(kills.map(({ cycle }) => cycle)).size).toBe(kills.length);
  });

  it('starts no scheduled cycle a second time', () => {
    const { cycles, faults } = planOf(3, 400, 300);
    const again = ['duplicate-start', 'terminate', 'reset', 'cancel-and-run-again'];
    const meddled = faults.filter(({ cycle }) => cycles[cycle]?.shape === 'scheduled');
    expect(meddled.length).toBeGreaterThan(10);
    expect(meddled.filter(({ kind }) => again.includes(kind))).toEqual([]);
  });

  it('gives the cycles after a jump of the clock their timestamps from it', () => {
    const { cycles, faults } = planOf(3, 24, 39);
    const jump = faults.find(({ kind }) => kind === 'clock-jump');
    expect(cycles[jump?.cycle ?? 0]?.clock).not.toBe('right');
  });
});

describe('the reference model', () => {
  it.each([
    ['left alone', {}, ['COMPLETED']],
    ['aborted', { deeds: ['ABORT?', 'ABORT'] }, ['HALTED']],
    ['aborted, perhaps', { deeds: ['ABORT?'] }, ['COMPLETED', 'HALTED']],
    ['aborted and then cut off', { deeds: ['ABORT', 'TERMINATE'] }, ['COMPLETED', 'HALTED']],
    ['cancelled', { deeds: ['CANCEL'] }, ['COMPLETED', 'CANCELLED']],
    ['a worker lost twice', { losses: 2 }, ['COMPLETED']],
    ['a worker lost three times', { losses: 3 }, ['COMPLETED', 'DEGRADED']],
    [
      'of an old bundle, a worker lost three times',
      { shape: 'old-state', losses: 3 },
      ['REJECTED', 'DEGRADED'],
    ],
    ['a full disk', { full: true }, ['COMPLETED']],
    [
      'that a schedule starts, a full disk',
      { shape: 'scheduled', full: true },
      ['COMPLETED', 'HALTED'],
    ],
    ['that a schedule starts', { shape: 'scheduled', losses: 2 }, ['COMPLETED']],
    ['too late', { limit_ms: 100 }, ['COMPLETED', 'REJECTED']],
    ['on a clock that jumped', { clock: 'ahead' }, ['REJECTED']],
    [
      'without its state, whatever the clock',
      { shape: 'missing-state', clock: 'ahead' },
      ['HALTED'],
    ],
    ['with nothing to do', { shape: 'no-beliefs' }, ['SKIPPED']],
  ])('a cycle %s', (_what, changes, outcomes) => {
    expect(allowed(changes)).toEqual(outcomes);
  });
});
