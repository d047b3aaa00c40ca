import type { Logger } from 'pino';
import type { Policy } from '../core/policy';
import type { Effects } from '../effects/performers';
import type { People } from '../people/host';
import type { Sandbox } from '../sandbox/types';
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
