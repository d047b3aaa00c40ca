import { AUDIT_LOG } from './effects';
import { quote } from './construct';
import { layerProblems } from './layers';
import type { Policy } from './policy';
import type { SkillManifest } from './skills';

/** Why a skill is not admitted to the registry. */
export interface AdmissionProblem {
  readonly code: 'NOT_AUTHORISED' | 'LAYER_BYPASS' | 'EFFECT_UNCONFIGURED';
  /** One plain sentence. */
  readonly detail: string;
}

/** What an admission is judged by: a function of these alone. */
export interface Admission {
  readonly manifest: SkillManifest;
  readonly policy: Policy;
  /** Names of the effects that the configuration has; `audit_log` always exists. */
  readonly effects: readonly string[];
  /** What the Decision Ledger says against the entry that the manifest cites; null: it authorises. */
  readonly ledgerProblem: string | null;
}

/** C7.R: everything that keeps a manifest out of the registry; none: it may be registered. */
export function admissionProblems(admission: Admission): AdmissionProblem[] {
  const { manifest, policy, effects, ledgerProblem } = admission;
  const problems: AdmissionProblem[] = [];
  // C7.SK5: if a decision is not in the ledger, it did not happen.
  if (ledgerProblem !== null) problems.push({ code: 'NOT_AUTHORISED', detail: ledgerProblem });
  // C7.V3, R16: found at registration, a layer bypass is refused.
  for (const detail of layerProblems(manifest, policy)) {
    problems.push({ code: 'LAYER_BYPASS', detail });
  }
  // C7.D, C7.SK3: an effect that nobody configured could never be performed.
  for (const effect of manifest.side_effects) {
    if (effect === AUDIT_LOG || effects.includes(effect)) continue;
    const detail = `side_effects has ${quote(effect)}, which the configuration does not have: add it to effects there`;
    problems.push({ code: 'EFFECT_UNCONFIGURED', detail });
  }
  return problems;
}
