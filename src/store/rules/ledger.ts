import { sealEntry } from '../../audit/chain';
import { ledgerDrafts, type RunNote } from '../../core/cycle-ledger';
import type { Entry } from '../../core/entry';
import { LEDGER_CHAIN } from '../../core/identity';
import type { LedgerStore } from '../store';

interface Waiting {
  readonly note: RunNote;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/**
 * The ledger is a chain like the others, but grows with every cycle: what comes while one is being written is written
 * together, with one sync of the disk. `write` makes the notes durable, in order, all or none.
 */
export function gatheringLedger(write: (notes: readonly RunNote[]) => Promise<void>): LedgerStore {
  let waiting: Waiting[] = [];
  let writing = false;

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

/** The ledger's next lines behind its last entry: an append looks at that alone. */
export function ledgerLines(tail: Entry | null, notes: readonly RunNote[], at: string): string[] {
  let head = tail?.hash ?? null;
  return ledgerDrafts(tail?.seq ?? 0, notes, at).map((draft) => {
    const sealed = sealEntry(LEDGER_CHAIN, draft, head);
    head = sealed.hash;
    return sealed.line;
  });
}
