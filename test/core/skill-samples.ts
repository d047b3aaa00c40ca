import type { SkillManifest } from '../../src/core/skills';

/** A manifest that stands under the default policy, but for what the test changes. */
export function manifestWith(changes: Partial<SkillManifest> = {}): SkillManifest {
  return {
    skill_id: 'acme.rank-beliefs',
    skill_version: '1.2.0',
    layer: 'L9',
    task_types: ['rank_beliefs'],
    required_inputs: ['regime_state', 'active_beliefs'],
    requires_permissions: ['momentum'],
    layer_dependencies: ['L6', 'L8'],
    side_effects: ['ranking_log'],
    output_schema: 'Ranking',
    author: 'research',
    decision_ledger_ref: 'D014',
    ...changes,
  };
}
