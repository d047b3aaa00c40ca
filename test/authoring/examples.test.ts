import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readSkillFile } from '../../src/authoring/read-skill';
import { admissionProblems } from '../../src/core/admission';
import type { Json } from '../../src/core/json';
import { DEFAULT_POLICY } from '../../src/core/policy';
import { readConfig } from '../../src/documents/config';
import { readGraph } from '../../src/documents/graph';
import { authorises, readLedger } from '../../src/documents/ledger';
import { openSandbox } from '../../src/sandbox';

const ROOT = join(__dirname, '..', '..');
const text = (...path: string[]): string => readFileSync(join(ROOT, ...path), 'utf8');
const json = (...path: string[]): Json => JSON.parse(text(...path)) as Json;

test('C7.R: the example skills are admitted under the example configuration, and its graph runs them', async () => {
  const read = readConfig(json('examples', 'harness.config.json'), join(ROOT, 'examples'));
  if (!read.ok) throw new Error(read.problem);
  const { ledger = '', effects } = read.config;
  const { graph, problems } = readGraph(json('examples', 'graphs', 'ranked-report.json'));
  expect(problems).toEqual([]);
  const sandbox = await openSandbox({ spares: 1 });
  try {
    for (const name of ['rank-beliefs', 'daily-shadow-report']) {
      const skill = await readSkillFile(join(ROOT, 'src', 'skills', `${name}.ts`), sandbox);
      if (!skill.ok) throw new Error(skill.problem);
      const { manifest } = skill.skill;
      const decisions = readLedger(text(ledger.slice(ROOT.length + 1)));
      const ledgerProblem = authorises(decisions, manifest.decision_ledger_ref);
      const names = [...effects.keys()];
      expect(
        admissionProblems({ manifest, policy: DEFAULT_POLICY, effects: names, ledgerProblem }),
      ).toEqual([]);
      // R35: the task fits what is registered.
      expect(graph?.tasks).toContainEqual(
        expect.objectContaining({
          skill_ref: manifest.skill_id,
          task_type: manifest.task_types[0],
          output_schema: manifest.output_schema,
          side_effects: ['audit_log', ...manifest.side_effects],
        }),
      );
    }
  } finally {
    await sandbox.close();
  }
  expect(dirname(ledger)).toBe(join(ROOT, 'examples'));
});
