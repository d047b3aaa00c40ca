import { join } from 'node:path';
import {
  examinationTable,
  examine,
  type Examination,
  type ExamineOptions,
} from '../../src/authoring/examine';
import { readSkillFile } from '../../src/authoring/read-skill';
import type { JsonObject } from '../../src/core/json';
import { openSandbox } from '../../src/sandbox';
import type { Sandbox } from '../../src/sandbox/types';
import { skillFolder, skillText } from './skill-files';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await openSandbox({ spares: 2 });
});
afterAll(() => sandbox.close());

async function examinationOf(path: string, options?: ExamineOptions): Promise<Examination> {
  const read = await readSkillFile(path, sandbox);
  if (!read.ok) throw new Error(read.problem);
  return examine(read.skill, sandbox, options);
}

const ofRun = (run: string, options?: ExamineOptions): Promise<Examination> =>
  examinationOf(join(skillFolder({ 'skill.ts': skillText(run) }), 'skill.ts'), options);

const failed = ({ rows }: Examination): string[] =>
  rows.filter(({ ok }) => !ok).map(({ name }) => name.split(/[ :,]/, 2).join(' '));

const SKILLS = join(__dirname, '..', '..', 'src', 'skills');

test.each(['rank-beliefs', 'daily-shadow-report'])(
  'C7.SK1–SK4: the example skill %s keeps every promise',
  async (name) => {
    const examination = await examinationOf(join(SKILLS, `${name}.ts`));
    expect(failed(examination)).toEqual([]);
    expect(examination.ok).toBe(true);
    expect(examination.rows).toHaveLength(10);
  },
);

test.each<readonly [string, string, string[]]>([
  ['chance', 'return { a: Math.random() }', ['is idempotent', 'is deterministic']],
  ['the clock', 'return { a: Date.now() }', ['is idempotent', 'is deterministic']],
  [
    'chance in what it writes',
    'await ctx.effects.ranking_log({ a: Math.random() }); return {}',
    ['is idempotent'],
  ],
  [
    'a swallowed change of a state',
    "try { ctx.state('active_beliefs').push(1) } catch {} return {}",
    ['leaves what'],
  ],
  ['a change of its input', 'try { input.a = 1 } catch {} return {}', ['leaves what']],
  ['an undeclared effect', 'ctx.effects.desk({}); return {}', ['has the', 'returns what']],
  ['an undeclared state', "ctx.state('signals'); return {}", ['reads the', 'returns what']],
  ['the network', "return fetch('http://127.0.0.1:9')", ['has the', 'returns what']],
  ['another output', 'return 3', ['returns what']],
  ['an error', "throw new Error('no')", ['ends without', 'returns what']],
])('C7.SK1–SK4: a skill with %s is found out', async (_what, run, rows) => {
  const examination = await ofRun(run);
  expect(failed(examination)).toEqual(rows);
  expect(examination.ok).toBe(false);
});

test('C7.V4: a skill that loops by itself is found out, and killed', async () => {
  const examination = await ofRun('for (;;);', { timeout_ms: 200 });
  expect(failed(examination)).toEqual(['ends without', 'returns what']);
});

test('C7.SK3: a declared effect that is never called is a note, no failure; the order of keys is none', async () => {
  const examination = await ofRun('return { b: 1, a: 2 }');
  expect(examination.ok).toBe(true);
  expect(examinationTable(examination)).toContain('never called here: ranking_log');
  expect(examinationTable(examination)).toContain('with momentum not granted the harness does not');
});

test('C7.SK1: a given bundle and given inputs are examined too', async () => {
  const bundle: JsonObject = {
    timestamp: '2026-11-20T14:25:29.412Z',
    regime_state: { id: 'MINE' },
    active_beliefs: [],
  };
  const run = "if (ctx.state('regime_state').id === 'MINE') throw new Error(input.say); return {}";
  const examination = await ofRun(run, { bundle, inputs: { say: 'given' } });
  expect(examination.rows.find(({ ok }) => !ok)?.detail).toBe(
    'on the given bundle: it threw Error: given',
  );
});
