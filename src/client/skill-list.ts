import { BUILT_IN_VERSION, BUILT_INS } from '../core/graph';
import { type JsonObject, own } from '../core/json';
import { parseRef, type Registry } from '../core/registry';
import type { SkillRegistration, SkillState } from '../core/skills';
import type { Store } from '../store/store';

/** A line of `harness skills list`. */
export interface SkillRow {
  readonly skill_ref: string;
  readonly state: SkillState;
  readonly layer: string;
  readonly task_types: readonly string[];
  readonly side_effects: readonly string[];
  /** In the skill's present tenure (R17). */
  readonly violations: number;
  /** The entry that the version's last step cites. */
  readonly ledger: string;
}

/** R27: the built-in tasks first, by the project's own ledger; then what users registered, by id and version. */
export function listSkills(registry: Registry): SkillRow[] {
  const builtIns = Object.entries(BUILT_INS).map(
    ([id, { task_type, decision_ledger_ref }]): SkillRow => ({
      skill_ref: `${id}@${BUILT_IN_VERSION}`,
      state: 'ACTIVE',
      layer: 'L12',
      task_types: [task_type],
      side_effects: ['audit_log'],
      violations: 0,
      ledger: decision_ledger_ref,
    }),
  );
  const registered = Object.entries(registry.skills).flatMap(([id, skill]) =>
    Object.entries(skill.versions).map(([version, { state, manifest, history }]): SkillRow => ({
      skill_ref: `${id}@${version}`,
      state: skill.standing === 'GOOD' || state === 'REMOVED' ? state : skill.standing,
      layer: manifest.layer,
      task_types: manifest.task_types,
      side_effects: manifest.side_effects,
      violations: skill.violations,
      ledger: history.at(-1)?.ledger ?? '',
    })),
  );
  const byRef = (a: SkillRow, b: SkillRow): number =>
    a.skill_ref.localeCompare(b.skill_ref, 'en', { numeric: true });
  return [...builtIns, ...registered.sort(byRef)];
}

/** Everything that is known of a skill; null when it is not registered. `id` with or without a version. */
export async function showSkill(store: Store, id: string): Promise<JsonObject | null> {
  const { registry, pointer } = await store.registry.now();
  const { skillId, version } = parseRef(id);
  const skill = own(registry.skills, skillId);
  if (skill === undefined || (version !== null && own(skill.versions, version) === undefined))
    return null;
  const names = version === null ? Object.keys(skill.versions) : [version];
  const versions: Record<string, unknown> = {};
  for (const name of names) {
    const record = own(skill.versions, name);
    if (record === undefined) continue;
    const bytes = await store.documents.get(record.registration);
    const pinned =
      bytes === null
        ? null
        : (JSON.parse(Buffer.from(bytes).toString('utf8')) as SkillRegistration);
    versions[name] = { ...record, bundle: pinned?.bundle ?? null, output: pinned?.output ?? null };
  }
  const shown = { skill_id: skillId, ...skill, versions, registry: pointer };
  return shown as unknown as JsonObject;
}
