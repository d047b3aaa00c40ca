import type { Cycle, TaskState } from './cycle';
import type { Halt, Violation } from './events';
import { cardLines, haltCard } from './halt-card';
import { countOf } from './json';
import { progressOf } from './result';

/** A timer's summary is the only sign of a halt on the Web UI's first page; longer ones are cut there. */
const SUMMARY_CHARS_MAX = 180;

/** The server refuses a summary whose payload, as JSON in UTF-8 and with its frame, is over 400 bytes. */
const SUMMARY_BYTES_MAX = 320;
const WHO_BYTES_MAX = 100;

/** Lines of a long list in the live report: it is rendered again at every step. */
const REPORT_TASKS_MAX = 40;

const TITLES: Readonly<Record<string, string>> = {
  validate_state: 'validate state',
  check_regime: 'check regime',
  filter_beliefs: 'filter beliefs',
  emit_actions: 'emit actions',
};

/** What the Web UI's timeline shows beside a task: what is known when it is scheduled. */
export function taskSummary(cycle: Cycle, { planned }: TaskState): string {
  const title = `${planned.name} ${TITLES[planned.task_type] ?? planned.task_type}`;
  const seen = cycle.verdict?.seen;
  if (seen === undefined) return cut(`${title}: presence, form, staleness, confidence`);
  switch (planned.task_type) {
    case 'check_regime':
      return cut(`${title}: ${seen['behavior']}, confidence ${seen['confidence']}`);
    case 'filter_beliefs':
      return cut(
        `${title}: ${seen['beliefs']} beliefs, factor layer ${cycle.verdict?.factor_layer}`,
      );
    case 'emit_actions':
      return cut(`${title}: ${countOf(cycle.lists.survivors)} surviving beliefs, shadow: log only`);
    default:
      return cut(`${title} by ${planned.skill_ref}`);
  }
}

/** What the Web UI shows beside the reading of a source; a query may hold what is nobody's business. */
export function sourceSummary(source: string, nominalTime: string): string {
  return cut(`source of ${nominalTime}: ${source.replace(/\?.*$/s, '')}`);
}

/** The summary of the timer that a halted cycle waits on: what, who, until when, and what then. */
export function haltSummary(halt: Halt): string {
  const end = halt.expires_at === null ? 'never expires' : `expires ${halt.expires_at} → ABORT`;
  const by = longest(halt.raised_by, (text) => bytesOf(text) <= WHO_BYTES_MAX);
  const around = (detail: string): string => `HALTED ${halt.code} by ${by}: ${detail}; ${end}`;
  return around(longest(halt.detail, (detail) => fits(around(detail))));
}

/** The live Markdown report in the workflow's current details. Lists, not tables: the Web UI draws tables without borders. */
export function cycleReport(cycle: Cycle): string {
  const title = cycle.outcome ?? (cycle.haltOpen ? 'HALTED: waits for a human' : cycle.phase);
  const lines = [`## ${title}`, escape(cycle.summary ?? progressOf(cycle)), ''];
  if (cycle.haltOpen) lines.push(...haltLines(cycle), '');
  if (cycle.reasons.length > 0)
    lines.push('### Reasons', ...cycle.reasons.slice(0, 20).map(reasonLine), '');
  if (cycle.planned) lines.push('### Tasks', ...taskLines(cycle.tasks), '');
  if (cycle.violations.length > 0) {
    lines.push('### Violations', ...cycle.violations.slice(0, 20).map(violationLine), '');
  }
  const { opened, plan_hash } = cycle;
  if (opened !== null) {
    lines.push(
      '### Record',
      `- cycle \`${opened.cycle_id}\` · evaluated at ${opened.evaluated_at}`,
    );
    lines.push(
      `- bundle \`${opened.input_hash ?? 'none'}\``,
      `- policy \`${opened.policy_hash}\``,
      `- plan \`${plan_hash ?? 'none'}\``,
    );
  }
  return lines.join('\n');
}

/** The card as it stood at the last event: durations count from there, instants stay true. */
function haltLines(cycle: Cycle): string[] {
  const card = haltCard(cycle, cycle.last_at, { entries: 0, head: null });
  if (card === null) return [];
  const lines = cardLines(card);
  return [
    `### Halt \`${card.halt_id}\``,
    ...lines.slice(0, -1).map((line) => `- ${escape(line)}`),
    `- decide: \`${card.command}\``,
  ];
}

function violationLine({ kind, code, skill_ref, detail, response }: Violation): string {
  const by = skill_ref === null ? '' : ` by ${escape(skill_ref)}`;
  return `- **${kind}** ${code}${by}: ${escape(detail)} → ${response.join(', ')}`;
}

function taskLines(tasks: readonly TaskState[]): string[] {
  const lines = tasks.slice(0, REPORT_TASKS_MAX).map((task) => {
    const state = task.outcome ?? (task.status === 'RUNNING' ? 'running' : 'waiting');
    const why = task.reason === null ? '' : ` · ${task.reason.code}: ${escape(task.reason.detail)}`;
    const flag = task.planned.skill?.state === 'DEPRECATED' ? ' · its skill is DEPRECATED' : '';
    return `- **${task.planned.name}** ${escape(task.planned.task_type)}: ${state}${why}${flag}`;
  });
  if (tasks.length > REPORT_TASKS_MAX)
    lines.push(`- … and ${tasks.length - REPORT_TASKS_MAX} more`);
  return lines;
}

function reasonLine(reason: { code: string; detail: string }): string {
  return `- **${reason.code}** ${escape(reason.detail)}`;
}

/** All white space but the single blank, which is nearly all there is: it stays as it is. */
const LINE_BREAKING = /\s{2,}|[^\S ]/g;

/** Text from outside stays text: no Markdown, no HTML, one line. */
function escape(text: string): string {
  return text
    .replace(LINE_BREAKING, ' ')
    .replace(/[\\`*_{}[\]<>#|!~&]/g, (character) => `\\${character}`);
}

function cut(text: string): string {
  return longest(text, fits);
}

function fits(summary: string): boolean {
  return summary.length <= SUMMARY_CHARS_MAX && bytesOf(summary) <= SUMMARY_BYTES_MAX;
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(JSON.stringify(text)).length;
}

/** The text on one line, or its longest beginning that fits, between characters. */
function longest(text: string, accepted: (text: string) => boolean): string {
  const line = text.replace(/\s+/g, ' ');
  if (accepted(line)) return line;
  const characters = [...line].slice(0, SUMMARY_CHARS_MAX);
  while (characters.length > 0 && !accepted(`${characters.join('')}…`)) characters.pop();
  return `${characters.join('')}…`;
}
