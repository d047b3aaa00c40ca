import { readdirSync, readFileSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import { join } from 'node:path';
import { format } from 'node:util';
import { transformSync } from '@swc/core';

const require = createRequire(join(process.cwd(), 'package.json'));
const SWC = {
  jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
  module: { type: 'commonjs' },
  sourceMaps: false,
};

/** A property is tried a few times only, from one seed, and nothing is shrunk: a mutant needs a verdict, not a story. */
const RUNS_MAX = 200;

const compiled = new Map();
// Node's own hook for a kind of file.
// oxlint-disable-next-line no-underscore-dangle
Module._extensions['.ts'] = (module, filename) => {
  let code = compiled.get(filename);
  if (code === undefined) {
    ({ code } = transformSync(readFileSync(filename, 'utf8'), { ...SWC, filename }));
    compiled.set(filename, code);
  }
  // oxlint-disable-next-line no-underscore-dangle
  module._compile(code, filename);
};

function tryPropertiesSeldom() {
  const path = require.resolve('fast-check');
  const { default: fc, ...rest } = require(path);
  const few = (real) => (property, given) => {
    const numRuns = Math.min(given?.numRuns ?? 100, RUNS_MAX);
    return real(property, { ...given, numRuns, seed: 1, endOnFailure: true });
  };
  const fewer = { ...fc, assert: few(fc.assert), check: few(fc.check) };
  require.cache[path].exports = { __esModule: true, ...rest, default: fewer };
}
tryPropertiesSeldom();

/** Forgets every file of the project, or this one, so that it is loaded anew; packages stay. */
export function unload(file = '') {
  for (const path of Object.keys(require.cache))
    if (path.startsWith(file) && !path.includes('/node_modules/')) delete require.cache[path];
}

export function loadCore(folder) {
  for (const name of readdirSync(folder)) if (name.endsWith('.ts')) require(join(folder, name));
}

/** The tests of a file, as `{ id, name, file, run }`: the part of jest's interface that tests of pure functions need. */
export function loadTests(file) {
  const found = [];
  let within = [];
  let around = { before: [], after: [] };

  const test = (title, body) => {
    const name = [...within, title].join(' › ');
    const { before, after } = around;
    const run = async () => {
      for (const hook of before) await hook();
      try {
        await body();
      } finally {
        for (const hook of after) await hook();
      }
    };
    found.push({ id: `${file}#${found.length} ${name}`, name, file, run });
  };
  const describe = (title, body) => {
    const outside = { within, around };
    within = [...within, title];
    around = { before: [...around.before], after: [...around.after] };
    body();
    ({ within, around } = outside);
  };
  const eachOf = (define) => (rows) => (title, body) => {
    for (const row of rows) {
      const args = Array.isArray(row) ? row : [row];
      define(format(title, ...args), () => body(...args));
    }
  };
  test.each = eachOf(test);
  describe.each = eachOf(describe);

  const beforeEach = (hook) => void around.before.push(hook);
  const afterEach = (hook) => void around.after.unshift(hook);

  const { expect } = require('expect');
  Object.assign(globalThis, { describe, test, it: test, expect, beforeEach, afterEach });
  require(file);
  return found;
}
