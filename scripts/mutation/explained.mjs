import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * What no test sees is looked at by a person, and stands with its reason in survivors.json: by its file, the text of its line
 * (numbers move) and what was changed in it. `npm run mutate` holds that against what it finds.
 */
const { reasons, survivors } = JSON.parse(
  readFileSync(join(import.meta.dirname, 'survivors.json'), 'utf8'),
);

const BRIEF = 100;
const brief = (code) => code.replace(/\s+/g, ' ').trim().slice(0, BRIEF);

/** In a report: what the mutant's line says, and what it says in it. `end`: as Stryker has it, behind the last character. */
export function placeIn(source, { start, end }) {
  const lines = source.split('\n');
  const within = lines.slice(start.line - 1, end.line);
  within[within.length - 1] = within[within.length - 1].slice(0, end.column - 1);
  return {
    text: brief(lines[start.line - 1]),
    original: brief([within[0].slice(start.column - 1), ...within.slice(1)].join(' ')),
  };
}

export const changeOf = ({ original, replacement }) => `${original} → ${brief(replacement)}`;

/** Of these files, with what is left of each: sentences, and whether something was left that nobody has explained. */
export function judge(left) {
  const told = [];
  const used = new Set();
  for (const [file, mutants] of left) {
    for (const mutant of mutants) {
      const known = survivors.find(
        (each) =>
          each.file === file &&
          each.line === mutant.text &&
          each.changes.includes(changeOf(mutant)),
      );
      if (known === undefined)
        told.push(`not explained: ${file}.ts: ${mutant.text}\n    ${changeOf(mutant)}`);
      else used.add(`${file} ${known.line} ${changeOf(mutant)}`);
    }
  }
  const failed = told.length > 0;
  for (const { file, line, changes, reason } of survivors) {
    if (!(reason in reasons)) told.push(`no reason: ${file}.ts: ${line}`);
    if (!left.has(file)) continue;
    for (const change of changes.filter((each) => !used.has(`${file} ${line} ${each}`)))
      told.push(`explained, and not left any more: ${file}.ts: ${line}\n    ${change}`);
  }
  return { told, failed };
}
