import type { JsonObject } from '../../src/core/json';
import type { Reason } from '../../src/core/reasons';
import type { CycleResult } from '../../src/core/result';
import { readBundle } from '../../src/documents/bundle';
import { bundleWith } from '../core/samples';
import type { Cut as ScriptCut, Script } from '../core/script';
import { simulate } from '../core/simulation';
import { listOf } from './document';
import type { Told, World } from './world';

/** More than any bundle of these worlds stays fresh, less than any halt of theirs waits. */
export const STALL_MS = 400_000;

/** What the product's core makes of a world, driven as the workflow drives it. */
export function coreOn(world: World, pick: (running: number) => number): Told {
  const { bundle, findings } = readBundle(world.bundle);
  const { policy, graph, skills, fails, cut, decisions } = world;
  const script: Script = {
    graph,
    policy,
    skills,
    pick,
    // Time stands still but for a STALL: a bundle as old as may be stays so.
    stepMs: 0,
    bundle: bundle ?? bundleWith(),
    ...(bundle === null ? { invalid: findings } : {}),
    ends: Object.fromEntries(Object.entries(fails).map(([name, failed]) => [name, [{ failed }]])),
    cuts:
      cut === null
        ? {}
        : { [cut.after === 'T1' ? 'GRAPH_BUILT' : `TASK_ENDED ${cut.after}`]: [CUTS[cut.what]] },
    waits: decisions.map(({ choice, late }) => [
      ...(late ? [CUTS.STALL] : []),
      { decide: { choice } },
    ]),
  };
  return toldBy(simulate(script).result);
}

const CUTS: Readonly<Record<'STALL' | 'CANCEL' | 'HALT', ScriptCut>> = {
  STALL: { laterMs: STALL_MS },
  CANCEL: { cancel: 'enough' },
  HALT: { halt: 'a look' },
};

/** A result without the words for people. */
export function toldBy(result: CycleResult): Told {
  const items = (list: unknown): readonly JsonObject[] =>
    listOf(list as JsonObject[]) as readonly JsonObject[];
  const { phase, outcome, tasks, violations, halt } = result;
  return {
    phase: phase === 'HALTED' ? 'HALTED' : 'IDLE',
    outcome,
    reasons: [...new Set(result.reasons.map(reasonOf))].sort(),
    tasks: tasks.map(({ name, outcome: end, reason }) =>
      [name, String(end), ...(reason === null ? [] : [reason.code])].join(' '),
    ),
    removed: items(result.beliefs_removed).map(
      ({ belief_id, reason }) => `${String(belief_id)} ${String((reason as JsonObject)['code'])}`,
    ),
    actions: items(result.actions).map((action) => ({
      belief: String(action['belief_id']),
      signals: action['source_signal_ids'] as readonly string[],
      regime: String(action['source_regime_state_id']),
      permission: action['factor_permission'] as 'GRANTED' | 'BYPASSED',
    })),
    violations: violations.map(({ kind, code, response }) => ({ kind, code, response })),
    halt: halt === null ? null : { code: halt.code, choices: [...halt.choices].sort() },
  };
}

function reasonOf({ code, state }: Reason): string {
  return code.startsWith('STATE_') && state !== undefined ? `${code} ${state}` : code;
}
