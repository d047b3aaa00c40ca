import { defineSkill } from 'execution-harness/skill';
import { z } from 'zod';

/**
 * Ranks the beliefs that the graph's filter let through by their confidence, highest first. Equal confidence: the older belief
 * first, then by id, so that the order never depends on the bundle's. `inputs.top` cuts the list (default: all).
 */
export default defineSkill({
  skill_id: 'examples.rank-beliefs',
  skill_version: '1.0.0',
  layer: 'L9',
  task_types: ['rank_beliefs'],
  required_inputs: ['active_beliefs'],
  requires_permissions: [],
  layer_dependencies: [],
  side_effects: ['ranking_log'],
  output_schema: 'Ranking',
  output: z.strictObject({
    ranked: z.array(z.strictObject({ rank: z.int(), belief_id: z.string(), score: z.number() })),
  }),
  author: 'examples',
  decision_ledger_ref: 'D001',
  async run(ctx, input) {
    const { top } = z.object({ top: z.int().min(1).optional() }).parse(input);
    const ranked = ctx
      .state('active_beliefs')
      .map(({ belief_id, confidence, timestamp }) => ({ belief_id, confidence, timestamp }))
      .sort(
        (a, b) =>
          b.confidence - a.confidence ||
          Date.parse(a.timestamp) - Date.parse(b.timestamp) ||
          (a.belief_id < b.belief_id ? -1 : 1),
      )
      .slice(0, top)
      .map(({ belief_id, confidence }, index) => ({
        rank: index + 1,
        belief_id,
        score: confidence,
      }));
    await ctx.effects.ranking_log({ ranked });
    return { ranked };
  },
});
