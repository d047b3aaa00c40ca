// The disk under the trail of a run. Where this user may mount, a small file system of its own that can be filled to its last byte:
// a batch then meets its end in the middle of a line, or at once. Elsewhere a file stands in the place of the folder for a while.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  cpSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statfsSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

/** Room for some thousand cycles. */
const SIZE = '64m';
const CHUNK = Buffer.alloc(1_048_576);

/** @returns `{how, fill(), free(), close(keep)}`; between `fill` and `free` the folder `audit` of the home takes no more */
export function openDisk(home) {
  const audit = join(home, 'audit');
  mkdirSync(audit, { mode: 0o700 });
  const mounted = spawnSync('mount', [
    '-t',
    'tmpfs',
    '-o',
    `size=${SIZE},mode=700`,
    'chaos',
    audit,
  ]);
  return mounted.status === 0 ? ownDisk(audit) : noDisk(audit);
}

function ownDisk(audit) {
  const filler = join(audit, 'filler');
  const guard = guardOf(audit);
  return {
    how: 'a disk of its own, filled to its last byte',
    fill() {
      const fd = openSync(filler, 'w');
      try {
        while (statfsSync(audit).bfree > 0) writeSync(fd, CHUNK);
      } catch (error) {
        if (error.code !== 'ENOSPC') throw error;
      } finally {
        closeSync(fd);
      }
    },
    free() {
      rmSync(filler);
    },
    /** What was on it stays in the folder when it is to be kept. */
    async close(keep = false) {
      const kept = `${audit}-kept`;
      if (keep) cpSync(audit, kept, { recursive: true });
      guard.ref();
      guard.stdin.end();
      const [status] = await once(guard, 'exit');
      if (status !== 0) throw new Error(`${audit} could not be unmounted`);
      if (!keep) return;
      rmSync(audit, { recursive: true });
      renameSync(kept, audit);
    },
  };
}

/** Unmounts when its input ends: when it is told to, or when this process ends in whatever way. A signal to us does not reach it. */
function guardOf(audit) {
  const guard = spawn('sh', ['-c', 'cat; umount -l "$0"', audit], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  guard.unref();
  guard.stdin.unref();
  return guard;
}

function noDisk(audit) {
  const aside = `${audit}-aside`;
  return {
    how: 'a file in the place of its folder: this user may not mount a disk',
    fill() {
      renameSync(audit, aside);
      writeFileSync(audit, '');
    },
    free() {
      rmSync(audit);
      renameSync(aside, audit);
    },
    async close() {},
  };
}
