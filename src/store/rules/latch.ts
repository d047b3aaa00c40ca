import type { Draft } from '../../core/entry';
import { codeOf } from '../../core/invariant';
import { LATCH_CHAIN } from '../../core/identity';
import { judgeClearing, type Latch, latchOf, NO_LATCH, settingDraft } from '../../core/latch';
import { type AuditStore, type LatchStore, StoreError } from '../store';

/**
 * The latch is its chain: set while the chain's last word is not LATCH_CLEARED. The chain is read again only when its `mark`
 * has changed, so a look before each task is cheap.
 */
export function latchOn(audit: AuditStore, markOfChain: () => Promise<string>): LatchStore {
  let known = { mark: 'none', latch: NO_LATCH };

  const now = async (): Promise<Latch> => {
    const mark = await markOfChain();
    if (known.mark !== mark) {
      const entries = await audit.read(LATCH_CHAIN);
      known = { mark, latch: entries === null ? NO_LATCH : latchOf(entries) };
    }
    return known.latch;
  };

  return {
    now,

    async set(cause, at) {
      await untilFirst(async () => {
        const draft = settingDraft((await audit.read(LATCH_CHAIN)) ?? [], cause, at);
        return draft === null || append(audit, draft);
      });
      return now();
    },

    async clear(request, at, check = null) {
      return untilFirst(async () => {
        const answer = judgeClearing(await now(), request, at, check);
        return answer.draft === null || (await append(audit, answer.draft)) ? answer : null;
      });
    },
  };
}

/** null when somebody else was first: what is to be written is judged anew then. */
async function append(audit: AuditStore, draft: Draft): Promise<true | null> {
  try {
    await audit.append(LATCH_CHAIN, [draft]);
    return true;
  } catch (error) {
    if (codeOf(error) !== 'AUDIT_FORK') throw error;
    return null;
  }
}

/** Each time somebody else was first there is one writer fewer that can be. */
const TRIES = 100;

async function untilFirst<T>(attempt: () => Promise<T | null>): Promise<T> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const done = await attempt();
    if (done !== null) return done;
  }
  throw new StoreError(
    'AUDIT_UNAVAILABLE',
    'the latch is written to without end: run harness audit verify',
  );
}
