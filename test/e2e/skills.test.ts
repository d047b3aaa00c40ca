import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Sandbox } from '../support/sandbox';
import { act, ledger } from '../support/skills';
import { graph, object, objects, taskLines, uniqueBundle } from './documents';
import { resultShape } from './result';

/** A newcomer's way from a file to a skill that runs, with the commands as they are typed. */
let box: Sandbox;
beforeAll(async () => {
  box = await Sandbox.open();
  box.file('DECISION_LEDGER.md', ledger());
  box.file('harness.config.json', {
    ledger: 'DECISION_LEDGER.md',
    effects: {
      ranking_log: { type: 'jsonl', path: 'out/ranking.jsonl', in_shadow: 'perform' },
      desk: { type: 'jsonl', path: 'out/desk.jsonl' },
    },
  });
  await box.worker();
});
afterAll(() => box.close());

const SKILL = `
import { defineSkill } from 'execution-harness/skill';
import { z } from 'zod';

export default defineSkill({
  skill_id: 'acme.rank-beliefs',
  skill_version: '1.2.0',
  layer: 'L9',
  task_types: ['rank_beliefs'],
  required_inputs: ['regime_state', 'active_beliefs'],
  requires_permissions: ['momentum'],
  layer_dependencies: ['L6', 'L8'],
  side_effects: ['ranking_log', 'desk'],
  output_schema: 'Ranking',
  output: z.object({ ranked: z.array(z.string()) }),
  author: 'research',
  decision_ledger_ref: 'D010',
  async run(ctx, input) {
    const ranked = ctx
      .state('active_beliefs')
      .map(({ belief_id }) => \`\${String(input['prefix'])}\${belief_id}\`);
    await ctx.effects.ranking_log({ ranked });
    await ctx.effects.desk({ best: ranked[0] ?? null });
    return { ranked };
  },
});
`;

const TASK = {
  task_type: 'rank_beliefs',
  output_schema: 'Ranking',
  side_effects: ['ranking_log', 'desk'],
  required_permissions: ['momentum'],
};

const linesIn = (file: string): string[] => {
  const path = join(box.home, 'out', file);
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : [];
};

it('checks, registers and activates a skill, performing nothing', async () => {
  const file = box.file('rank.ts', SKILL);
  const checked = await box.run(['skills', 'check', file]);
  expect(checked).toMatchObject({ status: 0, stderr: '' });
  expect(checked.stdout).toMatch(/conforms/);
  expect(checked.stdout).not.toMatch(/FAILED/);

  const registered = await box.json(['skills', 'register', file, '--by', 'ada']);
  expect(registered).toMatchObject({
    status: 0,
    value: { skill: 'acme.rank-beliefs@1.2.0', changed: true, registry: { version: 1 } },
  });
  const again = await box.json(['skills', 'register', file, '--ledger', 'D010']);
  expect(again).toMatchObject({ status: 0, value: { changed: false, registry: { version: 1 } } });

  const input = box.file('early.json', uniqueBundle());
  const own = graph([act('rank', 'acme.rank-beliefs', { prefix: '' }, TASK)]);
  const args = ['cycle', 'start', '--input', input, '--graph', box.file('early-g.json', own)];
  const early = await box.json([...args, '--wait']);
  expect(early).toMatchObject({ status: 0, value: { outcome: 'COMPLETED' } });
  expect(taskLines(early.value)).toContain('rank SKIPPED SKILL_NOT_INVOCABLE'); // R28: not yet

  const activate = ['skills', 'activate', 'acme.rank-beliefs', '--ledger', 'D011', '--by', 'ada'];
  expect(await box.run(activate)).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^acme\.rank-beliefs@1\.2\.0 is ACTIVE/),
  });
  expect([linesIn('ranking.jsonl'), linesIn('desk.jsonl')]).toEqual([[], []]);
});

it('lists and shows it, with who decided what by which entry', async () => {
  const { value } = await box.json(['skills', 'list']);
  const rows = objects(value as never);
  expect(rows.map((row) => row['skill_ref'])).toEqual([
    'harness.validate-state@1.0.0',
    'harness.check-regime@1.0.0',
    'harness.filter-beliefs@1.0.0',
    'harness.emit-actions@1.0.0',
    'acme.rank-beliefs@1.2.0',
  ]);
  expect(rows.at(-1)).toMatchObject({ state: 'ACTIVE', violations: 0, ledger: 'D011' });
  const shown = await box.json(['skills', 'show', 'acme.rank-beliefs']);
  expect(shown).toMatchObject({
    status: 0,
    value: {
      standing: 'GOOD',
      registry: { version: 2 },
      versions: {
        '1.2.0': {
          state: 'ACTIVE',
          manifest: { author: 'research', decision_ledger_ref: 'D010' },
          bundle: expect.stringMatching(/^sha256:/),
          history: [
            { to: 'REGISTERED', ledger: 'D010', by: 'ada' },
            { to: 'ACTIVE', ledger: 'D011', by: 'ada' },
          ],
        },
      },
    },
  });
});

it('C7 runs it in a cycle: output, effects with receipts, isolation; the same cycle again does nothing', async () => {
  const input = box.file('bundle.json', uniqueBundle());
  const own = graph([act('rank', 'acme.rank-beliefs', { prefix: '#' }, TASK)]);
  const args = ['cycle', 'start', '--input', input, '--graph', box.file('graph.json', own)];
  const { status, value } = await box.json([...args, '--wait']);
  expect([status, value['outcome']]).toEqual([0, 'COMPLETED']);
  expect(resultShape.safeParse(value).error?.issues).toBeUndefined();
  const ran = objects(value['tasks']).at(-1) ?? {};
  const key = expect.stringMatching(/^[0-9a-f-]{36}$/);
  expect(ran).toMatchObject({
    name: 'rank',
    skill_ref: 'acme.rank-beliefs@1.2.0',
    outcome: 'SUCCESS',
    reason: null,
    output: { ranked: ['#B-1'] }, // R33: B-2 did not survive T3
    isolation: expect.stringMatching(/^(process|os)$/),
    effects: [
      {
        effect: 'ranking_log',
        ordinal: 1,
        status: 'PERFORMED',
        payload: { ranked: ['#B-1'] },
        target: join(box.home, 'out', 'ranking.jsonl'),
        key,
      },
      { effect: 'desk', status: 'RECORDED', payload: { best: '#B-1' }, target: 'record', key },
    ],
  });
  const [line, ...others] = linesIn('ranking.jsonl').map((text) => JSON.parse(text) as unknown);
  expect(others).toEqual([]);
  expect(line).toMatchObject({ key: objects(ran['effects'])[0]?.['key'], task_id: ran['task_id'] });
  expect(linesIn('desk.jsonl')).toEqual([]);

  const again = await box.json([...args, '--wait']);
  expect(again.value).toMatchObject({ deduplicated: true, cycle_id: value['cycle_id'] });
  expect(linesIn('ranking.jsonl')).toHaveLength(1);

  const { value: trail } = await box.json(['audit', 'show', String(value['cycle_id'])]);
  const entries = objects((Array.isArray(trail) ? trail : trail['entries']) as never);
  const ended = entries.find(({ type, task }) => type === 'TASK_ENDED' && task === 'rank');
  expect(object(ended?.['data'])['left']).toMatchObject({
    isolation: ran['isolation'],
    effects: ran['effects'],
  });
  const verified = await box.json(['audit', 'verify']);
  expect(verified).toMatchObject({ status: 0, value: { status: 'INTACT' } });
});

it('R28 a deprecated skill still runs, and is flagged; a removed one never runs again', async () => {
  const own = graph([act('rank', 'acme.rank-beliefs@1.2.0', { prefix: '' }, TASK)]);
  const file = box.file('pinned.json', own);
  const run = async () => {
    const input = box.file('later.json', uniqueBundle());
    return box.json(['cycle', 'start', '--input', input, '--graph', file, '--wait']);
  };
  const move = (to: string) =>
    box.run(['skills', to, 'acme.rank-beliefs@1.2.0', '--ledger', 'D012']);
  expect(await move('deprecate')).toMatchObject({ status: 0 });
  const flagged = await run();
  expect(taskLines(flagged.value)).toContain('rank SUCCESS');
  expect(objects(flagged.value['tasks']).at(-1)).toMatchObject({ deprecated: true });
  const cycle = String(flagged.value['cycle_id']);
  expect((await box.run(['cycle', 'show', cycle])).stdout).toMatch(/rank.*SUCCESS.*DEPRECATED/);

  expect(await move('remove')).toMatchObject({ status: 0 });
  const removed = await run();
  expect(removed.value['outcome']).toBe('COMPLETED');
  expect(taskLines(removed.value)).toContain('rank SKIPPED SKILL_NOT_INVOCABLE');
  expect(linesIn('ranking.jsonl')).toHaveLength(2);
});
