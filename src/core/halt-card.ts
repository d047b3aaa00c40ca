import type { Clause } from './clauses';
import { type Cycle, openedOf, type TaskState } from './cycle';
import { type Deciders, neededFor } from './deciders';
import type { AuditHead } from './entry';
import type { Choice, Halt } from './events';
import { consequenceOf } from './halt-consequence';
import { countOf, isObject } from './json';
import { REASONS, type TaskOutcome } from './reasons';
import { parseRef } from './registry';
import { parseInstant } from './time';

/** Of a long list a card names this many: it is read on a telephone. */
const NAMED_MAX = 5;
const TEXT_CHARS_MAX = 300;

export interface Named {
  readonly count: number;
  /** The first of them. */
  readonly names: readonly string[];
}

/** Everything a person needs to decide on a halt (C3.F3). The same facts in the commands, the Web UI and the notices. */
export interface HaltCard extends Halt {
  readonly cycle_id: string;
  readonly workflow_id: string;
  /** One plain sentence: what happened. */
  readonly headline: string;
  readonly clause: Clause;
  /** When the card was drawn; every duration on it counts from here. */
  readonly drawn_at: string;
  readonly bundle: {
    /** Milliseconds since the bundle's own timestamp; null when it has none that can be read. */
    readonly age_ms: number | null;
    readonly fresh_until: string | null;
    /** Milliseconds until it is stale; negative: it is. Null: not judged yet. */
    readonly fresh_for_ms: number | null;
  };
  readonly tasks: { readonly done: Named; readonly running: Named; readonly blocked: Named };
  readonly emitted: { readonly actions: number; readonly effects: number };
  readonly evidence: readonly string[];
  /** For each allowed choice: what it will do, and how many people have to decide it. */
  readonly offers: readonly Offer[];
  readonly deciders: Deciders | null;
  /** Who has decided what, where one decision is not enough. */
  readonly approvals: readonly { readonly by: string; readonly choice: Choice }[];
  readonly expires_in_ms: number | null;
  /** Head of the trail that the card was drawn from. */
  readonly audit: AuditHead;
  /** What to type. */
  readonly command: string;
}

export interface Offer {
  readonly choice: Choice;
  readonly does: string;
  readonly needed: number;
}

/** The card of the cycle's last halt; null when it never had one. `now`: RFC 3339. */
export function haltCard(cycle: Cycle, now: string, audit: AuditHead): HaltCard | null {
  const { halt, deciders } = cycle;
  if (halt === null) return null;
  const { cycle_id, workflow_id } = openedOf(cycle);
  const nowMs = parseInstant(now) ?? 0;
  const until = cycle.verdict?.fresh_until ?? null;
  const of = (status: TaskState['status']): Named =>
    named(cycle.tasks.filter((task) => task.status === status).map(nameOf));
  return {
    ...halt,
    cycle_id,
    workflow_id,
    headline: headlineOf(halt, workflow_id),
    clause: REASONS[halt.code],
    drawn_at: now,
    bundle: {
      age_ms: ageOf(workflow_id, nowMs),
      fresh_until: until,
      fresh_for_ms: untilMs(until, nowMs),
    },
    tasks: { done: of('ENDED'), running: of('RUNNING'), blocked: of('WAITING') },
    emitted: { actions: emittedBy(cycle.tasks), effects: effectsOf(cycle.tasks) },
    evidence: evidenceOf(cycle, halt),
    offers: (cycle.haltOpen ? halt.choices : []).map((choice) => ({
      choice,
      does: consequenceOf(cycle, halt.halt_id, choice, now),
      needed: neededFor(cycle, choice),
    })),
    deciders,
    approvals: cycle.approvals.map(({ by, choice }) => ({ by, choice })),
    expires_in_ms: untilMs(halt.expires_at, nowMs),
    audit,
    command: commandFor(cycle, halt),
  };
}

const HAPPENED: Partial<Record<Halt['code'], string>> = {
  OPERATOR_HALT: 'was stopped by a person',
  HARNESS_ERROR: 'stopped because the harness itself failed',
  OVERRIDE_ATTEMPT: 'stopped because somebody asked for what no decision may do',
  UNDECLARED_SIDE_EFFECT: 'stopped because a skill did what it had not declared',
};

function commandFor(cycle: Cycle, { halt_id, choices, scope }: Halt): string {
  if (!cycle.haltOpen) return `harness cycle show ${openedOf(cycle).cycle_id}`;
  const texts = '--reason … --root-cause … --why-safe …';
  const which = scope === 'harness' ? '--all' : halt_id;
  return `harness resume ${which} --choice ${choices[0] ?? 'ABORT'} ${texts}`;
}

function headlineOf({ code, detail, raised_by }: Halt, workflowId: string): string {
  const happened = HAPPENED[code] ?? `stopped, ${code}`;
  return `${workflowId} ${happened}: ${brief(detail)} (${brief(raised_by)})`;
}

/** The workflow id carries the bundle's own timestamp, to the second. */
function ageOf(workflowId: string, nowMs: number): number | null {
  const found = /^[a-z]+-(\d{4}-\d{2}-\d{2}T)(\d{2})\.(\d{2})\.(\d{2})Z-/.exec(workflowId);
  if (found === null) return null;
  const [, day = '', hours, minutes, seconds] = found;
  const atMs = parseInstant(`${day}${hours}:${minutes}:${seconds}Z`);
  return atMs === null ? null : nowMs - atMs;
}

function untilMs(until: string | null, nowMs: number): number | null {
  const at = until === null ? null : parseInstant(until);
  return at === null ? null : at - nowMs;
}

function nameOf({ planned, outcome }: TaskState): string {
  const odd: readonly (TaskOutcome | null)[] = ['FAILED', 'SKIPPED'];
  return odd.includes(outcome) ? `${planned.name} ${outcome}` : planned.name;
}

function named(names: readonly string[]): Named {
  return { count: names.length, names: names.slice(0, NAMED_MAX) };
}

function emittedBy(tasks: readonly TaskState[]): number {
  const emit = tasks.find(({ planned }) => planned.task_type === 'emit_actions');
  const output = emit?.output ?? null;
  const count = isObject(output) ? output['emitted'] : 0;
  return typeof count === 'number' ? count : 0;
}

/** Receipts: what was performed, or recorded in its place. */
function effectsOf(tasks: readonly TaskState[]): number {
  return tasks.reduce((sum, { left }) => sum + countOf(left?.effects), 0);
}

/** C7.V1: what a person who finds a skill's halt has to know of the skill; null where no skill raised it. */
function skillHint(code: string, raisedBy: string): string | null {
  if (code !== 'UNDECLARED_SIDE_EFFECT') return null;
  const { skillId } = parseRef(raisedBy);
  return `${skillId} runs nowhere until it is reviewed: \`harness skills show ${skillId}\` tells its standing, \`harness skills release ${skillId} --ledger D…\` ends a quarantine; after RESUME its task stays FAILED`;
}

/** The violations that stand, and what else has come to this halt since it was raised. */
function evidenceOf({ violations, causes }: Cycle, { code, raised_by }: Halt): string[] {
  const halting = violations.filter(({ response }) => response.includes('HALT'));
  const told = [
    ...halting.slice(-NAMED_MAX).map((each) => `${each.code}: ${brief(each.detail)}`),
    ...causes.slice(-NAMED_MAX).map((cause) => brief(cause)),
  ];
  const hint = skillHint(code, raised_by);
  if (hint !== null) told.push(hint);
  return [...new Set(told)];
}

function brief(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Bidi_Control}\s]+/gu, ' ').trim();
  const characters = [...line];
  return characters.length <= TEXT_CHARS_MAX
    ? line
    : `${characters.slice(0, TEXT_CHARS_MAX).join('')}…`;
}

/** The card as a person reads it: the first line says what happened, the last one what to type. */
export function cardLines(card: HaltCard): string[] {
  const { done, running, blocked } = card.tasks;
  const { actions, effects } = card.emitted;
  return [
    card.headline,
    `halt: ${card.halt_id}, ${card.code} (${card.clause}), scope ${card.scope}`,
    `raised by ${brief(card.raised_by)} at ${card.since}`,
    ...card.evidence.map((line) => `evidence: ${line}`),
    `bundle: ${bundleLine(card.bundle)}`,
    `tasks: ${namedLine(done, 'done')}; ${namedLine(running, 'running')}; ${namedLine(blocked, 'blocked')}`,
    `already written: ${actions} ${plural(actions, 'action')}, ${effects} effect ${plural(effects, 'receipt')}`,
    ...card.offers.map(({ choice, does }) => `${choice}: ${does}`),
    `decides: ${decidersLine(card)}`,
    expiryLine(card),
    `${card.offers.length > 0 ? 'decide' : 'look'}: ${card.command}`,
  ];
}

function bundleLine({ age_ms, fresh_until, fresh_for_ms }: HaltCard['bundle']): string {
  const age = age_ms === null ? 'of unknown age' : `${duration(age_ms)} old`;
  if (fresh_for_ms === null) return `${age}, not judged yet`;
  return fresh_for_ms >= 0
    ? `${age}, fresh for ${duration(fresh_for_ms)} more (until ${fresh_until})`
    : `${age}, STALE since ${fresh_until}`;
}

function namedLine({ count, names }: Named, what: string): string {
  if (count === 0) return `none ${what}`;
  const more = count > names.length ? ` and ${count - names.length} more` : '';
  return `${count} ${what} (${names.join(', ')}${more})`;
}

function decidersLine({ deciders, offers, approvals }: HaltCard): string {
  if (deciders === null) return 'anyone with access, by name';
  if ('problem' in deciders) return `nobody yet: ${brief(deciders.problem)}`;
  const needs = offers
    .filter(({ needed }) => needed > 1)
    .map(({ choice, needed }) => `${choice} takes ${needed} people`);
  const more = deciders.operators.count - deciders.operators.names.length;
  const who = `${deciders.operators.names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  return [
    `${deciders.signed ? 'signed by ' : ''}one of ${who}`,
    ...needs,
    ...approvals.map(({ by, choice }) => `${brief(by)} has decided ${choice}`),
  ].join('; ');
}

function expiryLine({ expires_at, expires_in_ms }: HaltCard): string {
  if (expires_in_ms === null) return 'expires: never';
  const left = expires_in_ms > 0 ? `in ${duration(expires_in_ms)}` : 'now';
  return `expires: ${left} (${expires_at}), then ABORT: the cycle ends HALTED`;
}

function plural(count: number, word: string): string {
  return count === 1 ? word : `${word}s`;
}

/** Two parts are enough: 3 h 20 min, 4 min 10 s, 850 ms. */
export function duration(ms: number): string {
  const whole = Math.max(Math.floor(ms / 1_000), 0);
  if (whole === 0) return `${Math.max(Math.round(ms), 0)} ms`;
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(whole / 86_400), 'd'],
    [Math.floor(whole / 3_600) % 24, 'h'],
    [Math.floor(whole / 60) % 60, 'min'],
    [whole % 60, 's'],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ');
}
