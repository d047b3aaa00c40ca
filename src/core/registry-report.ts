import type { Registry } from './registry';

/** The Web UI renders it at every change. */
const LINES_MAX = 200;

/** What is registered, as Markdown for the registry's current details. */
export function registryReport({ version, notes, skills }: Registry): string {
  const lines = Object.entries(skills).flatMap(([id, skill]) => {
    const counted = skill.violations === 0 ? '' : ` · ${counting(skill.violations, 'violation')}`;
    const head = `- **${id}** ${skill.standing === 'GOOD' ? '' : `${skill.standing} `}${counted}`;
    const versions = Object.entries(skill.versions).map(
      ([name, each]) => `  - \`${name}\` ${each.state} · ${each.history.at(-1)?.ledger ?? ''}`,
    );
    return [head, ...versions];
  });
  const shown = lines.slice(0, LINES_MAX);
  const more = lines.length - shown.length;
  return [
    `## Skill registry, version ${version}`,
    `${counting(Object.keys(skills).length, 'skill')}, ${counting(notes, 'violation')} noted`,
    '',
    ...shown,
    ...(more > 0 ? [`- … and ${more} more lines: \`harness skills list\``] : []),
  ].join('\n');
}

function counting(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
