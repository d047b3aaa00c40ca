import type { Cycle, TaskState } from './cycle';
import type { Halt } from './events';
import { countOf } from './json';
import { progressOf } from './result';

/** A timer's summary is the only sign of a halt on the Web UI's first page; longer ones are cut there. */
const SUMMARY_CHARS_MAX = 180;

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

/** The summary of the timer that a halted cycle waits on: what, who, until when, and what then. */
export function haltSummary(halt: Halt): string {
  const end = halt.expires_at === null ? 'never expires' : `expires ${halt.expires_at} → ABORT`;
  const who = `HALTED ${halt.code} by ${halt.raised_by}`;
  const room = SUMMARY_CHARS_MAX - who.length - end.length - 4;
  const detail =
    halt.detail.length > room ? `${halt.detail.slice(0, Math.max(room - 1, 0))}…` : halt.detail;
  return `${who}: ${detail}; ${end}`;
}

/** The live Markdown report in the workflow's current details. Lists, not tables: the Web UI draws tables without borders. */
export function cycleReport(cycle: Cycle): string {
  const title = cycle.outcome ?? (cycle.haltOpen ? 'HALTED: waits for a human' : cycle.phase);
  const lines = [`## ${title}`, escape(cycle.summary ?? progressOf(cycle)), ''];
  if (cycle.haltOpen && cycle.halt !== null) lines.push(...haltCard(cycle, cycle.halt), '');
  if (cycle.reasons.length > 0)
    lines.push('### Reasons', ...cycle.reasons.slice(0, 20).map(reasonLine), '');
  if (cycle.planned) lines.push('### Tasks', ...taskLines(cycle.tasks), '');
  if (cycle.violations.length > 0) {
    lines.push(
      '### Violations',
      ...cycle.violations.slice(0, 20).map((v) => `- **${v.kind}** ${v.code}: ${escape(v.detail)}`),
      '',
    );
  }
  const { opened, plan_hash } = cycle;
  if (opened !== null) {
    lines.push(
      '### Record',
      `- cycle \`${opened.cycle_id}\` · evaluated at ${opened.evaluated_at}`,
    );
    lines.push(
      `- bundle \`${opened.input_hash}\``,
      `- policy \`${opened.policy_hash}\``,
      `- plan \`${plan_hash ?? 'none'}\``,
    );
  }
  return lines.join('\n');
}

function haltCard(cycle: Cycle, halt: Halt): string[] {
  const until = cycle.verdict?.fresh_until ?? null;
  return [
    `### Halt \`${halt.halt_id}\``,
    `- **${halt.code}**: ${escape(halt.detail)}`,
    `- raised by ${escape(halt.raised_by)} at ${halt.since}`,
    `- ${halt.expires_at === null ? 'does not expire' : `expires ${halt.expires_at}, then ABORT`}`,
    `- ${until === null ? 'no bundle was judged yet' : `the bundle is fresh until ${until}; after that only ABORT and RESTART_FRESH help`}`,
    `- choices: ${halt.choices.join(', ')}`,
    `- decide: \`harness resume ${halt.halt_id} --choice … --reason … --root-cause … --why-safe …\``,
  ];
}

function taskLines(tasks: readonly TaskState[]): string[] {
  const lines = tasks.slice(0, REPORT_TASKS_MAX).map((task) => {
    const state = task.outcome ?? (task.status === 'RUNNING' ? 'running' : 'waiting');
    const why = task.reason === null ? '' : ` · ${task.reason.code}: ${escape(task.reason.detail)}`;
    return `- **${task.planned.name}** ${task.planned.task_type}: ${state}${why}`;
  });
  if (tasks.length > REPORT_TASKS_MAX)
    lines.push(`- … and ${tasks.length - REPORT_TASKS_MAX} more`);
  return lines;
}

function reasonLine(reason: { code: string; detail: string }): string {
  return `- **${reason.code}** ${escape(reason.detail)}`;
}

/** Text from outside stays text: no Markdown, no HTML, one line. */
function escape(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/[\\`*_{}[\]<>#|!]/g, (character) => `\\${character}`);
}

function cut(text: string): string {
  return text.length > SUMMARY_CHARS_MAX ? `${text.slice(0, SUMMARY_CHARS_MAX - 1)}…` : text;
}
