import { type Cycle, fold, namesOf } from './cycle';
import { nextStep } from './engine';
import { type Choice, event } from './events';
import { endOf } from './outcome';
import { skipForOperator } from './halts';
import { stoppedEvents } from './recorded';

/** What a person would say, and who: nothing comes of it. */
const UNSAID = '…';
const TEXTS = {
  reason: UNSAID,
  root_cause: UNSAID,
  why_safe: UNSAID,
  by: UNSAID,
  decision_id: UNSAID,
};

/**
 * What a choice on the halt that is open will do next in this very cycle, as one plain clause: not described, but tried out, by
 * the engine itself on a copy of the cycle's state.
 */
export function consequenceOf(cycle: Cycle, halt_id: string, choice: Choice, now: string): string {
  const trial = copyOf(cycle);
  for (const task of trial.tasks.filter(({ status }) => status === 'RUNNING'))
    for (const stopped of stoppedEvents(task, 'a halt cut in', now)) fold(trial, stopped);
  fold(trial, event('DECISION_TAKEN', 'C3.F3', now, { halt_id, choice, ...TEXTS, at: now }));
  if (choice === 'SKIP_TASK')
    for (const skipped of skipForOperator(trial, TEXTS, now)) fold(trial, skipped);
  return sentences(cycle, trial, choice, now).join('; ');
}

function sentences(cycle: Cycle, trial: Cycle, choice: Choice, now: string): string[] {
  const open = cycle.openTask;
  const failed = cycle.tasks.filter(({ outcome }) => outcome === 'FAILED');
  const stays = failed.length === 0 ? [] : [`${namesOf(failed)} stays FAILED`];
  const next = nextIn(trial, now);
  switch (choice) {
    case 'ABORT':
      return [`${next}, nothing more runs`];
    case 'RESTART_FRESH':
      return [`${next}, and a new cycle starts on the bundle that you give with --input`];
    case 'SKIP_TASK':
      return [`${open ?? 'the open task'} is SKIPPED`, next, ...stays];
    default:
      return [next, ...stays];
  }
}

/** The first thing that happens, once what only goes on record is on record. */
function nextIn(trial: Cycle, now: string): string {
  for (;;) {
    const step = nextStep(trial, now);
    switch (step.do) {
      case 'RUN':
        return `goes on with ${namesOf(step.tasks)}`;
      case 'BUILD_GRAPH':
        return 'goes on with building the graph';
      case 'RECORD':
        for (const each of step.events) fold(trial, each);
        break;
      default: {
        for (const each of endOf(trial, now)) fold(trial, each);
        const why = trial.stale ? ', the bundle being stale' : '';
        return `the cycle ends ${trial.outcome}${why}`;
      }
    }
  }
}

/** As deep as these events write. */
function copyOf(cycle: Cycle): Cycle {
  return {
    ...cycle,
    tasks: cycle.tasks.map((task) => ({ ...task })),
    reasons: [...cycle.reasons],
    decisions: new Map(cycle.decisions),
  };
}
