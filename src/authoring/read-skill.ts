import type { JsonObject } from '../core/json';
import type { SkillManifest } from '../core/skills';
import { readOutputSchema } from '../documents/output-schema';
import { readManifest } from '../documents/skill';
import type { Sandbox } from '../sandbox/types';
import { bundleSkill } from './bundle-skill';

/** A skill's file, bundled, and what it says of itself; nothing of it but its module code has run, in the sandbox. */
export interface SkillFile {
  readonly code: string;
  readonly manifest: SkillManifest;
  readonly output: JsonObject;
}

export type SkillRead =
  | { readonly ok: true; readonly skill: SkillFile }
  | { readonly ok: false; readonly problem: string };

/** One plain sentence where the file is missing, does not compile, has no default export, or a manifest with a wrong type. */
export async function readSkillFile(path: string, sandbox: Sandbox): Promise<SkillRead> {
  const bundled = await bundleSkill(path);
  if (!bundled.ok) return bundled;
  const described = await describeSkill(bundled.code, sandbox);
  return described.ok ? described : { ok: false, problem: `${path}: ${described.problem}` };
}

/** What the code says of itself, judged. */
export async function describeSkill(code: string, sandbox: Sandbox): Promise<SkillRead> {
  const described = await sandbox.describe(code);
  if (!described.ok) return described;
  const read = readManifest(described.manifest);
  if (!read.ok) return read;
  const { output } = described;
  const schema = readOutputSchema(output);
  if (!schema.ok) return { ok: false, problem: `output: ${schema.problem}` };
  return { ok: true, skill: { code, manifest: read.manifest, output } };
}
