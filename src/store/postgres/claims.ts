import { claimLine, damagedClaims, emittedElsewhere, readOwners } from '../rules/claims';
import { uuidOrThrow } from '../rules/ids';
import { settle } from '../rules/settle';
import type { ActionStore, Claimant } from '../store';
import { type Book, bookOf, unbroken } from './book';
import type { Chains } from './chains';
import type { Database } from './database';
import { asStoreError } from './errors';
import type { Locks } from './locks';

export function postgresClaims(database: Database, locks: Locks, chains: Chains): ActionStore {
  const book = bookOf(database, 'claims');
  return {
    async claim(taskId, claimant, actionIds, commit) {
      const task = uuidOrThrow(taskId);
      const what = `the record of emitted actions of task ${task} in the database ${database.where}`;
      const outcome = await asStoreError('STORE_UNAVAILABLE', what, () =>
        locks.hold(`claim ${task}`, database.waitMs, async () => {
          const elsewhere = await decide(book, chains, { task, claimant, actionIds, what });
          // An error of `commit` is the caller's own: it passes as it is.
          return settle(() => commit(elsewhere));
        }),
      );
      if (outcome.status === 'rejected') throw outcome.reason;
      return outcome.value;
    },
  };
}

interface Wanted {
  readonly task: string;
  readonly claimant: Claimant;
  readonly actionIds: readonly string[];
  readonly what: string;
}

/** Judged anew where somebody else has claimed meanwhile, as can be when a lock was lost with its connection. */
async function decide(
  book: Book,
  chains: Chains,
  { task, claimant, actionIds, what }: Wanted,
): Promise<ReadonlySet<string>> {
  for (;;) {
    const rows = await book.all(task);
    const lines = unbroken(rows);
    if (lines === null) throw damagedClaims(what);
    const owners = readOwners(lines, new Set(actionIds), what);
    const elsewhere = await emittedElsewhere(owners, claimant, (owner) =>
      chains.emittedActions(owner),
    );
    const line = claimLine(claimant, actionIds, owners, elsewhere);
    if (line === null || (await book.add(task, rows.length, [line]))) return elsewhere;
  }
}
