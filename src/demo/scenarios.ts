import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  decide,
  findCycle,
  haltCycle,
  type Harness,
  prepare,
  startCycle,
  waitForCycle,
} from '../client';
import { isObject, type Json, type JsonObject } from '../core/json';
import { Problem } from '../problem';
import type { CycleRecord } from '../store/store';
import { fresh } from './fresh';

/** One cycle of the demo: the bundle it is given, and how it must end. */
export interface Scenario {
  readonly title: string;
  /** Name of a file in examples/bundles. */
  readonly bundle: string;
  readonly ends: { readonly outcome: string; readonly actions: number; readonly reason: string };
  /** Halted by an operator on its way, then resumed. */
  readonly halted?: true;
}

export const SCENARIOS: readonly Scenario[] = [
  {
    title: 'a calm trend',
    bundle: 'calm-trend',
    ends: { outcome: 'COMPLETED', actions: 6, reason: 'PERMISSION_DENIED' },
  },
  {
    title: 'EVENT_LOCK',
    bundle: 'event-lock',
    ends: { outcome: 'SKIPPED', actions: 0, reason: 'REGIME_GATE' },
  },
  {
    title: 'low confidence',
    bundle: 'thin-conviction',
    ends: { outcome: 'DEGRADED', actions: 0, reason: 'CONFIDENCE_TOO_LOW' },
  },
  {
    title: 'a stale regime',
    bundle: 'stale-regime',
    ends: { outcome: 'REJECTED', actions: 0, reason: 'STATE_STALE' },
  },
  {
    title: 'no regime',
    bundle: 'no-regime',
    ends: { outcome: 'HALTED', actions: 0, reason: 'STATE_MISSING' },
  },
  {
    title: 'momentum denied',
    bundle: 'momentum-denied',
    ends: { outcome: 'COMPLETED', actions: 3, reason: 'PERMISSION_DENIED' },
  },
  {
    title: 'halted, then resumed',
    bundle: 'calm-trend',
    ends: { outcome: 'COMPLETED', actions: 6, reason: 'OPERATOR_HALT' },
    halted: true,
  },
];

/** A cycle of four quick tasks may be over before a halt reaches it: then another one is halted. */
const HALT_TRIES = 10;
const WAIT_MS = 60_000;
const EXAMPLES = join(__dirname, '..', '..', 'examples', 'bundles');

/** Runs the scenario and gives the cycle's whole result. `onHalt` is shown the halt card before it is decided. */
export async function runScenario(
  harness: Harness,
  scenario: Scenario,
  onHalt: (card: JsonObject) => void,
): Promise<JsonObject> {
  for (let tries = 1; ; tries += 1) {
    const record = await started(harness, scenario);
    const halted = scenario.halted === true && (await halt(harness, record));
    const result = await waitForCycle(harness, record, WAIT_MS);
    if (scenario.halted !== true) return result;
    if (halted && result['phase'] === 'HALTED' && isObject(result['halt'])) {
      onHalt({ ...result['halt'], link: result['link'] ?? null });
      return resumed(harness, record, result['halt']);
    }
    if (tries === HALT_TRIES) return result;
  }
}

/** The codes that a cycle's result gives for what it did not do: of the cycle, of its halt, of the beliefs it removed. */
export function codesOf({ reasons, halt, beliefs_removed: removed }: JsonObject): string[] {
  const codes = [
    ...objects(reasons).map(({ code }) => code),
    ...(isObject(halt) ? [halt['code']] : []),
    ...objects(removed).map(({ reason }) => (isObject(reason) ? reason['code'] : undefined)),
  ];
  return [...new Set(codes.filter((code) => typeof code === 'string'))];
}

export function objects(value: Json | undefined): readonly JsonObject[] {
  const items: readonly Json[] = Array.isArray(value) ? value : [];
  return items.filter(isObject);
}

/** Null when the cycle ended as it must; else what is wrong. */
export function shortfall({ title, ends }: Scenario, result: JsonObject): string | null {
  const actions = objects(result['actions']).length;
  const codes = codesOf(result);
  const right =
    result['outcome'] === ends.outcome && actions === ends.actions && codes.includes(ends.reason);
  if (right) return null;
  const got = `${String(result['outcome'] ?? result['phase'])} with ${actions} actions (${codes.join(', ')})`;
  return `${title}: ended ${got}, but must end ${ends.outcome} with ${ends.actions} actions (${ends.reason})`;
}

async function started(harness: Harness, { bundle }: Scenario): Promise<CycleRecord> {
  const file = join(EXAMPLES, `${bundle}.json`);
  const example = JSON.parse(readFileSync(file, 'utf8')) as JsonObject;
  const bytes = Buffer.from(JSON.stringify(fresh(example, Date.now())));
  const { cycle_id } = await startCycle(harness, prepare({ name: file, bytes }, null, null));
  return findCycle(harness.store, cycle_id);
}

/** False when the cycle had ended already. */
async function halt(harness: Harness, record: CycleRecord): Promise<boolean> {
  try {
    await haltCycle(harness, record, 'a desk drill: prices look wrong', 'demo-operator');
    return true;
  } catch (error) {
    if (error instanceof Problem && error.code === 'REFUSED') return false;
    throw error;
  }
}

async function resumed(
  harness: Harness,
  record: CycleRecord,
  card: JsonObject,
): Promise<JsonObject> {
  await decide(harness, record, {
    halt_id: String(card['halt_id']),
    choice: 'RESUME',
    reason: 'the drill is over',
    root_cause: 'a drill: no price was wrong',
    why_safe: 'nothing ran meanwhile, and the bundle is still fresh',
    by: 'demo-operator',
    decision_id: randomUUID(),
  });
  return waitForCycle(harness, record, WAIT_MS);
}
