import { isUtf8 } from 'node:buffer';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isOfSchedule, problemOfSchedule } from '../core/balance';
import { ContractWatch } from '../core/breaches';
import type { Entry } from '../core/entry';
import { LATCH_CHAIN, LEDGER_CHAIN } from '../core/identity';
import type { Sha256 } from '../core/json';
import { fileCycles, idsIn } from '../store/files/cycles';
import { fileDocuments } from '../store/files/documents';
import { asStoreError, goneAsNull } from '../store/files/errors';
import { readSettled } from '../store/files/growing';
import { homeAt, type Home } from '../store/files/home';
import { isUuid } from '../store/rules/ids';
import { linesForward } from '../store/files/lines';
import { checkChain, type ChainProblem, type ChainReport } from './chain';
import { Evidence, type Finding, type Needed, neededBy } from './evidence';
import {
  conclude,
  couldNotLook,
  kindOf,
  type AlienFile,
  type CycleTrail,
  type TrailReport,
  type TrailStatus,
} from './report';
import {
  contradiction,
  type Met,
  readLedger,
  sentence,
  type Testimony,
  type Witness,
  type Witnesses,
  witnessesOf,
} from './witness';

const ENDING = '.jsonl';

/** How many chains are looked at at once. */
const AT_ONCE = 16;

/** What all chains are held against, and where their documents are. */
type Against = Witnesses & { readonly evidence: Evidence };

/** Chains of the harness itself, which tell of no cycle. */
const OWN_CHAINS = new Set([LATCH_CHAIN, LEDGER_CHAIN]);

/**
 * Checks the trail under `home` (HARNESS_HOME), without changing a byte: of the cycle `id` (a
 * cycle or workflow id), or of all cycles with every byte under `audit/`. Each chain is checked in
 * itself and against the stored result, which knows how many entries there were and the hash of
 * the last. It never says INTACT of what it could not read.
 */
export async function verifyTrail(
  home: string,
  id?: string,
  others: readonly Testimony[] = [],
): Promise<TrailReport> {
  const place = homeAt(home);
  try {
    const evidence = new Evidence(fileDocuments(place));
    const witnesses = { ledger: await readLedger(place), others, evidence };
    return id === undefined
      ? await verifyAll(place, witnesses)
      : await verifyOne(place, id, witnesses);
  } catch (error) {
    return couldNotLook(sentence(error));
  }
}

async function verifyOne(home: Home, id: string, witnesses: Against): Promise<TrailReport> {
  const cycleId = isUuid(id) ? id : (await fileCycles(home).find(id))?.cycle_id;
  const trail = cycleId === undefined ? null : await verifyCycle(home, cycleId, witnesses);
  if (trail === null) {
    const shown = JSON.stringify(id.slice(0, 80));
    return couldNotLook(
      `no audit chain of ${shown} is in ${home.root}: check the id and the folder`,
    );
  }
  return conclude([trail], [], []);
}

async function verifyAll(home: Home, witnesses: Against): Promise<TrailReport> {
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
  const told = [witnesses.ledger.cycles, ...witnesses.others.map(({ ends }) => ends)];
  const known = new Set([
    ...chains,
    ...(await idsIn(home, 'results')),
    ...told.flatMap((ends) => [...ends.keys()].filter(isUuid)),
  ]);
  const ids = [...known].sort();
  const trails = new Map<string, CycleTrail | null>();
  // Several at once: most of the time is waiting for the disk.
  let next = 0;
  const work = async (): Promise<void> => {
    for (let id = ids[next++]; id !== undefined; id = ids[next++])
      trails.set(id, await verifyCycle(home, id, witnesses));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  const cycles = ids.flatMap((id) => trails.get(id) ?? []);
  const notBegun = (await idsIn(home, 'cycles')).filter((cycleId) => !known.has(cycleId));
  return conclude(cycles, aliens, notBegun);
}

/** Null when nobody knows of such a chain. */
async function verifyCycle(
  home: Home,
  cycleId: string,
  witnesses: Against,
): Promise<CycleTrail | null> {
  try {
    const { known, unknown } = await witnessesOf(home, cycleId, witnesses);
    const found = await readChain(home, cycleId, known);
    if (found !== null) {
      const trail = judge(cycleId, await withEvidence(witnesses.evidence, found), known, unknown);
      return trail.status === 'INTACT' ? onLedger(home, trail, found, witnesses) : trail;
    }
    const who = unknown ? 'the stored result' : known[0]?.who;
    if (who === undefined) return null;
    const text = `${who} knows of this cycle, but the audit chain is gone`;
    return trailOf(cycleId, 'INCOMPLETE', NO_CHAIN, atLine(0, text));
  } catch (error) {
    return trailOf(cycleId, 'UNREADABLE', NO_CHAIN, atLine(0, sentence(error)));
  }
}

/** C1.1: a run that was opened since there is a ledger stands on it. It may just be on its way there: then a second look finds it. */
async function onLedger(
  home: Home,
  trail: CycleTrail,
  { opened }: FoundChain,
  { ledger }: Against,
): Promise<CycleTrail> {
  const { since } = ledger;
  const strange = (runs: ReadonlySet<string>) =>
    opened.find(({ run, at }) => since !== null && at > since && !runs.has(run));
  if (strange(ledger.runs) === undefined) return trail;
  const stranger = strange((await readLedger(home)).runs);
  if (stranger === undefined) return trail;
  const text = 'the ledger of cycles knows nothing of the run that begins here';
  return { ...trail, status: 'INCOMPLETE', problem: atLine(stranger.line, text) };
}

interface FoundChain {
  readonly report: ChainReport;
  /** The bytes after the last newline were there. */
  readonly torn: boolean;
  readonly met: Met;
  /** The runs of a cycle, by the line that opened each. */
  readonly opened: readonly { readonly run: string; readonly at: string; readonly line: number }[];
  /** What a cycle's entries stand on, up to the chain's first problem. */
  readonly needed: readonly Needed[];
  readonly missing: Finding | null;
}

const NO_CHAIN: ChainReport = {
  entries: 0,
  head: null,
  runs: 0,
  first: null,
  ended: false,
  problem: null,
};

async function readChain(
  home: Home,
  cycleId: string,
  known: readonly Witness[],
): Promise<FoundChain | null> {
  const path = join(home.root, 'audit', `${cycleId}${ENDING}`);
  const named = new Set(known.map(({ entries }) => entries));
  const read = (fd: number, size: number): FoundChain => {
    let torn = false;
    const met = new Map<number, Sha256>();
    const opened: { run: string; at: string; line: number }[] = [];
    const lines = wholeLines(fd, size, () => {
      torn = true;
    });
    const schedule: Entry[] = [];
    const needed: Needed[] = [];
    const watch = new ContractWatch(cycleId);
    let breach: ChainProblem | null = null;
    const report = checkChain(cycleId, lines, (entry, number) => {
      if (named.has(number)) met.set(number, entry.hash);
      const { type, run_id: run, at } = entry;
      if (type === 'CYCLE_OPENED') opened.push({ run, at, line: number });
      if (isOfSchedule(entry)) schedule.push(entry);
      else if (breach === null && !OWN_CHAINS.has(cycleId)) {
        const problem = watch.see(entry);
        if (problem !== null) breach = { line: number, seq: entry.seq, problem };
        else needed.push(...neededBy(entry, number, watch.seen));
      }
    });
    const told = withAccount(cycleId, report, schedule);
    const sound = breach === null ? told : { ...told, problem: breach };
    return { report: sound, torn, met, opened, needed, missing: null };
  };
  const isGood = ({ report, torn }: FoundChain) => report.problem === null && !torn;
  return asStoreError('AUDIT_UNAVAILABLE', `the audit chain ${path}`, () =>
    readSettled(path, home.lockWaitMs, read, isGood).catch(goneAsNull),
  );
}

/** What the entries stand on is read when the chain is let go: a writer is not kept waiting. */
async function withEvidence(evidence: Evidence, found: FoundChain): Promise<FoundChain> {
  const { report } = found;
  if (report.problem !== null) return found;
  const finding = await evidence.examine(found.needed);
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

function judge(
  cycleId: string,
  found: FoundChain,
  known: readonly Witness[],
  unknown: boolean,
): CycleTrail {
  const { report, torn, met, missing } = found;
  const { entries, problem } = report;
  if (problem !== null) return trailOf(cycleId, 'BROKEN', report, problem);
  const last = entries + (torn ? 1 : 0);
  const incomplete = (text: string) => trailOf(cycleId, 'INCOMPLETE', report, atLine(last, text));
  const against = contradiction(known, met, entries);
  if (against !== null) {
    const text = `${against.who} names another entry as the last than the one that stands here`;
    return trailOf(cycleId, 'BROKEN', report, atLine(against.entries, text));
  }
  if (torn) return incomplete('the last line is unfinished');
  if (entries === 0) return incomplete('the chain has no entry');
  if (unknown) {
    const text = 'the stored result cannot be read, so nobody knows where the chain should end';
    return trailOf(cycleId, 'UNREADABLE', report, atLine(0, text));
  }
  const further = known.find((witness) => witness.entries > entries);
  if (further !== undefined)
    return incomplete(
      `${further.who} knows of ${further.entries} entries, only ${entries} are left`,
    );
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

function trailOf(
  cycleId: string,
  status: TrailStatus,
  report: ChainReport,
  problem: ChainProblem | null,
): CycleTrail {
  const { entries, head, ended, first } = report;
  const kind = cycleId === LEDGER_CHAIN ? 'ledger' : kindOf(first);
  return { kind, cycle_id: cycleId, status, entries, head, ended, problem };
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
