import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

import { messageOf } from '../core/invariant';
import { guard } from './guardian';
import { Problem } from '../problem';

export interface ServerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ServerProcess {
  readonly pid: number;
  /** Settles when the process has ended, whoever ended it. Never rejects. */
  readonly exited: Promise<ServerExit>;
  running(): boolean;
  /** SIGTERM, and SIGKILL after 10 s; settles when the process has ended. May be called again. */
  stop(): Promise<void>;
}

const STOP_MS = 10_000;

/**
 * Runs the server with its output going to `logFd`, and `lockFd` handed down: it holds the lock as
 * long as it lives.
 * @throws Problem `NO_SERVER` when the binary cannot be run.
 */
export async function spawnServer(
  binary: string,
  args: readonly string[],
  { logFd, lockFd }: { readonly logFd: number; readonly lockFd: number | null },
): Promise<ServerProcess> {
  const child = spawn(binary, [...args], {
    stdio: ['ignore', logFd, logFd, ...(lockFd === null ? [] : [lockFd])],
    // In a session of its own: Ctrl-C in the terminal is for us, who first drain the worker.
    detached: true,
    windowsHide: true,
  });
  const exited = new Promise<ServerExit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  try {
    await once(child, 'spawn');
  } catch (error) {
    const sentence = `the Temporal server ${binary} cannot be run: ${messageOf(error)}`;
    throw new Problem('NO_SERVER', sentence, null, error);
  }
  const { pid } = child;
  if (pid === undefined) throw new Error('a process that was started has an id');
  void exited.then(guard(pid));
  return { pid, exited, running: () => isRunning(child), stop: () => stop(child, exited) };
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

async function stop(child: ChildProcess, exited: Promise<ServerExit>): Promise<void> {
  if (!isRunning(child)) return;
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await exited;
  clearTimeout(force);
}
