import type { Clause } from './clauses';
import type { JsonObject, Sha256 } from './json';

/**
 * One line of a cycle's audit trail before it is chained. Everything in it is decided by the workflow (or by the
 * activity that carries it, for `part` > 0) and is the same at every attempt and every replay.
 */
export interface Draft {
  /** Temporal's run id: one cycle may have several runs (R36). */
  readonly run_id: string;
  /** 1, 2, 3 … within the run: assigned in the workflow, so it is causal order. */
  readonly seq: number;
  /** 0 for the workflow's own entry; 1 … k for what a task's activity wrote while `seq` was its TASK_STARTED. */
  readonly part: number;
  /** Workflow time, RFC 3339 UTC with milliseconds. */
  readonly at: string;
  readonly type: string;
  readonly clause: Clause;
  /** `harness`, `temporal`, or the person who acted. */
  readonly actor: string;
  /** The task's name, null where no task is concerned. */
  readonly task: string | null;
  readonly data: JsonObject;
}

/** A chained entry as it stands in the file: one line of RFC 8785 JSON. */
export interface Entry extends Draft {
  readonly v: 1;
  readonly cycle_id: string;
  /** Hash of the entry before it in the chain; null for the first. */
  readonly prev: Sha256 | null;
  /** `sha256:` over `harness/audit/v1\0` and the RFC 8785 form of the entry without this field. */
  readonly hash: Sha256;
}

export interface AuditHead {
  /** How many entries the chain has. */
  readonly entries: number;
  readonly head: Sha256 | null;
}
