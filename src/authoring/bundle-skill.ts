import { existsSync, statSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { basename, dirname, extname, join, relative, resolve } from 'node:path';
import {
  build,
  type BuildOptions,
  type BuildFailure,
  type BuildResult,
  type Message,
  type OnResolveArgs,
  type OnResolveResult,
  type Plugin,
} from 'esbuild';
import { PURE_BUILTINS } from '../sandbox/builtins';
import { scanProblem } from './scan-bundle';

export type BundledSkill =
  | {
      readonly ok: true;
      /** One CommonJS file; the same bytes for the same sources, wherever they lie. */
      readonly code: string;
      /** Modules of Node that it requires, all of them pure; sorted. */
      readonly imports: readonly string[];
    }
  | { readonly ok: false; readonly problem: string };

const EXTENSIONS = ['.ts', '.js', '.mjs'];
/** One skill in the store and in a message to its process. */
const BUNDLE_BYTES_MAX = 4 * 1_024 * 1_024;

/**
 * Bundles a skill's file and all that it imports into one file, whose hash pins what runs (C7.R). It is read, not run. What a
 * skill may not reach is refused here as far as its text shows it (C7.SK3); the sandbox holds against the rest. One plain
 * sentence where the file is missing or does not compile, an import cannot be resolved or is not allowed, or there is no
 * default export.
 *
 * @param path of the `.ts`, `.js` or `.mjs` file
 */
export async function bundleSkill(path: string): Promise<BundledSkill> {
  const file = resolve(path);
  if (!existsSync(file)) return refused(`there is no file ${path}: name the skill's own file`);
  if (!EXTENSIONS.includes(extname(file)) || !statSync(file).isFile()) {
    return refused(`${path} is no skill file: it has to be one of ${EXTENSIONS.join(', ')}`);
  }
  const built = await compile(file);
  if (!built.ok) return built;
  const { code, map, imports, hasDefault } = built;
  if (!hasDefault) {
    return refused(
      `${basename(file)} has no default export: write export default defineSkill({…})`,
    );
  }
  if (Buffer.byteLength(code) > BUNDLE_BYTES_MAX) {
    return refused(
      `${basename(file)} and its imports have ${Buffer.byteLength(code)} bytes, more than ${BUNDLE_BYTES_MAX} (4 MiB): import less`,
    );
  }
  const problem = await scanProblem(code, map);
  return problem === null ? { ok: true, code, imports } : refused(problem);
}

type Compiled =
  | {
      readonly ok: true;
      readonly code: string;
      readonly map: string;
      readonly imports: readonly string[];
      readonly hasDefault: boolean;
    }
  | { readonly ok: false; readonly problem: string };

async function compile(file: string): Promise<Compiled> {
  try {
    const [bundle, own] = await Promise.all([build(bundling(file)), build(exporting(file))]);
    const text = (end: string): string =>
      bundle.outputFiles?.find((output) => output.path.endsWith(end))?.text ?? '';
    const outputs = Object.values(bundle.metafile?.outputs ?? {});
    return {
      ok: true,
      code: text('.js'),
      map: text('.map'),
      imports: [
        ...new Set(
          outputs.flatMap((output) => output.imports.map(({ path }) => bareBuiltin(path))),
        ),
      ].sort(),
      hasDefault: hasDefaultExport(own),
    };
  } catch (error) {
    const [first] = isBuildFailure(error) ? error.errors : [];
    if (first === undefined) throw error;
    return refused(sentenceOf(first, file));
  }
}

/** Whatever lies around the sources (a tsconfig.json, the working directory, the machine's paths) leaves no trace. */
function shared(file: string): BuildOptions {
  return {
    entryPoints: [file],
    absWorkingDir: dirname(file),
    outfile: join(dirname(file), 'skill.js'),
    platform: 'node',
    target: 'node20',
    tsconfigRaw: { compilerOptions: { strict: true, target: 'es2022' } },
    legalComments: 'none',
    charset: 'utf8',
    metafile: true,
    write: false,
    logLevel: 'silent',
  };
}

function bundling(file: string): BuildOptions {
  return {
    ...shared(file),
    bundle: true,
    format: 'cjs',
    // Comments with the paths of sources, and names made of them, go.
    minifyWhitespace: true,
    minifyIdentifiers: true,
    // `import(x)` becomes a require, which the scan sees.
    supported: { 'dynamic-import': false },
    sourcemap: 'external',
    plugins: [imports(file)],
  };
}

function exporting(file: string): BuildOptions {
  return { ...shared(file), bundle: false, format: 'esm' };
}

function hasDefaultExport({ metafile }: BuildResult): boolean {
  if (Object.values(metafile?.inputs ?? {}).some(({ format }) => format === 'cjs')) return true;
  return Object.values(metafile?.outputs ?? {}).some(({ exports }) => exports.includes('default'));
}

/** What an author's folder need not have. */
const OWN: Readonly<Record<string, () => string>> = {
  'execution-harness/skill': () =>
    ['ts', 'js'].map((end) => join(__dirname, `define-skill.${end}`)).find(existsSync) ?? '',
  zod: () => require.resolve('zod'),
};

function imports(file: string): Plugin {
  return {
    name: 'imports',
    setup({ onResolve, resolve: found }) {
      onResolve({ filter: /.*/ }, async (args) => {
        if (args.pluginData === 'asked' || args.kind === 'entry-point') return undefined;
        const problem = importProblem(args);
        if (problem !== null) return { errors: [{ text: problem }] };
        if (isBuiltin(args.path)) return { path: args.path, external: true };
        const { importer, resolveDir, kind, namespace } = args;
        const asked = { importer, resolveDir, kind, namespace, pluginData: 'asked' };
        const result = await found(args.path, asked);
        if (result.errors.length === 0) return result;
        return ownCopy(args) ?? { errors: [{ text: unresolved(args.path, file) }] };
      });
    },
  };
}

function ownCopy({ path }: OnResolveArgs): OnResolveResult | null {
  const own = Object.hasOwn(OWN, path) ? OWN[path]?.() : undefined;
  return own === undefined ? null : { path: own };
}

/** C7.SK3: what a skill may not import. */
function importProblem({ path, kind }: OnResolveArgs): string | null {
  if (kind === 'dynamic-import') return `import("${path}") is dynamic: import it at the top`;
  if (!isBuiltin(path) || (PURE_BUILTINS as readonly string[]).includes(bareBuiltin(path))) {
    return null;
  }
  return `a skill may not import ${path}: declare an effect and let the harness perform it`;
}

function isBuiltin(path: string): boolean {
  return path.startsWith('node:') || builtinModules.includes(path);
}

function bareBuiltin(path: string): string {
  return path.replace(/^node:/, '');
}

function unresolved(path: string, file: string): string {
  return `the import "${path}" cannot be resolved: install it beside ${basename(file)}, or correct the name`;
}

function sentenceOf({ text, location }: Message, file: string): string {
  if (location === null) return `${basename(file)} does not compile: ${text}`;
  const { line, column } = location;
  const at = relative(dirname(file), resolve(dirname(file), location.file));
  const what = /^(a skill may not|import\(|the import )/.test(text) ? '' : 'does not compile: ';
  return `${at}:${line}:${column + 1}: ${what}${text.charAt(0).toLowerCase()}${text.slice(1)}`;
}

function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && 'errors' in error && Array.isArray(error.errors);
}

function refused(problem: string): { readonly ok: false; readonly problem: string } {
  return { ok: false, problem };
}
