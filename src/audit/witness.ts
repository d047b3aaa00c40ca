import {
  knownRuns,
  type KnownRuns,
  type Milestone,
  milestoneIn,
  NO_LEDGER,
} from '../core/cycle-ledger';
import { LEDGER_CHAIN } from '../core/identity';
import { isDigest, type JsonObject, type Sha256 } from '../core/json';
import type { Lines, Trail } from '../store/trail';
import { parseEntry } from './chain';

/** Somebody outside a chain who knows an end that it once had. */
export interface Witness extends Milestone {
  /** In a sentence: `the stored result`. */
  readonly who: string;
}

/** Ends of chains, by chain id, that somebody else than this store knows of. */
export interface Testimony {
  readonly who: string;
  readonly ends: ReadonlyMap<string, readonly Milestone[]>;
}

/** What all chains are held against. */
export interface Witnesses {
  readonly ledger: KnownRuns;
  readonly others: readonly Testimony[];
}

/** Read before any chain: what it knows of stood in its chain already. A damaged ledger is told of as a chain. */
export async function readLedger(trail: Trail): Promise<KnownRuns> {
  const read = ({ all }: Lines) => [...all].flatMap((line) => parseEntry(line) ?? []);
  const entries = await trail.look(LEDGER_CHAIN, read, () => true);
  return entries === null ? NO_LEDGER : knownRuns(entries);
}

/** All who know of this chain; `unknown`: a result is stored that nobody can read. */
export async function witnessesOf(
  trail: Trail,
  chainId: string,
  { ledger, others }: Witnesses,
): Promise<{ readonly known: readonly Witness[]; readonly unknown: boolean }> {
  const named = (who: string, ends: readonly Milestone[] = []): Witness[] =>
    ends.map((end) => ({ ...end, who }));
  const known = [
    ...named('the ledger of cycles', ledger.cycles.get(chainId)),
    ...others.flatMap(({ who, ends }) => named(who, ends.get(chainId))),
  ];
  const result = await storedEnd(trail, chainId);
  if (result === 'NONE') return { known, unknown: false };
  if (result === 'UNKNOWN') return { known, unknown: true };
  return { known: [...named('the stored result', [result]), ...known], unknown: false };
}

async function storedEnd(trail: Trail, chainId: string): Promise<Milestone | 'NONE' | 'UNKNOWN'> {
  try {
    const result = await trail.result(chainId);
    return result === null ? 'NONE' : endIn(result);
  } catch (error) {
    sentence(error);
    return 'UNKNOWN';
  }
}

function endIn({ audit }: JsonObject): Milestone | 'NONE' | 'UNKNOWN' {
  const end = milestoneIn(audit);
  if (end !== null) return isDigest(end.head) ? end : 'UNKNOWN';
  const none = JSON.stringify(audit) === '{"entries":0,"head":null}';
  return none ? 'NONE' : 'UNKNOWN';
}

/** What a chain's walk has met: by number, the hash of each entry that a witness names. */
export type Met = ReadonlyMap<number, Sha256>;

/** The first witness that names another entry than the one that stands there. */
export function contradiction(
  known: readonly Witness[],
  met: Met,
  entries: number,
): Witness | null {
  const stands = known.filter((witness) => witness.entries <= entries);
  return stands.find(({ entries: n, head }) => met.get(n) !== head) ?? null;
}

/** The text of a store's error. Any other error is a fault of the harness, and passes. */
export function sentence(error: unknown): string {
  const isStores = error instanceof Error && error.name === 'StoreError';
  if (!isStores) throw error;
  return error.message;
}
