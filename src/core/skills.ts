/** What the registry says of one skill version when a plan is built (C3.P5, R35). */
export interface SkillFacts {
  readonly skill_id: string;
  readonly skill_version: string;
  readonly state:
    'REGISTERED' | 'ACTIVE' | 'DEPRECATED' | 'REMOVED' | 'QUARANTINED' | 'DEREGISTERED';
  readonly task_types: readonly string[];
  readonly required_inputs: readonly string[];
  readonly output_schema: string;
  readonly side_effects: readonly string[];
}

/** A snapshot of the registry: `skill_ref` as a graph writes it → what is registered under it. Own keys only. */
export type SkillsSnapshot = Readonly<Record<string, SkillFacts>>;

/** No skill is registered. */
export const NO_SKILLS: SkillsSnapshot = {};
