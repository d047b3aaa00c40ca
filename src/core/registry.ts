import { own, type Sha256 } from './json';
import type { RegistryChange } from './registry-change';
import type { ReasonCode, ViolationResponse } from './reasons';
import type { SkillFacts, SkillManifest, SkillsSnapshot, SkillState } from './skills';

/** C7.L: the life of one version. QUARANTINED and DEREGISTERED are the skill's, over all its versions (R17). */
export type VersionState = 'REGISTERED' | 'ACTIVE' | 'DEPRECATED' | 'REMOVED';

/** One step of a version's or a skill's life, with the Decision Ledger entry that it cites (R28). */
export interface Transition {
  readonly to: SkillState | 'RELEASED';
  readonly ledger: string | null;
  readonly by: string;
  readonly at: string;
}

export interface VersionRecord {
  readonly state: VersionState;
  readonly manifest: SkillManifest;
  readonly registration: Sha256;
  readonly history: readonly Transition[];
}

export interface SkillRecord {
  readonly standing: 'GOOD' | 'QUARANTINED' | 'DEREGISTERED';
  /** 1, and one more for each return after a deregistration: violations are counted within it (R17). */
  readonly tenure: number;
  readonly violations: number;
  readonly versions: Readonly<Record<string, VersionRecord>>;
  /** Quarantines, releases and deregistrations. */
  readonly history: readonly Transition[];
}

/** All that is registered. Published as a snapshot, versioned and hashed; a governance record, no state of a cycle (R18). */
export interface Registry {
  /** Grows by one with each snapshot; 0: nothing was ever registered. */
  readonly version: number;
  /** How many of the noted violations are counted in it. */
  readonly notes: number;
  readonly skills: Readonly<Record<string, SkillRecord>>;
}

/** The registry as it is published: a document under its own hash, which names the one before it. */
export interface RegistrySnapshot {
  readonly previous: Sha256 | null;
  readonly at: string;
  /** What was changed; null: violations were counted in. */
  readonly change: RegistryChange | null;
  readonly message: string;
  readonly registry: Registry;
}

export const EMPTY_REGISTRY: Registry = { version: 0, notes: 0, skills: {} };

/**
 * One violation, noted in the store by the worker that saw it: in force from then on for every worker, before the registry's
 * next snapshot counts it in.
 */
export interface ViolationNote {
  /** 1, 2, 3 … among all notes. */
  readonly n: number;
  /** Cycle, run, task and code: a violation is noted once, however often its task is attempted. */
  readonly id: string;
  readonly skill_id: string;
  readonly skill_ref: string;
  readonly code: ReasonCode;
  readonly detail: string;
  readonly cycle_id: string;
  readonly task: string;
  readonly at: string;
  readonly tenure: number;
  /** Of this skill, in this tenure, this one included. */
  readonly count: number;
  readonly response: readonly ViolationResponse[];
}

/** The registry as it stands now: the snapshot, and what was noted since. */
export function withNotes(registry: Registry, notes: readonly ViolationNote[]): Registry {
  return notes.reduce(takeNote, registry);
}

/** C7.V1, C7.V3, C7.V5, R17. A note of an earlier tenure changes nothing: that skill has been deregistered for it. */
function takeNote(registry: Registry, note: ViolationNote): Registry {
  if (note.n <= registry.notes) return registry;
  const taken = { ...registry, notes: note.n };
  const skill = own(registry.skills, note.skill_id);
  if (skill === undefined || skill.tenure !== note.tenure) return taken;
  const to = note.response.includes('DEREGISTER')
    ? 'DEREGISTERED'
    : note.response.includes('QUARANTINE')
      ? 'QUARANTINED'
      : null;
  const worse = to !== null && skill.standing !== 'DEREGISTERED' && skill.standing !== to;
  const step: Transition[] = worse
    ? [{ to, ledger: null, by: `${note.code} in cycle ${note.cycle_id}`, at: note.at }]
    : [];
  return putSkill(taken, note.skill_id, {
    ...skill,
    standing: worse ? to : skill.standing,
    violations: skill.violations + 1,
    history: [...skill.history, ...step],
  });
}

/** How many violations a skill has in its present tenure, counting those noted since the snapshot. */
export function violationsOf(
  registry: Registry,
  skillId: string,
): { tenure: number; count: number } {
  const skill = own(registry.skills, skillId);
  return { tenure: skill?.tenure ?? 1, count: skill?.violations ?? 0 };
}

/** What a graph's references stand for (C3.P5, R35): `acme.rank` is its active version, `acme.rank@1.2.0` that one. */
export function snapshotFor(registry: Registry, refs: Iterable<string>): SkillsSnapshot {
  const facts: Record<string, SkillFacts> = {};
  for (const ref of refs) {
    const found = factsOf(registry, ref);
    if (found !== null) facts[ref] = found;
  }
  return facts;
}

/** null: nothing is registered under this reference. */
export function factsOf(registry: Registry, ref: string): SkillFacts | null {
  const { skillId, version } = parseRef(ref);
  const skill = own(registry.skills, skillId);
  if (skill === undefined) return null;
  const chosen = version === null ? spokenFor(skill) : own(skill.versions, version);
  if (chosen === undefined) return null;
  const { manifest, registration } = chosen;
  const { skill_id, skill_version, task_types, required_inputs, output_schema, side_effects } =
    manifest;
  return {
    skill_id,
    skill_version,
    state: skill.standing === 'GOOD' ? chosen.state : skill.standing,
    task_types,
    required_inputs,
    output_schema,
    side_effects,
    registration,
  };
}

export function parseRef(ref: string): { skillId: string; version: string | null } {
  const at = ref.indexOf('@');
  if (at === -1) return { skillId: ref, version: null };
  return { skillId: ref.slice(0, at), version: ref.slice(at + 1) };
}

/** Without a version: the active one; else, of what is left of the lifecycle, the one nearest to it that moved last. */
function spokenFor(skill: SkillRecord): VersionRecord | undefined {
  const all = Object.values(skill.versions);
  for (const state of ['ACTIVE', 'DEPRECATED', 'REGISTERED', 'REMOVED'] as const) {
    const [last] = all
      .filter((version) => version.state === state)
      .sort((a, b) => movedAt(b).localeCompare(movedAt(a)));
    if (last !== undefined) return last;
  }
  return undefined;
}

function movedAt(version: VersionRecord): string {
  return version.history.at(-1)?.at ?? '';
}

export function putSkill(registry: Registry, skillId: string, skill: SkillRecord): Registry {
  return { ...registry, skills: { ...registry.skills, [skillId]: skill } };
}
