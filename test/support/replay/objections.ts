import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { JsonObject } from '../../../src/core/json';
import { ROOT } from '../sandbox';

export const BUNDLE = join(ROOT, 'dist', 'workflow-bundle.js');

/** In place of a bundle: today's workflows, and what they send is held against what history has. */
export const INPUTS = '--inputs';

/** The code with the one place changed at which this text stands. */
export function replacedOnce(code: string, text: string, instead: string): string {
  expect(code.split(text)).toHaveLength(2);
  return code.replace(text, instead);
}

/** What the replay says against each history; nothing, when it goes the same way again. */
export function objections(
  histories: ReadonlyMap<string, JsonObject>,
  bundle = BUNDLE,
): Record<string, string> {
  const said = execFileSync('node', [join(__dirname, 'process.js'), bundle], {
    input: JSON.stringify(Object.fromEntries(histories)),
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  const errors = Object.entries(JSON.parse(said) as Record<string, string | null>);
  expect(errors.map(([shape]) => shape).sort()).toEqual([...histories.keys()].sort());
  return Object.fromEntries(errors.flatMap(([shape, error]) => (error ? [[shape, error]] : [])));
}
