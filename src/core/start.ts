import { quote } from './construct';
import type { AnnouncedTask } from './events';
import { isDigest, isObject, type Json, type Sha256 } from './json';
import { TASK_TIMEOUT_MS_MAX } from './limits';
import type { Policy } from './policy';
import type { Tick } from './tick';

/** The one argument of the workflow `executionCycle`: digests of what is in the store, and what a person wants to read. */
export interface CycleInput {
  readonly cycle_id: string;
  readonly mode: 'shadow';
  readonly input_hash: Sha256;
  readonly graph_hash: Sha256;
  readonly policy_hash: Sha256;
  /** The policy itself, echoed for the reader; T1 checks it against `policy_hash`. */
  readonly policy: Policy;
  /** T1 as the graph declares it; T1 checks it against `graph_hash`. */
  readonly first_task: AnnouncedTask;
  /** Where a scheduled cycle comes from. */
  readonly tick?: Tick;
  /** The cycle id of the halted cycle that this one restarts on a fresh bundle (RESTART_FRESH). */
  readonly restarts?: string;
}

/** Workflow type, signals, query and update: the names that other clients use (interface, "In the Web UI"). */
export const EXECUTION_CYCLE = 'executionCycle';
export const TASK_QUEUE = 'harness';

/**
 * Where the harness's own bookkeeping is asked for: the record, the harness-wide halt, decisions, notices. A queue of its own, so
 * that it never waits behind tasks that fill the workers: what stops them goes by it.
 */
export const BOOKS_QUEUE = 'harness-books';

/** Rings a cycle to look at the harness-wide halt. */
export const LATCH_SIGNAL = 'latch';

/** The registry's one authority: its workflow's id and type, its update, its signal and its query. */
export const REGISTRY_WORKFLOW_ID = 'harness-registry';
export const SKILL_REGISTRY = 'skillRegistry';
export const REGISTRY_CHANGE = 'change';
export const REGISTRY_NEWS = 'news';

/** The search attributes of every cycle, all keywords. */
export const SEARCH_ATTRIBUTES = {
  HarnessPhase: 'Keyword',
  HarnessOutcome: 'Keyword',
  HarnessMode: 'Keyword',
  HarnessReason: 'Keyword',
} as const;

/** Written into every cycle's first audit entry; equal to the package's version (a test holds them together). */
export const HARNESS_VERSION = '0.1.0';

/** `shadow-2026-11-22T14.25.29Z-1a2b3c4d`: the only free text on the Web UI's first page, so it speaks. */
export function workflowIdFor(mode: string, bundleTimestamp: unknown, cycleId: string): string {
  // Any JSON may stand there, T1 judges it: a JSON object can even have a `toString` that is no function.
  const text = typeof bundleTimestamp === 'string' ? bundleTimestamp : '';
  const second = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.\d+)?(?:Z|\+00:00)$/.exec(text)?.[1];
  const when = second === undefined ? 'undated' : `${second.replaceAll(':', '.')}Z`;
  return `${mode}-${when}-${cycleId.slice(0, 8)}`;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A start by another client than ours: null when its shape can be worked with, else one plain sentence. */
export function problemOfInput(input: unknown): string | null {
  const how = "start cycles with `harness cycle start` or the package's startCycle";
  if (!isObject(input)) return `the workflow's argument is not an object: ${how}`;
  if (input['mode'] === 'live') return 'mode live is refused: V1 executes no orders (C6)'; // R22
  if (input['mode'] !== 'shadow') return `mode ${said(input['mode'])} is none: the mode is shadow`;
  for (const name of ['input_hash', 'graph_hash', 'policy_hash']) {
    if (!isDigest(input[name])) return `${name} is no sha256 digest: ${how}`;
  }
  const id = input['cycle_id'];
  // A JSON object can have a `toString` that is no function.
  if (typeof id !== 'string' || !UUID.test(id)) return `cycle_id is no UUID: ${how}`;
  const task = input['first_task'];
  const texts = ['name', 'task_id', 'task_type', 'skill_ref'];
  if (
    !isObject(task) ||
    texts.some((key) => typeof task[key] !== 'string') ||
    !isWhole(task['timeout_ms'], TASK_TIMEOUT_MS_MAX)
  ) {
    return `first_task is no task: ${how}`;
  }
  const expiry = isObject(input['policy']) ? input['policy']['halt_expiry_ms'] : undefined;
  if (expiry !== null && !isWhole(expiry)) return `policy is no policy: ${how}`;
  return null;
}

/** In a sentence: a text as it is, fit to be shown; of anything else only that it is none. */
export function said(word: unknown): string {
  return typeof word === 'string' ? quote(word) : 'that is no text';
}

/** What the workflow computes with before T1 has checked the start: out of range it would throw, or be refused by Temporal. */
function isWhole(value: Json | undefined, most = Number.MAX_SAFE_INTEGER): boolean {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= most;
}
