// Writes docs/clauses.md: for each clause of the contract, and each reading of it, where it is enforced, by which tests it
// is held, and what cites it on record. `--check` writes nothing, and fails when the file is out of date or has a gap;
// `--tests` prints the name of every test. Sources are read as text: what stands in a comment is what is claimed.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NOT_YET, PARTLY, READINGS } from './clause-texts.mjs';
import { testNamesIn } from './test-names.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const TARGET = join(root, 'docs', 'clauses.md');

/** An id, or a range of ids (C3.P1–P5). SK-1 is how the contract writes C7.SK1. */
const IDS =
  /\b(?:(C\d\.[A-Z]{1,2}|EXE-|R|C\d\.)(\d+)–[A-Z.]*(\d+)|C\d\.[A-Z]{1,2}\d?|C\d\.\d|CA|EXE-\d|R\d{1,2}|SK-\d)\b/g;

function sourcesUnder(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((item) => item.isFile() && item.name.endsWith('.ts'))
    .map((item) => join(item.parentPath ?? item.path, item.name).slice(root.length))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

function idsIn(line) {
  const ids = [];
  for (const [whole, stem, from, to] of line.matchAll(IDS)) {
    if (stem === undefined) ids.push(whole.startsWith('SK-') ? `C7.SK${whole.slice(3)}` : whole);
    else for (let n = Number(from); n <= Number(to); n += 1) ids.push(`${stem}${n}`);
  }
  return ids;
}

function clauseTitles(text) {
  const body = text.slice(text.indexOf('{'), text.indexOf('} as const'));
  const rows = body.matchAll(/^ {2}'?([A-Z][A-Z0-9.-]*)'?:\s*'([^']*)',/gm);
  return new Map([...rows].map(([, id, title]) => [id, title]));
}

/** Reason codes and the types of audit entries, by the clause that each cites. */
function citations(sources) {
  const cited = new Map();
  const cite = (clause, what) => cited.set(clause, (cited.get(clause) ?? new Set()).add(what));
  for (const { path, text } of sources) {
    if (path.endsWith('core/reasons.ts')) {
      for (const [, code, id] of text.matchAll(/^ {2}([A-Z_]+): '([^']+)',$/gm)) cite(id, code);
    }
    for (const [, type, id] of text.matchAll(/\bevent\(\s*'([A-Z_]+)',\s*'([^']+)'/g))
      cite(id, `entry ${type}`);
    for (const [, types, id] of text.matchAll(/\btype: (.*),\n\s*clause: '([^']+)'/g))
      for (const [, type] of types.matchAll(/'([A-Z_]+)'/g)) cite(id, `entry ${type}`);
  }
  return cited;
}

function gather() {
  const sources = sourcesUnder('src');
  const table = sources.find(({ path }) => path === 'src/core/clauses.ts');
  const titles = new Map([...clauseTitles(table.text), ...Object.entries(READINGS)]);
  const enforced = new Map();
  for (const { path, text } of sources) {
    if (path === table.path) continue;
    text.split('\n').forEach((line, index) => {
      for (const id of new Set(idsIn(line)))
        enforced.set(id, [...(enforced.get(id) ?? []), `${path}:${index + 1}`]);
    });
  }
  const tests = sourcesUnder('test').flatMap(({ path, text }) => testNamesIn(path, text));
  const held = new Map();
  for (const test of tests)
    for (const id of new Set(idsIn(test.name))) held.set(id, [...(held.get(id) ?? []), test]);
  return { titles, enforced, held, tests, cited: citations(sources) };
}

/** What is claimed but not shown, and what is shown but not claimed. */
function gapsIn({ titles, enforced, held }) {
  const gaps = [];
  for (const id of titles.keys()) {
    if (NOT_YET[id] !== undefined) continue;
    if (!enforced.has(id)) gaps.push(`${id} has no enforcer in src: name it where it is enforced`);
    if (!held.has(id)) gaps.push(`${id} has no test: name it in the test that holds it`);
  }
  for (const id of [...enforced.keys(), ...held.keys()])
    if (!titles.has(id)) gaps.push(`${id} is no clause and no reading`);
  for (const id of [...Object.keys(NOT_YET), ...Object.keys(PARTLY)])
    if (!titles.has(id)) gaps.push(`scripts/clause-texts.mjs: ${id} is no clause and no reading`);
  return [...new Set(gaps)];
}

const cell = (text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

function section(id, { titles, enforced, held, cited }) {
  const lines = [`### ${id}`, '', titles.get(id), ''];
  if (NOT_YET[id] !== undefined) lines.push(`**Not in this version:** ${NOT_YET[id]}`, '');
  if (PARTLY[id] !== undefined) lines.push(`**In part:** ${PARTLY[id]}`, '');
  const where = enforced.get(id) ?? [];
  const tests = held.get(id) ?? [];
  if (where.length > 0)
    lines.push(`- enforced: ${where.map((place) => `\`${place}\``).join(', ')}`);
  for (const { path, name } of tests) lines.push(`- test: ${cell(name)} (\`${path}\`)`);
  const records = [...(cited.get(id) ?? [])];
  if (records.length > 0)
    lines.push(`- on record as: ${records.map((r) => `\`${r}\``).join(', ')}`);
  return [...lines, ''];
}

function document(found) {
  const ids = [...found.titles.keys()];
  const clauses = ids.filter((id) => READINGS[id] === undefined);
  const missing = ids.filter((id) => NOT_YET[id] !== undefined);
  return [
    '# Clauses, and what holds them',
    '',
    'Generated by `npm run docs` from the sources: do not edit. A clause without an enforcer or without a test fails',
    '`npm run check`, unless it stands in the list of what this version does not have (`scripts/clause-texts.mjs`).',
    '',
    `Not in this version: ${missing.join(', ') || 'nothing'}.`,
    '',
    '## Clauses of the Execution Harness Contract',
    '',
    ...clauses.flatMap((id) => section(id, found)),
    '## Readings of what the contract leaves open',
    '',
    ...Object.keys(READINGS).flatMap((id) => section(id, found)),
  ].join('\n');
}

const found = gather();
const [mode] = process.argv.slice(2);
const gaps = gapsIn(found);
const text = document(found);
if (mode === '--tests') {
  process.stdout.write(JSON.stringify(found.tests));
} else if (mode === '--check') {
  const standing = existsSync(TARGET) ? readFileSync(TARGET, 'utf8') : '';
  if (standing !== text) gaps.push('docs/clauses.md is out of date: run `npm run docs`');
  process.stdout.write(gaps.map((gap) => `${gap}\n`).join(''));
  process.exitCode = gaps.length === 0 ? 0 : 1;
} else {
  writeFileSync(TARGET, text);
  process.stderr.write(gaps.map((gap) => `${gap}\n`).join(''));
}
