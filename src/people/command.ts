import { spawn } from 'node:child_process';
import type { NoticeBody } from '../core/notice';

/** A command that runs longer is killed, with all that it has started. */
const RUN_MS = 10_000;

/** What desktop and mail programs need to work. Nothing else of the worker's environment reaches a command. */
const PASSED_ON = [
  'PATH',
  'HOME',
  'LANG',
  'DISPLAY',
  'XDG_RUNTIME_DIR',
  'DBUS_SESSION_BUS_ADDRESS',
] as const;

interface Command {
  readonly command: readonly string[];
  readonly label: string;
  readonly notice: NoticeBody;
  readonly env: NodeJS.ProcessEnv;
  readonly stop: AbortSignal;
  readonly runMs?: number;
}

/**
 * Runs the program with its own arguments and no shell: the notice as JSON on standard input, which notice it is and its
 * text in HARNESS_NOTICE and HARNESS_NOTICE_TEXT. Exit 0 is delivered; what it prints is dropped.
 */
export function runCommand(run: Command): Promise<string | null> {
  const { command, label, notice, env, stop, runMs = RUN_MS } = run;
  const [program = '', ...args] = command;
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      shell: false,
      detached: true, // a group of its own, so that what it starts can be killed with it
      env: {
        ...Object.fromEntries(PASSED_ON.flatMap((name) => (env[name] ? [[name, env[name]]] : []))),
        HARNESS_NOTICE: notice.notice,
        HARNESS_NOTICE_TEXT: notice.text,
      },
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    const settle = (problem: string | null): void => {
      clearTimeout(timer);
      stop.removeEventListener('abort', stopped);
      resolve(problem);
    };
    const end = (problem: string): void => {
      killGroup(child.pid);
      settle(problem);
    };
    const stopped = (): void => end(`${label} was not waited for any longer`);
    const timer = setTimeout(() => end(`${label} ran longer than ${runMs} ms`), runMs);
    stop.addEventListener('abort', stopped);
    child.once('error', (error: NodeJS.ErrnoException) =>
      settle(`${label} cannot be run (${error.code ?? 'no code'})`),
    );
    child.once('exit', (code, signal) =>
      settle(code === 0 ? null : `${label} ended with ${signal ?? `exit ${code}`}`),
    );
    child.stdin.on('error', () => undefined); // a program need not read what it is given
    child.stdin.end(JSON.stringify(notice));
    if (stop.aborted) stopped();
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}
