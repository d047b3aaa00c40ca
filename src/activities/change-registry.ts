import { ApplicationFailure } from '@temporalio/activity';
import { harnessError } from '../core/invariant';
import type { Registry, RegistrySnapshot } from '../core/registry';
import { judgeChange, type RegistryChange } from '../core/registry-change';
import { registryReport } from '../core/registry-report';
import type { SkillManifest, SkillRegistration } from '../core/skills';
import { authorises, readLedger } from '../documents/ledger';
import type { RegistryPointer } from '../store/store';
import type { RegistryAnswer, RegistryAsk } from './contract';
import type { Dependencies } from './dependencies';

/**
 * One change of the registry: judged on the newest snapshot and on every violation noted since, and published as the next
 * snapshot. Done again after a lost worker it finds what it has done.
 * @throws REFUSED with every reason why the change is not made
 */
export async function changeRegistry(
  deps: Dependencies,
  ask: RegistryAsk,
): Promise<RegistryAnswer> {
  const { registry, pointer, snapshot: standing } = await deps.store.registry.now();
  refuseOtherHome(ask, pointer);
  if (isDone(standing, ask)) return answer(pointer, registry, true, standing?.message ?? '');
  const counted = standing?.registry.notes !== registry.notes && standing !== null;
  const judged = await judge(deps, registry, ask);
  if (!judged.changed && !counted) return answer(pointer, registry, false, judged.message);
  const snapshot: RegistrySnapshot = {
    previous: pointer?.hash ?? null,
    at: ask.at,
    change: judged.changed ? ask.change : null,
    message: judged.message,
    registry: { ...judged.registry, version: (standing?.registry.version ?? 0) + 1 },
  };
  const next = await deps.store.registry.publish(pointer, snapshot);
  // Another attempt of this very step has published, or another server's registry works on this HARNESS_HOME: look again.
  if (next === null) return changeRegistry(deps, ask);
  return answer(next, snapshot.registry, judged.changed, judged.message);
}

/** A workflow that knows of more than this store has is on another HARNESS_HOME; one that knows of less takes over what is here. */
function refuseOtherHome({ position }: RegistryAsk, pointer: RegistryPointer | null): void {
  if (position === null || (pointer !== null && pointer.version >= position.version)) return;
  const here = pointer === null ? 'none' : `version ${pointer.version}`;
  throw harnessError(
    `the registry on this Temporal server is at version ${position.version}, this HARNESS_HOME has ${here}: start the worker with the HARNESS_HOME of the others`,
  );
}

/** An attempt whose worker was lost had published already. */
function isDone(standing: RegistrySnapshot | null, { change, at }: RegistryAsk): boolean {
  return standing?.at === at && change !== null && standing.change?.change_id === change.change_id;
}

interface Judged {
  readonly registry: Registry;
  readonly changed: boolean;
  readonly message: string;
}

async function judge(
  deps: Dependencies,
  registry: Registry,
  { change, at }: RegistryAsk,
): Promise<Judged> {
  if (change === null) return { registry, changed: false, message: 'violations are counted in' };
  const manifest = await admitted(deps, registry, change);
  const judged = judgeChange(registry, change, manifest, at);
  if (!judged.ok) throw refused([judged.problem]);
  return judged;
}

/** C7.SK5, R28: every change cites an entry that stands. A registration also passes every gate of its own. */
async function admitted(
  deps: Dependencies,
  registry: Registry,
  change: RegistryChange,
): Promise<SkillManifest | null> {
  const governance = deps.skills.governance();
  const { ledger } = governance;
  const ledgerProblem =
    'problem' in ledger ? ledger.problem : authorises(readLedger(ledger.text), change.ledger);
  if (change.registration === null) {
    if (ledgerProblem !== null) throw refused([ledgerProblem]);
    return null;
  }
  const registration = await deps.states.registration(change.registration);
  const { manifest } = registration;
  if (change.skill !== `${manifest.skill_id}@${manifest.skill_version}`)
    throw refused([
      `the registration is of ${manifest.skill_id}@${manifest.skill_version}, not of ${change.skill}`,
    ]);
  if (manifest.decision_ledger_ref !== change.ledger) {
    throw refused([
      `${change.skill} cites ${manifest.decision_ledger_ref} in its manifest, the registration ${change.ledger}: cite the manifest's own entry`,
    ]);
  }
  // What is refused for what stands needs no run of the skill; the answer for it is judged once more behind it.
  const early = judgeChange(registry, change, manifest, '');
  if (!early.ok) throw refused([early.problem]);
  if (!early.changed) return manifest;
  const problems = await gates(deps, registration, ledgerProblem);
  if (problems.length > 0) throw refused(problems);
  return manifest;
}

async function gates(
  deps: Dependencies,
  registration: SkillRegistration,
  ledgerProblem: string | null,
): Promise<string[]> {
  const { admitSkill } = await import('../authoring/admit');
  const { policy, effects } = deps.skills.governance();
  return admitSkill({
    registration,
    code: await deps.states.code(registration.bundle),
    policy,
    effects,
    ledgerProblem,
    sandbox: await deps.skills.sandbox(),
  });
}

function answer(
  position: RegistryPointer | null,
  registry: Registry,
  changed: boolean,
  message: string,
): RegistryAnswer {
  return { position, changed, message, report: registryReport(registry) };
}

function refused(problems: readonly string[]): ApplicationFailure {
  return ApplicationFailure.nonRetryable(problems.join('; '), 'REFUSED');
}
