import { isDeepStrictEqual } from 'node:util';
import { CancelledFailure, ApplicationFailure } from '@temporalio/common';
import { stepProblem } from '../../src/audit/chain';
import { ContractWatch } from '../../src/core/breaches';
import type { Entry } from '../../src/core/entry';
import { effectKey } from '../../src/core/identity';
import { isObject, type JsonObject } from '../../src/core/json';
import { projectTrail } from '../../src/core/projection';
import { type CycleResult, fitting, resultOf } from '../../src/core/result';
import { differenceFromTable } from './by-table';
import { plain } from './plain';
import type { Run, World } from './world';

/** What must hold when a world has come to rest, whatever befell it. Empty: it does. */
export function checkWorld(world: World): string[] {
  const told = new Told(world);
  return [
    ...world.drawn.flatMap(({ cycle_id }) => trailProblems(world, told, cycle_id)),
    ...world.runs.flatMap((run) => runProblems(world, told, run)),
    ...emissionProblems(world),
    ...effectProblems(world),
  ];
}

function entriesOf({ memory }: World, cycleId: string): readonly Entry[] {
  return memory.chains.get(cycleId) ?? [];
}

/** What the trails tell, each read once. */
class Told {
  private readonly world: World;
  private readonly known = new Map<string, CycleResult>();

  constructor(world: World) {
    this.world = world;
  }

  /** What the first `count` entries of a cycle's trail tell; null: there are none. */
  by(cycleId: string, count: number): CycleResult | null {
    const key = `${cycleId} ${count}`;
    const known = this.known.get(key);
    if (known !== undefined || count === 0) return known ?? null;
    const { cycle, run_id, audit } = projectTrail(entriesOf(this.world, cycleId).slice(0, count));
    const told = resultOf(cycle, run_id, audit);
    this.known.set(key, told);
    return told;
  }
}

/** C1.1: the chain is whole, and a harness that keeps the contract can have left it. */
function trailProblems(world: World, by: Told, cycleId: string): string[] {
  const entries = entriesOf(world, cycleId);
  const watch = new ContractWatch(cycleId);
  let before: Entry | null = null;
  for (const entry of entries) {
    const problem = stepProblem(before, entry) ?? watch.see(entry);
    if (problem !== null) return [`${cycleId}: ${entry.type} at ${entry.seq}: ${problem}`];
    before = entry;
  }
  if (entries.length === 0) return [`${cycleId}: it left no trail`];
  const kept = world.memory.results.get(cycleId);
  const open = before?.type !== 'CYCLE_ENDED';
  if (open) return [`${cycleId}: its trail has no end (INV-8)`];
  // A run that the server cut off between its last entry and its result leaves the trail alone, and that tells everything.
  const cutOff = world.runs.some(
    ({ host }) => host.terminated && host.info.runId === before?.run_id,
  );
  if (kept === undefined) return cutOff ? [] : [`${cycleId}: it has no stored result`];
  const told = by.by(cycleId, entries.length);
  const differs = difference(JSON.parse(kept), told);
  if (differs !== null)
    return [`${cycleId}: the stored result is not what the trail tells: ${differs}`];
  const unlike = told === null ? null : differenceFromTable(world, entries, told);
  return unlike === null ? [] : [`${cycleId}: it is not what the contract's table says: ${unlike}`];
}

/** A workflow ends with its result, CANCELLED, or refused because its cycle's end stands (R36); and it never fails otherwise. */
function runProblems(world: World, by: Told, { host, drawn }: Run): string[] {
  const at = `${host.info.workflowId} ${host.info.runId}`;
  if (host.terminated) return [];
  if (host.end === null) return [`${at}: it never ends (INV-8)`];
  const { cycle_id } = drawn;
  const entries = entriesOf(world, cycle_id);
  const mine = entries.findLastIndex(({ run_id }) => run_id === host.info.runId);
  const result = 'result' in host.end ? host.end.result : null;
  // Of a scheduled cycle that had ended the next run tells what it had come to (R36).
  const again = drawn.nominalMs !== null && isObject(result) && result['deduplicated'] === true;
  const told = by.by(cycle_id, again ? entries.length : mine + 1);
  if ('result' in host.end) {
    if (told === null) return [`${at}: it ends without a trail`];
    const differs = difference(again ? { ...result, deduplicated: false } : result, told);
    return differs === null ? [] : [`${at}: its result is not what the trail tells: ${differs}`];
  }
  const { failure } = host.end;
  if (failure instanceof CancelledFailure)
    return told?.outcome === 'CANCELLED' ? [] : [`${at}: it is cancelled, its trail is not`];
  if (failure instanceof ApplicationFailure && failure.type === 'USAGE') {
    const others = entries.some(({ run_id }) => run_id !== host.info.runId);
    return others && mine === -1 ? [] : [`${at}: its start is refused: ${failure.message}`];
  }
  return [`${at}: the workflow fails: ${String(failure)}`];
}

/** The result travels shortened; what was read from the trail alone is shortened the same way. Null: they tell the same. */
function difference(one: unknown, other: CycleResult | null): string | null {
  // Mostly they do to the letter; the order of keys does not matter.
  if (isDeepStrictEqual(one, plain(other))) return null;
  const got = fields(isObject(one) ? fitting(one as never) : one);
  const told = fields(other === null ? null : fitting(other));
  const key = Object.keys({ ...told, ...got }).find(
    (each) => !isDeepStrictEqual(told[each], got[each]),
  );
  return key === undefined
    ? null
    : `${key} ${JSON.stringify(got[key])}, not ${JSON.stringify(told[key])}`.slice(0, 600);
}

function fields(result: unknown): JsonObject {
  const told = plain(result);
  return isObject(told) ? told : {};
}

/** C4.I2: an action is emitted once, over all cycles and runs. */
function emissionProblems({ memory }: World): string[] {
  const seen = new Set<unknown>();
  const problems: string[] = [];
  for (const entries of memory.chains.values()) {
    for (const { type, data } of entries) {
      if (type !== 'ACTION_EMITTED') continue;
      const { action_id } = data;
      if (seen.has(action_id))
        problems.push(`action ${String(action_id)} is emitted twice (C4.I2)`);
      seen.add(action_id);
    }
  }
  return problems;
}

/** INV-1: an effect is performed at most once, and of a task that is SUCCESS each was. */
function effectProblems(world: World): string[] {
  const twice = [...world.performed].filter(([, times]) => times > 1);
  const problems = twice.map(([key, times]) => `effect ${key} is performed ${times} times (C4.I2)`);
  for (const { cycle_id, graph } of world.drawn) {
    const notes = graph.tasks.filter(({ inputs }) => isObject(inputs) && inputs['does'] === 'note');
    const names = new Set<string | null>(notes.map(({ name }) => name));
    for (const { type, task, data } of entriesOf(world, cycle_id)) {
      if (type !== 'TASK_ENDED' || data['outcome'] !== 'SUCCESS' || !names.has(task)) continue;
      for (const ordinal of [1, 2]) {
        const key = effectKey(cycle_id, String(data['task_id']), 'note', ordinal);
        if (world.performed.get(key) !== 1) problems.push(`${task} is SUCCESS without its effect`);
      }
    }
  }
  return problems;
}
