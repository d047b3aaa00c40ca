import { spawnSync } from 'node:child_process';
import type { Json } from '../../src/core/json';
import type { Broker, Invocation } from '../../src/sandbox/types';

export interface Performed {
  readonly name: string;
  readonly ordinal: number;
  readonly payload: Json;
}

/** A broker that remembers what it was asked; `refusing` is refused. */
export function recorder(): Broker & { readonly effects: Performed[]; readonly lines: string[] } {
  const effects: Performed[] = [];
  const lines: string[] = [];
  return {
    effects,
    lines,
    async effect(name, ordinal, payload) {
      if (name === 'refusing') throw new Error('the disk is full');
      effects.push({ name, ordinal, payload });
      return { receipt: ordinal };
    },
    log: (line) => void lines.push(line),
  };
}

/** A run of a skill whose `run(ctx, input)` has this body. */
export function invocationOf(body: string, timeout_ms = 10_000): Invocation {
  return {
    skill_ref: 'zoo.animal@1.0.0',
    code: `module.exports = { default: { skill_id: 'zoo.animal', async run(ctx, input) { ${body} } } };`,
    input: { list: [1, 2, 3] },
    states: { regime_state: { behavior: 'TRENDING_NORMAL_VOL' }, flow_state: null },
    outputs: { T3: { removed: [] }, T2: null },
    effects: ['ranking_log', 'refusing'],
    task_id: '00000000-0000-5000-8000-000000000000',
    idempotency_key: 'key',
    mode: 'shadow',
    timeout_ms,
  };
}

/** Ids of every process that descends from this one, but for the bundler's own. */
export function descendants(of: number): number[] {
  const { stdout } = spawnSync('ps', ['-axo', 'pid=,ppid=,comm='], { encoding: 'utf8' });
  const rows = stdout
    .split('\n')
    .map((row) => row.trim().split(/\s+/))
    .filter(([, , name = '']) => !['ps', 'esbuild'].includes(name))
    .map(([pid, parent]) => ({ pid: Number(pid), parent: Number(parent) }));
  const found: number[] = [];
  const add = (parent: number): void => {
    for (const row of rows.filter((each) => each.parent === parent)) {
      found.push(row.pid);
      add(row.pid);
    }
  };
  add(of);
  return found;
}

export function isAlive(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return stdout.trim() !== '' && !stdout.trim().startsWith('Z');
}
