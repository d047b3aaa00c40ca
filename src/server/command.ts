import { execFile } from 'node:child_process';

export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  /** Why it did not end with status 0; null when it did. */
  readonly problem: string | null;
}

/** Runs a program to its end, at most `timeoutMs`. Never rejects: a failure is a `problem`. */
export function runCommand(
  command: string,
  args: readonly string[],
  options: { readonly env: NodeJS.ProcessEnv; readonly timeoutMs: number },
): Promise<CommandResult> {
  const { env, timeoutMs } = options;
  return new Promise((resolve) => {
    execFile(
      command,
      [...args],
      { env, timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: 16 * 1024 * 1024 },
      (error, stdout, stderr) => {
        resolve({ stdout, stderr, problem: error === null ? null : problemOf(error, timeoutMs) });
      },
    );
  });
}

function problemOf(error: Error & { code?: unknown; killed?: boolean }, timeoutMs: number): string {
  if (error.killed === true) return `it did not end within ${timeoutMs / 1000} s`;
  if (error.code === 'ENOENT') return 'there is no such program';
  if (error.code === 'EACCES') return 'it may not be run';
  return typeof error.code === 'number' ? `it ended with status ${error.code}` : error.message;
}
