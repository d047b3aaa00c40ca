// C3.F3: nothing starts while a halt is open, neither a cycle's own nor the harness's.
import { violation } from './violation.mjs';

const CLOSES = ['DECISION_TAKEN', 'HALT_EXPIRED', 'CANCEL_REQUESTED', 'CYCLE_ENDED'];
const STARTS = ['TASK_STARTED', 'ACTION_EMITTED'];

/** By the trail: no task starts and nothing is emitted from HALT_RAISED to the decision, nor ever after one that ends the run. */
export function startsWhileHalted({ cycle_id, entries }) {
  const found = [];
  let open = null;
  let over = null;
  for (const { type, task, data, run_id } of entries) {
    // A new run has its own halts.
    if (type === 'CYCLE_OPENED') [open, over] = [null, null];
    if (type === 'HALT_RAISED') open = data.halt_id;
    if (CLOSES.includes(type)) open = null;
    const ends = type === 'DECISION_TAKEN' && ['ABORT', 'RESTART_FRESH'].includes(data.choice);
    if (ends || type === 'HALT_EXPIRED' || type === 'CANCEL_REQUESTED') over = type;
    if (!STARTS.includes(type) || (open === null && over === null)) continue;
    const why = open === null ? `after ${over}` : `while halt ${open} was open`;
    found.push(violation('HALT_HOLDS', cycle_id, `${type} of ${task} ${why} (run ${run_id})`));
  }
  return found;
}

/**
 * By the workers' own notes: from the moment at which `halt --all` had returned until `resume --all` was asked no task's body
 * begins, but of those that the answer listed as in flight.
 */
export function bodiesPastTheLatch({ bodies, latches, cycles }) {
  const idOf = new Map(cycles.map(({ workflow_id, cycle_id }) => [workflow_id, cycle_id]));
  return latches.flatMap(({ from, to, in_flight }) => {
    const listed = new Set(in_flight.map(({ workflow_id, task }) => `${workflow_id} ${task}`));
    const known = ({ workflow_id, task }) => listed.has(`${workflow_id} ${task}`);
    return bodies
      .filter((body) => body.at > from && body.at < to && !known(body))
      .map(({ workflow_id, task, at }) =>
        violation(
          'LATCH_HOLDS',
          idOf.get(workflow_id) ?? workflow_id,
          `task ${task} began ${at - from} ms after \`halt --all\` had returned`,
        ),
      );
  });
}
