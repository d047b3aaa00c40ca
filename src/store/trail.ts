import type { JsonObject } from '../core/json';
import type { CycleRecord, DocumentStore } from './store';

/** Something that lies among the chains and is none. */
export interface Alien {
  readonly path: string;
  readonly problem: string;
}

/** The lines of one chain, in order. What the rest tells is known when they have been walked. */
export interface Lines {
  /** Whole lines, without newlines. What is no text at all is given as a line that is no entry. */
  readonly all: Iterable<string>;
  /** Something unfinished stands after the last whole line. */
  torn(): boolean;
  /** What is wrong with how the lines lie there, whatever they say; null: nothing. */
  fault(): { readonly line: number; readonly problem: string } | null;
}

/**
 * The record as it lies there, for those who judge it: nothing is parsed, mended, left out or made. Reading may meet a
 * writer in the middle of its work.
 */
export interface Trail {
  /** For people: the folder, or host, port and database. */
  readonly where: string;
  /** How many chains are best looked at at once. */
  readonly atOnce: number;
  readonly documents: DocumentStore;
  /** The ids of all chains, and what lies among them and is none. */
  chains(): Promise<{ readonly ids: readonly string[]; readonly aliens: readonly Alien[] }>;
  /** The cycles that have a record of their start, or a result; sorted. */
  idsOf(what: 'cycles' | 'results'): Promise<readonly string[]>;
  find(id: string): Promise<CycleRecord | null>;
  /** @throws StoreError for a result that nobody can read */
  result(cycleId: string): Promise<JsonObject | null>;
  /**
   * Looks at a chain; null when there is none. A look that is not `sound` may be taken a second time, when no writer is in its
   * way. @throws StoreError AUDIT_UNAVAILABLE
   */
  look<T>(
    chainId: string,
    see: (lines: Lines) => T,
    isSound: (seen: T) => boolean,
  ): Promise<T | null>;
  /** The bytes to hand over: a chain as JSON lines, a result, a record; null when there are none. */
  bytes(what: 'audit' | 'cycles' | 'results', id: string): Promise<Uint8Array | null>;
  close(): Promise<void>;
}
