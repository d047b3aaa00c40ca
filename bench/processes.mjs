// What the process of a skill's run costs: processor time from its start until it is ready, and of its end; walls and Node apart.
import { spawnSync } from 'node:child_process';
import { startChild } from '../dist/sandbox/child.js';
import { ready } from '../dist/sandbox/pool.js';
import { fileProgram, snapshotProgram } from '../dist/sandbox/snapshot.js';
import { wallsToTry } from '../dist/sandbox/walls.js';
import { childrenCpuSeconds, round } from './measure.mjs';

/** All ways in turns, so that what else the machine does hits each. */
export async function measureProcesses(rounds, say) {
  say(`processes: ${rounds} starts of each kind, in turns`);
  const ways = [
    ['process', await thatStarts(wallsToTry('process'))],
    ['os', await thatStarts(wallsToTry().filter(({ isolation }) => isolation === 'os'))],
  ].filter(([, walls]) => walls !== undefined);
  const programs = Object.entries({ file: fileProgram(), snapshot: snapshotProgram() }).filter(
    ([, program]) => program !== undefined,
  );
  const rows = ways.flatMap(([level, walls]) => [
    { level, what: 'its walls, then `true`', run: () => through(walls, ['true']), ms: 0 },
    {
      level,
      what: 'its walls, then `node -e 0`',
      run: () => through(walls, [process.execPath, '-e', '0']),
      ms: 0,
    },
    ...programs.map(([name, program]) => ({
      level,
      what: `a skill's process, out of the ${name}`,
      run: () => startAndEnd(walls, program),
      ms: 0,
    })),
  ]);
  for (let i = 0; i <= rounds; i += 1) {
    for (const row of rows) {
      const before = childrenCpuSeconds();
      await row.run();
      const after = childrenCpuSeconds();
      // The first of each finds its files on the disk.
      if (i > 0) row.ms = before === null ? null : row.ms + (after - before) * 1_000;
    }
  }
  return rows.map(({ level, what, ms }) => ({
    level,
    what,
    'CPU ms': round(ms === null ? null : ms / rounds, 1),
  }));
}

async function thatStarts(candidates) {
  for (const walls of candidates) {
    try {
      await startAndEnd(walls, fileProgram());
      return walls;
    } catch {
      // Not on this machine: the next, weaker ones.
    }
  }
  return undefined;
}

async function startAndEnd(walls, program) {
  const child = await ready(startChild(walls, program));
  child.kill();
  await child.gone;
}

function through({ before }, program) {
  const [first, ...rest] = [...before, ...program];
  // The environment of a skill's process is as empty.
  const { status, error } = spawnSync(first, rest, { cwd: '/', env: {} });
  if (status !== 0) throw error ?? new Error(`${first} ended with status ${status}`);
}
