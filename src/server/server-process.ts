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
  /** Asks it to end, and kills it when its grace is over; settles when the process has ended. May be called again. */
  stop(): Promise<void>;
}

export interface SpawnOptions {
  readonly logFd: number;
  readonly lockFd: number | null;
  /** What it is called where it cannot be run; `Temporal server` by default. */
  readonly name?: string;
  /** This process's own by default. */
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Whose rights it has; this process's by default. */
  readonly user?: { readonly uid: number; readonly gid: number } | null;
  /** What asks it to end; SIGTERM by default. */
  readonly stopSignal?: 'SIGTERM' | 'SIGINT';
  /** How long it has to end before it is killed; 10 s by default. */
  readonly graceMs?: number;
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
  options: SpawnOptions,
): Promise<ServerProcess> {
  const { logFd, lockFd, stopSignal = 'SIGTERM', graceMs = STOP_MS } = options;
  const child = spawn(binary, [...args], {
    stdio: ['ignore', logFd, logFd, ...(lockFd === null ? [] : [lockFd])],
    env: options.env,
    cwd: options.cwd,
    ...options.user,
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
    const sentence = `the ${options.name ?? 'Temporal server'} ${binary} cannot be run: ${messageOf(error)}`;
    throw new Problem('NO_SERVER', sentence, null, error);
  }
  const { pid } = child;
  if (pid === undefined) throw new Error('a process that was started has an id');
  void exited.then(guard(pid, stopSignal));
  return {
    pid,
    exited,
    running: () => isRunning(child),
    stop: () => stop(child, exited, stopSignal, graceMs),
  };
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

async function stop(
  child: ChildProcess,
  exited: Promise<ServerExit>,
  signal: NodeJS.Signals,
  graceMs: number,
): Promise<void> {
  if (!isRunning(child)) return;
  child.kill(signal);
  const force = setTimeout(() => child.kill('SIGKILL'), graceMs);
  await exited;
  clearTimeout(force);
}
