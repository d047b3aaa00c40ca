import { dirname } from 'node:path';
import { sealEntry } from '../../audit/chain';
import { ledgerDrafts, type RunNote } from '../../core/cycle-ledger';
import { LEDGER_CHAIN } from '../../core/identity';
import type { LedgerStore } from '../store';
import { chainPath, readTail } from './chains';
import { asStoreError } from './errors';
import { appendDurably, setTornTailAside, withLock } from './growing';
import type { Home } from './home';
import { syncFolder } from './publish';

interface Waiting {
  readonly note: RunNote;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/**
 * The ledger is a chain like the others, but grows with every cycle: an append looks at its last line alone, and what comes
 * while one is being written is written together, with one sync of the disk.
 */
export function fileLedger(home: Home): LedgerStore {
  const path = chainPath(home, LEDGER_CHAIN);
  let waiting: Waiting[] = [];
  let writing = false;

  const write = (notes: readonly RunNote[]): Promise<void> =>
    asStoreError('AUDIT_UNAVAILABLE', `the ledger of cycles ${path}`, () =>
      withLock(path, home.lockWaitMs, async (handle) => {
        const size = await setTornTailAside(home, handle, path, LEDGER_CHAIN);
        const tail = readTail(handle.fd, size, LEDGER_CHAIN, path);
        let head = tail?.hash ?? null;
        let text = '';
        for (const draft of ledgerDrafts(tail?.seq ?? 0, notes, new Date().toISOString())) {
          const sealed = sealEntry(LEDGER_CHAIN, draft, head);
          head = sealed.hash;
          text += `${sealed.line}\n`;
        }
        await appendDurably(handle, Buffer.from(text), size);
        if (tail === null) await syncFolder(dirname(path));
      }),
    );

  const writeAll = async (): Promise<void> => {
    writing = true;
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      try {
        await write(batch.map(({ note }) => note));
        for (const { done } of batch) done();
      } catch (error) {
        for (const { failed } of batch) failed(error);
      }
    }
    writing = false;
  };

  return {
    note(note) {
      return new Promise((done, failed) => {
        waiting.push({ note, done, failed });
        if (!writing) void writeAll();
      });
    },
  };
}
