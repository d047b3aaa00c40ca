import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { keyOf } from './key.mjs';
import { loadCore, loadTests, unload } from './tests.mjs';

/** Quick tests of the core that stand where their subject is told to people. */
const BESIDE = [
  'audit/breaches',
  'audit/chain',
  'audit/evidence',
  'audit/ledger',
  'contract/contract',
  'documents/graph',
  'documents/policy',
  'documents/skill',
  'drill/grade',
].map((name) => `test/${name}.test.ts`);

/** With `--left`, tests that take longer are left out: they have had their turn at each of those mutants. Milliseconds. */
const QUICK_MS = 400;

/** The mutants that `--left` asks for; null: all. */
const left = process.env.MUTANTS_LEFT
  ? new Set(JSON.parse(readFileSync(process.env.MUTANTS_LEFT, 'utf8')))
  : null;

function isAsked({ fileName, location, mutatorName, replacement }) {
  const { line, column } = location.start;
  const told = { mutatorName, replacement, line: line + 1, column: column + 1 };
  return left === null || left.has(keyOf(basename(fileName, '.ts'), told));
}

/**
 * A test runner for Stryker: it loads the core and its tests once and switches mutants on and off inside one process. Jest would
 * load everything anew for each mutant and test file, which costs a second and more; here a mutant costs some milliseconds, so
 * that the whole core can be gone through.
 */
class CoreTests {
  #root = process.cwd();
  #tests = [];
  /** By test id: how long it took unmutated. The quick ones go first, for the first failure is verdict enough. */
  #took = new Map();
  /** The core was loaded with a mutant switched on. */
  #stale = false;

  capabilities() {
    return { reloadEnvironment: true };
  }

  async init() {
    this.#load();
  }

  #load() {
    unload();
    loadCore(join(this.#root, 'src/core'));
    this.#tests = this.#files().flatMap((file) => this.#loadFile(file));
    this.#stale = false;
  }

  #files() {
    const core = join(this.#root, 'test/core');
    const names = readdirSync(core).filter((name) => name.endsWith('.test.ts'));
    const beside = BESIDE.map((name) => join(this.#root, name));
    return [...names.sort().map((name) => join(core, name)), ...beside];
  }

  /**
   * What a test file calls while it is read (in a `describe`) counts as covered by a test of its own: that reads the file once
   * more, and runs all its tests. Only what the core itself does while it is loaded is left to be "static".
   */
  #loadFile(file) {
    const ns = namespace();
    const id = `${file} as a whole`;
    ns.currentTestId = id;
    const tests = loadTests(file);
    ns.currentTestId = undefined;
    const run = async () => {
      unload(file);
      for (const each of loadTests(file)) await each.run();
    };
    return [...tests, { id, name: id, file, run, whole: true }];
  }

  async dryRun() {
    const ns = namespace();
    const tests = [];
    for (const { id, name, file, run, whole } of this.#tests) {
      const before = performance.now();
      ns.currentTestId = id;
      // What a file's reading covers is known already.
      const failureMessage = whole ? null : await failureOf(run);
      ns.currentTestId = undefined;
      const timeSpentMs = whole ? this.#tookFile(file) : performance.now() - before;
      this.#took.set(id, timeSpentMs);
      const about = { id, name, fileName: file, timeSpentMs };
      tests.push(
        failureMessage === null ? { ...about, status: 0 } : { ...about, status: 1, failureMessage },
      );
    }
    return { status: 'complete', tests, mutantCoverage: ns.mutantCoverage };
  }

  #tookFile(file) {
    const all = this.#tests.filter((test) => test.file === file);
    return all.reduce((sum, { id }) => sum + (this.#took.get(id) ?? 0), 0);
  }

  async mutantRun({ activeMutant, testFilter, hitLimit, mutantActivation, reloadEnvironment }) {
    if (!isAsked(activeMutant)) return { status: 'survived', nrOfTests: 0 };
    const ns = namespace();
    Object.assign(ns, { hitLimit, hitCount: hitLimit === undefined ? undefined : 0 });
    ns.activeMutant = mutantActivation === 'static' ? activeMutant.id : undefined;
    try {
      if (reloadEnvironment || this.#stale) this.#load();
      this.#stale = mutantActivation === 'static';
      ns.activeMutant = activeMutant.id;
      return await this.#verdict(ns, testFilter && new Set(testFilter));
    } catch (error) {
      // What cannot even be loaded with the mutant is noticed by everyone.
      return { status: 'killed', killedBy: [], failureMessage: String(error), nrOfTests: 0 };
    } finally {
      ns.activeMutant = undefined;
    }
  }

  async #verdict(ns, filter) {
    const tests = this.#tests
      .filter(({ id }) => filter === undefined || filter.has(id))
      .filter(({ id }) => left === null || (this.#took.get(id) ?? 0) <= QUICK_MS)
      .sort((a, b) => (this.#took.get(a.id) ?? 0) - (this.#took.get(b.id) ?? 0));
    let nrOfTests = 0;
    for (const { id, run } of tests) {
      nrOfTests += 1;
      const failure = await failureOf(run);
      if (ns.hitLimit !== undefined && ns.hitCount > ns.hitLimit)
        return { status: 'timeout', reason: 'it goes round and round' };
      if (failure !== null)
        return { status: 'killed', killedBy: [id], failureMessage: failure, nrOfTests };
    }
    return { status: 'survived', nrOfTests };
  }
}

function namespace() {
  // The name that Stryker's instrumented code looks for.
  // oxlint-disable-next-line no-underscore-dangle
  return (globalThis.__stryker__ ??= {});
}

async function failureOf(run) {
  try {
    await run();
    return null;
  } catch (error) {
    return String(error?.message ?? error).slice(0, 500);
  }
}

export const strykerPlugins = [{ kind: 'TestRunner', name: 'core', injectableClass: CoreTests }];
