import type { Policy } from './policy';
import { type ReasonCode, VIOLATIONS, type ViolationCode, type ViolationResponse } from './reasons';
import { parseRef, type Registry, type ViolationNote, violationsOf, withNotes } from './registry';

/** What a skill's run did wrong, as its reason codes say it. Not every fault is a violation: TASK_ERROR is none. */
export interface SkillFault {
  readonly code: ReasonCode;
  readonly detail: string;
}

/**
 * C7.V1–V5, R17: the contract's response to a violation, with the skill's earlier ones in view. At the policy's number of
 * violations the skill is deregistered for good, whatever their kinds.
 */
export function judgeViolation(
  registry: Registry,
  earlier: readonly ViolationNote[],
  ref: string,
  code: ViolationCode,
  policy: Policy,
): Pick<ViolationNote, 'skill_id' | 'skill_ref' | 'code' | 'tenure' | 'count' | 'response'> {
  const { skillId } = parseRef(ref);
  const { tenure, count } = violationsOf(withNotes(registry, earlier), skillId);
  const response: ViolationResponse[] = [...VIOLATIONS[code].response];
  if (count + 1 >= policy.violations_before_deregistration) response.push('DEREGISTER');
  return { skill_id: skillId, skill_ref: ref, code, tenure, count: count + 1, response };
}
