import type { Logger } from 'pino';
import type { Store } from '../store/store';
import type { States } from './states';

/** What the activities act with. */
export interface Dependencies {
  readonly store: Store;
  readonly states: States;
  readonly log: Logger;
  /** Where the fault tests stop a worker: just before a task's body, and just after it. Nothing in production. */
  readonly checkpoint?: (point: 'before' | 'after', taskName: string) => Promise<void>;
}
