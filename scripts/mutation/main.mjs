import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { createRequire } from 'node:module';
import { judge, placeIn } from './explained.mjs';
import { keyOf } from './key.mjs';

/**
 * `npm run mutate` goes through the whole core, the most important files first; `npm run mutate -- engine halts` through some.
 * In batches, so that what was found is kept when it is interrupted: reports/mutation/files holds one report a file.
 * `npm run mutate -- --left halts` goes only through those that no test saw the last time (of all files, when none is named).
 * `npm run mutate -- --table` prints the scores as docs/proof.md shows them, and runs nothing.
 * Each way what no test saw is held against survivors.json: exit 1 when it is not explained there.
 */
const REPORTS = 'reports/mutation';
const FILES = join(REPORTS, 'files');
const FIRST = [
  ['engine', 'halts', 'permissions', 'outcome', 'plan', 'cycle', 'cycle-tasks', 'answers'],
  ['latch', 'validate', 'construct', 'phases', 'skill-faults', 'deciders', 'beliefs', 'regime'],
  ['conditions', 'condition-fields', 'condition-tokens', 'schedule', 'identity', 'actions', 'time'],
];

function core() {
  return readdirSync('src/core')
    .filter((name) => name.endsWith('.ts'))
    .map((name) => basename(name, '.ts'))
    .sort();
}

function batches(asked) {
  if (asked.length > 0) return [asked];
  const rest = core().filter((name) => !FIRST.flat().includes(name));
  const further = [];
  for (let i = 0; i < rest.length; i += 8) further.push(rest.slice(i, i + 8));
  return [...FIRST, ...further];
}

const LEFT = new Set(['Survived', 'NoCoverage']);

function keptOf(name) {
  const path = join(FILES, `${name}.json`);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : [];
}

/**
 * What was found stays found: the files have not changed since, and tests only come. The runner passes over it, and tries the
 * others once more.
 */
function again(names) {
  const left = names.flatMap((name) =>
    keptOf(name)
      .filter(({ status }) => LEFT.has(status))
      .map((mutant) => keyOf(name, mutant)),
  );
  const some = names.filter((name) => keptOf(name).some(({ status }) => LEFT.has(status)));
  if (some.length === 0) return 0;
  writeFileSync(join(REPORTS, 'left.json'), JSON.stringify(left));
  const found = stryker(some, { MUTANTS_LEFT: resolve(REPORTS, 'left.json') });
  if (found === null) return 1;
  for (const name of some) {
    const now = new Map(mutantsIn(found, name).map((mutant) => [keyOf(name, mutant), mutant]));
    const kept = keptOf(name).map((mutant) =>
      LEFT.has(mutant.status) ? (now.get(keyOf(name, mutant)) ?? mutant) : mutant,
    );
    writeFileSync(join(FILES, `${name}.json`), JSON.stringify(kept, null, 1));
  }
  return 0;
}

function mutate(names) {
  const found = stryker(names);
  if (found === null) return 1;
  for (const name of names)
    writeFileSync(join(FILES, `${name}.json`), JSON.stringify(mutantsIn(found, name), null, 1));
  return 0;
}

function mutantsIn(found, name) {
  const { mutants, source } = found[`src/core/${name}.ts`] ?? { mutants: [], source: '' };
  return mutants.map(({ mutatorName, replacement, location, status, statusReason }) => {
    const { line, column } = location.start;
    const place = placeIn(source, location);
    return { mutatorName, replacement, line, column, ...place, status, statusReason };
  });
}

/** The mutants of each file; null: Stryker came to no report. */
function stryker(names, env = {}) {
  const home = createRequire(import.meta.url).resolve('@stryker-mutator/core/package.json');
  const bin = join(home, '../bin/stryker.js');
  const report = join(REPORTS, 'mutation.json');
  rmSync(report, { force: true });
  const files = names.map((name) => `src/core/${name}.ts`).join(',');
  spawnSync(process.execPath, [bin, 'run', '--mutate', files], {
    stdio: 'inherit',
    env: { ...process.env, HARNESS_SCRIPTS: '2000', ...env },
  });
  return existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')).files : null;
}

const sum = (counts, ...names) => names.reduce((all, name) => all + (counts[name] ?? 0), 0);
const percent = (part, whole) => (whole === 0 ? '–' : ((100 * part) / whole).toFixed(1));

function countsOf(name) {
  const path = join(FILES, `${name}.json`);
  if (!existsSync(path)) return null;
  const counts = {};
  for (const { status } of JSON.parse(readFileSync(path, 'utf8')))
    counts[status] = (counts[status] ?? 0) + 1;
  const found = sum(counts, 'Killed', 'Timeout');
  const left = sum(counts, 'Survived', 'NoCoverage');
  return { found, left, ignored: sum(counts, 'Ignored') };
}

function table() {
  const rows = core().map((name) => ({ name, counts: countsOf(name) }));
  const run = rows.flatMap(({ counts }) => (counts === null ? [] : [counts]));
  const all = (what) => run.reduce((total, counts) => total + counts[what], 0);
  const line = (name, counts) =>
    counts === null
      ? `| \`${name}\` | not run | | | |`
      : `| \`${name}\` | ${percent(counts.found, counts.found + counts.left)} | ${counts.found} | ${counts.left} | ${counts.ignored} |`;
  const total = { found: all('found'), left: all('left'), ignored: all('ignored') };
  return [
    '| file | score in % | mutants found | not found | not counted |',
    '|---|---|---|---|---|',
    ...rows.map(({ name, counts }) => line(`${name}.ts`, counts)),
    line('all that were run', total),
  ].join('\n');
}

const given = process.argv.slice(2);
const asked = given.filter((word) => !word.startsWith('--'));
mkdirSync(FILES, { recursive: true });
const names = asked.length > 0 ? asked : core();
if (given.includes('--left')) process.exitCode = again(names);
else if (!given.includes('--table'))
  for (const batch of batches(asked)) process.exitCode ||= mutate(batch);
process.stdout.write(`${table()}\n`);

const run = names.filter((name) => countsOf(name) !== null);
const left = (name) => keptOf(name).filter(({ status }) => LEFT.has(status));
const { told, failed } = judge(new Map(run.map((name) => [name, left(name)])));
for (const sentence of told) process.stdout.write(`${sentence}\n`);
if (failed) process.exitCode = 1;
