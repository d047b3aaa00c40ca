import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '../core/invariant';
import { isObject, valueOf } from '../core/json';
import { Problem } from '../problem';

/** The note that `harness up` leaves in HARNESS_HOME while it runs: by it every command finds the server. */
export interface OwnServer {
  readonly address: string;
  readonly ui_url: string | null;
  readonly pid: number;
}

const FILE = 'server.json';

/** Whole at once: a command may be looking. */
export function noteServer(home: string, server: OwnServer): void {
  const draft = join(home, `${FILE}.${process.pid}`);
  writeFileSync(draft, textOf(server));
  renameSync(draft, join(home, FILE));
}

export function forgetServer(home: string): void {
  rmSync(join(home, FILE), { force: true });
}

/**
 * The server that `harness up` runs on this HARNESS_HOME; null when none does. A note that outlived its server means nothing.
 * @throws Problem UNREADABLE for a damaged one: who took it for none would talk to another server
 */
export function ownServer(home: string): OwnServer | null {
  const file = join(home, FILE);
  const own = serverIn(file);
  if (own === undefined) return null;
  if (own !== null) return isAlive(own.pid) ? own : null;
  const how = 'remove it, and name the server with --address if one runs';
  throw new Problem('UNREADABLE', `${file}, the note of \`harness up\`, is damaged: ${how}`, file);
}

/** null: it is no note; undefined: there is none. */
function serverIn(file: string): OwnServer | null | undefined {
  try {
    const text = readFileSync(file, 'utf8');
    const note = valueOf(text);
    if (!isObject(note)) return null;
    const { address, ui_url, pid } = note;
    if (typeof address !== 'string' || !/^\S+:\d{1,5}$/.test(address)) return null;
    if (ui_url !== null && (typeof ui_url !== 'string' || !URL.canParse(ui_url))) return null;
    // 0 and what is below it are groups of processes.
    if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid < 1) return null;
    const own = { address, ui_url, pid };
    return textOf(own) === text ? own : null;
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? undefined : null;
  }
}

function textOf({ address, ui_url, pid }: OwnServer): string {
  return JSON.stringify({ address, ui_url, pid });
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
