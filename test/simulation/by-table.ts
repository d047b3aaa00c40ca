import { isDeepStrictEqual } from 'node:util';
import type { Entry } from '../../src/core/entry';
import { isObject, isRef, type Json, type JsonObject, type Sha256 } from '../../src/core/json';
import type { ReasonCode } from '../../src/core/reasons';
import type { CycleResult } from '../../src/core/result';
import { toldBy } from '../contract/engine';
import { readingOf } from '../contract/reading';
import type { Decision, World as Read } from '../contract/world';
import { AT_MS } from '../core/samples';
import { type Drawn, FACTS } from './cycles';
import type { World } from './world';

/** What a run of the simulated skill comes to (`sandbox.ts`); everything else succeeds. */
const FAILS: Readonly<Record<string, ReasonCode>> = {
  throw: 'TASK_ERROR',
  late: 'TIMEOUT',
  stray: 'UNDECLARED_SIDE_EFFECT',
  bypass: 'LAYER_BYPASS',
  nonsense: 'OUTPUT_SCHEMA',
};

/**
 * The whole workflow and its activities against the contract's table (`../contract`): of a world in which one cycle ran once and
 * nothing befell it, but for people who decided on its halts. Of others the table says nothing. Null: they tell the same.
 */
export function differenceFromTable(
  world: World,
  entries: readonly Entry[],
  result: CycleResult,
): string | null {
  const [drawn, ...others] = world.drawn;
  const isQuiet = Object.keys(world.faults).length === 0 && world.runs.length === 1;
  if (drawn === undefined || others.length > 0 || !isQuiet) return null;
  // Undated states become a bundle at the moment of their reading, which the table does not know.
  if (!drawn.bundle.dated) return null;
  const read = readFrom(drawn, entries);
  const bans = Object.values(read.fails).some((code) => code !== 'TASK_ERROR');
  // In parallel the order in which tasks end is anyone's, so there the table says nothing of what bans a skill.
  if (read.graph.parallel === true && bans) return null;
  const [opened] = entries;
  const reading = readingOf(read, Date.parse(opened?.at ?? ''), () => undefined);
  const listed = (list: unknown): unknown =>
    isRef(list as Json) ? documentAt(world, (list as { ref: Sha256 }).ref) : list;
  const [actions, beliefs_removed] = [result.actions, result.beliefs_removed].map(listed);
  const told = toldBy({ ...result, actions, beliefs_removed } as CycleResult);
  return isDeepStrictEqual(told, reading)
    ? null
    : `it tells ${JSON.stringify(told)}, the table ${JSON.stringify(reading)}`;
}

function documentAt({ memory }: World, hash: Sha256): Json {
  return JSON.parse(Buffer.from(memory.documents.get(hash) ?? []).toString()) as Json;
}

function readFrom(drawn: Drawn, entries: readonly Entry[]): Read {
  const { graph, policy } = drawn;
  const decided = entries.filter(({ type }) => type === 'DECISION_TAKEN');
  const fails = graph.tasks.flatMap(({ name, inputs }) => {
    const code = isObject(inputs) ? FAILS[String(inputs['does'])] : undefined;
    return code === undefined ? [] : [[name, code] as const];
  });
  const stable = { is: 'alone', field: 'regime.is_stable' } as const;
  return {
    bundle: JSON.parse(drawn.bundle.text) as JsonObject,
    policy,
    graph,
    conditions: { 'regime.is_stable': stable, 'not regime.is_stable': { is: 'not', of: stable } },
    skills: { 'acme.rank': FACTS, 'acme.rank@1.0.0': FACTS },
    fails: Object.fromEntries(fails),
    cut: null,
    decisions: decided.map(({ at, data }) => ({
      choice: data['choice'] as Decision['choice'],
      late: Date.parse(at) > AT_MS + policy.max_staleness_ms.default,
    })),
  };
}
