import { EFFECT_MS_MAX, type Receipt } from '../../core/effects';
import { StoreError, type EffectHolder, type EffectStore } from '../store';
import {
  type EffectLine,
  type Ledger,
  type LedgerReading,
  type Opening,
  receiptOf,
  type Result,
  type Standing,
  type Start,
} from './effect-lines';
import { settle } from './settle';

const LOST: Result = {
  status: 'UNKNOWN',
  detail: 'the attempt that began it was lost: look at its target before you do it by hand',
};

/** What is known of a task's effects while its lock is held. */
export interface Held {
  readonly ledger: Ledger;
  /** Durable when it returns. @throws StoreError EFFECTS_FENCED when somebody else wrote: the lock was lost */
  append(line: EffectLine): Promise<void>;
}

/** Where a store keeps the lines about effects. */
export interface EffectPlace {
  /** Holds the task's lock until `body` is done: an effect of one holder is over when the next one opens. */
  held<T>(cycleId: string, taskId: string, body: (held: Held) => Promise<T>): Promise<T>;
  /** Without the lock. */
  look(cycleId: string, taskId: string): Promise<Ledger>;
}

/** Who waits for a task's lock may have to wait for an effect. */
export function effectWaitMs(lockWaitMs: number): number {
  return lockWaitMs + EFFECT_MS_MAX;
}

/** Who may perform, what was begun, and what became of it: the same rules wherever the lines are kept. */
export function effectStore({ held, look }: EffectPlace): EffectStore {
  return {
    open(holder) {
      const { cycle_id, task_id, run_id, seq, attempt } = holder;
      return held(cycle_id, task_id, async ({ ledger, append }) => {
        if (holds(ledger, holder)) return;
        if (!mayFollow(ledger, holder)) throw fenced(holder);
        await append({ type: 'OPENED', run_id, seq, attempt });
      });
    },

    async perform(holder, intent, act) {
      const { cycle_id, task_id } = holder;
      const done = await held(cycle_id, task_id, async ({ ledger, append }) => {
        if (!holds(ledger, holder)) throw fenced(holder);
        const begun = ledger.effects.get(intent.key);
        if (begun !== undefined && begun.intent.payload_hash !== intent.payload_hash) {
          throw changed(intent.effect, intent.ordinal);
        }
        if (begun?.receipt) return { status: 'fulfilled' as const, value: begun.receipt };
        if (begun === undefined) await append({ type: 'INTENT', at: now(), ...intent });
        // Its target knows the key; another target, after a change of the configuration, does not.
        const mayAct =
          begun === undefined || (act.repeatable && begun.intent.target === intent.target);
        const result = mayAct ? await settle(() => act.perform(begun !== undefined)) : lost();
        if (result.status === 'rejected') return result;
        const at = now();
        const { status, detail } = result.value;
        await append({ type: 'RECEIPT', key: intent.key, at, status, detail });
        const value = receiptOf(begun?.intent ?? intent, result.value, at);
        return { status: 'fulfilled' as const, value };
      });
      if (done.status === 'rejected') throw done.reason;
      return done.value;
    },

    close(cycleId, taskId, start) {
      return held(cycleId, taskId, async ({ ledger, append }) => {
        const { run_id, seq } = start;
        if ((ledger.closed.get(run_id) ?? 0) < seq) await append({ type: 'CLOSED', run_id, seq });
        const first = ledger.openings.findIndex((_, at) => isLater(ledger.openings, at, start));
        const left = [...ledger.effects.values()];
        return left.filter(({ opening }) => first === -1 || opening < first).map(told);
      });
    },

    async read(cycleId, taskId) {
      return [...(await look(cycleId, taskId)).effects.values()].map(told);
    },
  };
}

/** Is the holder the last that opened, and not closed? */
function holds({ openings, closed }: Ledger, { run_id, seq, attempt }: Opening): boolean {
  const last = openings.at(-1);
  if (last?.run_id !== run_id || last.seq !== seq || last.attempt !== attempt) return false;
  return (closed.get(run_id) ?? 0) < seq;
}

/** R36: a run that has not opened before is later than those that have; within a run the later start, then the later attempt. */
function mayFollow({ openings, closed }: Ledger, next: Opening): boolean {
  if ((closed.get(next.run_id) ?? 0) >= next.seq) return false;
  const last = openings.at(-1);
  if (last?.run_id !== next.run_id) return !openings.some((each) => each.run_id === next.run_id);
  return last.seq === next.seq ? last.attempt < next.attempt : last.seq < next.seq;
}

function isLater(openings: readonly Opening[], index: number, start: Start): boolean {
  const opening = openings[index];
  if (opening?.run_id === start.run_id) return opening.seq > start.seq;
  const own = openings.findIndex((each) => each.run_id === start.run_id);
  return own !== -1 && index > own;
}

/** An intent without a receipt has none because its attempt was lost, or is at it right now. */
function told({ intent, at, receipt }: Standing): Receipt {
  return receipt ?? receiptOf(intent, LOST, at);
}

function lost(): PromiseFulfilledResult<Result> {
  return { status: 'fulfilled', value: LOST };
}

/** At most once: who cannot tell what was performed must not perform. `what`: `the record of effects …`. */
export function intact({ ledger, damaged }: LedgerReading, what: string): Ledger {
  if (!damaged) return ledger;
  throw new StoreError(
    'STORE_UNAVAILABLE',
    `${what} is damaged: restore it from a copy, without it an effect might be performed twice`,
  );
}

/** For the reader only: nothing is decided by it. */
function now(): string {
  return new Date().toISOString();
}

function fenced({ run_id, seq, attempt }: EffectHolder): StoreError {
  return new StoreError(
    'EFFECTS_FENCED',
    `attempt ${attempt} of start ${seq} of run ${run_id} may perform no effect, it was given up: it must end`,
  );
}

/** C7.SK4 */
function changed(effect: string, ordinal: number): StoreError {
  return new StoreError(
    'EFFECT_CHANGED',
    `call ${ordinal} of effect ${effect} has another payload than at an earlier attempt: ` +
      'a skill has to do the same on the same input',
  );
}
