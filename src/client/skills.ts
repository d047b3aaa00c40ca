import {
  isGrpcDeadlineError,
  WithStartWorkflowOperation,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import { canonicalText } from '../core/identity';
import { messageOf } from '../core/invariant';
import type { JsonObject, Sha256 } from '../core/json';
import type { RegistryChange } from '../core/registry-change';
import type { SkillRegistration } from '../core/skills';
import { REGISTRY_CHANGE, REGISTRY_WORKFLOW_ID, SKILL_REGISTRY, TASK_QUEUE } from '../core/start';
import { Problem } from '../problem';
import type { RegistryPointer } from '../store/store';
import { cycleLink, type Harness } from './context';

/** What the registry answers to a change. */
export interface Changed {
  readonly skill: string;
  readonly changed: boolean;
  readonly message: string;
  readonly registry: RegistryPointer | null;
  readonly link: string;
}

/** A registration runs the skill several times, some of them to its limit. */
const ANSWER_MS = 180_000;
/** A worker that is there takes an update at once; what then runs is waited for. */
const ACCEPT_MS = 15_000;
/** Temporal's number for the queue of workflow tasks. */
const WORKFLOW_TASKS = 1;

/** Stores a skill's code and what it declares; registers nothing yet. */
export async function storeSkill(
  { store }: Pick<Harness, 'store'>,
  code: string,
  declared: Omit<SkillRegistration, 'bundle'>,
): Promise<Sha256> {
  const bundle = await store.documents.put(Buffer.from(code));
  const registration: SkillRegistration = { ...declared, bundle };
  const text = canonicalText(registration as unknown as JsonObject);
  return store.documents.put(Buffer.from(text));
}

/**
 * Asks the registry's workflow for one change, starting it where there is none yet. Idempotent by `change_id`.
 * @throws Problem REFUSED with every reason; NO_SERVER when no worker answers
 */
export async function changeRegistry(harness: Harness, change: RegistryChange): Promise<Changed> {
  if (!(await hasWorker(harness))) {
    const hint = 'start one with `harness worker` or `harness up`, then ask again';
    throw new Problem(
      'NO_SERVER',
      `no worker is there for the registry, and nothing was asked of it: ${hint}`,
      REGISTRY_WORKFLOW_ID,
    );
  }
  const answer = await executed(harness, change);
  return {
    skill: change.skill,
    changed: answer.changed,
    message: answer.message,
    registry: answer.position,
    link: cycleLink(harness, REGISTRY_WORKFLOW_ID),
  };
}

/** Asked first: an update that no worker takes is kept by the server for a while, and would be made when nobody expects it. */
async function hasWorker({ client, namespace }: Harness): Promise<boolean> {
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: TASK_QUEUE },
    taskQueueType: WORKFLOW_TASKS,
  });
  return (pollers ?? []).length > 0;
}

type SkillRegistry = (carried: null) => Promise<void>;

interface Answer {
  readonly changed: boolean;
  readonly message: string;
  readonly position: RegistryPointer | null;
}

async function executed(harness: Harness, change: RegistryChange): Promise<Answer> {
  const start = new WithStartWorkflowOperation<SkillRegistry>(SKILL_REGISTRY, {
    workflowId: REGISTRY_WORKFLOW_ID,
    taskQueue: TASK_QUEUE,
    args: [null],
    workflowIdConflictPolicy: 'USE_EXISTING',
    staticSummary: 'the skill registry: what is registered, and every change of it',
  });
  const { connection, workflow } = harness.client;
  try {
    const handle = await connection.withDeadline(Date.now() + ACCEPT_MS, () =>
      workflow.startUpdateWithStart<SkillRegistry, Answer, [RegistryChange]>(REGISTRY_CHANGE, {
        args: [change],
        updateId: change.change_id,
        waitForStage: 'ACCEPTED',
        startWorkflowOperation: start,
      }),
    );
    return await connection.withDeadline(Date.now() + ANSWER_MS, () => handle.result());
  } catch (error) {
    throw asProblem(error, change);
  }
}

function asProblem(error: unknown, { operation, skill }: RegistryChange): unknown {
  if (error instanceof WorkflowUpdateFailedError) {
    return new Problem(
      'REFUSED',
      `${operation} ${skill} is refused: ${rootOf(error)}`,
      skill,
      error,
    );
  }
  if (isGrpcDeadlineError(error) || /deadline|timed? ?out/i.test(messageOf(error))) {
    const hint =
      'a worker that starts now may still make the change: start one, look with `harness skills list`, and ask again where it is not made';
    return new Problem(
      'NO_SERVER',
      `no worker answered for the registry: ${hint}`,
      REGISTRY_WORKFLOW_ID,
      error,
    );
  }
  return error;
}

/** The sentence at the bottom: an update fails with an activity's failure, which fails with ours. */
function rootOf(error: Error): string {
  let root: unknown = error;
  while (root instanceof Error && root.cause instanceof Error) root = root.cause;
  return messageOf(root);
}
