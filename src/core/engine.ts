import { type Cycle, namesOf, inputHashOf, type TaskState } from './cycle';
import { type Event, event } from './events';
import { endOf } from './outcome';
import { type Reason, REASONS, SKIP_ORDER } from './reasons';
import { parseInstant } from './time';

/**
 * What the contract asks for now. The workflow obeys: it runs, records or waits, and asks again.
 * RUN may name several tasks when the graph is parallel; AWAIT: one of the running ones must end first.
 * STOP: what is in flight is to be stopped. WAIT: for a human.
 */
export type Step =
  | { readonly do: 'RUN'; readonly tasks: readonly TaskState[] }
  | { readonly do: 'BUILD_GRAPH' }
  | { readonly do: 'RECORD'; readonly events: readonly Event[] }
  | { readonly do: 'AWAIT' }
  | { readonly do: 'STOP' }
  | { readonly do: 'WAIT' }
  | { readonly do: 'END'; readonly events: readonly Event[] };

/** Appendix A as a function of the cycle's state and workflow time. Never throws for anything a user can cause. */
export function nextStep(cycle: Cycle, now: string): Step {
  const running = cycle.tasks.some((task) => task.status === 'RUNNING');
  if (running && (cycle.haltOpen || isEnding(cycle))) return { do: 'STOP' }; // R32
  if (cycle.haltOpen) return { do: 'WAIT' };
  if (isEnding(cycle)) return { do: 'END', events: endOf(cycle, now) };
  // VALIDATE: before there is a plan T1 is the only task; when it has ended, the graph is built.
  if (!cycle.planned && cycle.tasks.every((task) => task.status === 'ENDED'))
    return { do: 'BUILD_GRAPH' };
  return schedule(cycle, now);
}

/** Nothing more may start: a verdict, a refusal, a person or a cancellation ends the cycle. */
function isEnding(cycle: Cycle): boolean {
  const judgedOut = cycle.verdict !== null && cycle.verdict.verdict !== 'PROCEED';
  return judgedOut || cycle.refused || cycle.cancelled || cycle.ended_by !== null;
}

/**
 * C3.D1, C3.D2, C4.O, C4.P, R23: tasks start in execution order, each when all its dependencies have ended; a sequential
 * graph has one running at a time, a parallel one several, never two that may not overlap (C7.D). Skips are recorded as
 * they fall due.
 */
function schedule(cycle: Cycle, now: string): Step {
  const running = cycle.tasks.filter((task) => task.status === 'RUNNING');
  const starting: TaskState[] = [];
  for (const task of cycle.tasks) {
    if (task.status !== 'WAITING') continue;
    const busy = [...running, ...starting];
    const ready = task.after.every((i) => cycle.tasks[i]?.status === 'ENDED');
    const apart = cycle.parallel || busy.length === 0;
    if (!ready || !apart || busy.some((other) => mustNotOverlap(task, other))) break;
    const skip = skipOf(cycle, task, now);
    if (skip === null) {
      starting.push(task);
      continue;
    }
    // A skip changes what comes after it: record it before looking further.
    if (starting.length > 0) break;
    return { do: 'RECORD', events: [skip] };
  }
  if (starting.length > 0) return { do: 'RUN', tasks: starting };
  return running.length > 0 ? { do: 'AWAIT' } : { do: 'END', events: endOf(cycle, now) };
}

/** C7.D: never two that share a side effect. T4 runs alone: it writes its actions into the trail itself, in causal order. */
function mustNotOverlap(one: TaskState, other: TaskState): boolean {
  if ([one, other].some(({ planned }) => planned.task_type === 'emit_actions')) return true;
  return one.planned.effects.some((effect) => other.planned.effects.includes(effect));
}

/** The preconditions before a task's start (C3.P1–P5): null to run it, or its one skip (R25), with what it spreads (R7). */
function skipOf(cycle: Cycle, task: TaskState, now: string): Event | null {
  const inherited = inheritedBy(cycle, task);
  const candidates = [
    ...conditionsOf(cycle, now),
    ...dependencyFailure(cycle, task),
    ...inherited,
    ...gateSkips(cycle, task),
    ...(task.barred === null ? [] : [task.barred]),
  ];
  const reason = firstOf(candidates);
  return reason === null
    ? null
    : skipEvent(cycle, task, reason, spreadOf(task, reason, inherited), now);
}

/** C4.S: a skip is on record with task id, reason and state snapshot. */
export function skipEvent(
  cycle: Cycle,
  task: TaskState,
  reason: Reason,
  spreads: Reason | null,
  now: string,
): Event {
  const data = {
    task_id: task.planned.task_id,
    reason,
    snapshot: inputHashOf(cycle),
    spreads,
  };
  return event('TASK_SKIPPED', REASONS[reason.code], now, data, { task: task.planned.name });
}

/** What bars every remaining task alike. */
function conditionsOf(cycle: Cycle, now: string): Reason[] {
  const reasons: Reason[] = [];
  if (cycle.verdict?.no_beliefs)
    reasons.push({ code: 'NO_BELIEFS', detail: 'active_beliefs is empty' }); // C2.U4
  const stale = staleness(cycle, now);
  if (stale !== null) reasons.push(stale);
  if (cycle.gate === 'CLOSED') {
    reasons.push({
      code: 'REGIME_GATE',
      detail: 'the regime gate is closed',
      state: 'regime_state',
    }); // C6.T2
  }
  return reasons;
}

/** C3.P4, R4: workflow time against the moment the bundle goes stale; never a worker's clock. */
export function staleness(cycle: Cycle, now: string): Reason | null {
  const until = cycle.verdict?.fresh_until ?? null;
  if (until === null) return null;
  const lateMs = (parseInstant(now) ?? 0) - (parseInstant(until) ?? 0);
  if (!cycle.stale && lateMs <= 0) return null;
  return {
    code: 'STATE_STALE',
    detail: `the bundle was fresh until ${until}, ${Math.max(lateMs, 0)} ms before this task`,
  };
}

function dependenciesOf(cycle: Cycle, task: TaskState): TaskState[] {
  return task.after.flatMap((i) => cycle.tasks[i] ?? []);
}

/** R8. */
function dependencyFailure(cycle: Cycle, task: TaskState): Reason[] {
  const failed = dependenciesOf(cycle, task).filter((dep) => dep.outcome === 'FAILED');
  if (failed.length === 0) return [];
  return [{ code: 'DEPENDENCY_FAILED', detail: `${namesOf(failed)} FAILED` }];
}

/** R7: skips that reach all descendants, with their code. */
function inheritedBy(cycle: Cycle, task: TaskState): Reason[] {
  return dependenciesOf(cycle, task).flatMap(({ spreads }) => (spreads ? [spreads] : []));
}

/** R7: a gate's skip reaches a task when all its dependencies are skipped by it, so that two branches can merge. */
function gateSkips(cycle: Cycle, task: TaskState): Reason[] {
  const deps = dependenciesOf(cycle, task);
  if (deps.length === 0 || !deps.every((dep) => dep.reason?.code === 'GATE_SKIP')) return [];
  return [{ code: 'GATE_SKIP', detail: `all it depends on was skipped: ${namesOf(deps)}` }];
}

const SPREADING = new Set<string>(['REGIME_GATE', 'DEPENDENCY_FAILED']);
const FIRST_THREE = new Set(['validate_state', 'check_regime', 'filter_beliefs']);

/** R7: what descendants inherit. An inherited reason goes on even where the task itself shows an earlier one. */
function spreadOf(task: TaskState, reason: Reason, inherited: readonly Reason[]): Reason | null {
  const own = SPREADING.has(reason.code) || FIRST_THREE.has(task.planned.task_type);
  const from: Reason = { ...reason, detail: `${task.planned.name} was skipped: ${reason.detail}` };
  const spreading = own && !inherited.includes(reason) ? [from, ...inherited] : inherited;
  return firstOf(spreading);
}

/** R25: one reason, the first that applies. */
function firstOf(reasons: readonly Reason[]): Reason | null {
  const rank = (reason: Reason): number => (SKIP_ORDER as readonly string[]).indexOf(reason.code);
  return reasons.reduce<Reason | null>(
    (best, reason) => (best === null || rank(reason) < rank(best) ? reason : best),
    null,
  );
}
