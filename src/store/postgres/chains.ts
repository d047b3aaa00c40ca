import { parseEntry } from '../../audit/chain';
import type { AuditHead, Draft, Entry } from '../../core/entry';
import {
  emittedBy,
  emittedIn,
  entriesIn,
  forked,
  intactEntries,
  looksBack,
  meet,
  refuseDisorder,
  type Standing,
  tailEntry,
} from '../rules/append';
import { uuidOrThrow } from '../rules/ids';
import type { AuditStore, Claimant } from '../store';
import { allIn, type Along, type Book, bookOf, insertInto, lastIn, type Row } from './book';
import { type Ask, type Database, LISTING_MS, patiently } from './database';
import { asStoreError, isTaken } from './errors';

/** The chains, one row an entry. */
export interface Chains extends AuditStore {
  /** C4.I2: what the run has on record as emitted; null when its chain is missing or damaged, so nobody can tell. */
  emittedActions(owner: Claimant): Promise<ReadonlySet<string> | null>;
  /** Differs when the chain has grown. */
  mark(chainId: string): Promise<string>;
}

/**
 * An append reads the chain's end and writes behind it: two questions, no lock. Who was second is refused by the primary key,
 * and looks again, from then on in turn with the others.
 */
export function postgresChains(database: Database): Chains {
  const book = bookOf(database, 'entries');
  const unavailable = <T>(chainId: string, body: () => Promise<T>): Promise<T> =>
    asStoreError('AUDIT_UNAVAILABLE', `the audit chain ${chainId}`, body);

  return {
    async append(chainId, drafts, written) {
      const chain = uuidOrThrow(chainId);
      refuseDisorder(drafts);
      return unavailable(chain, async () => {
        const row = await book.last(chain);
        if (drafts.length === 0) return headOf(chain, row);
        const done =
          (await appendBehind(book, chain, row, drafts)) ??
          (await appendInTurn(database, chain, drafts));
        if (done.fresh > 0) written?.(drafts.slice(-done.fresh));
        return done.end;
      });
    },

    async read(chainId) {
      const chain = uuidOrThrow(chainId);
      return unavailable(chain, async () => {
        const rows = await book.all(chain);
        if (rows.length === 0) return null;
        return intactEntries(chain, chain, entriesIn(chain, linesOf(rows)));
      });
    },

    cycles() {
      return asStoreError('AUDIT_UNAVAILABLE', 'the audit trail', () => chainIds(database));
    },

    async emittedActions(owner) {
      const rows = await book.all(uuidOrThrow(owner.cycle_id));
      const { entries, damage } = entriesIn(owner.cycle_id, linesOf(rows));
      return rows.length === 0 || damage !== null ? null : emittedBy(entries, owner);
    },

    mark(chainId) {
      return unavailable(chainId, async () => {
        const row = await book.last(chainId);
        return row === null ? 'none' : `${row.n} ${row.line}`;
      });
    },
  };
}

/** The ids of all chains, in order; each is looked up behind the one before it, however long the chains are. */
export async function chainIds({ read }: Database): Promise<string[]> {
  const rows = await read<{ key: string }>(
    'WITH RECURSIVE ids AS (' +
      '(SELECT key FROM harness.entries ORDER BY key LIMIT 1) UNION ALL ' +
      'SELECT (SELECT e.key FROM harness.entries e WHERE e.key > ids.key ORDER BY e.key LIMIT 1) ' +
      'FROM ids WHERE ids.key IS NOT NULL) ' +
      'SELECT key FROM ids WHERE key IS NOT NULL ORDER BY key',
    [],
    LISTING_MS,
  );
  return rows.map(({ key }) => key);
}

/** Where the chain ends now, and how many of the drafts were written for it: the last ones. */
interface Appended {
  readonly end: AuditHead;
  readonly fresh: number;
}

/** null when somebody else has written meanwhile. */
async function appendBehind(
  book: Book,
  chain: string,
  row: Row | null,
  drafts: readonly Draft[],
): Promise<Appended | null> {
  const tail = tailOf(chain, row);
  const behind = looksBack(tail, drafts) ? await book.all(chain) : [];
  const { lines, head } = meet(chain, tail, drafts, standingIn(behind));
  const after = row?.n ?? 0;
  try {
    const written = await book.add(chain, after, lines, emissionsOf(drafts, lines));
    return written ? appended(after, lines, head) : null;
  } catch (error) {
    if (isTaken(error)) return null;
    throw error;
  }
}

/** How often a writer that waits its turn may be overtaken by one that did not. */
const TURNS = 100;

/** The lock spares the tries that would be refused; what is written is decided by the primary key here as well. */
async function appendInTurn(
  database: Database,
  chain: string,
  drafts: readonly Draft[],
): Promise<Appended> {
  for (let turn = 1; ; turn += 1) {
    try {
      // A lost answer is looked for as any other writer's entries are: what stands is not written again.
      return await patiently(database.waitMs, () =>
        database.transaction((ask) => appendLocked(ask, chain, drafts)),
      );
    } catch (error) {
      if (!isTaken(error) || turn === TURNS) throw error;
      // It was looked again since, so the action stands in another chain.
      if (turn > 1 && error.constraint === 'emissions_pkey') throw emittedAlready(drafts, error);
    }
  }
}

async function appendLocked(ask: Ask, chain: string, drafts: readonly Draft[]): Promise<Appended> {
  await ask('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`harness append ${chain}`]);
  const row = (await lastIn('entries')(ask, chain)) ?? null;
  const tail = tailOf(chain, row);
  const behind = looksBack(tail, drafts) ? await allIn('entries')(ask, chain) : [];
  const { lines, head } = meet(chain, tail, drafts, standingIn(behind));
  const after = row?.n ?? 0;
  if (lines.length > 0)
    await insertInto('entries', ask, chain, after, lines, emissionsOf(drafts, lines));
  return appended(after, lines, head);
}

function appended(after: number, lines: readonly string[], head: AuditHead['head']): Appended {
  return { end: { entries: after + lines.length, head }, fresh: lines.length };
}

function tailOf(chain: string, row: Row | null): Entry | null {
  return row === null ? null : tailEntry(chain, chain, row.line);
}

function headOf(chain: string, row: Row | null): AuditHead {
  return { entries: row?.n ?? 0, head: tailOf(chain, row)?.hash ?? null };
}

function linesOf(rows: readonly Row[]): string[] {
  return rows.map(({ line }) => line);
}

function standingIn(rows: readonly Row[]): Standing {
  return {
    *backward() {
      for (const { line } of rows.toReversed()) yield line;
    },
    hasRun: (runId) => rows.some(({ line }) => parseEntry(line)?.run_id === runId),
  };
}

const INSERT_EMISSIONS = 'INSERT INTO harness.emissions (action_id) SELECT unnest($4::text[])';

/** C4.I2: an emission is noted with its entry, once for its action in the whole database. `lines`: of the last drafts. */
function emissionsOf(drafts: readonly Draft[], lines: readonly string[]): Along | undefined {
  const ids = emittedIn(drafts.slice(drafts.length - lines.length));
  return ids.size === 0 ? undefined : { query: INSERT_EMISSIONS, value: [...ids] };
}

function emittedAlready(drafts: readonly Draft[], error: Error): Error {
  const draft = drafts.find(({ type }) => type === 'ACTION_EMITTED');
  return draft === undefined ? error : forked(draft, 'another cycle or run has emitted the action');
}
