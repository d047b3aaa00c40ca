import type { Command } from 'commander';
import type { BuildRow, Deployment } from '../client/deployment';
import type { Harness } from '../client/context';
import { Problem } from '../problem';
import { buildText, checked, deploymentName } from '../server/deployment';
import { type Context, contextOf } from './context';
import { table } from './render';

interface Options {
  readonly deploymentName?: string;
  readonly unversioned?: boolean;
  readonly wait?: boolean;
}

const NAME = [
  '--deployment-name <name>',
  "what the builds are builds of (default: TEMPORAL_DEPLOYMENT_NAME, else 'harness')",
] as const;

export function deploymentCommands(root: Command): void {
  const deployment = root
    .command('deployment')
    .description('upgrades: the builds of workers that were started with --build-id');
  deployment
    .command('show')
    .description('which builds there are, which is current, what is open on each, which may stop')
    .option(...NAME)
    .action((options: Options, command: Command) => show(contextOf(command), options));
  deployment
    .command('current [build-id]')
    .description('new cycles run on this build from now on; open ones stay with theirs')
    .option('--unversioned', 'on workers without a build id')
    .option(...NAME)
    .action((buildId: string | undefined, options: Options, command: Command) =>
      makeCurrent(contextOf(command), buildId, options),
    );
  deployment
    .command('drained <build-id>')
    .description('exit 0 when the workers of this build may be stopped, 1 when it is needed')
    .option('--wait', 'until they may')
    .option(...NAME)
    .action((buildId: string, options: Options, command: Command) =>
      drained(contextOf(command), checked(buildId, 'build id'), options),
    );
}

async function show(context: Context, options: Options): Promise<void> {
  const shown = await withDeployment(context, options, async (_, look) => look());
  context.print(shown, deploymentText(shown));
}

async function makeCurrent(
  context: Context,
  buildId: string | undefined,
  options: Options,
): Promise<void> {
  if ((buildId === undefined) === (options.unversioned !== true))
    throw new Problem('USAGE', 'name one build id, or --unversioned');
  const build = buildId === undefined ? null : checked(buildId, 'build id');
  const client = await import('../client/deployment');
  const shown = await withDeployment(context, options, async (harness, look, name) => {
    await client.makeCurrent(harness, name, build);
    return look();
  });
  context.print(shown, deploymentText(shown));
}

/** Between two looks of `--wait`. */
const LOOK_MS = 1_000;

async function drained(context: Context, buildId: string, options: Options): Promise<void> {
  const row = await withDeployment(context, options, async (_, look, name) => {
    for (;;) {
      const found = (await look()).builds.find(({ build_id }) => build_id === buildId);
      if (found === undefined) {
        const known = `\`harness deployment show\` lists those of deployment ${name}`;
        throw new Problem(
          'NOT_FOUND',
          `no worker of build ${buildId} has ever run: ${known}`,
          buildId,
        );
      }
      if (found.may_stop || options.wait !== true) return found;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  });
  context.print(row, `build ${buildId}: ${meaning(row)}`);
  process.exitCode = row.may_stop ? 0 : 1;
}

async function withDeployment<T>(
  context: Context,
  options: Options,
  body: (harness: Harness, look: () => Promise<Deployment>, name: string) => Promise<T>,
): Promise<T> {
  const { showDeployment } = await import('../client/deployment');
  const name = deploymentName(options.deploymentName, context.env);
  const harness = await context.harness();
  try {
    return await body(harness, () => showDeployment(harness, name), name);
  } finally {
    await harness.close();
  }
}

function deploymentText({ deployment_name, current, builds, unversioned }: Deployment): string {
  const routed =
    current === null
      ? 'no build is current: workers without a build id take new cycles'
      : `${buildText(current)} takes new cycles`;
  const { workers, open_cycles } = unversioned;
  const none = `deployment ${deployment_name} has no build: start a worker with \`harness worker --build-id ID\``;
  const rows = builds.map((row) => [
    row.build_id,
    row.status,
    `${row.workers}`,
    `${row.open_cycles}`,
    `${row.halted_cycles}`,
    meaning(row),
  ]);
  return [
    routed,
    '',
    builds.length === 0
      ? none
      : table(['build', 'status', 'workers', 'open cycles', 'halted', 'means'], rows),
    '',
    `without a build id: ${workers} workers, ${open_cycles} open cycles`,
  ].join('\n');
}

function meaning({ status, may_stop, workers, open_cycles, halted_cycles }: BuildRow): string {
  if (status === 'CURRENT')
    return workers > 0
      ? 'takes new cycles'
      : 'takes new cycles, and has no worker: start one, or make another build current';
  if (status === 'RAMPING') return 'takes a share of the new cycles';
  if (status === 'INACTIVE' && may_stop) return 'has never been current: gets nothing';
  if (may_stop) return workers > 0 ? 'its workers may be stopped' : 'nothing needs it';
  if (open_cycles === 0) return 'nothing is open any more: in a moment its workers may be stopped';
  const halted = halted_cycles === 0 ? '' : ', answer those that wait: `harness halts`';
  const gone = workers > 0 ? '' : ', and it has no worker: start one again';
  return `its open cycles need it${halted}${gone}`;
}
