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

/** Told at once, never awaited; it does not throw. */
export interface Watch {
  /** An attempt of a task has ended here, one way or the other. */
  taskRan(activityType: string, seconds: number): void;
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
