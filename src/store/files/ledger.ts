import { dirname } from 'node:path';
import { LEDGER_CHAIN } from '../../core/identity';
import { gatheringLedger, ledgerLines } from '../rules/ledger';
import type { LedgerStore } from '../store';
import { chainPath, readTail } from './chains';
import { asStoreError } from './errors';
import { appendDurably, setTornTailAside, withLock } from './growing';
import type { Home } from './home';
import { syncFolder } from './disk';

/** The ledger's chain, by its last line alone. */
export function fileLedger(home: Home): LedgerStore {
  const path = chainPath(home, LEDGER_CHAIN);
  return gatheringLedger((notes) =>
    asStoreError('AUDIT_UNAVAILABLE', `the ledger of cycles ${path}`, () =>
      withLock(path, home.lockWaitMs, async (fd) => {
        const size = await setTornTailAside(home, fd, path, LEDGER_CHAIN);
        const tail = readTail(fd, size, LEDGER_CHAIN, path);
        const lines = ledgerLines(tail, notes, new Date().toISOString());
        const text = lines.map((line) => `${line}\n`).join('');
        await appendDurably(fd, Buffer.from(text), size);
        if (tail === null) await syncFolder(dirname(path));
      }),
    ),
  );
}
