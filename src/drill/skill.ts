/** The skills of the drills. Each is its own, so that what one does to its standing touches no other. */
export const SKILLS = ['undeclared', 'layer', 'permission', 'repeated', 'patient'] as const;
export type SkillName = (typeof SKILLS)[number];

/** The entry of the drill's own Decision Ledger that they cite. */
export const LEDGER_ENTRY = 'D001';

export const LEDGER = `# Decision Ledger

### [2026-01-01] ${LEDGER_ENTRY}: Skills of the drill
**Decision**: they may run, in the drill's own namespace only.
**Rationale**: what is never tried out fails when it is needed.
**Impacted Documents**: none.
`;

export function skillId(name: SkillName): string {
  return `drill.${name}`;
}

/**
 * A skill that does what its task's \`inputs\` say: \`{"steps": [["note", 1], ["nap", 500]]}\`. With none, as it is examined, it is
 * a good one.
 */
export function skillCode(name: SkillName): string {
  const guarded = name === 'permission' || name === 'repeated';
  const manifest = {
    skill_id: skillId(name),
    skill_version: '1.0.0',
    layer: 'L9',
    task_types: ['drill'],
    required_inputs: ['active_beliefs'],
    requires_permissions: guarded ? ['value'] : [],
    layer_dependencies: [],
    side_effects: ['notes'],
    output_schema: 'Drilled',
    output: { type: 'object' },
    author: 'drill',
    decision_ledger_ref: LEDGER_ENTRY,
  };
  return `const deeds = {
  note: (ctx, n) => ctx.effects.notes({ n }),
  nap: (ctx, ms) => new Promise((done) => setTimeout(done, ms)),
  trespass: (ctx, name) => ctx.effects[name]({}),
  peek: (ctx, name) => ctx.state(name),
};
export default {
  ...${JSON.stringify(manifest)},
  async run(ctx, { steps = [] }) {
    for (const [deed, about] of steps) await deeds[deed](ctx, about);
    return { steps: steps.length };
  },
};
`;
}
