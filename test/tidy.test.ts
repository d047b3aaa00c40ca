import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, normalize } from 'node:path';
import { HARNESS_VERSION } from '../src/core/start';

/** What holds for the sources as text. ARCHITECTURE.md shows the same table of rooms to people. */
const root = join(__dirname, '..');

/** A room is a folder of src, or a file directly in it. `types` may be imported by `import type` alone. */
interface Room {
  readonly from: readonly string[];
  readonly types?: readonly string[];
  readonly packages?: readonly string[];
  readonly node?: boolean;
}
const ROOMS: Readonly<Record<string, Room>> = {
  core: { from: [], packages: ['canonicalize', 'uuid'] },
  documents: {
    from: ['core'],
    packages: ['ajv', 'ajv/dist/2020', 'jsonc-parser', 're2js', 'zod'],
    node: true,
  },
  draw: { from: ['core'], packages: ['@dagrejs/dagre'] },
  audit: { from: ['core', 'documents', 'store'], node: true },
  store: {
    from: ['core', 'audit'],
    types: ['documents'],
    packages: ['fs-native-extensions', 'node-pg-migrate', 'pg'],
    node: true,
  },
  effects: {
    from: ['core', 'store'],
    types: ['documents'],
    packages: ['pg'],
    node: true,
  },
  payloads: {
    from: ['core', 'problem'],
    packages: ['@temporalio/common', '@temporalio/proto'],
    node: true,
  },
  people: { from: ['core', 'documents'], node: true },
  server: {
    from: ['core', 'payloads', 'problem'],
    types: ['@temporalio/common'],
    packages: [
      '@temporalio/client',
      '@temporalio/envconfig',
      '@temporalio/worker',
      'fs-native-extensions',
    ],
    node: true,
  },
  workflows: {
    from: ['core', 'documents', 'search-attributes'],
    types: ['activities'],
    packages: ['@temporalio/workflow'],
  },
  sources: { from: ['core', 'documents'], node: true },
  schedules: { from: ['core'], types: ['store'], packages: ['@temporalio/client'] },
  activities: {
    from: ['authoring', 'core', 'documents', 'effects', 'schedules', 'sources'],
    types: ['people', 'pino', 'sandbox', 'store'],
    packages: ['@temporalio/activity'],
  },
  client: {
    from: ['core', 'documents', 'problem', 'schedules', 'search-attributes', 'server'],
    types: ['store'],
    packages: ['@temporalio/client', '@temporalio/common'],
  },
  cli: {
    from: [
      'audit',
      'authoring',
      'client',
      'config',
      'core',
      'documents',
      'draw',
      'drill',
      'health',
      'logger',
      'metrics',
      'payloads',
      'people',
      'problem',
      'sandbox',
      'server',
      'sources',
      'store',
      'tracing',
      'worker',
    ],
    types: ['@temporalio/worker'],
    packages: ['cli-table3', 'commander', 'picocolors'],
    node: true,
  },
  authoring: {
    from: ['core', 'documents', 'sandbox'],
    packages: ['esbuild', 'zod'],
    node: true,
  },
  skills: { from: [], packages: ['execution-harness/skill', 'zod'] },
  demo: {
    from: ['cli', 'client', 'core', 'problem', 'server', 'store', 'worker'],
    node: true,
  },
  production: {
    from: ['core', 'problem', 'server'],
    packages: ['@temporalio/client'],
    node: true,
  },
  drill: {
    from: ['audit', 'authoring', 'client', 'core', 'problem', 'sandbox', 'server', 'store'],
    packages: ['@temporalio/common/lib/time'],
    node: true,
  },
  metrics: {
    from: ['core', 'problem'],
    types: ['@temporalio/common', '@temporalio/worker', 'activities', 'pino', 'store'],
    node: true,
  },
  sandbox: { from: ['core'], packages: ['esbuild', 'zod'], node: true },
  tracing: {
    from: ['core'],
    types: ['activities'],
    packages: [
      '@opentelemetry/api',
      '@opentelemetry/exporter-trace-otlp-http',
      '@opentelemetry/resources',
      '@opentelemetry/sdk-trace-base',
    ],
    node: true,
  },
  'activity-slots.ts': { from: [], types: ['@temporalio/worker'] },
  'client.ts': { from: ['client', 'people', 'server', 'store'] },
  'config.ts': { from: ['core', 'documents', 'problem'], node: true },
  'health.ts': { from: ['core', 'metrics', 'problem'], node: true },
  'logger.ts': { from: ['problem'], packages: ['@temporalio/worker', 'pino'] },
  'problem.ts': { from: [], types: ['core'] },
  'search-attributes.ts': { from: [], packages: ['@temporalio/common'] },
  'skill-host.ts': {
    from: ['core', 'documents', 'effects', 'problem', 'sandbox'],
    types: ['activities'],
    node: true,
  },
  'worker.ts': {
    from: [
      'activities',
      'activity-slots',
      'config',
      'core',
      'health',
      'metrics',
      'people',
      'problem',
      'server',
      'skill-host',
      'workflows',
    ],
    types: ['documents', 'logger', 'store', 'tracing'],
    packages: ['@temporalio/worker'],
    node: true,
  },
};

const LINES_MAX = 420;

interface Source {
  readonly path: string;
  readonly text: string;
  /** Without comments and the content of strings: what is code. */
  readonly code: string;
  readonly imports: readonly { readonly target: string; readonly typeOnly: boolean }[];
}

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

function sourcesUnder(folder: string): Source[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name))
    .sort()
    .map((path) => {
      const text = read(path);
      return { path, text, code: codeOf(text), imports: importsOf(text) };
    });
}

function codeOf(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g, "''")
    .replace(/(^|\s)\/\/.*$/gm, '');
}

function importsOf(text: string): Source['imports'] {
  const statements = text.matchAll(/^(?:import|export)\b([^;'"]*?)\bfrom '([^']+)'/gm);
  const dynamic = text.matchAll(/(typeof )?(?:\bimport|require|require\.resolve)\('([^']+)'\)/g);
  return [
    ...[...statements].map(([, names = '', target = '']) => ({ target, typeOnly: isType(names) })),
    ...[...dynamic].map(([, type, target = '']) => ({ target, typeOnly: type !== undefined })),
  ];
}

/** `import type …`, or nothing but `type` names in the braces. */
function isType(names: string): boolean {
  if (/^\s*type\b/.test(names)) return true;
  const listed = /\{([\s\S]*)\}/.exec(names)?.[1]?.split(',') ?? [];
  const named = listed.map((name) => name.trim()).filter((name) => name !== '');
  return named.length > 0 && named.every((name) => name.startsWith('type '));
}

const SOURCES = sourcesUnder('src');
const TESTS = sourcesUnder('test');

function roomOf(path: string): string {
  return path.split('/')[1] ?? '';
}

/** The file of src that a relative import means. */
function resolved(from: string, target: string): string | undefined {
  const path = normalize(join(dirname(from), target));
  return [`${path}.ts`, join(path, 'index.ts')].find((file) =>
    SOURCES.some((source) => source.path === file),
  );
}

const isBuiltin = (target: string): boolean =>
  target.startsWith('node:') || builtinModules.includes(target);

function problemsOf({ path, imports }: Source): string[] {
  const room = ROOMS[roomOf(path)];
  if (room === undefined) return [`${path}: its room is not in the table`];
  return imports.flatMap(({ target, typeOnly }) => {
    const other = target.startsWith('.') ? resolved(path, target) : undefined;
    if (target.startsWith('.') && other === undefined) return [`${path}: no ${target}`];
    const name = other === undefined ? target : roomOf(other).replace(/\.ts$/, '');
    const inside = other !== undefined && roomOf(other) === roomOf(path);
    const allowed =
      inside ||
      (isBuiltin(target) && room.node === true) ||
      (room.from.includes(name) && other !== undefined) ||
      (room.packages ?? []).includes(name) ||
      (typeOnly && (room.types ?? []).includes(name));
    const hashing = path === 'src/core/identity.ts' && target === 'node:crypto';
    return allowed || hashing ? [] : [`${path} imports ${typeOnly ? 'type ' : ''}${target}`];
  });
}

describe('who imports whom', () => {
  test('C1.2: each room imports what its row of the table allows, and nothing else', () => {
    expect(SOURCES.flatMap(problemsOf)).toEqual([]);
  });

  test('the workflows take from documents the reading of messages only, and from activities types only', () => {
    const taken = SOURCES.filter(({ path }) => roomOf(path) === 'workflows')
      .flatMap(({ imports }) => imports.map(({ target }) => target))
      .filter((target) => /^\.\.\/(documents|activities)/.test(target));
    expect([...new Set(taken)].sort()).toEqual(['../activities/contract', '../documents/decision']);
  });

  test('the store takes from the audit the form of the chain only', () => {
    const taken = SOURCES.filter(({ path }) => roomOf(path) === 'store')
      .flatMap(({ imports }) => imports.map(({ target }) => target))
      .filter((target) => target.includes('/audit/'));
    expect([...new Set(taken)]).toEqual(['../../audit/chain']);
  });

  test('ARCHITECTURE.md has a row for each room, and draws the phases as they are', () => {
    const text = read('ARCHITECTURE.md');
    expect(Object.keys(ROOMS).filter((room) => !text.includes(`| \`${room}\` |`))).toEqual([]);
    const { stdout, stderr } = spawnSync('node', ['scripts/phases.mjs', '--check'], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(`${stdout}${stderr}`).toBe('');
  });

  test('every file of src is imported, or is where a process begins', () => {
    const entries = [
      'src/cli/main.ts',
      'src/audit/looker.ts',
      'src/client.ts',
      'src/demo/main.ts',
      'src/production/main.ts',
      'src/authoring/define-skill.ts',
      'src/skills/rank-beliefs.ts',
      'src/skills/daily-shadow-report.ts',
      'src/sandbox/host/main.ts',
      'src/sandbox/host/json-schema.ts',
      'src/workflows/versioned.ts',
    ];
    const used = new Set(
      SOURCES.flatMap(({ path, imports }) => imports.map(({ target }) => resolved(path, target))),
    );
    const dead = SOURCES.map(({ path }) => path).filter(
      (path) => !used.has(path) && !entries.includes(path) && !path.endsWith('.d.ts'),
    );
    expect(dead).toEqual([]);
  });
});

/** Patterns that stand nowhere in the code of src, but in the files named. */
const BANNED: readonly (readonly [what: string, pattern: RegExp, but: RegExp])[] = [
  ['the type any', /(?<=[:<|&,(]\s*)any\b|\bas any\b|\bany\[\]/, /^$/],
  ['a non-null assertion', /[\w)\]]!(?=[.;,)\]]|\s*$)/m, /^$/],
  ['console', /\bconsole\./, /^$/],
  ['process.env', /\bprocess\.env\b/, /^src\/(cli|server|demo|production|config|worker)/],
  // The download's script is a process of its own.
  ['process.exit', /\bprocess\.exit\(/, /^src\/server\/sdk-download/],
  ['eval', /\beval\(|\bnew Function\(/, /^$/],
  ['state of a module', /^(?:export )?let\b|^(?:export )?var\b/m, /^$/],
];

describe('what stands in no source', () => {
  test.each(BANNED)('%s', (_what, pattern, but) => {
    const found = SOURCES.filter(({ path, code }) => !but.test(path) && pattern.test(code));
    expect(found.map(({ path }) => path)).toEqual([]);
  });

  test('a switched-off check of types, or a task for later', () => {
    const pattern = /@ts-(?:ignore|nocheck|expect-error)|\b(?:TODO|FIXME|XXX)\b/;
    const found = [...SOURCES, ...TESTS].filter(
      ({ path, text }) => path !== 'test/tidy.test.ts' && pattern.test(text),
    );
    expect(found.map(({ path }) => path)).toEqual([]);
  });

  test('C1.2, R4, C4.I1: a clock, a timer or chance in the core', () => {
    const pattern =
      /\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bperformance\b|\bsetTimeout\b|\basync\b|\bawait\b/;
    const core = SOURCES.filter(({ path }) => path.startsWith('src/core/'));
    expect(core.filter(({ code }) => pattern.test(code)).map(({ path }) => path)).toEqual([]);
  });

  test('R18, C5.N: something kept from one cycle to the next, but for the documents under their hash', () => {
    const keeps = /^(?:export )?const \w+ = new (?:Map|WeakMap|Array)\(\)/m;
    expect(SOURCES.filter(({ code }) => keeps.test(code)).map(({ path }) => path)).toEqual([]);
  });

  test(`a file of more than ${LINES_MAX} lines`, () => {
    const long = SOURCES.filter(({ text }) => text.split('\n').length > LINES_MAX);
    expect(long.map(({ path }) => path)).toEqual([]);
  });

  test('a test that is skipped, or that keeps others from running', () => {
    const pattern = /\b(?:it|test|describe)\.(?:skip|only|todo|failing)\b|\bx(?:it|describe)\(/;
    const found = TESTS.filter(({ code }) => pattern.test(code)).map(({ path }) => path);
    // Their suites need Docker, a browser, a PostgreSQL or a tool on the machine, and say so where there is none.
    const needy = ['browser', 'postgres', 'production', 'promtool'].map(
      (name) => `test/support/${name}.ts`,
    );
    expect(found).toEqual(['test/compose.test.ts', ...needy]);
  });
});

interface Manifest {
  readonly version: string;
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

describe('the package', () => {
  const manifest = JSON.parse(read('package.json')) as Manifest;
  const all = { ...manifest.dependencies, ...manifest.devDependencies };

  test('pins every dependency to one version, and all of Temporal to the same', () => {
    expect(Object.values(all).filter((version) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
    const temporal = Object.entries(all).filter(([name]) => name.startsWith('@temporalio/'));
    expect(new Set(temporal.map(([, version]) => version)).size).toBe(1);
  });

  test('locks what every platform needs, or npm ci refuses the lock file', () => {
    const { packages } = JSON.parse(read('package-lock.json')) as {
      packages: Record<string, { version?: string; optionalDependencies?: object }>;
    };
    const wanted = Object.values(packages).flatMap((each) =>
      Object.keys(each.optionalDependencies ?? {}),
    );
    const locked = Object.keys(packages).map((path) => path.replace(/^.*node_modules\//, ''));
    expect(wanted.filter((name) => !locked.includes(name))).toEqual([]);
  });

  test('has the version that every cycle records', () => {
    expect(manifest.version).toBe(HARNESS_VERSION);
  });

  test('imports each dependency, and says of each what it is for and under which licence', () => {
    const used = new Set(SOURCES.flatMap(({ imports }) => imports.map(({ target }) => target)));
    expect(Object.keys(manifest.dependencies).filter((name) => !used.has(name))).toEqual([]);
    const text = read('docs/dependencies.md');
    const rows = Object.entries(all).map(([name, version]) => `| \`${name}\` | ${version} |`);
    expect(rows.filter((row) => !text.includes(row))).toEqual([]);
    expect(text.match(/^\| `/gm)).toHaveLength(rows.length);
  });

  test('has the scripts that the README names', () => {
    const text = read('README.md');
    for (const command of ['npm ci', 'npm test', 'npm run demo']) expect(text).toContain(command);
    const named = [...text.matchAll(/npm run ([a-z:]+)/g)].map(([, name = '']) => name);
    expect(named.filter((name) => manifest.scripts[name] === undefined)).toEqual([]);
  });
});

describe('what is written about the product', () => {
  test('docs/clauses.md is up to date, and no clause lacks an enforcer or a test', () => {
    const { stdout, stderr } = spawnSync('node', ['scripts/clauses.mjs', '--check'], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(`${stdout}${stderr}`).toBe('');
  });

  test('every mutant that no test sees is explained by a line that stands there, and by a reason that there is', () => {
    const { reasons, survivors } = JSON.parse(read('scripts/mutation/survivors.json')) as {
      reasons: Record<string, string>;
      survivors: { file: string; line: string; changes: string[]; reason: string; why: string }[];
    };
    const wrong = survivors.filter(({ file, line, changes, reason, why }) => {
      const lines = read(`src/core/${file}.ts`).split('\n');
      const stands = lines.some((each) => each.trim().replace(/\s+/g, ' ').startsWith(line));
      return !stands || changes.length === 0 || !(reason in reasons) || why === '';
    });
    expect(wrong).toEqual([]);
  });

  test('no two tests of a file have the same name', () => {
    const { stdout } = spawnSync('node', ['scripts/clauses.mjs', '--tests'], {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 16 * 1024 * 1024,
    });
    const tests = JSON.parse(stdout) as { path: string; within: string[]; name: string }[];
    const names = tests.map(({ path, within, name }) => [path, ...within, name].join(' › '));
    expect(names.length).toBeGreaterThan(300);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  });

  test('every link from one document to another leads somewhere', () => {
    const documents = ['README.md', 'ARCHITECTURE.md', 'SECURITY.md', 'CHANGELOG.md'];
    const inDocs = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
    const broken = [...documents, ...inDocs.map((name) => join('docs', name))].flatMap((path) =>
      [...read(path).matchAll(/\]\(([^)#]+)[^)]*\)/g)]
        .map(([, target = '']) => target)
        .filter((target) => !target.includes('://'))
        .map((target) => join(dirname(path), target))
        .filter((target) => !exists(target)),
    );
    expect(broken).toEqual([]);
  });
});

function exists(path: string): boolean {
  try {
    read(path);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EISDIR';
  }
}
