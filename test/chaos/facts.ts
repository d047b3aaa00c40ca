import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

export const CHAOS = join(__dirname, '..', '..', 'chaos');

/** Calls a function of the chaos run's own modules, which are no part of the product's build. */
export function chaos<T>(module: string, name: string, ...args: readonly unknown[]): T {
  return printed(module, `chaos.${name}(...JSON.parse(readFileSync(0, 'utf8')))`, args);
}

/** What such a module exports, but for its functions. */
export const constantsOf = <T>(module: string): T => printed(module, '{ ...chaos }');

function printed<T>(module: string, value: string, args: readonly unknown[] = []): T {
  const script = `
    import * as chaos from ${JSON.stringify(join(CHAOS, module))};
    import { readFileSync } from 'node:fs';
    process.stdout.write(JSON.stringify(${value}));`;
  const { stdout, stderr, status } = spawnSync('node', ['--input-type=module', '-e', script], {
    input: JSON.stringify(args),
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as T;
}

export interface Found {
  readonly invariant: string;
  readonly cycle_id: string | null;
  readonly sentence: string;
}

export const violationsOf = (facts: Facts): Found[] => chaos('checks.mjs', 'violationsOf', facts);

export interface Line {
  readonly type: string;
  readonly task?: string | null;
  readonly run_id?: string;
  readonly at?: string;
  readonly data?: Record<string, unknown>;
}

export interface FactsOfCycle {
  shape: string;
  clock: string;
  deeds: string[];
  losses: number;
  full: boolean;
  limit_ms: number | null;
  lived_ms: number;
  entries: Line[];
  result: Record<string, unknown> | null;
  temporal: { status: string; result: Record<string, unknown> | null; failure: string | null };
  readonly [more: string]: unknown;
}

export interface Facts {
  verify: Record<string, unknown>;
  cycles: FactsOfCycle[];
  lines: { key: string; task_id: string; cycle_id: string | null }[];
  bodies: { at: number; workflow_id: string; task: string }[];
  full: { how: string }[];
  latches: { from: number; to: number; in_flight: { workflow_id: string; task: string }[] }[];
  leftovers: string[];
  accidents: string[];
  notices: { cycle_id: string; halt_id: string; notice: string }[];
  replays: { replayed: number; problems: { workflow_id: string; problem: string }[] };
}

const AT = '2026-11-22T14:00:00.000Z';
const NAMES = ['T1', 'T2', 'T3', 'T4', 'note-1', 'note-2'];
const RESULT = { outcome: 'COMPLETED', run_id: 'run-1', audit: { entries: 16, head: 'sha256:aa' } };

export function line({ type, task = null, run_id = 'run-1', at = AT, data = {} }: Line): Line {
  return { type, task, run_id, at, data };
}

export const started = (task: string): Line =>
  line({ type: 'TASK_STARTED', task, data: { task_id: `id-${task}` } });
export const ended = (task: string): Line =>
  line({ type: 'TASK_ENDED', task, data: { task_id: `id-${task}`, outcome: 'SUCCESS' } });
export const over = (outcome: string): Line => line({ type: 'CYCLE_ENDED', data: { outcome } });

/** One cycle of the shape `skill`, left alone, as a run gathers it: nothing is wrong with it. */
export function soundFacts(): Facts {
  const tasks = NAMES.map((name) => ({ name }));
  const emitted = line({ type: 'ACTION_EMITTED', task: 'T4', data: { action_id: 'action-1' } });
  const entries = [
    line({ type: 'CYCLE_OPENED' }),
    started('T1'),
    ended('T1'),
    line({ type: 'GRAPH_BUILT', data: { tasks } }),
    ...NAMES.slice(1).flatMap((name) =>
      name === 'T4' ? [started(name), emitted, ended(name)] : [started(name), ended(name)],
    ),
    over('COMPLETED'),
  ];
  const cycle = {
    n: 0,
    shape: 'skill',
    clock: 'right',
    cycle_id: 'c-1',
    workflow_id: 'w-1',
    stuck: null,
    bundle_ms: Date.parse(AT) - 1_000,
    deeds: [],
    losses: 0,
    full: false,
    limit_ms: null,
    lived_ms: 1_000,
    entries,
    result: { ...RESULT },
    temporal: { status: 'COMPLETED', result: { ...RESULT }, failure: null },
  };
  const trail = { cycle_id: 'c-1', status: 'INTACT', ended: true, problem: null };
  return {
    verify: { status: 'INTACT', problem: null, aliens: [], not_begun: [], cycles: [trail] },
    cycles: [cycle],
    lines: ['note-1', 'note-2'].map((name) => ({
      key: `key-${name}`,
      task_id: `id-${name}`,
      cycle_id: 'c-1',
    })),
    bodies: [{ at: 1_000, workflow_id: 'w-1', task: 'T2' }],
    full: [],
    latches: [{ from: 2_000, to: 3_000, in_flight: [] }],
    leftovers: [],
    accidents: [],
    notices: [],
    replays: { replayed: 1, problems: [] },
  };
}
