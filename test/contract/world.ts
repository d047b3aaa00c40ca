import type { Graph } from '../../src/core/graph';
import type { JsonObject } from '../../src/core/json';
import type { Policy } from '../../src/core/policy';
import type { CycleOutcome, ReasonCode, ViolationResponse } from '../../src/core/reasons';
import type { SkillsSnapshot } from '../../src/core/skills';
import type { Condition } from './condition';

/** All that the contract looks at in one cycle: its documents, what its tasks do, and what people do. */
export interface World {
  /** As submitted; judged at `AT`, the instant at which the samples were made. */
  readonly bundle: JsonObject;
  readonly policy: Policy;
  readonly graph: Graph;
  /** By its text: what each gate's condition means; null where the language does not have it. */
  readonly conditions: Readonly<Record<string, Condition | null>>;
  readonly skills: SkillsSnapshot;
  /** By task: how its run fails. Every other run succeeds. */
  readonly fails: Readonly<Record<string, ReasonCode>>;
  readonly cut: Cut | null;
  /** On the first halt, the second and so on; then nobody decides. */
  readonly decisions: readonly Decision[];
}

/** What comes from outside when a task has ended (T1: when the graph is built). STALL: so much time that the bundle is stale. */
export interface Cut {
  readonly after: string;
  readonly what: 'STALL' | 'CANCEL' | 'HALT';
}

export interface Decision {
  readonly choice: 'RESUME' | 'RESTART_FRESH' | 'ABORT';
  /** It comes when the bundle is stale. */
  readonly late: boolean;
}

/** What a record has to tell of it, without the words for people. */
export interface Told {
  readonly phase: 'IDLE' | 'HALTED';
  readonly outcome: CycleOutcome | null;
  /** Codes, with the state that T1 found at fault; each once, sorted. */
  readonly reasons: readonly string[];
  /** In execution order: `T2 SUCCESS`, `T4 SKIPPED REGIME_GATE`, `T4 null` while it may still run. */
  readonly tasks: readonly string[];
  readonly removed: readonly string[];
  readonly actions: readonly ToldAction[];
  readonly violations: readonly ToldViolation[];
  /** The last one. */
  readonly halt: { readonly code: ReasonCode; readonly choices: readonly string[] } | null;
}

export interface ToldAction {
  readonly belief: string;
  readonly signals: readonly string[];
  readonly regime: string;
  readonly permission: 'GRANTED' | 'BYPASSED';
}

export interface ToldViolation {
  readonly kind: 'SKILL_VIOLATION' | 'HARNESS_VIOLATION';
  readonly code: ReasonCode;
  readonly response: readonly ViolationResponse[];
}
