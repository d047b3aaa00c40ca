import Table from 'cli-table3';
import colours from 'picocolors';
import { cardLines, type HaltCard } from '../core/halt-card';
import type { Json, JsonObject } from '../core/json';
import { isObject } from '../core/json';

const terminal = process.stdout.isTTY === true;
const { bold, dim, green, red, yellow } = colours.createColors(
  terminal && colours.isColorSupported && !process.argv.includes('--no-color'),
);

/** A table on a terminal; tab-separated lines for scripts. Text from outside cannot move the cursor. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const safe = rows.map((row) => row.map(plain));
  if (!terminal) return [head, ...safe].map((row) => row.join('\t')).join('\n');
  const drawn = new Table({
    head: head.map((title) => bold(title)),
    style: { head: [], border: ['grey'] },
    wordWrap: true,
  });
  drawn.push(...safe.map((row) => [...row]));
  return drawn.toString();
}

/** One line, no control characters. */
export function plain(line: string): string {
  return line.replace(/[\p{Cc}\p{Bidi_Control}]+/gu, ' ');
}

export function outcomeText(outcome: Json | undefined, phase: Json | undefined): string {
  const word = typeof outcome === 'string' ? outcome : String(phase ?? '');
  if (word === 'COMPLETED' || word === 'SKIPPED') return green(word);
  if (word === 'DEGRADED' || word === 'CANCELLED') return yellow(word);
  return word === 'HALTED' || word === 'REJECTED' ? red(word) : word;
}

/** A cycle for a person: outcome, the sentence, tasks, reasons, halt, record, link. */
export function cycleText(result: JsonObject): string {
  const lines = [
    `${bold(outcomeText(result['outcome'], result['phase']))}  ${plain(text(result, 'summary'))}`,
    '',
  ];
  lines.push(
    `cycle     ${text(result, 'cycle_id')}${result['deduplicated'] === true ? dim('  (started before: the same cycle)') : ''}`,
  );
  lines.push(`workflow  ${text(result, 'workflow_id')}`);
  const tasks = objects(result['tasks']);
  if (tasks.length > 0)
    lines.push('', table(['task', 'type', 'outcome', 'why'], tasks.map(taskRow)));
  const reasons = objects(result['reasons']);
  if (reasons.length > 0)
    lines.push(
      '',
      ...reasons.map((reason) => `${text(reason, 'code')}: ${plain(text(reason, 'detail'))}`),
    );
  const actions = Array.isArray(result['actions']) ? result['actions'].length : 0;
  const removed = Array.isArray(result['beliefs_removed']) ? result['beliefs_removed'].length : 0;
  lines.push('', `actions   ${actions} emitted to the audit log, ${removed} beliefs removed`);
  lines.push(...objects(result['violations']).map((violation) => red(violationText(violation))));
  if (isObject(result['halt']) && result['phase'] === 'HALTED')
    lines.push('', haltText(result['halt']));
  const audit = result['audit'];
  if (isObject(audit))
    lines.push(`audit     ${String(audit['entries'])} entries, head ${String(audit['head'])}`);
  if (typeof result['link'] === 'string') lines.push(`web       ${result['link']}`);
  return lines.join('\n');
}

/** A halt card: what happened first, what to type last. Without a trail to draw it from, what the halt itself says. */
export function haltText(halt: JsonObject): string {
  const link = typeof halt['link'] === 'string' ? [`  web: ${halt['link']}`] : [];
  if ('offers' in halt) {
    const [first = '', ...rest] = cardLines(halt as unknown as HaltCard).map(plain);
    const decide = rest.pop() ?? '';
    return [bold(red(first)), ...rest.map((l) => `  ${l}`), ...link, `  ${decide}`].join('\n');
  }
  const choices = Array.isArray(halt['choices']) ? halt['choices'].join(', ') : '';
  const expires = halt['expires_at'] === null ? 'never' : `${text(halt, 'expires_at')}, then ABORT`;
  return [
    red(`HALT ${text(halt, 'halt_id')}`),
    `  ${text(halt, 'code')}: ${plain(text(halt, 'detail'))}`,
    `  raised by ${plain(text(halt, 'raised_by'))} at ${text(halt, 'since')}; expires ${expires}`,
    `  choices: ${choices}`,
    `  decide:  harness resume ${text(halt, 'halt_id')} --choice … --reason … --root-cause … --why-safe …`,
    ...link,
  ].join('\n');
}

/** What was done against the contract, by whom, and what the contract's response was. */
function violationText(violation: JsonObject): string {
  const by = text(violation, 'skill_ref');
  const { response } = violation;
  const met = Array.isArray(response) ? ` → ${response.join(', ')}` : '';
  const what = [text(violation, 'kind'), text(violation, 'code'), ...(by === '' ? [] : ['by', by])];
  return `${what.join(' ')}: ${plain(text(violation, 'detail'))}${met}`;
}

function taskRow(task: JsonObject): string[] {
  const why = [
    ...(isObject(task['reason'])
      ? [`${text(task['reason'], 'code')}: ${text(task['reason'], 'detail')}`]
      : []),
    ...(task['deprecated'] === true ? [`${text(task, 'skill_ref')} is DEPRECATED`] : []),
  ];
  const outcome = text(task, 'outcome') || '…';
  return [text(task, 'name'), text(task, 'task_type'), outcome, why.join('; ')];
}

export function text(object: JsonObject, key: string): string {
  const value = object[key];
  return value === null || value === undefined ? '' : String(value);
}

function objects(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}
