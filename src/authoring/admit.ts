import { canonicalText } from '../core/identity';
import { admissionProblems } from '../core/admission';
import type { JsonObject } from '../core/json';
import type { Policy } from '../core/policy';
import type { SkillRegistration } from '../core/skills';
import type { Sandbox } from '../sandbox/types';
import { examine } from './examine';
import { describeSkill } from './read-skill';
import { scanProblem } from './scan-bundle';

/** All that a registration is judged by. Any client may have stored it: nothing in it is believed. */
export interface Candidate {
  readonly registration: SkillRegistration;
  /** The code that the registration pins, checked against its hash. */
  readonly code: string;
  readonly policy: Policy;
  /** Names of the configured effects. */
  readonly effects: readonly string[];
  /** What the Decision Ledger says against the cited entry; null: it authorises. */
  readonly ledgerProblem: string | null;
  readonly sandbox: Sandbox;
}

/**
 * C7.R: every gate of the registry, the cheap ones first; the skill is run last, and performs no effect.
 * @returns one plain sentence for each reason to refuse; none: it may be registered
 */
export async function admitSkill(candidate: Candidate): Promise<string[]> {
  const { registration, code, policy, effects, ledgerProblem, sandbox } = candidate;
  const scanned = await scanProblem(code, null);
  if (scanned !== null) return [scanned];
  const described = await describeSkill(code, sandbox);
  if (!described.ok) return [described.problem];
  const { manifest, output } = described.skill;
  const says = canonicalText({ manifest, output } as unknown as JsonObject);
  const { manifest: claimed, output: pinned } = registration;
  if (says !== canonicalText({ manifest: claimed, output: pinned } as unknown as JsonObject))
    return ['the registration says something else of the skill than its code does'];
  const problems = admissionProblems({ manifest, policy, effects, ledgerProblem });
  if (problems.length > 0) return problems.map(({ detail }) => detail);
  const { rows } = await examine({ code, manifest, output }, sandbox);
  return rows.filter(({ ok }) => !ok).map(({ name, detail }) => `${name}: ${detail}`);
}
