import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseEntry } from '../../audit/chain';
import type { AuditHead, Entry } from '../../core/entry';
import {
  emittedBy,
  type Entries,
  entriesIn,
  intactEntries,
  meet,
  refuseDisorder,
  type Standing,
  tailEntry,
} from '../rules/append';
import { isUuid } from '../rules/ids';
import type { AuditStore, Claimant } from '../store';
import { asStoreError, goneAsNull } from './errors';
import { appendBatch, appendDurably, readSettled, setTornTailAside, withLock } from './growing';
import { idPath, type Home } from './home';
import { countLines, endOfLastLine, linesBackward, wholeTexts } from './lines';
import { syncFolder } from './disk';

const ENDING = '.jsonl';

/**
 * `audit/<cycle_id>.jsonl`: one entry a line; every append looks at the file itself, so processes
 * need not agree.
 */
export function fileChains(home: Home): AuditStore {
  return {
    append(cycleId, drafts, written) {
      const path = chainPath(home, cycleId);
      const [first] = drafts;
      if (first === undefined) return standingHead(home, path, cycleId);
      refuseDisorder(drafts);
      return asStoreError('AUDIT_UNAVAILABLE', `the audit chain ${path}`, () =>
        withLock(path, home.lockWaitMs, async (fd) => {
          const size = await setTornTailAside(home, fd, path, cycleId);
          const tail = readTail(fd, size, cycleId, path);
          const { lines, head } = meet(cycleId, tail, drafts, standingIn(fd, size));
          const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
          if (lines.length > 1) await appendBatch(home, fd, cycleId, bytes, size);
          else await appendDurably(fd, bytes, size);
          // The batch that opens a run may have made the file, at this attempt or at one that died.
          if (first.seq === 1) await syncFolder(dirname(path));
          if (lines.length > 0) written?.(drafts.slice(-lines.length));
          return { entries: countLines(fd, size) + lines.length, head };
        }),
      );
    },

    read(cycleId) {
      const path = chainPath(home, cycleId);
      return asStoreError('AUDIT_UNAVAILABLE', `the audit chain ${path}`, async () => {
        const read = await readChain(home, path, cycleId);
        return read === null ? null : intactEntries(cycleId, path, read);
      });
    },

    cycles() {
      return asStoreError('AUDIT_UNAVAILABLE', 'the audit trail', async () => {
        const names = await readdir(join(home.root, 'audit'));
        return names
          .filter((name) => name.endsWith(ENDING) && isUuid(name.slice(0, -ENDING.length)))
          .map((name) => name.slice(0, -ENDING.length))
          .sort();
      });
    },
  };
}

/**
 * The action ids that the run has on record as emitted; null when its chain is missing or damaged,
 * so nobody can tell.
 */
export async function emittedActions(
  home: Home,
  owner: Claimant,
): Promise<ReadonlySet<string> | null> {
  const path = chainPath(home, owner.cycle_id);
  const found = await readChain(home, path, owner.cycle_id);
  return found === null || found.damage !== null ? null : emittedBy(found.entries, owner);
}

/** The chain without a torn tail, which was never promised; null when there is none. */
async function readChain(home: Home, path: string, chainId: string): Promise<Entries | null> {
  const read = (fd: number, size: number): Entries & { readonly torn: boolean } => {
    let torn = false;
    const lines = wholeTexts(fd, size, () => {
      torn = true;
    });
    return { ...entriesIn(chainId, lines), torn };
  };
  const isSettled = ({ torn, damage }: ReturnType<typeof read>) => !torn && damage === null;
  return readSettled(path, home.lockWaitMs, read, isSettled).catch(goneAsNull);
}

export function chainPath(home: Home, cycleId: string): string {
  return idPath(home, 'audit', cycleId, ENDING);
}

/** The chain's last entry. @throws StoreError AUDIT_UNAVAILABLE when it is damaged */
export function readTail(fd: number, size: number, cycleId: string, path: string): Entry | null {
  for (const line of linesBackward(fd, size)) return tailEntry(cycleId, path, line.toString());
  return null;
}

/** What stands in the file, read as far as it is asked for. */
function standingIn(fd: number, size: number): Standing {
  return {
    *backward() {
      for (const line of linesBackward(fd, size)) yield line.toString();
    },
    hasRun(runId) {
      for (const line of wholeTexts(fd, size)) {
        if (parseEntry(line)?.run_id === runId) return true;
      }
      return false;
    },
  };
}

async function standingHead(home: Home, path: string, cycleId: string): Promise<AuditHead> {
  const read = (fd: number, size: number): AuditHead => {
    const end = endOfLastLine(fd, size);
    const tail = readTail(fd, end, cycleId, path);
    return { entries: countLines(fd, end), head: tail?.hash ?? null };
  };
  const head = await asStoreError('AUDIT_UNAVAILABLE', `the audit chain ${path}`, () =>
    readSettled(path, home.lockWaitMs, read, () => true).catch(goneAsNull),
  );
  return head ?? { entries: 0, head: null };
}
