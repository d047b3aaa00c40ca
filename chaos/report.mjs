// What a run tells: how much was done, what of it found nothing to break, and what makes two runs of one seed comparable.
import { table } from '../dist/cli/render.js';
import { limitOf } from './documents.mjs';
import { ownOutcome } from './model.mjs';
import { digestOf, PEOPLE_FAULTS, PLACE_FAULT } from './plan.mjs';

/** @param run `{options, plan, done, facts, violations, disk}`; `done` are the faults, each with why it found nothing in `refused` */
export function reportOf({ options, plan, done, facts, violations, disk }) {
  const { cycles, full, replays } = facts;
  return {
    seed: options.seed,
    cycles: cycles.length,
    faults: done.length,
    replayed: replays.replayed,
    violations,
    // Of the faults, those that found nothing to break: a cycle that had ended, a server that was away, a place that nobody came to.
    refused: done.filter(({ refused }) => refused !== null).length,
    faults_by_kind: countOf(done.map(({ kind }) => kind)),
    outcomes: countOf(cycles.map(({ result }) => String(result?.outcome ?? null))),
    kills_by_place: killsOf(done),
    full_disk: { how: disk, ...meetings(full) },
    found_nothing: nothingFound(done),
    // The same for each run of a seed, cycles and faults.
    plan: digestOf(plan),
    // The same for each run, too, but for `lost`: which of its cycles lost a worker too often.
    decided: decidedOf(plan, cycles),
  };
}

/** Writings that a full disk cut short in the middle, or refused. */
function meetings(full) {
  return { 'cut short': 0, refused: 0, ...countOf(full.map(({ how }) => how)) };
}

function killsOf(done) {
  const places = {};
  for (const { kind, place, refused } of done) {
    if (kind !== PLACE_FAULT) continue;
    places[place] ??= { planned: 0, struck: 0 };
    places[place].planned += 1;
    if (refused === null) places[place].struck += 1;
  }
  return Object.fromEntries(Object.entries(places).sort());
}

function nothingFound(done) {
  return done
    .filter(({ refused }) => refused !== null)
    .map(({ kind, place, cycle, refused }) =>
      [kind, place, `on cycle ${cycle}: ${refused}`].filter(Boolean).join(' '),
    );
}

/**
 * The cycles whose outcome the plan alone decides: nobody was to do anything to them, no time is too short for them, and no full disk
 * keeps them from being opened, as it may one that a schedule starts.
 */
function decidedOf({ cycles, faults }, facts) {
  const meddled = new Set(
    faults
      .filter(({ kind }) => PEOPLE_FAULTS.includes(kind) && kind !== 'clock-jump')
      .map(({ cycle }) => cycle),
  );
  const decided = cycles
    .filter(
      ({ n, shape, choice }) =>
        shape !== 'scheduled' && choice === 'GO_ON' && !meddled.has(n) && !limitOf(shape),
    )
    .map((planned) => ({ ...planned, result: facts.find(({ n }) => n === planned.n)?.result }));
  const isLost = ({ result }) => result?.reasons?.some(({ code }) => code === 'WORKER_LOST');
  const outcomes = decided.map((cycle) => [
    cycle.n,
    cycle.shape,
    isLost(cycle) ? ownOutcome(cycle) : (cycle.result?.outcome ?? null),
  ]);
  return {
    cycles: decided.length,
    lost: decided.filter(isLost).map(({ n }) => n),
    outcomes: digestOf(outcomes),
  };
}

function countOf(names) {
  return Object.fromEntries(
    [...new Set(names)].sort().map((name) => [name, names.filter((each) => each === name).length]),
  );
}

export function shown(report) {
  const { seed, cycles, faults, refused, violations, kills_by_place, full_disk, plan, decided } =
    report;
  const rows = (counts) => Object.entries(counts).map(([name, count]) => [name, String(count)]);
  const kills = Object.entries(kills_by_place);
  const struck = kills.reduce((sum, [, place]) => sum + place.struck, 0);
  const { how, ...met } = full_disk;
  return [
    table([`${cycles} cycles`, ''], rows(report.outcomes)),
    table([`${faults} faults, ${refused} found nothing`, ''], rows(report.faults_by_kind)),
    table(
      [`${struck} workers killed at a place`, 'planned', 'struck'],
      kills.map(([name, place]) => [name, String(place.planned), String(place.struck)]),
    ),
    table([`full disk: ${how}`, ''], rows(met)),
    ...(report.found_nothing.length === 0
      ? []
      : [['found nothing:', ...report.found_nothing].join('\n')]),
    `plan ${plan}\n${decided.cycles} cycles that it decides alone, ${decided.lost.length} of which lost a worker too often: ${decided.outcomes}`,
    `${report.replayed} runs of workflows replayed, and what they send compared`,
    `seed ${seed}: ${violations.length} violations of invariants`,
    ...violations.map(({ invariant, sentence }) => `${invariant}: ${sentence}`),
  ].join('\n\n');
}
