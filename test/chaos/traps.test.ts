import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CHAOS } from './facts';

/** Runs `body` as a module that may use the chaos run's own, with a home of its own. @returns what it printed, and how it ended */
function run(body: string, home: string): { said: string; signal: string | null } {
  const script = `
    import { openDisk } from ${JSON.stringify(join(CHAOS, 'disk.mjs'))};
    import { die, trappedStore, trapWrites } from ${JSON.stringify(join(CHAOS, 'trapped.mjs'))};
    import { Traps } from ${JSON.stringify(join(CHAOS, 'traps.mjs'))};
    import fs from 'node:fs';
    const home = ${JSON.stringify(home)};
    ${body}`;
  const { stdout, stderr, signal } = spawnSync('node', ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  });
  if (stderr !== '') throw new Error(stderr);
  return { said: stdout, signal };
}

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'harness-chaos-test-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

describe('a trap', () => {
  it('is taken by one worker, on the way of its workflow alone, once', () => {
    const { said } = run(
      `const [one, other] = [new Traps(home), new Traps(home)];
       one.set('w-1', { at: 'before T2', does: 'die' });
       const met = [
         other.take('w-2', 'before T2'), other.take('w-1', 'before T1'), one.isSprung('w-1', 'before T2'),
         other.take('w-1', 'before T2'), one.take('w-1', 'before T2'), one.isSprung('w-1', 'before T2'),
         one.hasKilled(process.pid), one.hasKilled(0),
       ];
       process.stdout.write(JSON.stringify(met));`,
      home,
    );
    expect(JSON.parse(said)).toEqual([null, null, false, 'die', null, true, true, false]);
  });

  it('amid a writing leaves half of it, and a process that is gone', () => {
    const { signal } = run(
      `const store = { audit: { append: async () => fs.writeSync(fs.openSync(home + '/file', 'w'), Buffer.from('{"a":1}')) } };
       trapWrites((at) => at === 'amid CYCLE_ENDED', () => undefined);
       const drafts = [{ type: 'TASK_ENDED' }, { type: 'CYCLE_ENDED' }];
       await trappedStore(store, async () => undefined).audit.append('c-1', drafts);`,
      home,
    );
    expect(signal).toBe('SIGKILL');
    expect(readFileSync(join(home, 'file'), 'utf8')).toBe('{"a');
  });
});

/** Where the trail may have a disk of its own, as root on Linux, it gets one; else a file in its place. Both are full, then free. */
describe('the disk under the trail', () => {
  const mounts = (): string =>
    process.platform === 'linux' ? readFileSync('/proc/mounts', 'utf8') : '';
  const append = `const append = () => {
      try { fs.appendFileSync(home + '/audit/chain', 'a'.repeat(5_000)); return 'written'; }
      catch (error) { return error.code; }
    };`;

  it('takes nothing more while it is full, and all again when it is freed', () => {
    const { said } = run(
      `${append}
       const disk = openDisk(home);
       const met = [append()];
       disk.fill();
       met.push(append());
       disk.free();
       met.push(append());
       await disk.close(true);
       process.stdout.write(JSON.stringify([disk.how, met, fs.statSync(home + '/audit/chain').size]));`,
      home,
    );
    const [how, met, size] = JSON.parse(said) as [string, string[], number];
    const own = how.startsWith('a disk of its own');
    expect(met).toEqual(['written', own ? 'ENOSPC' : 'ENOTDIR', 'written']);
    // A full disk takes what fits, in the middle of a line.
    expect(size > 10_000).toBe(own);
    expect(mounts()).not.toContain(home);
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGKILL'])(
    'is not left mounted by a run that ends by %s',
    (how) => {
      const { signal } = run(`openDisk(home).fill(); process.kill(process.pid, '${how}');`, home);
      expect(signal).toBe(how);
      const until = `while grep -q "$0" /proc/mounts; do sleep 0.1; done`;
      const left = spawnSync('sh', ['-c', until, home], { timeout: 20_000 });
      expect(left.signal).toBeNull();
    },
  );
});
