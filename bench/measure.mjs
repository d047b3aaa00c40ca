import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** The value that `share` (0–1) of the samples do not exceed. */
export function percentile(samples, share) {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)];
}

let ticksPerSecond;

/** Seconds of processor time that a process has used, all its threads; null where /proc is not. */
export function cpuSeconds(pid) {
  return secondsIn(pid, 11);
}

/** The same of all processes that a process has started and that are gone, with what those have started. */
export function childrenCpuSeconds(pid = process.pid) {
  return secondsIn(pid, 13);
}

/** The sum of two fields, in user mode and in the kernel. */
function secondsIn(pid, field) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name, in parentheses, may hold anything: the fields are counted behind it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    ticksPerSecond ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
    return (Number(fields[field]) + Number(fields[field + 1])) / ticksPerSecond;
  } catch {
    return null; // no /proc here: the figure is n/a
  }
}

/** Resident memory of a process in MB; null where /proc is not. */
export function rssMb(pid) {
  try {
    const [, kb] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return kb === undefined ? null : Math.round(Number(kb) / 1024);
  } catch {
    return null;
  }
}

/** Runs `count` jobs with at most `width` in flight. */
export async function inFlight(count, width, job) {
  let left = count;
  const lane = async () => {
    while (left > 0) {
      left -= 1;
      await job();
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, count) }, lane));
}

export function round(value, digits) {
  return value === null ? null : Number(value.toFixed(digits));
}
