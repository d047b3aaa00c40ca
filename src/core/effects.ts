import type { Json, Ref, Sha256 } from './json';

/** The effect that always exists: its payload is written to the record, and nothing else is done. */
export const AUDIT_LOG = 'audit_log';

/**
 * What became of one effect call. PERFORMED: done, once. RECORDED: in shadow, written down as what would have been done.
 * FAILED: it was not done, and the skill was told. UNKNOWN: begun by an attempt that was lost; it is not begun again.
 */
export type EffectStatus = 'PERFORMED' | 'RECORDED' | 'FAILED' | 'UNKNOWN';

/** One line of the record about an effect (interface, "Effects"). */
export interface Receipt {
  readonly effect: string;
  /** 1, 2, 3 … among the task's calls of this effect. */
  readonly ordinal: number;
  /** UUIDv5 over cycle id, task id, effect and ordinal: at most once for each. */
  readonly key: string;
  readonly status: EffectStatus;
  /** What was, or would have been, written; a reference when it is over 1 KiB. */
  readonly payload: Json | Ref;
  readonly payload_hash: Sha256;
  /** Where it went: the file, the table, the address without credentials; `record` in shadow. */
  readonly target: string;
  /** One plain sentence, for FAILED and UNKNOWN. */
  readonly detail: string | null;
  /** RFC 3339 UTC, the worker's clock: for the reader only. */
  readonly at: string;
}

/** What an effect configured as `in_shadow` does in shadow: `record` writes down what would have been done. */
export type InShadow = 'record' | 'perform';

/**
 * C6.T4: is the effect, in shadow, written down only? What an execution skill (L12) asks for always is, and so is `audit_log`,
 * whose payload belongs in the record and nowhere else.
 */
export function isRecordedInShadow(effect: string, inShadow: InShadow, layer: string): boolean {
  return effect === AUDIT_LOG || layer === 'L12' || inShadow === 'record';
}

/** The longest that the performing of one effect may take, in milliseconds: others wait for it. */
export const EFFECT_MS_MAX = 10_000;

/** Limits of one task's effects: a skill cannot flood the record. */
export const EFFECT_CALLS_MAX = 1_000;
export const EFFECT_PAYLOAD_BYTES_MAX = 256 * 1_024;
