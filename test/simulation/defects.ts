import { NO_LATCH } from '../../src/core/latch';
import type { Store } from '../../src/store/store';

/**
 * A defect planted on purpose, which the simulation has to find: a gate that looks at no latch, an entry that is acknowledged
 * and not written, a claim that tells of nobody else's emission, a fence that lets a given-up attempt through. ENGINE: planted elsewhere.
 */
export type Planted = 'NO_GATE' | 'LOST_ENTRY' | 'NO_CLAIM' | 'NO_FENCE' | 'ENGINE';

/** The store as a harness with that defect would have it. */
export function defective(store: Store, planted: () => Planted | null): Store {
  const { actions, audit, effects, latch } = store;
  return {
    ...store,
    latch: {
      ...latch,
      now: () => (planted() === 'NO_GATE' ? Promise.resolve(NO_LATCH) : latch.now()),
    },
    audit: {
      ...audit,
      async append(id, drafts) {
        const ended = drafts.findIndex(({ type }) => type === 'TASK_ENDED');
        if (planted() !== 'LOST_ENTRY' || ended <= 0) return audit.append(id, drafts);
        const head = await audit.append(id, drafts.slice(0, ended));
        return { ...head, entries: head.entries + drafts.length - ended };
      },
    },
    actions: {
      claim: (task, claimant, ids, commit) =>
        actions.claim(task, claimant, ids, (elsewhere) =>
          commit(planted() === 'NO_CLAIM' ? new Set() : elsewhere),
        ),
    },
    effects: {
      ...effects,
      async perform(holder, intent, act) {
        if (planted() === 'NO_FENCE') await act.perform(false);
        return effects.perform(holder, intent, act);
      },
    },
  };
}
