// Draws the state machine of src/core/phases.ts into ARCHITECTURE.md, so that the drawing is the machine.
// `--check` writes nothing, and fails when the drawing is out of date.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('..', import.meta.url);
const target = fileURLToPath(new URL('ARCHITECTURE.md', root));
const source = readFileSync(new URL('src/core/phases.ts', root), 'utf8');

const table = /const NEXT = \{([\s\S]*?)\n\} as const/.exec(source)?.[1] ?? '';
const arrows = [...table.matchAll(/^ {2}([A-Z_]+): \{([^}]*)\}/gm)].flatMap(([, from, cells]) =>
  [...cells.matchAll(/([A-Z_]+): '([A-Z_]+)'/g)].map(([, event, to]) =>
    // HALT_CLEARED goes back to the phase that the halt interrupted.
    event === 'HALT_CLEARED'
      ? `  HALTED --> VALIDATE: HALT_CLEARED (to the phase it interrupted)`
      : `  ${from} --> ${to}: ${event}`,
  ),
);
const drawing = ['```mermaid', 'stateDiagram-v2', '  [*] --> IDLE', ...arrows, '```'].join('\n');

const text = readFileSync(target, 'utf8');
const marked = /(<!-- phases -->\n)[\s\S]*?(<!-- \/phases -->)/;
if (!marked.test(text)) throw new Error('ARCHITECTURE.md has no place for the phases');
const drawn = text.replace(marked, (_, before, after) => `${before}${drawing}\n${after}`);
if (process.argv[2] !== '--check') writeFileSync(target, drawn);
else if (drawn !== text) {
  process.stdout.write('the phases in ARCHITECTURE.md are out of date: run `npm run docs`\n');
  process.exitCode = 1;
}
