import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { bundleSkill } from '../../src/authoring/bundle-skill';
import { skillFolder, skillText } from './skill-files';

async function problemOf(text: string, name = 'skill.ts'): Promise<string> {
  const bundled = await bundleSkill(join(skillFolder({ [name]: text }), name));
  return bundled.ok ? 'it was bundled' : bundled.problem;
}

async function codeOf(path: string): Promise<string> {
  const bundled = await bundleSkill(path);
  if (!bundled.ok) throw new Error(bundled.problem);
  return bundled.code;
}

/** Runs the bundle as a module, as the sandbox does. */
function exportsOf(code: string): unknown {
  const module = { exports: {} };
  const load = (name: string): unknown => jest.requireActual(name);
  jest
    .requireActual<typeof import('node:vm')>('node:vm')
    .compileFunction(code, ['module', 'exports', 'require'])(module, module.exports, load);
  return module.exports;
}

const IMPORTING = `
import { defineSkill } from 'execution-harness/skill';
import { z } from 'zod';
import { createHash } from 'node:crypto';
import { twice } from './lib/twice';
export default defineSkill({ output: z.object({}), run: () => createHash('sha256').update(twice('a')).digest('hex') });
`;
const TWICE = 'export const twice = (text: string): string => text + text;';

describe('a skill file becomes one file', () => {
  test.each(['skill.ts', 'skill.js', 'skill.mjs'])('C7.R: %s', async (name) => {
    const path = join(skillFolder({ [name]: skillText('return {}') }), name);
    expect(exportsOf(await codeOf(path))).toMatchObject({
      default: { skill_id: 'acme.rank-beliefs', run: expect.any(Function) },
    });
  });

  test('C7.R: with its own files, zod and defineSkill, though its folder has no node_modules', async () => {
    const path = join(skillFolder({ 'skill.ts': IMPORTING, 'lib/twice.ts': TWICE }), 'skill.ts');
    const bundled = await bundleSkill(path);
    expect(bundled).toMatchObject({ ok: true, imports: ['crypto'] });
    const { default: skill } = exportsOf(await codeOf(path)) as { default: { run(): string } };
    expect(skill.run()).toMatch(/^961b6dd3/);
  });

  test('C7.R: with the zod of its own folder, where there is one', async () => {
    const folder = skillFolder({
      'skill.ts': 'import { own } from "zod"; export default { own };',
      'node_modules/zod/index.js': 'exports.own = "the author\'s";',
    });
    expect(await codeOf(join(folder, 'skill.ts'))).toContain("the author's");
  });

  test('C7.R: a CommonJS one too', async () => {
    const path = join(skillFolder({ 'skill.js': 'module.exports = { run() {} };' }), 'skill.js');
    expect(exportsOf(await codeOf(path))).toMatchObject({ run: expect.any(Function) });
  });

  test('C7.R: the same bytes wherever it lies and whatever the working directory is, naming no path', async () => {
    const files = { 'skill.ts': IMPORTING, 'lib/twice.ts': TWICE };
    const [first, second] = [skillFolder(files), join(skillFolder({}), 'deep', 'er')];
    mkdirSync(second, { recursive: true });
    const elsewhere = skillFolder({
      ...Object.fromEntries(Object.entries(files).map(([path, text]) => [`a/b/${path}`, text])),
      'a/tsconfig.json': '{ "compilerOptions": { "target": "es5", "strict": false } }',
    });
    const code = await codeOf(join(first, 'skill.ts'));
    const before = process.cwd();
    process.chdir(elsewhere);
    try {
      expect(await codeOf('a/b/skill.ts')).toBe(code);
    } finally {
      process.chdir(before);
    }
    for (const path of [first, elsewhere, process.cwd(), 'node_modules', 'twice.ts']) {
      expect(code).not.toContain(path);
    }
  });
});

describe('a skill file is refused in one sentence', () => {
  test('C7.R: that is not there, or is no skill file', async () => {
    const folder = skillFolder({ 'skill.py': '' });
    mkdirSync(join(folder, 'folder.ts'));
    for (const [name, words] of [
      ['none.ts', /^there is no file .*none\.ts: /],
      ['skill.py', /is no skill file: it has to be one of \.ts, \.js, \.mjs$/],
      ['folder.ts', /is no skill file/],
    ] as const) {
      expect(await bundleSkill(join(folder, name))).toEqual({
        ok: false,
        problem: expect.stringMatching(words),
      });
    }
  });

  test.each<readonly [string, string, string | RegExp]>([
    ['that does not compile', 'export default {\n  run( {', /^skill\.ts:2:\d+: does not compile: /],
    [
      'without a default export',
      'export const skill = {};',
      'skill.ts has no default export: write export default defineSkill({…})',
    ],
    ['that is empty', '', /^skill\.ts has no default export/],
    [
      'with an import that cannot be resolved',
      'import x from "nowhere";\nexport default x;',
      'skill.ts:1:15: the import "nowhere" cannot be resolved: install it beside skill.ts, or correct the name',
    ],
    [
      'with a file of its own that is missing',
      'import x from "./lib";\nexport default x;',
      /^skill\.ts:1:15: the import "\.\/lib" cannot be resolved/,
    ],
    ['that awaits at the top', 'export default await 1;', /^skill\.ts:1:16: does not compile: /],
  ])('C7.R: %s', async (_what, text, words) => {
    expect(await problemOf(text)).toEqual(
      typeof words === 'string' ? words : expect.stringMatching(words),
    );
  });

  test('C7.R: that is too large', async () => {
    expect(await problemOf(`export default "${'x'.repeat(5_000_000)}"`)).toMatch(
      /^skill\.ts and its imports have \d+ bytes, more than 4194304/,
    );
  });
});

describe('what a skill may not reach is refused before it runs', () => {
  test.each([
    'fs',
    'node:fs',
    'fs/promises',
    'net',
    'node:child_process',
    'worker_threads',
    'vm',
    'os',
  ])('C7.SK3: the module %s, imported or required', async (name) => {
    const says = `a skill may not import ${name}: declare an effect and let the harness perform it`;
    expect(await problemOf(skillText('', `import * as x from '${name}'; x;`))).toContain(says);
    expect(await problemOf(skillText(`require('${name}')`))).toContain(says);
  });

  test.each<readonly [string, string, string]>([
    ['a dynamic import', 'return import("./other")', 'import("./other") is dynamic'],
    ['an import by a computed name', 'return import(input.name)', 'only known when it runs'],
    ['a require by a computed name', 'return require(input.name)', 'only known when it runs'],
    ['eval', 'return eval("1")', 'it uses eval'],
    ['eval by another way', 'return (0, eval)("1")', 'it uses eval'],
    ['eval of globalThis', 'return globalThis.eval("1")', 'it uses eval'],
    ['new Function', 'return new Function("return 1")()', 'it makes a function from text'],
    ['Function', 'return Function("return 1")()', 'it makes a function from text'],
    ['process.binding', 'return process.binding("fs")', 'it uses process.binding'],
    ['process["binding"]', 'return process["binding"]("fs")', 'it uses process.binding'],
    ['getBuiltinModule', 'return process.getBuiltinModule("fs")', 'process.getBuiltinModule'],
    [
      'getBuiltinModule, taken apart',
      'const { getBuiltinModule: g } = process; g("fs")',
      'getBuiltin',
    ],
  ])('C7.SK3: %s', async (_what, run, words) => {
    const problem = await problemOf(skillText(`\n    ${run}`));
    expect(problem).toContain(words);
    expect(problem).toMatch(/^skill\.ts:8:\d+: [^\n]*[^.]$/);
  });

  test('C7.SK3: in a file that it imports, naming that file', async () => {
    const folder = skillFolder({
      'skill.ts': 'import "./lib/other"; export default {};',
      'lib/other.js': '\neval("1");',
    });
    expect(await bundleSkill(join(folder, 'skill.ts'))).toEqual({
      ok: false,
      problem: 'lib/other.js:2:1: it uses eval: write the code itself',
    });
  });

  test('C7.SK3: but not a name of its own, a text, or a look at a type', async () => {
    const run = `
      const evaluate = { eval: (x) => x }; const text = 'eval(1) new Function(2) import(x)';
      const require = (name) => name; require(text);
      return { a: evaluate.eval(1), b: text instanceof Function, c: Function.prototype, d: typeof process };`;
    expect(await problemOf(skillText(run))).toBe('it was bundled');
  });
});
