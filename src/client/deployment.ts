import { isGrpcServiceError } from '@temporalio/client';
import { messageOf } from '../core/invariant';
import { EXECUTION_CYCLE } from '../core/start';
import { Problem } from '../problem';
import { type Build, buildText, isSame, type Routing, routingOf } from '../server/deployment';
import type { Harness } from './context';
import { ring } from './latch';

/** `CURRENT` takes new cycles; `DRAINING` has open cycles left; `INACTIVE` has never been current. */
export type BuildStatus = 'CURRENT' | 'RAMPING' | 'DRAINING' | 'DRAINED' | 'INACTIVE';

export interface BuildRow {
  readonly build_id: string;
  readonly status: BuildStatus;
  /** Live ones. */
  readonly workers: number;
  /** Cycles that only this build can end. */
  readonly open_cycles: number;
  /** Those of them that wait for a human. */
  readonly halted_cycles: number;
  /** Its workers may be stopped: nothing needs them. */
  readonly may_stop: boolean;
}

export interface Deployment {
  readonly deployment_name: string;
  /** The build that takes new cycles, of whatever deployment; null: workers without a build id do. */
  readonly current: Build | null;
  readonly builds: readonly BuildRow[];
  /** What belongs to no build: it goes to the current one, once there is one. */
  readonly unversioned: { readonly workers: number; readonly open_cycles: number };
}

/**
 * A workflow task that was on its way when another build became current has ended (10 s at the most), and what it did has come
 * to where cycles are counted.
 */
const SETTLED_MS = 15_000;

/** Temporal's WorkerDeploymentVersionStatus. */
const RAMPING = 3;
const DRAINED = 5;

const NOT_FOUND = 5;
const FAILED_PRECONDITION = 9;

/** Which builds there are, what is open on each, and which may be stopped. */
export async function showDeployment(harness: Harness, name: string): Promise<Deployment> {
  const routing = await routingOf(harness.client.workflowService, harness.namespace);
  const versions = (await describe(harness, name))?.versionSummaries ?? [];
  const builds = await Promise.all(
    versions.map((version) => rowOf(harness, name, version, routing)),
  );
  const unversioned = {
    workers: routing.workers.filter((build) => build === null).length,
    open_cycles: await count(harness, OF_NO_BUILD),
  };
  return { deployment_name: name, current: routing.current, builds, unversioned };
}

const OF_NO_BUILD = 'TemporalWorkerDeploymentVersion IS NULL';

type Version = NonNullable<
  NonNullable<Awaited<ReturnType<typeof describe>>>['versionSummaries']
>[number];

async function rowOf(
  harness: Harness,
  name: string,
  version: Version,
  { current, workers }: Routing,
): Promise<BuildRow> {
  const build_id = version.deploymentVersion?.buildId ?? '';
  const build = { deployment_name: name, build_id };
  const pinned = pinnedTo(build);
  const [open_cycles, halted_cycles] = await Promise.all([
    count(harness, pinned),
    count(harness, `${pinned} AND HarnessPhase = 'HALTED'`),
  ]);
  const status = statusOf(version, isSame(build, current), open_cycles);
  return {
    build_id,
    status,
    workers: workers.filter((worker) => isSame(worker, build)).length,
    open_cycles,
    halted_cycles,
    may_stop: status === 'DRAINED' || (status === 'INACTIVE' && open_cycles === 0),
  };
}

/** Temporal looks only every few minutes whether a build is drained; what is counted here is so now. */
function statusOf(version: Version, current: boolean, open: number): BuildStatus {
  if (current) return 'CURRENT';
  if (version.status === RAMPING) return 'RAMPING';
  if (!version.firstActivationTime) return 'INACTIVE';
  const since = Number(version.lastDeactivationTime?.seconds ?? 0) * 1_000;
  const settled = version.status === DRAINED || Date.now() - since >= SETTLED_MS;
  return open === 0 && settled ? 'DRAINED' : 'DRAINING';
}

function pinnedTo({ deployment_name, build_id }: Build): string {
  const version = `${deployment_name}:${build_id}`.replaceAll("'", "''");
  return `TemporalWorkerDeploymentVersion = '${version}' AND TemporalWorkflowVersioningBehavior = 'Pinned'`;
}

async function count(harness: Harness, condition: string): Promise<number> {
  return (await harness.client.workflow.count(openCycles(condition))).count;
}

function openCycles(condition: string): string {
  return `WorkflowType = '${EXECUTION_CYCLE}' AND ExecutionStatus = 'Running' AND ${condition}`;
}

/** null: no worker of such a deployment has ever asked for a task. */
async function describe({ client, namespace }: Harness, deploymentName: string) {
  try {
    const request = { namespace, deploymentName };
    const answer = await client.workflowService.describeWorkerDeployment(request);
    return answer.workerDeploymentInfo ?? null;
  } catch (error) {
    if (isGrpcServiceError(error) && error.code === NOT_FOUND) return null;
    throw error;
  }
}

/**
 * Makes a build current: when it returns new cycles run on it, and open ones of no build have been told to go on there. `null`:
 * workers without a build id take new cycles again. @throws Problem NOT_FOUND, REFUSED
 */
export async function makeCurrent(
  harness: Harness,
  deployment_name: string,
  build_id: string | null,
): Promise<void> {
  const { client, namespace } = harness;
  const build = build_id === null ? null : { deployment_name, build_id };
  await checkCurrentIsOurs(harness, deployment_name);
  try {
    await client.workflowService.setWorkerDeploymentCurrentVersion({
      namespace,
      deploymentName: deployment_name,
      buildId: build_id ?? '',
      identity: client.options.identity,
      // To go back to workers without a build id is the way out: it is not to depend on who polls just now.
      ...(build === null ? { ignoreMissingTaskQueues: true, allowNoPollers: true } : {}),
    });
  } catch (error) {
    throw refusal(build, deployment_name, error);
  }
  await untilRouted(harness, build);
  if (build !== null) await adopt(harness);
}

const ADOPTED_TRIES = 50;

/**
 * A cycle that began on a worker without a build id belongs to the build that takes its next step. A halted one may take that
 * in days, when this build is long gone: so each takes a step now, which is no more than a look at the harness-wide halt.
 */
async function adopt(harness: Harness): Promise<void> {
  const ids: { workflow_id: string }[] = [];
  for await (const { workflowId } of harness.client.workflow.list({
    query: openCycles(OF_NO_BUILD),
  }))
    ids.push({ workflow_id: workflowId });
  if (ids.length === 0) return;
  await ring(harness, ids);
  for (let tries = 0; tries < ADOPTED_TRIES; tries += 1) {
    if ((await count(harness, OF_NO_BUILD)) === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** One task queue has one current build: of another deployment's the server would keep both, and tell neither. */
async function checkCurrentIsOurs({ client, namespace }: Harness, name: string): Promise<void> {
  const { current } = await routingOf(client.workflowService, namespace);
  if (current === null || current.deployment_name === name) return;
  throw new Problem(
    'REFUSED',
    `${buildText(current)} is current: name its deployment with --deployment-name ${current.deployment_name}`,
    current.deployment_name,
  );
}

function refusal(build: Build | null, name: string, error: unknown): unknown {
  if (!isGrpcServiceError(error)) return error;
  const { code } = error;
  if (code !== NOT_FOUND && code !== FAILED_PRECONDITION) return error;
  if (build === null) {
    const why = `no worker of deployment ${name} has asked for a task yet, so there is nothing to go back from`;
    return new Problem(
      'NOT_FOUND',
      `${why}: \`harness deployment show\` tells what is current`,
      name,
    );
  }
  const hint = `start one with \`harness worker --build-id ${build.build_id}\`, then try again`;
  return new Problem(
    code === NOT_FOUND ? 'NOT_FOUND' : 'REFUSED',
    `no worker of ${buildText(build)} asks for tasks: ${hint} (${messageOf(error)})`,
    build.build_id,
    error,
  );
}

const ROUTED_TRIES = 200;

/** The server takes a moment to tell all its parts. */
async function untilRouted(harness: Harness, build: Build | null): Promise<void> {
  for (let tries = 0; tries < ROUTED_TRIES; tries += 1) {
    const { current } = await routingOf(harness.client.workflowService, harness.namespace);
    if (isSame(current, build)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Problem(
    'REFUSED',
    `the server has taken the change but does not act on it yet: \`harness deployment show\` tells when it does`,
    build?.build_id ?? null,
  );
}
