// What a run does, all of it from the seed: which cycles of which shape, which fault when, which worker dies where. No clock and
// no chance in here.
import { createHash } from 'node:crypto';
import { PLACES } from './places.mjs';

/** The shapes of cycles; what may become of each is in model.mjs. */
export const SHAPES = [
  'plain',
  'skill',
  'parallel',
  'gated',
  'held',
  'brief',
  'low-confidence',
  'regime-closed',
  'no-beliefs',
  'missing-state',
  'old-state',
  'rogue',
  'scheduled',
];

/** Faults of machines: one after the other, at their time. */
export const MACHINE_FAULTS = [
  'kill-worker',
  'kill-server',
  'freeze-worker',
  'net-cut',
  'net-hole',
  'net-delay',
  'net-reorder',
  'full-disk',
];

/** Faults of people: each upon one cycle, some moments after its start. */
export const PEOPLE_FAULTS = [
  'cancel',
  'duplicate-start',
  'halt-all',
  'terminate',
  'signal-storm',
  'early-messages',
  'late-messages',
  'reset',
  'malformed',
  'override',
  'halt',
  'cancel-and-run-again',
  'clock-jump',
];

/** These start the cycle again: one that a schedule has started nobody starts a second time. */
const STARTS_AGAIN = ['duplicate-start', 'terminate', 'reset', 'cancel-and-run-again'];

/** SIGKILL of a worker, each at a place on the way of one cycle (places.mjs). */
export const PLACE_FAULT = 'kill-worker-at';

/** Long enough for a frozen worker to lose all that it had asked for. */
const FREEZE = 3;
const CYCLE_MS = 800;
const FAULT_MS = 2_700;
/** A jumped clock stays so for this many cycles. */
const JUMPED_CYCLES = 3;

/**
 * @returns `{cycles: [{n, shape, at_ms, clock, choice}], faults: [{n, kind, at_ms, for_ms, cycle, after_ms, which}]}`; of a kill
 *   at a place the fault has `place`, which its cycle comes to
 */
export function planOf({ seed, cycles, faults }) {
  const random = randomOf(seed);
  const span = Math.max(cycles * CYCLE_MS, faults * FAULT_MS);
  const shapes = deck(random, SHAPES, cycles);
  const planned = shapes.map((shape, n) => ({
    n,
    shape,
    at_ms: Math.round(((n + random() * 0.5) * span) / cycles),
    clock: 'right',
    // What a human will answer to this cycle's halts.
    choice: random() < 0.3 ? 'ABORT' : 'GO_ON',
  }));
  const [people, places] = [Math.ceil(faults / 3), Math.round(faults / 3)];
  const kinds = interleaved(
    deck(random, PEOPLE_FAULTS, people),
    Array.from({ length: places }, () => PLACE_FAULT),
    deck(random, MACHINE_FAULTS, faults - people - places),
  );
  const planFault = (kind, n) => {
    const at_ms = Math.round(((n + 0.3 + random() * 0.4) * span) / faults);
    const fits = planned.filter(
      (cycle) => cycle.shape !== 'scheduled' || !STARTS_AGAIN.includes(kind),
    );
    const cycle = fits.findLast((each) => each.at_ms <= at_ms) ?? fits[0];
    return {
      n,
      kind,
      at_ms,
      for_ms: Math.round((800 + random() * 3_200) * (kind === 'freeze-worker' ? FREEZE : 1)),
      cycle: cycle.n,
      after_ms: Math.round(random() * random() * 1_500),
      which: Math.floor(random() * 2),
    };
  };
  const planFaults = kinds.map(planFault);
  for (const { kind, cycle, which } of planFaults) {
    if (kind !== 'clock-jump') continue;
    for (const jumped of planned.slice(cycle, cycle + JUMPED_CYCLES))
      jumped.clock = which === 0 ? 'behind' : 'ahead';
  }
  const kills = planFaults.filter(({ kind }) => kind === PLACE_FAULT);
  giveWay(planned, planFaults, kills, deck(random, PLACES, kills.length));
  return { cycles: planned, faults: planFaults };
}

/**
 * Each place gets a cycle that comes there, with nothing else planned for it: the first at that time or later, else the last before.
 * Where there is none any more, another one takes on the shape.
 */
function giveWay(cycles, faults, kills, places) {
  const taken = new Set(
    faults.filter(({ kind }) => PEOPLE_FAULTS.includes(kind)).map(({ cycle }) => cycle),
  );
  for (const [i, fault] of kills.entries()) {
    const { at, in: shapes } = places[i];
    const isFree = ({ n, clock }) => !taken.has(n) && clock === 'right';
    const nearest = (fits) => {
      const near = cycles.filter(fits);
      return near.find(({ n }) => n >= fault.cycle) ?? near.at(-1);
    };
    const cycle =
      nearest((each) => isFree(each) && shapes.includes(each.shape)) ??
      nearest(isFree) ??
      nearest(({ clock }) => clock === 'right') ??
      cycles[fault.cycle];
    if (!shapes.includes(cycle.shape)) cycle.shape = shapes[0];
    // A skill of its own, which no other cycle has got quarantined.
    if (cycle.shape === 'rogue') cycle.rogue = `chaos.rogue-${cycle.n}`;
    taken.add(cycle.n);
    // Nobody ends it on its way.
    cycle.choice = 'GO_ON';
    Object.assign(fault, { place: at, cycle: cycle.n });
  }
}

/** Of two runs with the same digest everything planned was the same. */
export function digestOf(value) {
  return `sha256:${createHash('sha256').update(JSON.stringify(value)).digest('hex')}`;
}

/** Each once in a fresh order, then again, until there are `count`: no kind is left out by chance. */
function deck(random, items, count) {
  const cards = [];
  while (cards.length < count) cards.push(...shuffled(random, items));
  return cards.slice(0, count);
}

function shuffled(random, items) {
  const cards = [...items];
  for (let i = cards.length - 1; i > 0; i -= 1) {
    const j = Math.floor(random() * (i + 1));
    [cards[i], cards[j]] = [cards[j], cards[i]];
  }
  return cards;
}

/** One of each in turn, as long as there are any. */
function interleaved(...decks) {
  const longest = Math.max(...decks.map(({ length }) => length));
  return Array.from({ length: longest }, (_, i) => decks.map((deck) => deck[i]))
    .flat()
    .filter((kind) => kind !== undefined);
}

/** mulberry32: small, and the same everywhere. */
export function randomOf(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
