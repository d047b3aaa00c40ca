import { parseRef, putSkill, type Registry, type SkillRecord } from './registry';
import type { Transition, VersionRecord, VersionState } from './registry';
import { quote } from './construct';
import { isDigest, isObject, own, type Sha256 } from './json';
import type { SkillManifest } from './skills';
import { said } from './start';

export const REGISTRY_OPERATIONS = [
  'register',
  'activate',
  'deprecate',
  'remove',
  'release',
] as const;
export type RegistryOperation = (typeof REGISTRY_OPERATIONS)[number];

/** What a person asks of the registry. Every change cites a Decision Ledger entry (C7.SK5, R28). */
export interface RegistryChange {
  readonly operation: RegistryOperation;
  /** `acme.rank-beliefs`, or with a version: `acme.rank-beliefs@1.2.0`. */
  readonly skill: string;
  readonly ledger: string;
  readonly by: string;
  /** The same change asked for again is the same change. */
  readonly change_id: string;
  /** For `register`: hash of the stored SkillRegistration. */
  readonly registration: Sha256 | null;
}

const SHORT_MAX = 200;

/** A change as any client may send it: null when it is one, else one plain sentence. */
export function problemOfChange(value: unknown): string | null {
  if (!isObject(value)) return 'a change is an object: use `harness skills …`';
  const { operation, registration, ...texts } = value;
  if (!(REGISTRY_OPERATIONS as readonly unknown[]).includes(operation))
    return `operation ${said(operation)} is none of ${REGISTRY_OPERATIONS.join(', ')}`;
  const wanted = operation === 'register';
  if (wanted !== isDigest(registration))
    return `registration is ${wanted ? 'the hash of a stored registration' : 'null, but to register'}`;
  for (const name of ['skill', 'ledger', 'by', 'change_id']) {
    const text = texts[name];
    if (typeof text !== 'string' || text.trim() === '' || text.length > SHORT_MAX)
      return `${name} is a text of 1 to ${SHORT_MAX} characters`;
  }
  const unknown = Object.keys(texts).find(
    (name) => !['skill', 'ledger', 'by', 'change_id'].includes(name),
  );
  return unknown === undefined ? null : `a change has no ${quote(unknown)}`;
}

export type ChangeAnswer =
  | {
      readonly ok: true;
      readonly registry: Registry;
      readonly changed: boolean;
      readonly message: string;
    }
  | { readonly ok: false; readonly problem: string };

type Steps = { readonly skill: SkillRecord; readonly message: string };

/**
 * C7.L, R28: one change of the registry, judged. What the ledger says of `change.ledger`, and whether the skill itself may be
 * registered (`core/admission`), has been judged before.
 * @param manifest of the registration, for `register`
 */
export function judgeChange(
  registry: Registry,
  change: RegistryChange,
  manifest: SkillManifest | null,
  at: string,
): ChangeAnswer {
  const step = (to: Transition['to']): Transition => {
    const { ledger, by } = change;
    return { to, ledger, by, at };
  };
  const { skillId } = parseRef(change.skill);
  const skill = own(registry.skills, skillId);
  if (change.operation === 'register') {
    if (manifest === null || change.registration === null)
      return no('there is nothing to register');
    return put(
      registry,
      skillId,
      register(skill, manifest, change.registration, change.ledger, step),
    );
  }
  if (skill === undefined) return no(`no skill is registered as ${skillId}`);
  if (change.operation === 'release') return put(registry, skillId, release(skillId, skill, step));
  if (skill.standing === 'DEREGISTERED') {
    return no(
      `${skillId} is DEREGISTERED for good: it comes back by a new registration with a new ledger entry`,
    );
  }
  return put(registry, skillId, move(skillId, skill, change.operation, change.skill, step));
}

type Judged = Steps | { readonly problem: string } | { readonly unchanged: string };

function put(registry: Registry, skillId: string, judged: Judged): ChangeAnswer {
  if ('problem' in judged) return no(judged.problem);
  if ('unchanged' in judged)
    return { ok: true, registry, changed: false, message: judged.unchanged };
  return {
    ok: true,
    registry: putSkill(registry, skillId, judged.skill),
    changed: true,
    message: judged.message,
  };
}

function no(problem: string): ChangeAnswer {
  return { ok: false, problem };
}

type Step = (to: Transition['to']) => Transition;

/** C7.R. The same version twice is the same registration, or refused; a deregistered skill starts a new tenure (R17). */
function register(
  skill: SkillRecord | undefined,
  manifest: SkillManifest,
  registration: Sha256,
  ledger: string,
  step: Step,
): Judged {
  const { skill_id, skill_version } = manifest;
  const ref = `${skill_id}@${skill_version}`;
  const standing = skill === undefined ? undefined : own(skill.versions, skill_version);
  if (standing !== undefined) {
    if (skill?.standing === 'DEREGISTERED')
      return { problem: `${ref} was DEREGISTERED: its return needs a new version and a new entry` };
    if (standing.registration === registration)
      return { unchanged: `${ref} is registered already, as it is` };
    const mend = 'give the changed skill a new version';
    return { problem: `${ref} is registered already with other content: ${mend}` };
  }
  const version: VersionRecord = {
    state: 'REGISTERED',
    manifest,
    registration,
    history: [step('REGISTERED')],
  };
  const message = `${ref} is REGISTERED`;
  if (skill === undefined) {
    const versions = { [skill_version]: version };
    return {
      skill: { standing: 'GOOD', tenure: 1, violations: 0, versions, history: [] },
      message,
    };
  }
  if (skill.standing !== 'DEREGISTERED')
    return {
      skill: { ...skill, versions: { ...skill.versions, [skill_version]: version } },
      message,
    };
  const cited = [skill, ...Object.values(skill.versions)].some(({ history }) =>
    history.some((each) => each.ledger === ledger),
  );
  if (cited)
    return {
      problem: `${skill_id} was DEREGISTERED: its return needs a new ledger entry, and ${ledger} was cited for it before`,
    };
  const retired = Object.entries(skill.versions).map(
    ([name, each]) =>
      [name, each.state === 'REMOVED' ? each : moved(each, 'REMOVED', step)] as const,
  );
  return {
    skill: {
      standing: 'GOOD',
      tenure: skill.tenure + 1,
      violations: 0,
      versions: { ...Object.fromEntries(retired), [skill_version]: version },
      history: [...skill.history, step('RELEASED')],
    },
    message,
  };
}

/** Ends a quarantine; the violations stay counted. */
function release(skillId: string, skill: SkillRecord, step: Step): Judged {
  if (skill.standing !== 'QUARANTINED') {
    const why = skill.standing === 'GOOD' ? 'is not quarantined' : 'is DEREGISTERED for good';
    return { problem: `${skillId} ${why}: there is nothing to release` };
  }
  const history = [...skill.history, step('RELEASED')];
  return { skill: { ...skill, standing: 'GOOD', history }, message: `${skillId} is released` };
}

/** REGISTERED → ACTIVE → DEPRECATED → REMOVED; what never was active may be removed at once. */
const FROM: Readonly<Record<'activate' | 'deprecate' | 'remove', readonly VersionState[]>> = {
  activate: ['REGISTERED'],
  deprecate: ['ACTIVE'],
  remove: ['DEPRECATED', 'REGISTERED'],
};
const TO = { activate: 'ACTIVE', deprecate: 'DEPRECATED', remove: 'REMOVED' } as const;

function move(
  skillId: string,
  skill: SkillRecord,
  operation: keyof typeof TO,
  asked: string,
  step: Step,
): Judged {
  const to = TO[operation];
  const { version: named } = parseRef(asked);
  const candidates = Object.entries(skill.versions).filter(([name, { state }]) =>
    named === null ? FROM[operation].includes(state) : name === named,
  );
  const [only, ...others] = candidates;
  if (only === undefined) {
    const what = named === null ? `no version of ${skillId}` : `${skillId}@${named}`;
    return {
      problem:
        named === null
          ? `${what} can be made ${to}: one that is ${FROM[operation].join(' or ')} can`
          : `${what} is not registered`,
    };
  }
  if (others.length > 0) {
    const names = candidates.map(([name]) => `${skillId}@${name}`).join(', ');
    return { problem: `say which version: ${names}` };
  }
  const [name, version] = only;
  const ref = `${skillId}@${name}`;
  if (version.state === to) return { unchanged: `${ref} is ${to} already` };
  if (!FROM[operation].includes(version.state)) {
    return {
      problem: `${ref} is ${version.state}: only what is ${FROM[operation].join(' or ')} becomes ${to}`,
    };
  }
  // One active version at most: the one before it is deprecated, by the same entry (R28).
  const versions = Object.fromEntries(
    Object.entries(skill.versions).map(([each, record]) => {
      if (each === name) return [each, moved(record, to, step)];
      const followed = to === 'ACTIVE' && record.state === 'ACTIVE';
      return [each, followed ? moved(record, 'DEPRECATED', step) : record];
    }),
  );
  return { skill: { ...skill, versions }, message: `${ref} is ${to}` };
}

function moved(version: VersionRecord, to: VersionState, step: Step): VersionRecord {
  return { ...version, state: to, history: [...version.history, step(to)] };
}
