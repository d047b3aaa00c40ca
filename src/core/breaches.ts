import type { Action } from './actions';
import { type Cycle, fold, newCycle, openedOf, type TaskState } from './cycle';
import type { Entry } from './entry';
import type { Event, EventOf } from './events';
import { actionId, cycleId, hashOf, tickId } from './identity';
import { codeOf, messageOf } from './invariant';
import { isRef, type JsonObject } from './json';
import { outcomeOf } from './outcome';
import { REASONS } from './reasons';
import { parseInstant } from './time';

/**
 * What the contract says of any trail (C1.1), checked entry by entry, whoever wrote it. It is no second engine: it asks
 * nothing of how the harness came to an entry, only whether a harness that keeps the contract can have left it behind.
 */
export class ContractWatch {
  private cycle: Cycle = newCycle();
  private runId = '';
  private emitted = new Map<string, Action>();
  private readonly cycleId: string;

  constructor(cycleId: string) {
    this.cycleId = cycleId;
  }

  /** The run as far as it was seen. */
  get seen(): Cycle {
    return this.cycle;
  }

  /** T4's actions of the run that is being seen. */
  get actions(): readonly Action[] {
    return [...this.emitted.values()];
  }

  /** One plain sentence on what this entry breaks; null for nothing. Entries come in the chain's order. */
  see(entry: Entry): string | null {
    if (entry.run_id !== this.runId) {
      this.cycle = newCycle();
      this.emitted = new Map();
      this.runId = entry.run_id;
    }
    // What a stranger wrote may lack any field: whatever then fails is a breach too, and no error.
    try {
      const event = entry as unknown as Event;
      const breach = this.breachOf(event, entry);
      if (breach !== null) return breach;
      fold(this.cycle, event);
      return null;
    } catch (error) {
      return codeOf(error) === 'HARNESS_ERROR'
        ? `it breaks an invariant, ${messageOf(error)}`
        : `its data is not that of ${entry.type}`;
    }
  }

  private breachOf(event: Event, entry: Entry): string | null {
    const { cycle } = this;
    if (cycle.opened === null && event.type !== 'CYCLE_OPENED') return 'its cycle was never opened';
    if (cycle.outcome !== null) return 'it follows the end of its cycle';
    switch (event.type) {
      case 'CYCLE_OPENED':
        return this.breachOfOpening(event.data);
      case 'STATE_JUDGED':
        // T1 refuses a start whose policy is another than it says; that trail is sound (C5.O).
        return event.data.verdict === 'HALT' ? null : breachOfPolicy(cycle);
      case 'TASK_STARTED':
        return breachOfStart(cycle, event);
      case 'TASK_ENDED':
        return breachOfEnd(cycle, event, this.emitted);
      case 'TASK_SKIPPED':
        return breachOfSkip(cycle, event);
      case 'ACTION_EMITTED':
      case 'ACTION_KNOWN':
        return this.breachOfAction(event, entry.part);
      case 'HALT_EXPIRED':
        return breachOfExpiry(cycle, event);
      case 'DECISION_TAKEN':
        return breachOfDecision(cycle, event.data);
      case 'CYCLE_ENDED':
        return breachOfOutcome(cycle, event);
      default:
        return null;
    }
  }

  /** C4.I2, R36: the chain is that of its documents, or of its schedule's nominal time. */
  private breachOfOpening(data: EventOf<'CYCLE_OPENED'>['data']): string | null {
    const { tick, mode, input_hash, graph_hash, policy_hash } = data;
    if (data.run_id !== this.runId) return 'it names another run than it belongs to';
    const own =
      tick === undefined
        ? cycleId(mode, input_hash ?? none(), graph_hash, policy_hash)
        : tickId(tick.schedule, tick.nominal_time);
    if (own !== this.cycleId || data.cycle_id !== own)
      return 'the cycle id is not that of what it was opened with (C4.I2)';
    return null;
  }

  /** C6.T4, EXE-2, EXE-3, R21. Whether the belief survived T3 is asked where T3's list is at hand. */
  private breachOfAction(
    event: EventOf<'ACTION_EMITTED'> | EventOf<'ACTION_KNOWN'>,
    part: number,
  ): string | null {
    const { cycle } = this;
    const action = event.data as unknown as Action;
    const task = taskOf(cycle, event.task);
    if (task?.planned.task_type !== 'emit_actions' || task.status !== 'RUNNING' || part === 0)
      return 'an action stands outside T4 (C6.T4)';
    const id = action.belief_id;
    if (action.action_id !== actionId(task.planned.task_id, id))
      return `the action's id is not that of belief ${id} (C4.I2)`;
    if (this.emitted.has(action.action_id))
      return `belief ${id} has an action already in this run (C4.I2)`;
    const { survivors } = cycle.lists;
    if (survivors === undefined || (!isRef(survivors) && !survivors.includes(id)))
      return `the action for ${id} is of no belief that survived T3 (C6.T4)`;
    const bypassed = cycle.verdict?.factor_layer === 'BYPASSED';
    if (action.factor_permission !== (bypassed ? 'BYPASSED' : 'GRANTED'))
      return `the action for ${id} has no grant (EXE-2)`;
    const traced =
      Array.isArray(action.source_signal_ids) &&
      typeof action.source_regime_state_id === 'string' &&
      action.source_belief_id === id;
    if (!traced) return `the action for ${id} cannot be traced to its sources (EXE-3)`;
    if (action.mode !== 'SHADOW') return `the action for ${id} is not in shadow mode (C6.T4)`;
    if (action.duplicate !== (event.type === 'ACTION_KNOWN'))
      return `the action for ${id} is not what its entry says, new or known (C4.I2)`;
    this.emitted.set(action.action_id, action);
    return null;
  }
}

function none(): never {
  throw new Error('a cycle that is no scheduled one has a bundle');
}

function taskOf(cycle: Cycle, name: string | null): TaskState | undefined {
  return cycle.tasks.find((task) => task.planned.name === name);
}

/** R6: the policy echoed is the one that the hash names. */
function breachOfPolicy(cycle: Cycle): string | null {
  const { policy, policy_hash } = openedOf(cycle);
  const hash = hashOf(policy as unknown as JsonObject);
  return hash === policy_hash ? null : 'the policy on record does not hash to policy_hash';
}

/** C3.P1–P5, C3.D2, C3.F3, C4.O, C6.T2, R4. That no task starts while a halt waits, or twice, the fold says. */
function breachOfStart(cycle: Cycle, event: EventOf<'TASK_STARTED'>): string | null {
  const task = taskOf(cycle, event.task);
  if (task === undefined) return null;
  const name = task.planned.name;
  if (event.data.task_id !== task.planned.task_id)
    return `${name} starts under another id than the plan's (C4.I3)`;
  if (cycle.cancelled || cycle.ended_by !== null) return `${name} starts in a cycle that is ending`;
  const open = task.after.map((i) => cycle.tasks[i]).find((dep) => dep?.status !== 'ENDED');
  if (open !== undefined)
    return `${name} starts before ${open.planned.name}, which it depends on, has ended (C3.D2)`;
  const failed = task.after.map((i) => cycle.tasks[i]).find((dep) => dep?.outcome === 'FAILED');
  if (failed !== undefined)
    return `${name} starts though ${failed.planned.name}, which it depends on, FAILED (C3.P3)`;
  if (task.barred !== null)
    return `${name} starts though it is barred, ${task.barred.code} (${REASONS[task.barred.code]})`;
  if (cycle.gate === 'CLOSED') return `${name} starts behind a closed regime gate (C6.T2)`;
  if (cycle.verdict?.no_beliefs === true) return `${name} starts though there are no beliefs`;
  const until = cycle.verdict?.fresh_until ?? null;
  const late = until !== null && (parseInstant(event.at) ?? 0) > (parseInstant(until) ?? 0);
  if (cycle.stale || late) return `${name} starts on a bundle that has gone stale (C3.P4)`;
  const beside = cycle.tasks.find((other) => other.status === 'RUNNING');
  if (!cycle.parallel && beside !== undefined)
    return `${name} starts while ${beside.planned.name} runs, in a graph that is not parallel (C4.O)`;
  return null;
}

function breachOfEnd(
  cycle: Cycle,
  { task: name, data }: EventOf<'TASK_ENDED'>,
  emitted: ReadonlyMap<string, Action>,
): string | null {
  const task = taskOf(cycle, name);
  if (task === undefined) return null;
  if (data.task_id !== task.planned.task_id)
    return `${name} ends under another id than the plan's (C4.I3)`;
  if (data.outcome !== 'SUCCESS' && data.outcome !== 'FAILED')
    return `${name} ends in no outcome that there is (C3.O)`;
  const told = data.reason === null ? 'SUCCESS' : 'FAILED';
  if (told !== data.outcome) return `${name} ends ${data.outcome} without its reason (C3.O)`;
  if (task.planned.task_type !== 'emit_actions' || data.outcome !== 'SUCCESS') return null;
  const { actions = [] } = data.lists ?? {};
  const count = 'ref' in actions ? actions.count : actions.length;
  return count === emitted.size
    ? null
    : `${name} lists ${count} actions, ${emitted.size} are on record (C6.T4)`;
}

/** C4.S, R25: a skip has its reason and the state that it was decided on. */
function breachOfSkip(cycle: Cycle, { task: name, data }: EventOf<'TASK_SKIPPED'>): string | null {
  const task = taskOf(cycle, name);
  if (task === undefined) return null;
  if (data.task_id !== task.planned.task_id)
    return `${name} is skipped under another id than the plan's (C4.I3)`;
  const { code, detail } = data.reason;
  if (!Object.hasOwn(REASONS, code) || typeof detail !== 'string' || detail === '')
    return `${name} is skipped without a reason (C4.S)`;
  if (data.snapshot !== openedOf(cycle).input_hash)
    return `${name} is skipped without the snapshot of its state (C4.S)`;
  return null;
}

function breachOfExpiry(cycle: Cycle, event: EventOf<'HALT_EXPIRED'>): string | null {
  const { halt, haltOpen } = cycle;
  if (!haltOpen || halt?.halt_id !== event.data.halt_id) return 'a halt expires that does not wait';
  const early = (parseInstant(event.at) ?? 0) < (parseInstant(halt.expires_at ?? '') ?? Infinity);
  return early ? 'the halt expires before its time (C3.F3)' : null;
}

/** C3.F3, R31: a human's decision, with its three texts, that this very halt allows. */
function breachOfDecision(
  { halt, haltOpen }: Cycle,
  data: EventOf<'DECISION_TAKEN'>['data'],
): string | null {
  if (!haltOpen || halt?.halt_id !== data.halt_id)
    return 'a decision is taken on a halt that does not wait (C3.F3)';
  if (!halt.choices.includes(data.choice))
    return `the decision ${data.choice} is none that the halt allows (R31)`;
  const texts = [data.reason, data.root_cause, data.why_safe, data.by, data.decision_id];
  return texts.every((text) => typeof text === 'string' && text.trim() !== '')
    ? null
    : 'the decision lacks its reason, root cause, why it is safe, or who decided (C3.F3)';
}

/** CA: one outcome, that of what is on record; every planned task has ended, no halt is left open. */
function breachOfOutcome(cycle: Cycle, { data }: EventOf<'CYCLE_ENDED'>): string | null {
  if (cycle.haltOpen) return 'the cycle ends while a halt waits for a decision (C3.F3)';
  const open = cycle.tasks.find(({ status }) => status === 'RUNNING');
  if (open !== undefined) return `the cycle ends while ${open.planned.name} runs (CA)`;
  const left = cycle.planned ? cycle.tasks.find(({ status }) => status !== 'ENDED') : undefined;
  if (left !== undefined) return `the cycle ends, and ${left.planned.name} has no outcome (R25)`;
  const outcome = outcomeOf(cycle);
  if (data.outcome !== outcome)
    return `the outcome is ${data.outcome}, what is on record comes to ${outcome} (CA)`;
  const judged = ['COMPLETED', 'DEGRADED', 'SKIPPED'].includes(outcome);
  return judged && !cycle.planned ? 'the cycle ends without its graph (CA)' : null;
}
