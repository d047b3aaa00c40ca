import {
  EFFECT_CALLS_MAX,
  EFFECT_PAYLOAD_BYTES_MAX,
  type EffectStatus,
  type Receipt,
} from '../core/effects';
import { canonicalText, effectKey, hashBytes } from '../core/identity';
import { messageOf } from '../core/invariant';
import type { Json, Ref } from '../core/json';
import { INLINE_BYTES_MAX } from '../core/limits';
import type { DocumentStore, EffectHolder, EffectStore } from '../store/store';
import type { Effects, Prepared } from './performers';

export interface TaskEffectsOptions {
  readonly store: EffectStore;
  readonly documents: Pick<DocumentStore, 'put'>;
  readonly effects: Effects;
  readonly holder: EffectHolder;
  readonly mode: 'shadow';
  /** The skill's own layer. */
  readonly layer: string;
  /** The effects that the skill declares: the only ones it has. */
  readonly declared: readonly string[];
  /** Asked just before each effect: throws when a halt, a cancellation or the end of the time has cut in (R32). */
  readonly commit: () => Promise<void>;
}

/** The effects of one attempt of a skill's task, one after the other in the order of the calls. */
export class TaskEffects {
  private readonly options: TaskEffectsOptions;
  private readonly done: Receipt[] = [];
  private calls = 0;
  private isOpen = false;
  private isStopped = false;
  private failure: { readonly error: unknown } | null = null;
  private last: Promise<unknown> = Promise.resolve();

  constructor(options: TaskEffectsOptions) {
    this.options = options;
  }

  /**
   * The skill's `ordinal`th call of the effect. Resolves with `{key}`, the same whether it was performed or recorded: a dry run
   * mirrors the real one. Rejects, for the skill, with one plain sentence: over a limit, not configured, FAILED or UNKNOWN.
   */
  call(name: string, ordinal: number, payload: Json): Promise<Json> {
    this.calls += 1;
    // At once: what waits for its turn is kept in memory.
    if (this.calls > EFFECT_CALLS_MAX) return Promise.reject(tooMany());
    const turn = this.last.then(() => this.perform(name, ordinal, payload));
    // The next call has its turn whatever became of this one.
    this.last = turn.catch(() => undefined);
    return turn;
  }

  /** Begins no further call, also of those that wait for their turn: the skill was killed. One on its way is ended. */
  stop(): void {
    this.isStopped = true;
  }

  /** Once all calls that were made so far are over. */
  async settled(): Promise<void> {
    await this.last;
  }

  /** In the order of the calls; UNKNOWN and FAILED ones too. */
  receipts(): readonly Receipt[] {
    return [...this.done];
  }

  /**
   * What kept the harness, not the target, from performing (EFFECTS_FENCED, EFFECT_CHANGED, STORE_UNAVAILABLE, what `commit`
   * threw); null when nothing did. Every later call is refused; the skill cannot swallow it.
   */
  trouble(): { readonly error: unknown } | null {
    return this.failure;
  }

  private async perform(name: string, ordinal: number, payload: Json): Promise<Json> {
    if (this.isStopped || this.failure !== null) throw notAnyMore();
    const { effects, holder, mode, layer, declared } = this.options;
    const text = admitted(name, declared, payload);
    const { cycle_id, task_id } = holder;
    const key = effectKey(cycle_id, task_id, name, ordinal);
    const at = new Date().toISOString();
    const call = { key, payload, cycle_id, task_id, ordinal, at };
    const prepared = effects.act(name, { mode, layer }, call);
    if ('problem' in prepared) throw new Error(prepared.problem);
    const receipt = await this.carryOut(name, ordinal, key, payload, text, prepared);
    this.done.push(receipt);
    if (!isDone(receipt.status)) {
      throw new Error(`effect ${name}, call ${ordinal}, is ${receipt.status}: ${receipt.detail}`);
    }
    return { key };
  }

  private async carryOut(
    effect: string,
    ordinal: number,
    key: string,
    payload: Json,
    text: string,
    act: Exclude<Prepared, { readonly problem: string }>,
  ): Promise<Receipt> {
    const { store, holder, commit } = this.options;
    try {
      if (!this.isOpen) await store.open(holder);
      this.isOpen = true;
      const kept = await this.kept(payload, text);
      const payload_hash = hashBytes(Buffer.from(text));
      const { target } = act;
      await commit();
      const intent = { effect, ordinal, key, payload: kept, payload_hash, target };
      return await store.perform(holder, intent, act);
    } catch (error) {
      this.failure = { error };
      throw notAnyMore();
    }
  }

  /** As the record carries it: itself up to 1 KiB, else stored, and a reference. */
  private async kept(payload: Json, text: string): Promise<Json | Ref> {
    if (Buffer.byteLength(text) <= INLINE_BYTES_MAX) return payload;
    const ref = await this.options.documents.put(Buffer.from(text));
    return { ref, count: Array.isArray(payload) ? payload.length : 1 };
  }
}

/** The payload's canonical text. @throws Error for the skill, which can mend it */
function admitted(name: string, declared: readonly string[], payload: Json): string {
  if (!declared.includes(name)) throw new Error(`effect ${name} is not declared by this skill`);
  const text = canonicalOf(name, payload);
  const bytes = Buffer.byteLength(text);
  if (bytes > EFFECT_PAYLOAD_BYTES_MAX) {
    throw new Error(
      `the payload of effect ${name} takes ${bytes} bytes, more than the ${EFFECT_PAYLOAD_BYTES_MAX} allowed: split it`,
    );
  }
  return text;
}

function canonicalOf(name: string, payload: Json): string {
  try {
    return canonicalText(payload);
  } catch (error) {
    throw new Error(`the payload of effect ${name} is no JSON: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function isDone(status: EffectStatus): boolean {
  return status === 'PERFORMED' || status === 'RECORDED';
}

function tooMany(): Error {
  return new Error(
    `a task has at most ${EFFECT_CALLS_MAX} calls of effects: put more into each payload`,
  );
}

/** The skill learns no more: what happened is the harness's own concern. */
function notAnyMore(): Error {
  return new Error('the harness performs no effect of this task any more');
}
