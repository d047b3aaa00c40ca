import { spawn } from 'node:child_process';

/**
 * Sees to it that process `pid` does not outlive this one, however this one ends: a shell waits on
 * a pipe that the system closes with us, then sends `pid` the signal that asks it to end. Call the returned function
 * once `pid` has ended. On Windows there is no such shell: a server whose harness was killed goes
 * on, and holds its port and database.
 */
export function guard(pid: number, signal: 'SIGTERM' | 'SIGINT' = 'SIGTERM'): () => void {
  if (process.platform === 'win32') return () => undefined;
  // In a session of its own: Ctrl-C in the terminal must not end it before us.
  const shell = spawn(
    '/bin/sh',
    ['-c', 'read -r _; kill -s "$2" "$1"', 'sh', String(pid), signal.slice(3)],
    {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
      env: {},
    },
  );
  // Without a shell there is no guardian; the database's lock still reports a server left behind.
  shell.on('error', () => undefined);
  shell.unref();
  return () => void shell.kill('SIGKILL');
}
