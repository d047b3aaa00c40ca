import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

import { tryLock } from 'fs-native-extensions';

import { Problem } from '../problem';

/** A server whose harness was killed is being stopped, and needs a moment for it. */
const PATIENCE_MS = 5_000;
const POLL_MS = 100;

export interface DatabaseLock {
  /** Hand it down to the server: the lock lasts as long as any process has this descriptor open. */
  readonly fd: number;
  /** Writes down who holds it, for the message that the next one gets. */
  note(holder: { readonly pid: number; readonly address: string }): void;
  /** Gives up this process's share. */
  close(): void;
}

/**
 * The database is for one server at a time: two would both start on the same file, and undo each
 * other's work. The lock belongs to the open file, not to a process, so that it is neither lost nor
 * stale when only one of them dies.
 * @throws Problem `NO_SERVER` that names the server which holds it.
 */
export async function lockDatabase(dbFile: string): Promise<DatabaseLock> {
  const path = `${dbFile}.lock`;
  const fd = openSync(path, 'a+');
  const giveUpAt = performance.now() + PATIENCE_MS;
  while (!tryLock(fd)) {
    if (performance.now() > giveUpAt) {
      closeSync(fd);
      throw heldError(dbFile, path);
    }
    await delay(POLL_MS);
  }
  return {
    fd,
    note({ pid, address }) {
      ftruncateSync(fd);
      writeSync(fd, `${pid} ${address}\n`);
    },
    close() {
      closeSync(fd);
    },
  };
}

function heldError(dbFile: string, path: string): Error {
  const [pid, address] = readFileSync(path, 'utf8').trim().split(' ');
  const holder = pid && address ? ` (process ${pid}, at ${address})` : '';
  const use = address ? `use that one with TEMPORAL_ADDRESS=${address}, ` : '';
  const stop = pid ? `stop it (kill ${pid})` : 'stop it';
  return new Problem(
    'NO_SERVER',
    `the database ${dbFile} is in use by another Temporal server${holder}: ${use}${stop}, or` +
      ' choose another folder with --data',
  );
}
