import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  comparePositions,
  draftOf,
  endsRun,
  parseEntry,
  place,
  readEntry,
  sealEntry,
  stepProblem,
} from '../../audit/chain';
import type { AuditHead, Draft, Entry } from '../../core/entry';
import { canonicalText } from '../../core/identity';
import type { Sha256 } from '../../core/json';
import { StoreError, type AuditStore, type Claimant } from '../store';
import { asStoreError, goneAsNull } from './errors';
import { appendDurably, readSettled, setTornTailAside, withLock } from './growing';
import { idPath, isUuid, type Home } from './home';
import { countLines, endOfLastLine, linesBackward, linesForward } from './lines';
import { syncFolder } from './publish';

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
        withLock(path, home.lockWaitMs, async (handle) => {
          const size = await setTornTailAside(home, handle, path, cycleId);
          const tail = readTail(handle.fd, size, cycleId, path);
          const standing = countStanding(handle.fd, size, tail, drafts);
          const fresh = drafts.slice(standing);
          const { text, head } = chain(cycleId, tail, fresh);
          await appendDurably(handle, Buffer.from(text), size);
          // The batch that opens a run may have made the file, at this attempt or at one that died.
          if (first.seq === 1) await syncFolder(dirname(path));
          if (fresh.length > 0) written?.(fresh);
          return { entries: countLines(handle.fd, size) + fresh.length, head };
        }),
      );
    },

    read(cycleId) {
      const path = chainPath(home, cycleId);
      return asStoreError('AUDIT_UNAVAILABLE', `the audit chain ${path}`, () =>
        readSettled(path, home.lockWaitMs, parseChain, ({ torn }) => !torn).then(
          ({ entries }) => entries,
          goneAsNull,
        ),
      );
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
  const isGood = ({ torn, damaged }: ParsedChain) => !torn && !damaged;
  const found = await readSettled(path, home.lockWaitMs, parseChain, isGood).catch(goneAsNull);
  if (found === null || found.damaged) return null;
  const emitted = new Set<string>();
  for (const { run_id, type, data } of found.entries) {
    if (run_id !== owner.run_id || type !== 'ACTION_EMITTED') continue;
    if (typeof data.action_id === 'string') emitted.add(data.action_id);
  }
  return emitted;
}

interface ParsedChain {
  readonly entries: readonly Entry[];
  /** A whole line is no entry. */
  readonly damaged: boolean;
  /** Bytes stand after the last whole line. */
  readonly torn: boolean;
}

function parseChain(fd: number, size: number): ParsedChain {
  const entries: Entry[] = [];
  let damaged = false;
  let torn = false;
  for (const { bytes, whole } of linesForward(fd, size)) {
    const entry = whole ? parseEntry(bytes.toString()) : null;
    if (entry !== null) entries.push(entry);
    else if (whole) damaged = true;
    else torn = true;
  }
  return { entries, damaged, torn };
}

export function chainPath(home: Home, cycleId: string): string {
  return idPath(home, 'audit', cycleId, ENDING);
}

/** A batch is of one run and in order; a caller that breaks this is broken itself. */
function refuseDisorder(drafts: readonly Draft[]): void {
  drafts.forEach((draft, index) => {
    const before = drafts[index - 1];
    if (before === undefined) return;
    if (before.run_id !== draft.run_id || comparePositions(before, draft) >= 0) {
      throw new Error(`audit batch out of order: ${place(draft)} after ${place(before)}`);
    }
  });
}

/** The chain's last entry. What is damaged is not built upon: the damage must stay to be seen. */
export function readTail(fd: number, size: number, cycleId: string, path: string): Entry | null {
  for (const line of linesBackward(fd, size)) {
    const reading = readEntry(cycleId, line.toString());
    if (reading.problem === null) return reading.entry;
    throw new StoreError(
      'AUDIT_UNAVAILABLE',
      `the last entry of the audit chain ${path} is damaged, ${reading.problem}: ` +
        `run harness audit verify ${cycleId}`,
    );
  }
  return null;
}

/**
 * How many of the drafts, from the first, stand in the chain already.
 * @throws StoreError AUDIT_FORK
 */
function countStanding(
  fd: number,
  size: number,
  tail: Entry | null,
  drafts: readonly Draft[],
): number {
  const [first] = drafts;
  if (tail === null || first === undefined) return 0;
  if (tail.run_id !== first.run_id) {
    if (hasRun(fd, size, first.run_id)) throw fork(first, 'a later run has begun');
    return 0;
  }
  const standing = drafts.filter((draft) => comparePositions(draft, tail) <= 0);
  const lines = linesBackward(fd, size);
  for (const draft of standing.toReversed()) {
    const entry = entryAt(lines, draft);
    if (entry === null) throw fork(draft, 'later entries follow');
    if (canonicalText({ ...draftOf(entry) }) !== canonicalText({ ...draftOf(draft) })) {
      throw fork(draft, 'another entry stands there');
    }
  }
  const fresh = drafts[standing.length];
  if (fresh !== undefined && endsRun(tail.type)) throw fork(fresh, 'the run has ended');
  return standing.length;
}

/** Goes on backwards to the draft's position; null when it is not taken in the draft's run. */
function entryAt(lines: Generator<Buffer>, draft: Draft): Entry | null {
  for (let next = lines.next(); next.done !== true; next = lines.next()) {
    const entry = parseEntry(next.value.toString());
    if (entry === null || entry.run_id !== draft.run_id) return null;
    const order = comparePositions(entry, draft);
    if (order === 0) return entry;
    if (order < 0) return null;
  }
  return null;
}

function hasRun(fd: number, size: number, runId: string): boolean {
  for (const { bytes } of linesForward(fd, size)) {
    if (parseEntry(bytes.toString())?.run_id === runId) return true;
  }
  return false;
}

/**
 * The lines of the fresh drafts.
 * @throws StoreError AUDIT_UNAVAILABLE where what they follow is missing
 */
function chain(
  cycleId: string,
  tail: Entry | null,
  drafts: readonly Draft[],
): { readonly text: string; readonly head: Sha256 | null } {
  let before: Draft | null = tail;
  let head = tail?.hash ?? null;
  const lines: string[] = [];
  for (const draft of drafts) {
    const problem = stepProblem(before, draft);
    if (problem !== null) {
      throw new StoreError(
        'AUDIT_UNAVAILABLE',
        `the audit chain of cycle ${cycleId} cannot be continued, ${problem}: ` +
          `run harness audit verify ${cycleId}`,
      );
    }
    const sealed = sealEntry(cycleId, draft, head);
    lines.push(`${sealed.line}\n`);
    head = sealed.hash;
    before = draft;
  }
  return { text: lines.join(''), head };
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

function fork(draft: Draft, why: string): StoreError {
  return new StoreError(
    'AUDIT_FORK',
    `${place(draft)} of run ${draft.run_id} cannot be written to the audit chain, ${why}: ` +
      'this writer was given up and must end',
  );
}
