import { defineSkill } from 'execution-harness/skill';
import { z } from 'zod';

const ranking = z.object({ ranked: z.array(z.object({ belief_id: z.string() })) });

/**
 * Writes one line about the cycle to the effect `shadow_report`: the regime, how many beliefs survived the filter, and which
 * ones lead the ranking. `inputs.ranking` names the task whose Ranking is read (default `rank`).
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
  output: z.strictObject({ line: z.string() }),
  author: 'examples',
  decision_ledger_ref: 'D002',
  async run(ctx, input) {
    const { ranking: task } = z.object({ ranking: z.string().default('rank') }).parse(input);
    const regime = ctx.state('regime_state');
    const beliefs = ctx.state('active_beliefs').length;
    const ranked = ranking.safeParse(ctx.output(task));
    const leaders = ranked.success ? ranked.data.ranked.slice(0, 3) : [];
    const line = [
      ctx.state('timestamp'),
      `${regime.behavior} ${regime.bias} at ${regime.confidence}`,
      `${beliefs} ${beliefs === 1 ? 'belief' : 'beliefs'}`,
      leaders.length === 0
        ? 'no ranking'
        : `led by ${leaders.map(({ belief_id }) => belief_id).join(', ')}`,
    ].join(' | ');
    await ctx.effects.shadow_report({ line, idempotency_key: ctx.idempotency_key });
    return { line };
  },
});
