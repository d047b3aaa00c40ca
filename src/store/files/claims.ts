import { dirname } from 'node:path';
import { claimLine, emittedElsewhere, readOwners } from '../rules/claims';
import { settle } from '../rules/settle';
import type { ActionStore } from '../store';
import { emittedActions } from './chains';
import { asStoreError } from './errors';
import { appendDurably, setTornTailAside, withLock } from './growing';
import { idPath, type Home } from './home';
import { wholeTexts } from './lines';
import { syncFolder } from './disk';

/** `actions/<task_id>.jsonl`: a line for each claim that got something. */
export function fileClaims(home: Home): ActionStore {
  return {
    async claim(taskId, claimant, actionIds, commit) {
      const path = idPath(home, 'actions', taskId, '.jsonl');
      const what = `the record of emitted actions ${path}`;
      const outcome = await asStoreError('STORE_UNAVAILABLE', what, () =>
        withLock(path, home.lockWaitMs, async (fd) => {
          const size = await setTornTailAside(home, fd, path, taskId);
          const owners = readOwners(wholeTexts(fd, size), new Set(actionIds), what);
          const elsewhere = await emittedElsewhere(owners, claimant, (owner) =>
            emittedActions(home, owner),
          );
          const line = claimLine(claimant, actionIds, owners, elsewhere);
          await appendDurably(fd, Buffer.from(line === null ? '' : `${line}\n`), size);
          if (size === 0) await syncFolder(dirname(path));
          // An error of `commit` is the caller's own: it passes as it is.
          return settle(() => commit(elsewhere));
        }),
      );
      if (outcome.status === 'rejected') throw outcome.reason;
      return outcome.value;
    },
  };
}
