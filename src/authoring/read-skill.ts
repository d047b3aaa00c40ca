import { basename } from 'node:path';
import { readOutputSchema } from '../documents/output-schema';
import { readManifest } from '../documents/skill';
import type { Sandbox } from '../sandbox/types';
import { bundleSkill } from './bundle-skill';
import type { Examinee } from './examine';

export type SkillRead =
  | ({ readonly ok: true; readonly imports: readonly string[] } & Examinee)
  /** `path` is the manifest's key that is wrong; empty where it is none of its keys. */
  | { readonly ok: false; readonly problem: string; readonly path: string };

/**
 * C7.R: a skill file as far as it can be judged by itself: it is bundled, asked what it declares (its module runs in the sandbox,
 * `run` does not), and its manifest and output schema are read. What else it takes to be registered: `core/admission` and
 * `examine`.
 */
export async function readSkill(file: string, sandbox: Sandbox): Promise<SkillRead> {
  const bundled = await bundleSkill(file);
  if (!bundled.ok) return { ...bundled, path: '' };
  const { code, imports } = bundled;
  const described = await sandbox.describe(code);
  if (!described.ok) {
    return { ok: false, problem: `${basename(file)}: ${described.problem}`, path: '' };
  }
  const read = readManifest(described.manifest);
  if (!read.ok) return read;
  const schema = readOutputSchema(described.output);
  if (!schema.ok) return { ...schema, path: 'output' };
  return { ok: true, code, imports, manifest: read.manifest, output: described.output };
}
