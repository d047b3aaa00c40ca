import { closeSync, fstatSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';

const BYTES_MAX = 16 * 1024 * 1024;
const LINES_SHOWN = 5;

export interface ServerLog {
  readonly fd: number;
  /** The last lines written since it was opened, on one line. */
  tail(): string;
  close(): void;
}

/** Appends to `path`; a file that has grown over 16 MiB is first set aside as `<path>.old`. */
export function openServerLog(path: string): ServerLog {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > BYTES_MAX) renameSync(path, `${path}.old`);
  const fd = openSync(path, 'a');
  const begin = fstatSync(fd).size;
  return {
    fd,
    tail() {
      const text = readFileSync(path).subarray(begin).toString();
      const lines = text.split('\n').filter((line) => line.trim() !== '');
      return lines.slice(-LINES_SHOWN).join(' | ');
    },
    close() {
      closeSync(fd);
    },
  };
}
