import type { AuditHead, Draft, Entry } from '../core/entry';
import type { RunNote } from '../core/cycle-ledger';
import type { Receipt } from '../core/effects';
import type { DecisionCheck } from '../core/deciders';
import type { DecisionRequest } from '../core/halts';
import type { Latch, LatchAnswer, LatchCause } from '../core/latch';
import type { Registry, RegistrySnapshot, ViolationNote } from '../core/registry';
import type { JsonObject, Sha256 } from '../core/json';
import type { Tick } from '../core/tick';

/**
 * Where the harness keeps what outlives a process: documents by their hash, audit chains, emitted actions, effects, cycles.
 * One interface, several adapters; `test/store/contract.ts` is the suite that each of them passes.
 */
export interface Store {
  readonly documents: DocumentStore;
  readonly audit: AuditStore;
  readonly actions: ActionStore;
  readonly effects: EffectStore;
  readonly cycles: CycleStore;
  readonly registry: RegistryStore;
  readonly latch: LatchStore;
  readonly ledger: LedgerStore;
  close(): Promise<void>;
}

/** Content-addressed canonical JSON text: bundles, graphs, policies, long lists. */
export interface DocumentStore {
  /** Durable when it returns. The address is the SHA-256 of the bytes. Idempotent. */
  put(bytes: Uint8Array): Promise<Sha256>;
  /** The bytes, checked against their address; null when there is no such document. @throws StoreError DOCUMENT_DAMAGED */
  get(ref: Sha256): Promise<Uint8Array | null>;
}

/** One hash chain per cycle. */
export interface AuditStore {
  /**
   * Appends the drafts in order and returns the chain's new head; durable when it returns. Idempotent: a draft that
   * already stands there, equal in every field, is not written again.
   * @throws StoreError AUDIT_FORK when the position is taken by another entry, or when a later entry (or a later run's)
   *   already follows: a writer that was given up cannot write any more.
   * @throws StoreError AUDIT_UNAVAILABLE when the trail cannot be written (disk full, read-only, damaged tail).
   * @param written told once, when they are durable, which of the drafts this call has written: not those that stood already
   */
  append(
    cycleId: string,
    drafts: readonly Draft[],
    written?: (drafts: readonly Draft[]) => void,
  ): Promise<AuditHead>;
  /**
   * The chain as it stands, without a torn tail; or null when there is none.
   * @throws StoreError AUDIT_UNAVAILABLE also for a damaged one
   */
  read(cycleId: string): Promise<readonly Entry[] | null>;
  /** Ids of all cycles that have a chain, sorted. */
  cycles(): Promise<readonly string[]>;
}

export interface Claimant {
  readonly cycle_id: string;
  readonly run_id: string;
}

/** C4.I2: an action is emitted at most once per `action_id`, across cycles, processes and crashes. */
export interface ActionStore {
  /**
   * Claims `actionIds` (all of the one emitting task `taskId`) for the claimant, then calls `commit` with those that
   * somebody else has emitted already, and holds the claim's lock until `commit` is done. What the same claimant has
   * claimed before is its own again (a second attempt after a lost worker). A claim whose owner's chain shows no
   * ACTION_EMITTED entry of it is taken over: its owner died between claim and record.
   */
  claim<T>(
    taskId: string,
    claimant: Claimant,
    actionIds: readonly string[],
    commit: (emittedElsewhere: ReadonlySet<string>) => Promise<T>,
  ): Promise<T>;
}

/** Who performs a task's effects: one attempt of one start of it. */
export interface EffectHolder {
  readonly cycle_id: string;
  readonly task_id: string;
  readonly run_id: string;
  /** Position of the task's TASK_STARTED in its run. */
  readonly seq: number;
  /** 1, 2, 3 … of that start. */
  readonly attempt: number;
}

/** An effect that is about to be performed. */
export type EffectIntent = Omit<Receipt, 'status' | 'detail' | 'at'>;

/**
 * How an effect is carried out. `repeatable`: doing it again with the same key changes nothing (the target knows the key), so
 * an intent without a receipt is carried out again; else it is UNKNOWN for good.
 */
export interface EffectAct {
  readonly repeatable: boolean;
  /** Never rejects for what the target does: that is a status. `again`: an attempt that was lost has begun it before. */
  perform(again: boolean): Promise<Pick<Receipt, 'status' | 'detail'>>;
}

/**
 * Intents and receipts of each task of each cycle: C4.I2, at most once for each key, across attempts, runs, processes and
 * crashes. A holder that was followed by another, or closed, can perform nothing any more.
 */
export interface EffectStore {
  /** Makes the holder the only one that may perform. @throws StoreError EFFECTS_FENCED when a later one holds it, or it was closed */
  open(holder: EffectHolder): Promise<void>;
  /**
   * Under the task's lock: a receipt that stands is returned as it is; else the intent is made durable, carried out, and its
   * receipt made durable. FAILED and UNKNOWN receipts stand like the others: nothing is tried again under the same key.
   * @throws StoreError EFFECTS_FENCED
   * @throws StoreError EFFECT_CHANGED when the key stands for another payload (the skill is not deterministic, SK-4)
   */
  perform(holder: EffectHolder, intent: EffectIntent, act: EffectAct): Promise<Receipt>;
  /** Fences the start (run_id, seq) off and tells what it, and all before it, have left: receipts in order, intents as UNKNOWN. */
  close(
    cycleId: string,
    taskId: string,
    start: { run_id: string; seq: number },
  ): Promise<readonly Receipt[]>;
  /** What stands, without fencing. */
  read(cycleId: string, taskId: string): Promise<readonly Receipt[]>;
}

/** The harness-wide halt, in an audit chain of its own. */
export interface LatchStore {
  /** As it stands on record at this moment. Read just before each task's body: the gate of C3.F3. */
  now(): Promise<Latch>;
  /** Sets it, or adds a cause while it is set; durable, and in force for every process, when it returns. */
  set(cause: LatchCause, at: string): Promise<Latch>;
  /** A human's decision on it; a refusal is put on record. */
  clear(request: DecisionRequest, at: string, check?: DecisionCheck | null): Promise<LatchAnswer>;
}

/** The ledger of cycles, in an audit chain of its own. */
export interface LedgerStore {
  /**
   * C1.1: notes how far a cycle's chain has come, at a run's opening and at its close; durable when it returns. A note that
   * another attempt has made already may be made again.
   * @throws StoreError AUDIT_UNAVAILABLE
   */
  note(note: RunNote): Promise<void>;
}

/** Where the registry's newest snapshot is: a document, by its hash. */
export interface RegistryPointer {
  readonly version: number;
  readonly hash: Sha256;
}

/** The registry at this moment. */
export interface RegistryNow {
  /** The newest snapshot, and every violation noted since. */
  readonly registry: Registry;
  /** null, and no snapshot: nothing was ever registered here. */
  readonly pointer: RegistryPointer | null;
  readonly snapshot: RegistrySnapshot | null;
}

/**
 * The registry as its one authority (a workflow) has published it, and the violations that were noted meanwhile. The gate: it
 * is read just before a task's body, so that a quarantine takes effect at the next task of every cycle on every worker (C7.V1).
 */
export interface RegistryStore {
  /** @throws StoreError STORE_UNAVAILABLE: who cannot tell which skills are quarantined runs none */
  now(): Promise<RegistryNow>;
  /**
   * Publishes the next snapshot, durable when it returns, in force for every process at its next look.
   * @returns null when the registry stands elsewhere than at `from`: nothing is changed then
   */
  publish(
    from: RegistryPointer | null,
    snapshot: RegistrySnapshot,
  ): Promise<RegistryPointer | null>;
  /**
   * Notes a violation, once for its id; in force for every process when it returns. `make` sees all notes, and gives the
   * new one what depends on them.
   */
  note(
    id: string,
    make: (earlier: readonly ViolationNote[]) => Omit<ViolationNote, 'n' | 'id'>,
  ): Promise<ViolationNote>;
}

/** What is known of a cycle outside its chain: how it was started, and the result it ended with. */
export interface CycleRecord {
  readonly cycle_id: string;
  readonly workflow_id: string;
  readonly mode: string;
  readonly input_hash: Sha256 | null;
  readonly graph_hash: Sha256;
  readonly policy_hash: Sha256;
  /** RFC 3339, the client's clock: for listing only. */
  readonly created_at: string;
  /** Of a scheduled cycle. */
  readonly tick?: Tick;
}

export interface CycleStore {
  put(record: CycleRecord): Promise<void>;
  /** By cycle id or workflow id; null when unknown. */
  find(id: string): Promise<CycleRecord | null>;
  list(): Promise<readonly CycleRecord[]>;
  /** The result of the cycle's newest ended run replaces the one before it. */
  putResult(cycleId: string, result: JsonObject): Promise<void>;
  result(cycleId: string): Promise<JsonObject | null>;
  /** A cycle that is run again (R36) has no result until it ends again. */
  dropResult(cycleId: string): Promise<void>;
  /** The cycles without a result: running, waiting for a human, or cut off. */
  unfinished(): Promise<readonly CycleRecord[]>;
}

export type StoreErrorCode =
  | 'AUDIT_FORK'
  | 'AUDIT_UNAVAILABLE'
  | 'DOCUMENT_DAMAGED'
  | 'EFFECTS_FENCED'
  | 'EFFECT_CHANGED'
  | 'STORE_UNAVAILABLE';

/** Recognised by `code`, never by `instanceof`: errors cross realms. */
export class StoreError extends Error {
  readonly code: StoreErrorCode;
  constructor(code: StoreErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'StoreError';
    this.code = code;
  }
}
