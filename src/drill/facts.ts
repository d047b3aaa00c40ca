import type { Entry } from '../core/entry';
import { isObject, type Json, type JsonObject } from '../core/json';

/** What of an entry is looked at. */
type Told = Pick<Entry, 'type' | 'data'>;

/**
 * What a cycle's result and trail tell that matters to a drill, a line for each thing: how it ended and why, each halt and how it
 * ended, each violation and what was done about it, tasks of skills, actions emitted more than once.
 */
export function factsOf(result: JsonObject, entries: readonly Told[]): string[] {
  const facts = [
    `outcome ${textOf(result['outcome']) || textOf(result['phase'])}`,
    ...objects(result['reasons'])
      .filter(({ code }) => code !== 'FACTOR_BYPASSED')
      .map(({ code }) => `reason ${textOf(code)}`),
    ...entries.flatMap(haltFact),
    ...objects(result['violations']).map(
      ({ code, response }) => `violation ${textOf(code)}: ${listed(response)}`,
    ),
    ...objects(result['tasks']).flatMap(taskFact),
  ];
  const twice = repeated(entries);
  return [...new Set(twice === 0 ? facts : [...facts, `${twice} actions emitted twice`])];
}

function haltFact({ type, data }: Told): string[] {
  if (type === 'HALT_RAISED') return [`halt ${textOf(data['code'])}`];
  if (type === 'DECISION_TAKEN') return [`decision ${textOf(data['choice'])}`];
  return type === 'HALT_EXPIRED' ? ['halt expired'] : [];
}

/** The built-in tasks tell nothing that the outcome does not. */
function taskFact({ name, outcome, reason }: JsonObject): string[] {
  const task = textOf(name);
  if (/^T[1-4]$/.test(task)) return [];
  const code = isObject(reason) ? ` ${textOf(reason['code'])}` : '';
  return [`task ${task} ${textOf(outcome) || 'open'}${code}`];
}

function repeated(entries: readonly Told[]): number {
  const ids = entries.flatMap(({ type, data }) =>
    type === 'ACTION_EMITTED' ? [textOf(data['action_id'])] : [],
  );
  return ids.length - new Set(ids).size;
}

export function objects(value: Json | undefined): readonly JsonObject[] {
  const items: readonly Json[] = Array.isArray(value) ? value : [];
  return items.filter(isObject);
}

function listed(value: Json | undefined): string {
  const items: readonly Json[] = Array.isArray(value) ? value : [];
  return items.map(textOf).join(', ');
}

export function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}
