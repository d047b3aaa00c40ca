// The operator: clears the harness-wide halt, answers every halt as the plan says, and sees every cycle to its end.
import { decide, openHalts, resumeAll, startCycle } from '../dist/client.js';
import { decision } from './people.mjs';
import { sleep } from './world.mjs';

const LOOK_MS = 700;
/** A run that stands still for so long after the last fault is stuck. */
const SETTLE_MS = 90_000;

/** Answers what waits, now and then, until `stop()`. */
export function startOperator(world, cycles) {
  let running = true;
  const done = (async () => {
    while (running) {
      await answerAll(world, cycles);
      await sleep(LOOK_MS);
    }
  })();
  return async () => {
    running = false;
    await done;
  };
}

/** One look at everything that waits. While the record is blocked or the server is away nothing can be answered: next time. */
async function answerAll(world, cycles) {
  try {
    const halts = await openHalts(world.reach);
    const own = halts.filter(({ cycle_id }) => cycle_id !== null);
    if (own.length < halts.length && !world.holding)
      await resumeAll(world.reach, decision(undefined, 'RESUME'));
    const known = own.filter(({ cycle_id }) => cycles.has(cycle_id));
    await Promise.all(known.map((halt) => answer(world, cycles.get(halt.cycle_id), halt)));
  } catch (error) {
    world.trouble = String(error);
  }
}

async function answer({ harness }, cycle, { halt_id, choices }) {
  const goOn = ['RESUME', 'RETRY_TASK'].find((choice) => choices.includes(choice));
  const choice = cycle.choice === 'ABORT' || goOn === undefined ? 'ABORT' : goOn;
  // The same decision however often it is sent: an answer that was lost is asked for again. One that was refused is decided anew.
  const refusals = (cycle.refusals ??= new Map());
  const again = refusals.get(halt_id) ?? 0;
  const asked = decision(halt_id, choice, { decision_id: `chaos-${halt_id}-${choice}-${again}` });
  const before = cycle.deeds.length;
  if (choice === 'ABORT') cycle.deeds.push('ABORT?');
  await decide(harness, cycle, asked).catch((error) => {
    if (error.code === 'REFUSED') refusals.set(halt_id, again + 1);
    throw error;
  });
  const cut = cycle.deeds.slice(before).some((deed) => deed === 'TERMINATE' || deed === 'RESET');
  if (choice === 'ABORT' && !cut) cycle.deeds.push('ABORT');
}

/** Faults are over: every cycle ends, or is said to be stuck when for long none has ended. */
export async function settle(world, cycles, say) {
  let until = performance.now() + SETTLE_MS;
  let fewest = cycles.size;
  for (;;) {
    await answerAll(world, cycles);
    const open = await unfinished(world, [...cycles.values()]);
    if (open.length === 0) return;
    if (open.length < fewest) {
      fewest = open.length;
      until = performance.now() + SETTLE_MS;
    }
    if (performance.now() > until) {
      say(`${open.length} cycles do not end`);
      return;
    }
    await sleep(LOOK_MS);
  }
}

async function unfinished(world, cycles) {
  const { harness } = world;
  const { client, store } = harness;
  const judged = cycles.map(async (cycle) => {
    if (cycle.over) return false;
    const description = await client.workflow.getHandle(cycle.workflow_id).describe();
    const status = description.status.name;
    cycle.stuck = `its workflow is ${status}; ${world.trouble ?? 'no trouble was met'}`;
    if (status === 'RUNNING') return true;
    if ((await store.cycles.result(cycle.cycle_id)) === null) {
      // R36: what was cut off is run again; its schedule is not to start it twice.
      if (cycle.shape !== 'scheduled') await startCycle(harness, cycle.prepared);
      return true;
    }
    cycle.over = true;
    return false;
  });
  const open = await Promise.all(judged.map((each) => each.catch(() => true)));
  return cycles.filter((_, i) => open[i]);
}
