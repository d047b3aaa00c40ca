import type { WorkflowService } from '@temporalio/client';
import { quote } from '../core/construct';
import { TASK_QUEUE } from '../core/start';
import { Problem } from '../problem';

/** One build of the workers' code: what Temporal calls a version of a worker deployment. */
export interface Build {
  readonly deployment_name: string;
  readonly build_id: string;
}

/** What the deployment is called when nobody names it. */
export const DEPLOYMENT_NAME = 'harness';

/** The variables that Temporal's own tools give a worker. */
const NAME_VARIABLE = 'TEMPORAL_DEPLOYMENT_NAME';
const BUILD_VARIABLE = 'TEMPORAL_WORKER_BUILD_ID';

/** What stands in a query, in a table and on a command line as it is. */
const ID = /^[\w./+@-]{1,200}$/;

/** A deployment by its option, else by the environment, else the default. @throws Problem USAGE */
export function deploymentName(option: string | undefined, env: NodeJS.ProcessEnv): string {
  return checked(option ?? (env[NAME_VARIABLE] || DEPLOYMENT_NAME), 'deployment name');
}

/** The build that a worker is of; null: it is unversioned, and takes whatever is there. @throws Problem USAGE */
export function buildOf(
  options: { readonly deploymentName?: string; readonly buildId?: string },
  env: NodeJS.ProcessEnv,
): Build | null {
  const build_id = options.buildId ?? (env[BUILD_VARIABLE] || undefined);
  if (build_id === undefined) {
    if (options.deploymentName === undefined) return null;
    throw new Problem(
      'USAGE',
      `--deployment-name without a build: give --build-id, or set ${BUILD_VARIABLE}`,
      '--deployment-name',
    );
  }
  return {
    deployment_name: deploymentName(options.deploymentName, env),
    build_id: checked(build_id, 'build id'),
  };
}

/** @throws Problem USAGE */
export function checked(id: string, what: string): string {
  if (ID.test(id)) return id;
  throw new Problem(
    'USAGE',
    `${quote(id)} is no ${what}: 1 to 200 letters, digits and . / _ + @ - make one`,
    id,
  );
}

/** Who gets the harness's tasks, and who asks for them. */
export interface Routing {
  /** The build that takes new cycles; null: workers without a build id do. */
  readonly current: Build | null;
  /** Live workers; null: without a build id. */
  readonly workers: readonly (Build | null)[];
}

/** A worker that has asked for no task in this time counts as gone. */
const LIVE_MS = 60_000;
const WORKFLOW_QUEUE = 1;
const VERSIONED = 2;

type Service = Pick<WorkflowService, 'describeTaskQueue'>;

export async function routingOf(service: Service, namespace: string): Promise<Routing> {
  const { pollers, versioningInfo } = await service.describeTaskQueue({
    namespace,
    taskQueue: { name: TASK_QUEUE },
    taskQueueType: WORKFLOW_QUEUE,
  });
  const since = Date.now() - LIVE_MS;
  const live = (pollers ?? []).filter(
    ({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1_000 >= since,
  );
  return {
    current: buildIn(versioningInfo?.currentDeploymentVersion),
    workers: live.map(({ deploymentOptions }) =>
      deploymentOptions?.workerVersioningMode === VERSIONED ? buildIn(deploymentOptions) : null,
    ),
  };
}

function buildIn(
  version: { deploymentName?: string | null; buildId?: string | null } | null | undefined,
): Build | null {
  const { deploymentName: name, buildId } = version ?? {};
  return name && buildId ? { deployment_name: name, build_id: buildId } : null;
}

export function isSame(one: Build | null, other: Build | null): boolean {
  return one?.build_id === other?.build_id && one?.deployment_name === other?.deployment_name;
}

export function buildText({ deployment_name, build_id }: Build): string {
  return `build ${build_id} of deployment ${deployment_name}`;
}

/** Why a worker of this build gets no new cycle now, and what to do about it; null when it gets them. */
export function idleBecause(build: Build | null, current: Build | null): string | null {
  if (isSame(build, current)) return null;
  if (build === null && current !== null) {
    const hint =
      'give it the build id of its code, or run `harness deployment current --unversioned`';
    return `${buildText(current)} is current and this worker has no build id, so it gets no task: ${hint}`;
  }
  if (build === null) return null;
  const named =
    build.deployment_name === DEPLOYMENT_NAME ? '' : ` --deployment-name ${build.deployment_name}`;
  return (
    `${buildText(build)} is not current, so this worker gets no task but those of cycles that began on this build:` +
    ` make it current with \`harness deployment current ${build.build_id}${named}\``
  );
}
