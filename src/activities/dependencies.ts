import type { Logger } from 'pino';
import type { CycleResult } from '../core/result';
import type { Policy } from '../core/policy';
import type { Effects } from '../effects/performers';
import type { People } from '../people/host';
import type { Ending, Sandbox } from '../sandbox/types';
import type { Store } from '../store/store';
import type { States } from './states';

/** What the activities act with. */
export interface Dependencies {
  readonly store: Store;
  readonly states: States;
  readonly log: Logger;
  readonly skills: SkillHost;
  readonly people: People;
  /** Where the fault tests stop a worker: just before a task's body, and just after it. Nothing in production. */
  readonly checkpoint?: (point: 'before' | 'after', taskName: string) => Promise<void>;
  /** Who counts what the activities see; nobody, unless metrics are asked for. */
  readonly watch?: Watch;
}

/** One attempt of a task, as its worker saw it. */
export interface TaskRan {
  readonly cycleId: string;
  readonly runId: string;
  readonly task: string;
  readonly activityType: string;
  readonly attempt: number;
  /** From the server's scheduling to the end here; two clocks, for the reader only. */
  readonly seconds: number;
  /** How much of it went by before this attempt began. */
  readonly waited: number;
  /** Why it failed or was cut short: a code, null when it did not. */
  readonly code: string | null;
}

/** Told at once, never awaited; it does not throw. */
export interface Watch {
  /** An attempt of a task has ended here, one way or the other. */
  taskRan(ran: TaskRan): void;
  /** This worker has just put the end of this run on record. */
  cycleEnded(result: CycleResult): void;
  skillRan(skillRef: string, ending: Ending['kind']): void;
  noticeTried(delivered: boolean): void;
}

/** What a worker has for skills; opened when the first one asks for it, read anew each time where people may edit it. */
export interface SkillHost {
  sandbox(): Promise<Sandbox>;
  effects(): Effects;
  governance(): Governance;
}

/** What the operator has laid down for registrations. */
export interface Governance {
  readonly policy: Policy;
  /** Names of the configured effects. */
  readonly effects: readonly string[];
  /** The Decision Ledger's text, or in one plain sentence why there is none. */
  readonly ledger: { readonly text: string } | { readonly problem: string };
}
