import { codeOf } from '../core/invariant';
import type { EffectAct, EffectHolder, EffectIntent, EffectStore, Store } from '../store/store';
import { countEntry, noteLag } from './entries';
import type { Meters } from './meters';

/**
 * The store, with everything counted at the moment when it is durable. An entry counts where it is written, so an attempt that
 * finds its entries standing counts nothing: never twice, over all workers. A worker that is killed between the write and
 * the count loses that one.
 */
export function watchedStore(store: Store, meters: Meters): Store {
  return {
    ...store,
    audit: {
      read: (cycleId) => store.audit.read(cycleId),
      cycles: () => store.audit.cycles(),
      async append(cycleId, drafts, written) {
        const begun = performance.now();
        try {
          return await store.audit.append(cycleId, drafts, (fresh) => {
            for (const draft of fresh) countEntry(meters, draft);
            noteLag(meters, fresh, Date.now());
            written?.(fresh);
          });
        } catch (error) {
          meters.count('harness_audit_append_failures_total', { code: failureOf(error) });
          throw error;
        } finally {
          meters.observe('harness_audit_append_seconds', {}, (performance.now() - begun) / 1_000);
        }
      },
    },
    effects: watchedEffects(store.effects, meters),
  };
}

function watchedEffects(effects: EffectStore, meters: Meters): EffectStore {
  return {
    open: (holder) => effects.open(holder),
    close: (cycleId, taskId, start) => effects.close(cycleId, taskId, start),
    read: (cycleId, taskId) => effects.read(cycleId, taskId),
    async perform(holder: EffectHolder, intent: EffectIntent, act: EffectAct) {
      const begunMs = Date.now();
      let acted = false;
      const receipt = await effects.perform(holder, intent, {
        ...act,
        perform(again) {
          acted = true;
          return act.perform(again);
        },
      });
      // A receipt that stood already was counted by whoever wrote it; what must not be begun again gets a new one, UNKNOWN.
      const { effect, status, at } = receipt;
      if (acted || (status === 'UNKNOWN' && Date.parse(at) >= begunMs))
        meters.count('harness_effect_receipts_total', { effect, status });
      return receipt;
    },
  };
}

function failureOf(error: unknown): string {
  const code = codeOf(error);
  return code === 'AUDIT_UNAVAILABLE' || code === 'AUDIT_FORK' ? code : 'OTHER';
}
