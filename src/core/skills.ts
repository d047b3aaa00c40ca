import type { BundleField } from './bundle';
import type { JsonObject, Sha256 } from './json';

/** The contract's SkillRegistration as its author declares it (C7.R, C7.D); `layer` is the skill's own. */
export interface SkillManifest {
  readonly skill_id: string;
  /** Semantic version. */
  readonly skill_version: string;
  readonly layer: string;
  readonly task_types: readonly string[];
  /** Fields of the bundle that the skill may read; another one is a LAYER_BYPASS. */
  readonly required_inputs: readonly BundleField[];
  readonly requires_permissions: readonly string[];
  readonly layer_dependencies: readonly string[];
  /** What it writes, `audit_log` included: the only effects it is given. */
  readonly side_effects: readonly string[];
  readonly output_schema: string;
  readonly author: string;
  readonly decision_ledger_ref: string;
}

/**
 * What a registration pins, stored under its own hash: what runs is what was registered. The same version with another
 * registration is refused.
 */
export interface SkillRegistration {
  readonly manifest: SkillManifest;
  /** JSON Schema of the output (2020-12), as the manifest's `output` says it. */
  readonly output: JsonObject;
  /** Hash of the skill's code: one CommonJS file, in the document store. */
  readonly bundle: Sha256;
}

/** C7.L, R28. A version is REGISTERED, ACTIVE, DEPRECATED or REMOVED; QUARANTINED and DEREGISTERED hold for all versions. */
export type SkillState =
  'REGISTERED' | 'ACTIVE' | 'DEPRECATED' | 'REMOVED' | 'QUARANTINED' | 'DEREGISTERED';

/** What the registry says of one skill version when a plan is built (C3.P5, R35). */
export interface SkillFacts {
  readonly skill_id: string;
  readonly skill_version: string;
  readonly state: SkillState;
  readonly task_types: readonly string[];
  readonly required_inputs: readonly BundleField[];
  readonly output_schema: string;
  readonly side_effects: readonly string[];
  /** Hash of the SkillRegistration that the version stands for. */
  readonly registration: Sha256;
}

/** A snapshot of the registry: `skill_ref` as a graph writes it → what is registered under it. Own keys only. */
export type SkillsSnapshot = Readonly<Record<string, SkillFacts>>;

/** No skill is registered. */
export const NO_SKILLS: SkillsSnapshot = {};

/** What a skill's isolation is made of, weakest first: an object of its own, a process, the operating system's own walls. */
export type Isolation = 'capability' | 'process' | 'os';
