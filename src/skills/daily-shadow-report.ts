import { defineSkill } from 'execution-harness/skill';

/**
 * Writes one line about the cycle to the effect `shadow_report`: the regime, how many beliefs survived the filter, and which
 * ones lead the ranking of the task `rank`, if the graph has it. Its schema is plain JSON Schema, so nothing is imported.
 */
export default defineSkill({
  skill_id: 'examples.daily-shadow-report',
  skill_version: '1.0.0',
  layer: 'L14',
  task_types: ['write_report'],
  required_inputs: ['timestamp', 'regime_state', 'active_beliefs'],
  requires_permissions: [],
  layer_dependencies: ['L6', 'L9'],
  side_effects: ['shadow_report'],
  output_schema: 'ShadowReport',
  output: {
    type: 'object',
    properties: { line: { type: 'string' } },
    required: ['line'],
    additionalProperties: false,
  },
  author: 'examples',
  decision_ledger_ref: 'D002',
  async run(ctx) {
    const { behavior, bias, confidence } = ctx.state('regime_state');
    const beliefs = ctx.state('active_beliefs').length;
    const leaders = leadersOf(ctx.output('rank'));
    const line = [
      ctx.state('timestamp'),
      `${behavior} ${bias} at ${confidence}`,
      `${beliefs} ${beliefs === 1 ? 'belief' : 'beliefs'}`,
      leaders.length > 0 ? `led by ${leaders.join(', ')}` : 'no ranking',
    ].join(' | ');
    await ctx.effects.shadow_report({ line });
    return { line };
  },
});

/** The first three ids of a Ranking; none where the task did not succeed. */
function leadersOf(output: unknown): string[] {
  const ranked: unknown = Reflect.get(Object(output), 'ranked');
  if (!Array.isArray(ranked)) return [];
  return ranked.slice(0, 3).map((entry) => String(Reflect.get(Object(entry), 'belief_id')));
}
