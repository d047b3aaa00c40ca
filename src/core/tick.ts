import { isDigest, isObject, type Json, type Sha256 } from './json';
import type { Policy } from './policy';
import { said } from './start';
import { formatInstant } from './time';

/**
 * The argument of a scheduled cycle: where its bundle is read from, in place of a bundle's hash. It is the same for every
 * nominal time of a schedule; the nominal time itself comes from Temporal.
 */
export interface TickInput {
  readonly schedule: string;
  /** `file:/…`, `dir:/…` or `http(s)://…`; paths are absolute. */
  readonly source: string;
  readonly mode: 'shadow';
  readonly graph_hash: Sha256;
  readonly policy_hash: Sha256;
  /** The policy itself, echoed for the reader; T1 checks it against `policy_hash`. */
  readonly policy: Policy;
  /** Who set the schedule up so. */
  readonly set_by: string;
}

/** What a scheduled cycle's record says of where it comes from. */
export type Tick = {
  readonly schedule: string;
  /** RFC 3339 in UTC to the second, as the schedule gives it: `2026-11-22T14:25:00Z`. */
  readonly nominal_time: string;
  readonly source: string;
};

/** It stands in workflow ids, links and file names of people's own. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
export const NAME_WORDS = 'a letter or digit and up to 63 more of the characters A–Z a–z 0–9 _ -';

export function isScheduleName(text: string): boolean {
  return NAME.test(text);
}

/** Temporal puts `-<nominal time>` behind it. */
export function tickWorkflowPrefix(schedule: string): string {
  return `shadow-${schedule}`;
}

export function tickWorkflowId(schedule: string, nominalTime: string): string {
  return `${tickWorkflowPrefix(schedule)}-${nominalTime}`;
}

/** A nominal time as Temporal writes it: whole seconds, the rest cut off. */
export function nominalText(ms: number): string {
  return `${formatInstant(ms).slice(0, 19)}Z`;
}

/** The other kind of argument that the workflow takes names a bundle by its hash. */
export function isTickInput(input: unknown): input is TickInput {
  return isObject(input) && 'source' in input;
}

const SOURCE = /^(file:\/|dir:\/|https?:\/\/)/;

/** A scheduled start by another client than ours: null when its shape can be worked with, else one plain sentence. */
export function problemOfTick(
  input: TickInput,
  nominalMs: number | null,
  workflowId: string,
): string | null {
  const how = 'set schedules up with `harness schedule create`';
  const { schedule, source, mode, policy, set_by }: Readonly<Record<string, unknown>> = {
    ...input,
  };
  if (mode === 'live') return 'mode live is refused: V1 executes no orders (C6)'; // R22
  if (mode !== 'shadow') return `mode ${said(mode)} is none: the mode is shadow`;
  if (typeof schedule !== 'string' || !isScheduleName(schedule))
    return `schedule is not the name of one: ${how}`;
  if (typeof source !== 'string' || !SOURCE.test(source)) return `source is none: ${how}`;
  if (typeof set_by !== 'string') return `set_by names nobody: ${how}`;
  for (const name of ['graph_hash', 'policy_hash'] as const) {
    if (!isDigest(input[name])) return `${name} is no sha256 digest: ${how}`;
  }
  const expiry: Json | undefined = isObject(policy) ? policy['halt_expiry_ms'] : undefined;
  const whole = Number.isSafeInteger(expiry) && Number(expiry) >= 1;
  if (expiry !== null && !whole) return `policy is no policy: ${how}`;
  if (nominalMs === null)
    return 'the start has no nominal time: a cycle with a source is started by its schedule alone';
  // R36: it is known by schedule and nominal time, so under this id and no other.
  const own = tickWorkflowId(schedule, nominalText(nominalMs));
  return workflowId === own ? null : `workflow ${workflowId} is not ${own}: ${how}`;
}
