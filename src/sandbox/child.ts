import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { Readable } from 'node:stream';
import { LINE_MAX_BYTES, MESSAGES_MAX, TOTAL_MAX_BYTES } from './limits';
import { V8_FLAGS } from './snapshot';
import type { Program } from './snapshot';
import type { Walls } from './walls';

const STDERR_MAX = 4_096;

/** How a process ended: what it wrote to standard error goes with it, for what the runtime says of its own death. */
export interface Death {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly complaint: string;
}

/** One process of one skill. */
export interface Child {
  /** Of Node itself, as this machine counts. */
  readonly pid: number | undefined;
  /** One line; lost when the process is gone, whose end is told otherwise. */
  send(message: object): void;
  /** Who hears its lines from now on; `null` when it said more than it may, after which nothing is heard. */
  listen(heard: (line: string | null) => void): void;
  /** At once, whatever it is doing. */
  kill(): void;
  /** Settled when the process is gone and every line it wrote has been heard. */
  readonly gone: Promise<Death>;
}

export function startChild(walls: Walls, program: Program): Child {
  const [first = '', ...args] = [...walls.before, process.execPath, ...flags(), ...program];
  const child = spawn(first, args, {
    cwd: '/',
    env: {},
    // A session of its own: Ctrl-C at the harness's terminal is not for it.
    detached: true,
    stdio: ['pipe', 'ignore', 'pipe', 'pipe'],
  });
  const { stdin, stderr } = child;
  const voice = child.stdio[3];
  if (stdin === null || stderr === null || !(voice instanceof Readable)) {
    throw new Error('a process was started without its pipes');
  }
  let heard: (line: string | null) => void = () => undefined;
  let complaint = '';
  // A pipe whose reader died. That it died is told by `gone`.
  stdin.on('error', () => undefined);
  stderr.on('data', (chunk: Buffer) => {
    if (complaint.length < STDERR_MAX) complaint += chunk.toString().slice(0, STDERR_MAX);
  });
  readLines(voice, (line) => heard(line));
  let over = child.pid === undefined;
  const gone = new Promise<Death>((resolve) => {
    child.once('error', (error) => resolve({ code: null, signal: null, complaint: error.message }));
    child.once('exit', () => (over = true));
    child.once('close', (code, signal) => resolve({ code, signal, complaint }));
  });
  const inner = lazily(() => (walls.nested ? onlyChildOf(child.pid) : child.pid));
  return {
    get pid() {
      return inner();
    },
    send: (message) => void stdin.write(`${JSON.stringify(message)}\n`),
    listen: (next) => void (heard = next),
    kill() {
      if (over) return;
      // Node first: the process before it then waits for its end and ends itself, leaving nothing to whom nobody waits for.
      const pid = inner();
      if (pid === undefined || pid === child.pid || !killed(pid)) child.kill('SIGKILL');
    },
    gone,
  };
}

/** Of the Node that runs: before 24 its permission model has the name of an experiment. */
function flags(): string[] {
  const permission = process.allowedNodeEnvironmentFlags.has('--permission')
    ? '--permission'
    : '--experimental-permission';
  return [permission, ...V8_FLAGS, '--no-warnings'];
}

function lazily<T>(find: () => T | undefined): () => T | undefined {
  let found: T | undefined;
  return () => (found ??= find());
}

function onlyChildOf(pid: number | undefined): number | undefined {
  try {
    const pids = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
    return Number.parseInt(pids, 10) || undefined;
  } catch {
    // It is gone, or this kernel does not tell.
    return undefined;
  }
}

function killed(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone already, or not ours to kill; then the one before it is killed, and takes it along.
    return false;
  }
}

/** Never keeps more than one line, never hears more than the limits. */
function readLines(stream: Readable, hear: (line: string | null) => void): void {
  const decoder = new StringDecoder('utf8');
  let [line, lineBytes, total, count] = ['', 0, 0, 0];
  let flooded = false;
  const flood = (): void => {
    flooded = true;
    line = '';
    hear(null);
  };
  stream.on('error', () => undefined);
  stream.on('data', (chunk: Buffer) => {
    if (flooded) return;
    total += chunk.length;
    if (total > TOTAL_MAX_BYTES) return flood();
    for (let from = 0; from < chunk.length && !flooded;) {
      const at = chunk.indexOf(10, from);
      const end = at < 0 ? chunk.length : at;
      lineBytes += end - from;
      if (lineBytes > LINE_MAX_BYTES) return flood();
      line += decoder.write(chunk.subarray(from, end));
      from = end + 1;
      if (at < 0) return undefined;
      count += 1;
      if (count > MESSAGES_MAX) return flood();
      const whole = line;
      [line, lineBytes] = ['', 0];
      hear(whole);
    }
    return undefined;
  });
}
