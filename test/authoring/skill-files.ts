import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A folder of an author's, outside of any node_modules; the files by their relative path. */
export function skillFolder(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'skill-'));
  folders.push(folder);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A skill file with the given body of `run`, and whatever stands beside the skill in its module. */
export function skillText(run: string, beside = ''): string {
  return `${beside}
export default {
  skill_id: 'acme.rank-beliefs', skill_version: '1.2.0', layer: 'L9', task_types: ['rank_beliefs'],
  required_inputs: ['regime_state', 'active_beliefs'], requires_permissions: ['momentum'],
  layer_dependencies: ['L6', 'L8'], side_effects: ['ranking_log'], output_schema: 'Ranking',
  output: { type: 'object' }, author: 'research', decision_ledger_ref: 'D014',
  async run(ctx, input) { ${run} },
};
`;
}
