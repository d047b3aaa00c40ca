// The invariants. Plain functions over what was gathered; each violation is one sentence that names the cycle.
import { actionsOf, allowedOutcomes, neverOf } from './model.mjs';
import { bodiesPastTheLatch, startsWhileHalted } from './halt-checks.mjs';
import { violation } from './violation.mjs';

/** @param facts what gather.mjs gives @returns every violation, `{invariant, cycle_id, sentence}` */
export function violationsOf(facts) {
  const { cycles } = facts;
  return [
    ...trailProblems(facts.verify),
    ...cycles.flatMap((cycle) => [
      ...outcomeProblems(cycle),
      ...taskProblems(cycle),
      ...actionProblems(cycle),
      ...startsWhileHalted(cycle),
      ...serverProblems(cycle),
      ...noteProblems(cycle, facts.lines),
      ...noticeProblems(cycle, facts.notices),
    ]),
    ...twice(
      'ACTION_ONCE',
      'action',
      cycles.flatMap(({ cycle_id, entries }) =>
        emitted(entries).map(({ data }) => ({ cycle_id, key: data.action_id })),
      ),
    ),
    ...twice('EFFECT_ONCE', 'effect', facts.lines),
    ...bodiesPastTheLatch(facts),
    ...facts.replays.problems.map(({ workflow_id, problem }) =>
      violation('REPLAYS_THE_SAME', null, `workflow ${workflow_id} does not replay: ${problem}`),
    ),
    ...facts.leftovers.map((what) => violation('NO_LEFTOVER', null, `it is left: ${what}`)),
    ...facts.accidents.map((what) => violation('NO_ACCIDENT', null, what)),
  ];
}

const emitted = (entries) => entries.filter(({ type }) => type === 'ACTION_EMITTED');
const ends = (entries) => entries.filter(({ type }) => type === 'CYCLE_ENDED');

function trailProblems({ status, problem, aliens, not_begun, cycles }) {
  const found = cycles
    .filter((trail) => trail.status !== 'INTACT')
    .map((trail) =>
      violation(
        'TRAIL_INTACT',
        trail.cycle_id,
        `its trail is ${trail.status}: ${trail.problem?.problem}`,
      ),
    );
  for (const { path } of aliens)
    found.push(violation('TRAIL_INTACT', null, `${path} is no audit chain`));
  for (const id of not_begun) found.push(violation('TRAIL_INTACT', id, 'it has no trail'));
  if (found.length === 0 && status !== 'INTACT')
    found.push(violation('TRAIL_INTACT', null, `the trail is ${status}: ${problem}`));
  return found;
}

/** One outcome, on record as in the result, and one that the model allows. */
function outcomeProblems(cycle) {
  const { cycle_id, shape, entries, result } = cycle;
  const say = (text) => [violation('ONE_OUTCOME', cycle_id, text)];
  const last = entries.at(-1);
  if (result === null || last?.type !== 'CYCLE_ENDED')
    return say(`it has no outcome (its last entry is ${last?.type ?? 'none'}): ${cycle.stuck}`);
  const { outcome } = last.data;
  if (result.outcome !== outcome)
    return say(`its result says ${result.outcome}, its trail ${outcome}`);
  const runs = ends(entries).map(({ run_id }) => run_id);
  const final = ends(entries).filter(({ data }) => data.outcome !== 'CANCELLED');
  if (new Set(runs).size !== runs.length || final.length > 1 || (final[0] ?? last) !== last)
    return say(`it has ended ${runs.length} times, its last end is ${outcome}`);
  const allowed = allowedOutcomes(cycle);
  if (allowed.includes(outcome)) return [];
  const deeds = cycle.deeds.join(', ') || 'nothing';
  const detail = `of shape ${shape}, clock ${cycle.clock}, done to it: ${deeds}, ${cycle.losses} losses`;
  return say(`it ended ${outcome}, the model allows ${allowed.join(' or ')} (${detail})`);
}

/** Every planned task has one end in the run that ended, and what must not run has not. */
function taskProblems(cycle) {
  const { cycle_id, entries } = cycle;
  const found = [];
  const closed = new Set(ends(entries).map(({ run_id }) => run_id));
  for (const run of new Set(entries.map(({ run_id }) => run_id))) {
    const mine = entries.filter(({ run_id }) => run_id === run);
    const count = new Map();
    for (const { type, task } of mine)
      if (type === 'TASK_ENDED' || type === 'TASK_SKIPPED')
        count.set(task, (count.get(task) ?? 0) + 1);
    const plan = mine.find(({ type }) => type === 'GRAPH_BUILT')?.data.tasks ?? [];
    for (const name of new Set([...plan.map((task) => task.name), ...count.keys()])) {
      const times = count.get(name) ?? 0;
      if (times > 1 || (times === 0 && closed.has(run)))
        found.push(
          violation('TASK_ONCE', cycle_id, `task ${name} has ${times} ends in run ${run}`),
        );
    }
  }
  const never = neverOf(cycle);
  const until = cycle.limit_ms === null ? Infinity : cycle.bundle_ms + cycle.limit_ms;
  for (const { type, task, at } of entries) {
    if (type !== 'TASK_STARTED') continue;
    if (never.includes(task))
      found.push(violation('TASK_NEVER', cycle_id, `task ${task} started, which must not run`));
    // T1 is who judges the age: it may find the bundle stale, also when a halt has kept it waiting.
    if (task !== 'T1' && Date.parse(at) > until)
      found.push(violation('TASK_FRESH', cycle_id, `task ${task} started on a stale bundle`));
  }
  return found;
}

function actionProblems(cycle) {
  const { cycle_id, entries, result } = cycle;
  const expected = result === null ? null : actionsOf({ ...cycle, outcome: result.outcome });
  const count = emitted(entries).length;
  if (expected === null || count === expected) return [];
  const text = `it ended ${result.outcome} with ${count} actions emitted in place of ${expected}`;
  return [violation('ACTION_ONCE', cycle_id, text)];
}

/** What Temporal has is what the store has. Only what somebody cut off has no result there. */
function serverProblems({ cycle_id, result, temporal, deeds }) {
  if (result === null || temporal === null) return [];
  const say = (text) => [violation('SAME_RESULT', cycle_id, text)];
  const { status } = temporal;
  if (status === 'CANCELLED')
    return result.outcome === 'CANCELLED'
      ? []
      : say(`Temporal has it CANCELLED, the store ${result.outcome}`);
  if (status === 'RUNNING')
    return say(`it has ended ${result.outcome} on record, but its workflow still runs`);
  if (status !== 'COMPLETED') {
    const cut = deeds.includes('TERMINATE') || deeds.includes('RESET');
    return cut
      ? []
      : say(`its workflow is ${status} though nobody cut it off: ${temporal.failure}`);
  }
  const own = JSON.stringify([result.outcome, result.run_id, result.audit]);
  const { outcome, run_id, audit } = temporal.result;
  if (own === JSON.stringify([outcome, run_id, audit])) return [];
  return say(`Temporal's result (${outcome}, run ${run_id}) is not the stored one (${own})`);
}

/** A task that succeeded has written its line; one that never started has not. */
function noteProblems({ cycle_id, entries }, lines) {
  const found = [];
  const written = (id) => lines.filter((line) => line.task_id === id).length;
  const started = entries.filter(({ type }) => type === 'TASK_STARTED');
  for (const { type, task, data } of entries) {
    if (type !== 'TASK_ENDED' || !task.startsWith('note-') || data.outcome !== 'SUCCESS') continue;
    const count = written(data.task_id);
    if (count !== 1)
      found.push(violation('EFFECT_ONCE', cycle_id, `task ${task} SUCCESS wrote ${count} lines`));
  }
  for (const line of lines.filter((each) => each.cycle_id === cycle_id))
    if (!started.some(({ data }) => data.task_id === line.task_id))
      found.push(violation('EFFECT_ONCE', cycle_id, `an effect of ${line.task_id}, never started`));
  return found;
}

/** C3.F3: what the record says was told has been heard. That it is heard twice, its worker being lost, nobody rules out. */
function noticeProblems({ cycle_id, entries }, notices) {
  const heard = new Set(notices.map(({ halt_id, notice }) => `${halt_id} ${notice}`));
  return entries
    .filter(
      ({ type, data }) => type === 'NOTICE_SENT' && !heard.has(`${data.halt_id} ${data.kind}`),
    )
    .map(({ data }) =>
      violation('NOTICE_TOLD', cycle_id, `nobody heard ${data.kind} of halt ${data.halt_id}`),
    );
}

function twice(invariant, what, items) {
  const seen = new Map();
  const found = [];
  for (const { cycle_id, key } of items) {
    const first = seen.get(key);
    if (first === undefined) seen.set(key, cycle_id);
    else
      found.push(violation(invariant, cycle_id, `${what} ${key} is there twice (also ${first})`));
  }
  return found;
}
