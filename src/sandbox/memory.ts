import { readFileSync } from 'node:fs';
import { RESIDENT_MIB } from './limits';

const LOOK_EVERY_MS = 25;

/**
 * Calls `outgrown` once the process has more memory than the limit, buffers included: V8's own limit is for its heap alone. Where
 * there is no /proc (macOS) nothing is watched.
 * @returns stops watching
 */
export function watchMemory(pid: number | undefined, outgrown: () => void): () => void {
  const timer = setInterval(() => {
    if (residentMib(pid) <= RESIDENT_MIB) return;
    clearInterval(timer);
    outgrown();
  }, LOOK_EVERY_MS);
  return () => clearInterval(timer);
}

function residentMib(pid: number | undefined): number {
  try {
    const found = /^VmRSS:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return Number(found?.[1] ?? 0) / 1024;
  } catch {
    // It is gone, which is told otherwise, or this system has no /proc.
    return 0;
  }
}
