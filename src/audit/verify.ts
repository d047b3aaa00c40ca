import { isOfSchedule, problemOfSchedule } from '../core/balance';
import { ContractWatch } from '../core/breaches';
import { quote } from '../core/construct';
import type { Entry } from '../core/entry';
import { isEventType } from '../core/events';
import { LATCH_CHAIN, LEDGER_CHAIN } from '../core/identity';
import type { Sha256 } from '../core/json';
import { fileTrail } from '../store/files/trail';
import { isUuid } from '../store/rules/ids';
import type { Lines, Trail } from '../store/trail';
import { checkChain, type ChainProblem, type ChainReport } from './chain';
import { Evidence, type Finding, type Needed, neededBy } from './evidence';
import {
  conclude,
  couldNotLook,
  kindOf,
  type CycleTrail,
  type TrailReport,
  type TrailStatus,
} from './report';
import { inThreads } from './threads';
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

/** What all chains are held against, and where their documents are. */
type Against = Witnesses & { readonly evidence: Evidence };

/** Chains of the harness itself, which tell of no cycle. */
const OWN_CHAINS = new Set([LATCH_CHAIN, LEDGER_CHAIN]);

/** The trail under `home` (HARNESS_HOME, or an export), as {@link verify} looks at any. */
export function verifyTrail(
  home: string,
  id?: string,
  others: readonly Testimony[] = [],
): Promise<TrailReport> {
  return verify(fileTrail(home), id, others, inThreads(home) ?? verifyShare);
}

/**
 * Checks the trail, without changing a byte: of the cycle `id` (a cycle or workflow id), or of all cycles with every byte that
 * lies among them. Each chain is checked in itself and against the stored result, which knows how many entries there were and
 * the hash of the last. It never says INTACT of what it could not read.
 */
export async function verify(
  trail: Trail,
  id?: string,
  others: readonly Testimony[] = [],
  lookAt: Look = verifyShare,
): Promise<TrailReport> {
  try {
    const witnesses = { ledger: await readLedger(trail), others };
    return id === undefined
      ? await verifyAll(trail, witnesses, lookAt)
      : await verifyOne(trail, id, witnesses);
  } catch (error) {
    return couldNotLook(sentence(error));
  }
}

async function verifyOne(trail: Trail, id: string, witnesses: Witnesses): Promise<TrailReport> {
  const cycleId = isUuid(id) ? id : (await trail.find(id))?.cycle_id;
  const ids = cycleId === undefined ? [] : [cycleId];
  const [found] = await verifyShare(trail, { ids, ...witnesses });
  if (found === undefined) {
    return couldNotLook(
      `no audit chain of ${quote(id)} is in ${trail.where}: check the id and the folder`,
    );
  }
  return conclude([found], [], []);
}

async function verifyAll(trail: Trail, witnesses: Witnesses, lookAt: Look): Promise<TrailReport> {
  const { ids: chains, aliens } = await trail.chains();
  const told = [witnesses.ledger.cycles, ...witnesses.others.map(({ ends }) => ends)];
  const known = new Set([
    ...chains,
    ...(await trail.idsOf('results')),
    ...told.flatMap((ends) => [...ends.keys()].filter(isUuid)),
  ]);
  const found = await lookAt(trail, { ids: [...known], ...witnesses });
  const cycles = found.toSorted((a, b) => (a.cycle_id < b.cycle_id ? -1 : 1));
  const begun = new Set(found.map(({ cycle_id }) => cycle_id));
  const notBegun = (await trail.idsOf('cycles')).filter((cycleId) => !begun.has(cycleId));
  return conclude(cycles, aliens, notBegun);
}

/** Some of the chains, and what all chains are held against: plain data, for another thread. */
export interface Share extends Witnesses {
  readonly ids: readonly string[];
}

/** What is found of the chains that somebody knows of, in any order. */
export type Look = (trail: Trail, share: Share) => Promise<readonly CycleTrail[]>;

export const verifyShare: Look = async (trail, { ids, ...witnesses }) => {
  const against = { ...witnesses, evidence: new Evidence(trail.documents) };
  const found: CycleTrail[] = [];
  // Several at once: of a distant store most of the time is waiting.
  let next = 0;
  const work = async (): Promise<void> => {
    for (let id = ids[next++]; id !== undefined; id = ids[next++]) {
      const one = await verifyCycle(trail, id, against);
      if (one !== null) found.push(one);
    }
  };
  await Promise.all(Array.from({ length: trail.atOnce }, work));
  return found;
};

/** Null when nobody knows of such a chain. */
async function verifyCycle(
  trail: Trail,
  cycleId: string,
  witnesses: Against,
): Promise<CycleTrail | null> {
  try {
    const { known, unknown } = await witnessesOf(trail, cycleId, witnesses);
    const found = await readChain(trail, cycleId, known);
    const who = unknown ? 'the stored result' : known[0]?.who;
    // A file that was made for a first entry, which a full disk then refused, says no more than none.
    if (who === undefined && found !== null && isEmpty(found)) return null;
    if (found !== null) {
      const judged = judge(cycleId, await withEvidence(witnesses.evidence, found), known, unknown);
      return judged.status === 'INTACT' ? onLedger(trail, judged, found, witnesses) : judged;
    }
    if (who === undefined) return null;
    const text = `${who} knows of this cycle, but the audit chain is gone`;
    return trailOf(cycleId, 'INCOMPLETE', NO_CHAIN, atLine(0, text));
  } catch (error) {
    return trailOf(cycleId, 'UNREADABLE', NO_CHAIN, atLine(0, sentence(error)));
  }
}

function isEmpty({ report, torn }: FoundChain): boolean {
  return report.entries === 0 && report.problem === null && !torn;
}

/** C1.1: a run that was opened since there is a ledger stands on it. It may just be on its way there: then a second look finds it. */
async function onLedger(
  trail: Trail,
  judged: CycleTrail,
  { opened }: FoundChain,
  { ledger }: Against,
): Promise<CycleTrail> {
  const { since } = ledger;
  const strange = (runs: ReadonlySet<string>) =>
    opened.find(({ run, at }) => since !== null && at > since && !runs.has(run));
  if (strange(ledger.runs) === undefined) return judged;
  const stranger = strange((await readLedger(trail)).runs);
  if (stranger === undefined) return judged;
  const text = 'the ledger of cycles knows nothing of the run that begins here';
  return { ...judged, status: 'INCOMPLETE', problem: atLine(stranger.line, text) };
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
  trail: Trail,
  cycleId: string,
  known: readonly Witness[],
): Promise<FoundChain | null> {
  const named = new Set(known.map(({ entries }) => entries));
  const see = (lines: Lines): FoundChain => {
    const met = new Map<number, Sha256>();
    const opened: { run: string; at: string; line: number }[] = [];
    const schedule: Entry[] = [];
    const needed: Needed[] = [];
    const watch = new ContractWatch(cycleId);
    let breach: ChainProblem | null = null;
    const report = checkChain(cycleId, lines.all, (entry, number) => {
      if (named.has(number)) met.set(number, entry.hash);
      const { type, run_id: run, at } = entry;
      if (type === 'CYCLE_OPENED') opened.push({ run, at, line: number });
      if (isOfSchedule(entry)) schedule.push(entry);
      else if (breach === null && !OWN_CHAINS.has(cycleId)) {
        breach = breachOf(watch, entry, number);
        if (breach === null) needed.push(...neededBy(entry, number, watch.seen));
      }
    });
    const told = withAccount(cycleId, withFault(report, lines), schedule);
    const sound = breach === null ? told : { ...told, problem: breach };
    return { report: sound, torn: lines.torn(), met, opened, needed, missing: null };
  };
  const isSound = ({ report, torn }: FoundChain) => report.problem === null && !torn;
  return trail.look(cycleId, see, isSound);
}

/** What the contract forbids at this entry, or what this version does not know to judge. */
function breachOf(watch: ContractWatch, entry: Entry, line: number): ChainProblem | null {
  const { type, seq } = entry;
  if (!isEventType(type)) {
    const problem = `it is of a type that this version does not know, ${quote(type)}: verify it with a newer one`;
    return { line, seq, problem, foreign: true };
  }
  const problem = watch.see(entry);
  return problem === null ? null : { line, seq, problem };
}

/** Lines that are well chained, but do not lie as they were written. */
function withFault(report: ChainReport, lines: Lines): ChainReport {
  const fault = report.problem === null ? lines.fault() : null;
  return fault === null ? report : { ...report, problem: { ...fault, seq: null } };
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
  const isForeign = problem?.foreign === true;
  if (problem !== null && !isForeign) return trailOf(cycleId, 'BROKEN', report, problem);
  const last = entries + (torn ? 1 : 0);
  const incomplete = (text: string) => trailOf(cycleId, 'INCOMPLETE', report, atLine(last, text));
  const against = contradiction(known, met, entries);
  if (against !== null) {
    const text = `${against.who} names another entry as the last than the one that stands here`;
    return trailOf(cycleId, 'BROKEN', report, atLine(against.entries, text));
  }
  if (isForeign) return trailOf(cycleId, 'UNREADABLE', report, problem);
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
