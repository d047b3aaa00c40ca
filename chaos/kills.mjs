// A worker is killed at a place that the plan names, on the way of a cycle that the plan names.
import { REGISTRY_WORKFLOW_ID } from '../dist/core/start.js';
import { insisting, PEOPLE } from './people.mjs';
import { placeNamed } from './places.mjs';
import { sleep } from './world.mjs';

const LOOK_MS = 50;
/** The cycle may have to wait for a human, or for a worker, on its way. */
const WAIT_MS = 60_000;
/** What comes behind a cycle's result comes soon. */
const BEHIND_MS = 1_500;

/** Whose trap it is: the registry's is on its own workflow's way; an effect is asked for by message, and known by its cycle alone. */
const wayOf = ({ way, cycle_id }, { at, lead }) => {
  if (lead?.deed === 'register') return REGISTRY_WORKFLOW_ID;
  return /INTENT|RECEIPT|effect/.test(at) ? cycle_id : way;
};

/** Before the cycle is started: nothing on its way is missed. */
export function setTraps({ traps }, cycle, { place }) {
  const named = placeNamed(place);
  const { at, lead } = named;
  if (lead?.does) traps.set(cycle.way, lead);
  traps.set(wayOf(cycle, named), { at, does: 'die' });
}

/** Leads it there. @throws when no worker came to the place: then nothing was killed */
export async function killAt(world, cycle, { place }) {
  const named = placeNamed(place);
  const { at, lead } = named;
  const { traps } = world;
  const isLed = () => lead.at === null || traps.isSprung(cycle.way, lead.at);
  const led = lead?.deed && (await seen(world, cycle, isLed));
  // The deed may be refused for the very kill: what counts is whether the worker came there.
  const trouble = led ? await DEEDS[lead.deed](world, cycle).then(() => '', String) : '';
  const way = wayOf(cycle, named);
  if (await seen(world, cycle, () => traps.isSprung(way, at))) return;
  traps.remove(way, at);
  throw new Error(`no worker came there${trouble && `: ${trouble}`}`);
}

const DEEDS = {
  halt: PEOPLE.halt,
  'early-messages': PEOPLE['early-messages'],
  ring: ({ harness }, { workflow_id }) =>
    harness.client.workflow.getHandle(workflow_id).signal('latch'),
  register: (world, cycle) => insisting(() => world.registerSpare(cycle.n)),
};

/** False when the cycle has ended, or too much time has gone by, without. */
async function seen({ harness }, { cycle_id }, isSo) {
  let until = performance.now() + WAIT_MS;
  while (performance.now() < until) {
    if (isSo()) return true;
    const result = await harness.store.cycles.result(cycle_id).catch(() => null);
    if (result !== null) until = Math.min(until, performance.now() + BEHIND_MS);
    await sleep(LOOK_MS);
  }
  return isSo();
}
