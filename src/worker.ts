import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  type ActivityInterceptorsFactory,
  NativeConnection,
  Runtime,
  Worker,
  type WorkerOptions,
} from '@temporalio/worker';
import { createActivities } from './activities';
import type { Dependencies, Watch } from './activities/dependencies';
import { activitySlots } from './activity-slots';
import { liveConfig } from './config';
import { messageOf } from './core/invariant';
import { BOOKS_QUEUE, SEARCH_ATTRIBUTES, TASK_QUEUE } from './core/start';
import type { Config } from './documents/config';
import { type Check, serveHealth } from './health';
import type { Logger } from './logger';
import type { Endpoint } from './metrics/address';
import { openWorkerMetrics } from './metrics/open';
import type { ConnectionSettings } from './server/connection';
import { type Build, idleBecause, routingOf } from './server/deployment';
import { ensureSearchAttributes } from './server/search-attributes';
import { unreachable } from './server/unreachable';
import { openPeople } from './people/host';
import { openSkillHost } from './skill-host';
import type { Tracing } from './tracing/open';
import type { Store } from './store/store';

export interface HarnessWorker {
  /** Why it gets no new cycle as things stand, and what to do about it; null when it gets them. */
  readonly idle: string | null;
  /** Settles when the worker has stopped; rejects when it fails. */
  readonly stopped: Promise<void>;
  /** Takes no further task, lets what runs end, and closes the connection. */
  drain(): Promise<void>;
}

export interface HarnessWorkerOptions {
  /** Asked whenever it is needed. Default: the configuration of this working directory and environment. */
  readonly config?: () => Config;
  /** The build of its code. Default: none, it is unversioned. */
  readonly build?: Build | null;
  readonly checkpoint?: Dependencies['checkpoint'];
  /** Around every activity: where the chaos run kills a worker. Nothing in production. */
  readonly around?: ActivityInterceptorsFactory;
  /** Whether what happens is counted, on the runtime's meter: `installRuntime` was told where it is served. */
  readonly metrics?: boolean;
  /** Spans of what happens here. */
  readonly tracing?: Tracing;
  /** Where `/healthz` is served. */
  readonly health?: Endpoint;
}

/** Running activities get this long to end when the worker drains. */
const GRACE_MS = 30_000;

/**
 * A lost worker's cycles wait for its sticky queue before another worker takes them: one second, and recovery takes about
 * five (R24).
 */
const STICKY_MS = 1_000;

/** Its activities are short and few. */
const BOOK_POLLS = 2;

/**
 * The SDK would stop workflow code in the middle of it that takes longer than five seconds, and Node goes on in the scope of what
 * was stopped: the next cycle would hear another's cancellation, and not its own. Our workflow code always ends. Only a machine
 * that stands still takes so long, and then nothing is to be stopped. The option is not among those that the SDK documents:
 * `test/faults/starved` tells when it has gone.
 */
const UNSTOPPED = { isolateExecutionTimeout: 2 ** 32 - 1 };

/** Starts one worker on the harness's task queues. @throws Problem NO_SERVER, REFUSED */
export async function startWorker(
  settings: ConnectionSettings,
  store: Store,
  log: Logger,
  options: HarnessWorkerOptions = {},
): Promise<HarnessWorker> {
  const connection = await connect(settings);
  try {
    return await workerOn(connection, settings, store, log, options);
  } catch (error) {
    // Left open, it would keep the process alive.
    await connection.close();
    throw error;
  }
}

async function workerOn(
  connection: NativeConnection,
  { namespace, dataConverter }: ConnectionSettings,
  store: Store,
  log: Logger,
  options: HarnessWorkerOptions,
): Promise<HarnessWorker> {
  const { config = liveConfig(undefined, process.env), build = null, checkpoint, around } = options;
  let check: Check = async () => 'the worker is starting';
  const health =
    options.health === undefined ? null : await serveHealth(options.health, () => check());
  // An upsert of an attribute that the server does not know would hold up every cycle: so first things first.
  await ensureSearchAttributes(connection, namespace, SEARCH_ATTRIBUTES);
  const { workflowService } = connection;
  const metrics =
    options.metrics === true
      ? openWorkerMetrics(
          Runtime.instance().metricMeter,
          store,
          { workflowService, namespace },
          log,
          [...config().effects.keys()],
        )
      : null;
  const slots = activitySlots();
  const skills = openSkillHost(config, process.env, {
    ...(metrics === null ? {} : { onStarted: metrics.sandboxStarted }),
    onWaiting: slots.waiting,
  });
  // The first skill finds a process that is ready; without skills none is started.
  if ((await store.registry.now()).pointer !== null) await skills.sandbox();
  const idle = await routingOf(workflowService, namespace).then(
    ({ current }) => idleBecause(build, current),
    (error: unknown) => {
      // Of a server that is just starting the part that knows this may not answer yet; it is for a sentence alone.
      log.warn(`which build is current cannot be asked yet: ${messageOf(error)}`);
      return null;
    },
  );
  const shared = {
    connection,
    namespace,
    dataConverter,
    activities: createActivities(
      metrics?.store ?? store,
      log,
      skills,
      openPeople(config, process.env),
      {
        ...(checkpoint === undefined ? {} : { checkpoint }),
        watch: watchersOf(metrics?.watch, options.tracing?.watch),
      },
    ),
    ...versionOf(build),
    shutdownGraceTime: GRACE_MS,
  };
  const activity = around === undefined ? [] : [around];
  const { interceptors, ...code } = workflowCode(build);
  const workers = [
    await Worker.create({
      ...shared,
      ...code,
      interceptors: { activity, ...interceptors },
      taskQueue: TASK_QUEUE,
      tuner: slots.tuner,
      stickyQueueScheduleToStartTimeout: STICKY_MS,
      ...UNSTOPPED,
    }),
    await Worker.create({
      ...shared,
      interceptors: { activity },
      taskQueue: BOOKS_QUEUE,
      maxConcurrentActivityTaskPolls: BOOK_POLLS,
    }),
  ];
  check = healthOf(workers, connection, namespace, store);
  const stopped = runTogether(workers).finally(async () => {
    metrics?.stop();
    await health?.close();
    await options.tracing?.close();
    await skills.close();
    await connection.close();
  });
  return {
    idle,
    stopped,
    async drain() {
      shutDown(workers);
      await stopped;
    },
  };
}

/** Until both have stopped. One that fails takes the other along: half a worker would take tasks that it cannot put on record. */
async function runTogether(workers: readonly Worker[]): Promise<void> {
  const ended = workers.map((worker) => worker.run().finally(() => shutDown(workers)));
  await Promise.allSettled(ended);
  await Promise.all(ended);
}

function shutDown(workers: readonly Worker[]): void {
  for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
}

/** Everybody who wants to know hears of it. */
function watchersOf(...watches: readonly (Partial<Watch> | undefined)[]): Watch {
  const heard = watches.filter((watch) => watch !== undefined);
  return {
    taskRan: (ran) => heard.forEach((watch) => watch.taskRan?.(ran)),
    cycleEnded: (result) => heard.forEach((watch) => watch.cycleEnded?.(result)),
    skillRan: (ref, ending) => heard.forEach((watch) => watch.skillRan?.(ref, ending)),
    noticeTried: (delivered) => heard.forEach((watch) => watch.noticeTried?.(delivered)),
  };
}

/** Well: the worker polls, its server answers, and its store can be read. */
function healthOf(
  workers: readonly Worker[],
  { workflowService }: NativeConnection,
  namespace: string,
  store: Store,
): Check {
  return async () => {
    for (const worker of workers) {
      const { runState, workflowPollerState, activityPollerState } = worker.getStatus();
      if (runState !== 'RUNNING') return `the worker is ${runState}`;
      const { taskQueue } = worker.options;
      const polls = taskQueue === TASK_QUEUE ? [workflowPollerState] : [];
      if ([...polls, activityPollerState].some((state) => state !== 'POLLING'))
        return 'the worker does not poll any more';
    }
    try {
      await workflowService.describeNamespace({ namespace });
    } catch (error) {
      return `the Temporal server does not answer: ${messageOf(error)}`;
    }
    await Promise.all([store.latch.now(), store.registry.now()]);
    return null;
  };
}

/** The bundle made by the build; in a checkout that runs from source, the sources themselves. */
export function workflowCode(
  build: Build | null,
): Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath' | 'interceptors'> {
  const [bundle, source] =
    build === null
      ? ['workflow-bundle.js', './workflows']
      : ['workflow-bundle-versioned.js', './workflows/versioned'];
  const built = process.env['HARNESS_WORKFLOW_BUNDLE'] ?? join(__dirname, bundle);
  if (existsSync(built)) return { workflowBundle: { codePath: built } };
  const workflowModules = [require.resolve('./workflows/interceptors')];
  return { workflowsPath: require.resolve(source), interceptors: { workflowModules } };
}

/** Which workflows stay with their build, they say themselves (workflows/versioned). */
function versionOf(build: Build | null): Pick<WorkerOptions, 'workerDeploymentOptions'> {
  if (build === null) return {};
  const version = { deploymentName: build.deployment_name, buildId: build.build_id };
  return {
    workerDeploymentOptions: {
      useWorkerVersioning: true,
      version,
      defaultVersioningBehavior: 'PINNED',
    },
  };
}

async function connect(settings: ConnectionSettings): Promise<NativeConnection> {
  try {
    return await NativeConnection.connect(settings.connectionOptions);
  } catch (error) {
    throw await unreachable(settings, error);
  }
}
