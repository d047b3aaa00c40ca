import { SourceMap } from 'node:module';
import { transform } from 'esbuild';

/** Reaches for code that nobody registered, or round the list of modules. The sandbox denies them too. */
const FORBIDDEN = [
  {
    names: ['eval', 'globalThis.eval', 'global.eval'],
    mark: 'EVAL',
    uses: /MARK/,
    says: 'uses eval: write the code itself',
  },
  {
    names: ['Function', 'globalThis.Function', 'global.Function'],
    mark: 'FUNCTION',
    uses: /MARK\s*\(/,
    says: 'makes a function from text: write the code itself',
  },
  {
    names: ['process.binding', 'globalThis.process.binding'],
    mark: 'BINDING',
    uses: /MARK/,
    says: "uses process.binding: a skill reaches nothing of Node's inside",
  },
  {
    names: ['process.getBuiltinModule', 'globalThis.process.getBuiltinModule'],
    mark: 'GET_BUILTIN',
    uses: /MARK|\bgetBuiltinModule\b/,
    says: 'uses process.getBuiltinModule: import the module at the top',
  },
  {
    names: ['require'],
    mark: 'REQUIRE',
    uses: /MARK\s*\(\s*(?!"[^"]*"\s*\)|'[^']*'\s*\)|`[^`$]*`\s*\))/,
    says: 'imports by a name that is only known when it runs: import it at the top',
  },
] as const;

/**
 * C7.SK3: what the bundle's text shows of reaching further than a skill may; one plain sentence with the source's place, or null.
 * Free names are told from local ones by the compiler, as it replaces them. A skill can hide from this: the sandbox cannot be
 * hidden from.
 *
 * @param map source map of the bundle; null where nobody has it: no place is told then
 */
export async function scanProblem(code: string, map: string | null): Promise<string | null> {
  const mark = (name: string): string => `HARNESS_SCAN_${name}`;
  const { code: marked, map: back } = await transform(code, {
    define: Object.fromEntries(
      FORBIDDEN.flatMap((rule) => rule.names.map((name) => [name, mark(rule.mark)])),
    ),
    sourcemap: 'external',
    logLevel: 'silent',
  });
  for (const rule of FORBIDDEN) {
    const uses = new RegExp(rule.uses.source.replace('MARK', mark(rule.mark)));
    const found = uses.exec(marked);
    if (found === null) continue;
    return `${map === null ? 'it ' : placeOf(marked, found.index, back, map)}${rule.says}`;
  }
  return null;
}

/** From the marked text back to the bundle, from the bundle back to its sources. */
function placeOf(text: string, index: number, ...maps: readonly string[]): string {
  const before = text.slice(0, index);
  let line = before.split('\n').length - 1;
  let column = index - (before.lastIndexOf('\n') + 1);
  let file = '';
  for (const map of maps) {
    const entry = new SourceMap(JSON.parse(map)).findEntry(line, column);
    if (!('originalSource' in entry)) return 'the skill ';
    ({ originalLine: line, originalColumn: column, originalSource: file } = entry);
  }
  return `${file}:${line + 1}:${column + 1}: it `;
}
