import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { verifyTrail } from '../audit/verify';
import { messageOf } from '../core/invariant';
import { openSandbox } from '../sandbox';
import { register } from './cycles';
import { CLEAN, type Drill, DRILLS } from './drills';
import { type Evidence, grade, type Graded, gullible } from './grade';
import type { Site } from './site';
import { skillCode, type SkillName } from './skill';

/** One line of the report. */
export interface Row extends Graded {
  readonly drill: string;
  readonly injects: string;
  readonly shows: string;
  readonly expected: readonly string[];
  readonly seen: readonly string[];
  readonly notice_ms: number | null;
  readonly ms: number;
}

/** What one drill may take; its stage ends with it. */
const DRILL_MS = 40_000;
const STAGES = [1, 2, 3] as const;

/**
 * Carries out the drills, those of a stage at the same time, and the controls: a clean cycle, the grader itself, the record.
 * A drill that breaks is FAILED, and the others go on.
 */
export async function runDrills(
  site: Site,
  chosen: readonly Drill[],
  say: (line: string) => void,
): Promise<Row[]> {
  const drills = [CLEAN, ...chosen.filter(({ name }) => name !== CLEAN.name)];
  await site.startWorker();
  await registerSkills(site, drills);
  const rows: Row[] = [];
  for (const stage of STAGES) {
    const now = drills.filter((drill) => drill.stage === stage);
    if (now.length > 0) say(`drilling: ${now.map(({ name }) => name).join(', ')}`);
    rows.push(...(await Promise.all(now.map((drill) => rowOf(site, drill)))));
  }
  return [...rows, graderRow(rows), await recordRow(site)];
}

/** Only those that the drills need; one after the other, as the registry takes them. */
async function registerSkills(site: Site, drills: readonly Drill[]): Promise<void> {
  const names = new Set(drills.flatMap(({ skill }) => (skill === undefined ? [] : [skill])));
  if (names.size === 0) return;
  const sandbox = await openSandbox({ spares: 1 });
  const one = async (name: SkillName): Promise<void> => {
    const file = join(site.folder, `${name}.mjs`);
    writeFileSync(file, skillCode(name));
    await register(site, name, file, sandbox);
  };
  try {
    await Promise.all([...names].map(one));
  } finally {
    await sandbox.close();
  }
}

async function rowOf(site: Site, drill: Drill): Promise<Row> {
  const { name, injects, shows, expected } = drill;
  const since = performance.now();
  const said = { drill: name, injects, shows, expected: expectedLines(drill) };
  const ms = (): number => Math.round(performance.now() - since);
  try {
    const seen = await inTime(drill.run(site));
    const { facts, notice_ms } = seen;
    return { ...said, seen: facts, notice_ms, ms: ms(), ...grade(expected, seen) };
  } catch (error) {
    const problems = [`the drill broke: ${messageOf(error)}`];
    return { ...said, seen: [], notice_ms: null, ms: ms(), grade: 'FAILED', problems };
  }
}

function expectedLines({ expected }: Drill): readonly string[] {
  return expected.notice ? [...expected.facts, 'a notice'] : expected.facts;
}

async function inTime(running: Promise<Evidence>): Promise<Evidence> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const sentence = `it did not end in ${DRILL_MS / 1_000} s`;
    timer = setTimeout(() => reject(new Error(sentence)), DRILL_MS);
  });
  try {
    return await Promise.race([running, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * A grader that cannot fail proves nothing. So every expectation is graded on what the clean cycle came to, where it is wrong,
 * and the clean cycle's own on what nothing came to: each has to be FAILED there.
 */
function graderRow(rows: readonly Row[]): Row {
  const clean = rows.find(({ drill }) => drill === CLEAN.name);
  const evidence = { facts: clean?.seen ?? [], notice_ms: clean?.notice_ms ?? null };
  const others = DRILLS.filter(({ name }) => name !== CLEAN.name);
  const believed = [
    ...gullible(others, evidence),
    ...gullible([CLEAN], { facts: [], notice_ms: null }),
  ];
  const count = others.length + 1;
  return {
    drill: 'wrong-expectations',
    injects: 'expectations that are wrong on purpose: the control of the grader',
    shows: 'each is graded FAILED',
    expected: [`${count} of ${count} graded FAILED`],
    seen: [`${count - believed.length} of ${count} graded FAILED`],
    notice_ms: null,
    ms: 0,
    grade: believed.length === 0 ? 'PASSED' : 'FAILED',
    problems: believed.map((name) => `graded PASSED where it is wrong: ${name}`),
  };
}

/** Whatever was injected, the record of it holds. */
async function recordRow({ home }: Site): Promise<Row> {
  const since = performance.now();
  const { status } = await verifyTrail(home);
  const expected = { facts: ['trail INTACT'], notice: false };
  const seen = { facts: [`trail ${status}`], notice_ms: null };
  return {
    drill: 'record',
    injects: 'nothing: verifies the trail of all of them',
    shows: 'INTACT',
    expected: expected.facts,
    seen: seen.facts,
    notice_ms: null,
    ms: Math.round(performance.now() - since),
    ...grade(expected, seen),
  };
}
