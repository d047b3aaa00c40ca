import type { Receipt } from '../core/effects';
import type { Json } from '../core/json';

/** One call of a configured effect: what is written. */
export interface EffectCall {
  readonly effect: string;
  readonly key: string;
  readonly payload: Json;
  readonly cycle_id: string;
  readonly task_id: string;
  readonly ordinal: number;
  /** RFC 3339 UTC, the worker's clock: for the reader only. */
  readonly at: string;
}

export type Outcome = Pick<Receipt, 'status' | 'detail'>;

/** The way to one configured target. */
export interface Adapter {
  /** As receipts name it: never with credentials. */
  readonly target: string;
  /** As in `EffectAct`: the target knows the key. */
  readonly repeatable: boolean;
  /** Never rejects for what the target does. `again`: an attempt that was lost has begun it before. */
  perform(call: EffectCall, again: boolean): Promise<Outcome>;
  close(): Promise<void>;
}

export const PERFORMED: Outcome = { status: 'PERFORMED', detail: null };

/** It was not done. One plain sentence. */
export function failed(detail: string): Outcome {
  return { status: 'FAILED', detail };
}

/** It may have been done. One plain sentence. */
export function unknown(detail: string): Outcome {
  return { status: 'UNKNOWN', detail };
}
