import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ChainReport, checkChain } from '../../src/audit/chain';
import type { Draft } from '../../src/core/entry';

export const CYCLE = '0f3a1c52-6c1e-5d0b-8a77-3f2b9c4d5e6f';
export const OTHER_CYCLE = '7b2d9e10-1f4a-5c3b-9d8e-0a1b2c3d4e5f';
export const TASK = 'c6a0e1d2-3b4c-5d6e-8f70-112233445566';

export function draft(run: string, seq: number, changes: Partial<Draft> = {}): Draft {
  const first = seq === 1 && (changes.part ?? 0) === 0;
  return {
    run_id: run,
    seq,
    part: 0,
    at: '2026-11-22T14:25:29.000Z',
    type: first ? 'CYCLE_OPENED' : 'TASK_ENDED',
    clause: 'CA',
    actor: 'harness',
    task: first ? null : 'T1',
    data: { note: `entry ${seq}`, sign: '€ 𝄞' },
    ...changes,
  };
}

/** A run's entries `from` … `to`, the first its CYCLE_OPENED when `from` is 1. */
export function drafts(run: string, from: number, to: number): readonly Draft[] {
  return Array.from({ length: to - from + 1 }, (_, index) => draft(run, from + index));
}

/** A whole run of `length` entries, from CYCLE_OPENED to CYCLE_ENDED. */
export function wholeRun(run: string, length: number): readonly Draft[] {
  return [...drafts(run, 1, length - 1), draft(run, length, { type: 'CYCLE_ENDED', task: null })];
}

export function emitted(run: string, seq: number, actionIds: readonly string[]): readonly Draft[] {
  return actionIds.map((action_id, index) =>
    draft(run, seq, { part: index + 1, type: 'ACTION_EMITTED', task: 'T4', data: { action_id } }),
  );
}

/** The chain of these entries in itself: they tell of nothing that a cycle could have done. */
export async function chainIn(home: string, cycleId = CYCLE): Promise<ChainReport> {
  const text = await readFile(join(home, 'audit', `${cycleId}.jsonl`), 'utf8');
  return checkChain(cycleId, text.split('\n').slice(0, -1));
}
