import { isUtf8 } from 'node:buffer';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isOfSchedule, problemOfSchedule } from '../core/balance';
import { ContractWatch } from '../core/breaches';
import type { AuditHead, Entry } from '../core/entry';
import { LATCH_CHAIN } from '../core/identity';
import { isObject, type JsonObject, type Sha256 } from '../core/json';
import { fileCycles, idsIn } from '../store/files/cycles';
import { fileDocuments } from '../store/files/documents';
import { asStoreError, goneAsNull } from '../store/files/errors';
import { readSettled } from '../store/files/growing';
import { homeAt, isUuid, type Home } from '../store/files/home';
import { linesForward } from '../store/files/lines';
import { checkChain, isHash, type ChainProblem, type ChainReport } from './chain';
import { examine, type Finding, type Needed, neededBy } from './evidence';
import {
  conclude,
  couldNotLook,
  type AlienFile,
  type CycleTrail,
  type TrailReport,
  type TrailStatus,
} from './report';

const ENDING = '.jsonl';

/**
 * Checks the trail under `home` (HARNESS_HOME), without changing a byte: of the cycle `id` (a
 * cycle or workflow id), or of all cycles with every byte under `audit/`. Each chain is checked in
 * itself and against the stored result, which knows how many entries there were and the hash of
 * the last. It never says INTACT of what it could not read.
 */
export async function verifyTrail(home: string, id?: string): Promise<TrailReport> {
  const place = homeAt(home);
  try {
    return id === undefined ? await verifyAll(place) : await verifyOne(place, id);
  } catch (error) {
    return couldNotLook(sentence(error));
  }
}

async function verifyOne(home: Home, id: string): Promise<TrailReport> {
  const cycleId = isUuid(id) ? id : (await fileCycles(home).find(id))?.cycle_id;
  const trail = cycleId === undefined ? null : await verifyCycle(home, cycleId);
  if (trail === null) {
    const shown = JSON.stringify(id.slice(0, 80));
    return couldNotLook(
      `no audit chain of ${shown} is in ${home.root}: check the id and the folder`,
    );
  }
  return conclude([trail], [], []);
}

async function verifyAll(home: Home): Promise<TrailReport> {
  const folder = join(home.root, 'audit');
  const chains = new Set<string>();
  const aliens: AlienFile[] = [];
  const items = await asStoreError('AUDIT_UNAVAILABLE', `the audit trail ${folder}`, () =>
    readdir(folder, { withFileTypes: true }),
  );
  for (const item of items) {
    const cycleId = item.name.slice(0, -ENDING.length);
    const named = item.name.endsWith(ENDING) && isUuid(cycleId);
    if (named && item.isFile()) chains.add(cycleId);
    else aliens.push(alien(join(folder, item.name), named));
  }
  const known = new Set([...chains, ...(await idsIn(home, 'results'))]);
  const cycles: CycleTrail[] = [];
  for (const cycleId of [...known].sort()) {
    const trail = await verifyCycle(home, cycleId);
    if (trail !== null) cycles.push(trail);
  }
  const notBegun = (await idsIn(home, 'cycles')).filter((cycleId) => !known.has(cycleId));
  return conclude(cycles, aliens, notBegun);
}

/** Null when there is neither a chain nor a result. */
async function verifyCycle(home: Home, cycleId: string): Promise<CycleTrail | null> {
  try {
    const witness = await readWitness(home, cycleId);
    const found = await readChain(home, cycleId, witness);
    if (found !== null) return judge(cycleId, await withEvidence(home, found), witness);
    if (witness === 'NONE') return null;
    return trailOf(
      cycleId,
      'INCOMPLETE',
      NO_CHAIN,
      atLine(0, 'a result is stored, but the audit chain is gone'),
    );
  } catch (error) {
    return trailOf(cycleId, 'UNREADABLE', NO_CHAIN, atLine(0, sentence(error)));
  }
}

/** The end of the chain as the cycle's stored result knows it. */
type Witness = AuditHead | 'NONE' | 'UNKNOWN';

interface FoundChain {
  readonly report: ChainReport;
  /** The bytes after the last newline were there. */
  readonly torn: boolean;
  /**
   * The hash of the entry that the witness calls the last; null when the chain does not reach it.
   */
  readonly witnessed: Sha256 | null;
  /** What a cycle's entries stand on, up to the chain's first problem. */
  readonly needed: readonly Needed[];
  readonly missing: Finding | null;
}

const NO_CHAIN: ChainReport = { entries: 0, head: null, runs: 0, ended: false, problem: null };

async function readChain(
  home: Home,
  cycleId: string,
  witness: Witness,
): Promise<FoundChain | null> {
  const path = join(home.root, 'audit', `${cycleId}${ENDING}`);
  const count = typeof witness === 'object' ? witness.entries : 0;
  const read = (fd: number, size: number): FoundChain => {
    let torn = false;
    let witnessed: Sha256 | null = null;
    const lines = wholeLines(fd, size, () => {
      torn = true;
    });
    const schedule: Entry[] = [];
    const needed: Needed[] = [];
    const watch = new ContractWatch(cycleId);
    let breach: ChainProblem | null = null;
    const report = checkChain(cycleId, lines, (entry, number) => {
      if (number === count) witnessed = entry.hash;
      if (isOfSchedule(entry)) schedule.push(entry);
      else if (breach === null && cycleId !== LATCH_CHAIN) {
        const problem = watch.see(entry);
        if (problem !== null) breach = { line: number, seq: entry.seq, problem };
        else needed.push(...neededBy(entry, number, watch.seen));
      }
    });
    const told = withAccount(cycleId, report, schedule);
    const sound = breach === null ? told : { ...told, problem: breach };
    return { report: sound, torn, witnessed, needed, missing: null };
  };
  const isGood = ({ report, torn }: FoundChain) => report.problem === null && !torn;
  return asStoreError('AUDIT_UNAVAILABLE', `the audit chain ${path}`, () =>
    readSettled(path, home.lockWaitMs, read, isGood).catch(goneAsNull),
  );
}

/** What the entries stand on is read when the chain is let go: a writer is not kept waiting. */
async function withEvidence(home: Home, found: FoundChain): Promise<FoundChain> {
  const { report } = found;
  if (report.problem !== null) return found;
  const finding = await examine(fileDocuments(home), found.needed);
  if (finding === null) return found;
  if (finding.missing) return { ...found, missing: finding };
  const { line, seq, problem } = finding;
  return { ...found, report: { ...report, problem: { line, seq, problem } } };
}

/** A schedule's chain tells what became of every nominal time: each once. */
function withAccount(chainId: string, report: ChainReport, entries: readonly Entry[]): ChainReport {
  if (report.problem !== null || entries.length === 0) return report;
  const text = problemOfSchedule(chainId, entries);
  return text === null ? report : { ...report, problem: atLine(report.entries, text) };
}

function judge(cycleId: string, found: FoundChain, witness: Witness): CycleTrail {
  const { report, torn, witnessed, missing } = found;
  const { entries, problem } = report;
  if (problem !== null) return trailOf(cycleId, 'BROKEN', report, problem);
  const last = entries + (torn ? 1 : 0);
  const incomplete = (text: string) => trailOf(cycleId, 'INCOMPLETE', report, atLine(last, text));
  if (typeof witness === 'object' && witness.entries <= entries && witness.head !== witnessed) {
    const text = 'the stored result names another entry as its last than the one that stands here';
    return trailOf(cycleId, 'BROKEN', report, atLine(witness.entries, text));
  }
  if (torn) return incomplete('the last line is unfinished');
  if (entries === 0) return incomplete('the chain has no entry');
  if (witness === 'UNKNOWN') {
    const text = 'the stored result cannot be read, so nobody knows where the chain should end';
    return trailOf(cycleId, 'UNREADABLE', report, atLine(0, text));
  }
  if (witness !== 'NONE' && witness.entries > entries) {
    return incomplete(
      `the stored result knows of ${witness.entries} entries, only ${entries} are left`,
    );
  }
  if (missing !== null) {
    const { line, seq, problem: text } = missing;
    return trailOf(cycleId, 'INCOMPLETE', report, { line, seq, problem: text });
  }
  return trailOf(cycleId, 'INTACT', report, null);
}

/**
 * Each whole line as text. What is no UTF-8 is given as a line that is no entry: no byte may pass
 * as another.
 */
function* wholeLines(fd: number, size: number, onTorn: () => void): Generator<string> {
  for (const { bytes, whole } of linesForward(fd, size)) {
    if (!whole) onTorn();
    else yield isUtf8(bytes) ? bytes.toString() : '';
  }
}

async function readWitness(home: Home, cycleId: string): Promise<Witness> {
  try {
    const result = await fileCycles(home).result(cycleId);
    if (result === null) return 'NONE';
    return headIn(result) ?? 'UNKNOWN';
  } catch (error) {
    sentence(error);
    return 'UNKNOWN';
  }
}

function headIn(result: JsonObject): AuditHead | null {
  const { audit } = result;
  if (!isObject(audit)) return null;
  const { entries, head } = audit;
  if (typeof entries !== 'number' || !Number.isSafeInteger(entries) || entries < 0) return null;
  if (head === null) return entries === 0 ? { entries, head } : null;
  return isHash(head) && entries > 0 ? { entries, head } : null;
}

function trailOf(
  cycleId: string,
  status: TrailStatus,
  report: ChainReport,
  problem: ChainProblem | null,
): CycleTrail {
  const { entries, head, ended } = report;
  return { cycle_id: cycleId, status, entries, head, ended, problem };
}

function atLine(line: number, problem: string): ChainProblem {
  return { line, seq: null, problem };
}

function alien(path: string, named: boolean): AlienFile {
  const problem = named
    ? 'it has the name of an audit chain, but is no plain file'
    : 'it is no audit chain: the folder holds the audit trail and nothing else';
  return { path, problem };
}

/** The text of a store's error. Any other error is a fault of the harness, and passes. */
function sentence(error: unknown): string {
  const isStores = error instanceof Error && error.name === 'StoreError';
  if (!isStores) throw error;
  return error.message;
}
