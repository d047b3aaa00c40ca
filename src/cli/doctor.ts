import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { DEFAULT_POLICY } from '../core/policy';
import { codeOf, messageOf } from '../core/invariant';
import { SEARCH_ATTRIBUTES, TASK_QUEUE } from '../core/start';
import { readDocument } from '../documents/json';
import type { Harness } from '../client/context';
import { buildText, deploymentName, isSame, type Routing, routingOf } from '../server/deployment';
import { type Context, contextOf } from './context';
import { table } from './render';

interface Finding {
  readonly check: string;
  readonly status: 'ok' | 'warning' | 'fails';
  readonly detail: string;
  /** What mends it; empty when nothing has to be. */
  readonly mend: string;
}

const NODE_MINIMUM = [20, 19] as const;

/** `harness doctor`: one line for each thing that a cycle needs, with the mend. Exit 0 when nothing fails. */
export function doctorCommand(root: Command): void {
  root
    .command('doctor')
    .description(
      'check Node, server, namespace, search attributes, worker, audit store, skills, configuration',
    )
    .action(async (_: object, command: Command) => {
      const context = contextOf(command);
      const findings = await examine(context);
      const rows = findings.map(({ check, status, detail, mend }) => [status, check, detail, mend]);
      const healthy = findings.every(({ status }) => status !== 'fails');
      context.print({ healthy, findings }, table(['', 'check', 'finding', 'mend'], rows));
      process.exitCode = healthy ? 0 : 1;
    });
}

async function examine(context: Context): Promise<Finding[]> {
  const local = [
    checkNode(),
    await attempt('configuration', () => checkConfiguration(context)),
    await attempt('audit store', () => checkStore(context)),
  ];
  const ledger = await attempt('ledger', () => checkLedger(context));
  const skills = await attempt('skills', checkSkills);
  return [...local, ledger, skills, ...(await examineServer(context))];
}

/** Looks, and turns whatever goes wrong while looking into a finding. */
async function attempt(check: string, look: () => Finding | Promise<Finding>): Promise<Finding> {
  try {
    return await look();
  } catch (error) {
    return {
      check,
      status: 'fails',
      detail: messageOf(error),
      mend: codeOf(error) === 'NO_SERVER' ? 'run `harness up`' : 'see the finding',
    };
  }
}

function checkNode(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [needMajor, needMinor] = NODE_MINIMUM;
  const good = major > needMajor || (major === needMajor && minor >= needMinor);
  const need = `${needMajor}.${needMinor}`;
  return {
    check: 'Node',
    status: good ? 'ok' : 'fails',
    detail: process.versions.node,
    mend: good ? '' : `install Node ${need} or newer`,
  };
}

async function checkConfiguration(context: Context): Promise<Finding> {
  const config = context.config();
  const check = 'configuration';
  if (config.policy === undefined) {
    return {
      check,
      status: 'ok',
      detail: `default policy; factor layer ${DEFAULT_POLICY.factor_layer}`,
      mend: '',
    };
  }
  const { readPolicy } = await import('../documents/policy');
  const read = readDocument(context.read(config.policy).bytes);
  const policy = read.ok ? readPolicy(read.value) : { ok: false as const, problem: read.problem };
  if (!policy.ok)
    return {
      check,
      status: 'fails',
      detail: `${config.policy}: ${policy.problem}`,
      mend: 'correct the policy',
    };
  // LATENT is permissive (C2.U3): nobody should run with it without knowing.
  const { policy_id, version, factor_layer } = policy.policy;
  return {
    check,
    status: 'ok',
    detail: `policy ${policy_id} ${version}; factor layer ${factor_layer}`,
    mend: '',
  };
}

async function checkStore(context: Context): Promise<Finding> {
  const { audit } = context.config();
  if (audit.type === 'postgres') return checkDatabase(context, audit.url_env);
  mkdirSync(context.home, { recursive: true, mode: 0o700 });
  await (await context.store()).close();
  const folder = join(context.home, 'audit');
  accessSync(folder, constants.R_OK | constants.W_OK);
  return { check: 'audit store', status: 'ok', detail: folder, mend: '' };
}

async function checkDatabase(context: Context, urlEnv: string): Promise<Finding> {
  const { databaseUrl } = await import('../store/open');
  const { examineDatabase } = await import('../store/postgres/examine');
  const check = 'audit store';
  const found = await examineDatabase(databaseUrl(urlEnv, context.env));
  const detail = `${found.where}, PostgreSQL ${found.version}, as ${found.user}`;
  const fails = (what: string, mend: string): Finding => {
    return { check, status: 'fails', detail: `${detail}: ${what}`, mend };
  };
  const warning = (what: string, mend: string): Finding => {
    return { check, status: 'warning', detail: `${detail}: ${what}`, mend };
  };
  if (found.unknown.length > 0)
    return fails('its schema is of a newer harness', 'update this harness');
  if (found.missing.length > 0)
    return fails(
      `its schema lacks ${found.missing.join(', ')}`,
      'run `harness store migrate` as the role that owns it',
    );
  if (!found.durable)
    return warning('fsync is off: a crash may lose what was acknowledged', 'turn fsync on');
  const [excess] = found.excess;
  if (excess !== undefined)
    return warning(
      `its user may do more than insert and read (${excess})`,
      'use a role that `harness store migrate --grant-to` has given its rights',
    );
  if (!found.private)
    return warning('the connection is not encrypted', 'add sslmode=verify-full to its address');
  return { check, status: 'ok', detail, mend: '' };
}

function checkLedger(context: Context): Finding {
  const { ledger } = context.config();
  const check = 'ledger';
  if (ledger === undefined) {
    const detail = 'none configured: the built-in tasks need none, skills of your own do';
    return { check, status: 'ok', detail, mend: '' };
  }
  const there = existsSync(ledger);
  return {
    check,
    status: there ? 'ok' : 'fails',
    detail: ledger,
    mend: there ? '' : 'create the file, or correct `ledger` in the configuration',
  };
}

/** What would stand between a skill and this machine, were this process a worker (SECURITY.md). */
async function checkSkills(): Promise<Finding> {
  const { openSandbox } = await import('../sandbox');
  const sandbox = await openSandbox({ spares: 0 });
  const { isolation, fromSnapshot } = sandbox;
  await sandbox.close();
  const mends = [
    ...(isolation === 'os'
      ? []
      : ['for hostile skills: Linux, util-linux, and root or namespaces of users']),
    ...(fromSnapshot ? [] : ['for half the start-up time: `npm run build` on this machine']),
  ];
  return {
    check: 'skills',
    status: mends.length === 0 ? 'ok' : 'warning',
    detail: `a process for each run, isolation ${isolation}, ${fromSnapshot ? 'out of the start-up snapshot' : 'its program loaded each time'}`,
    mend: mends.join('; '),
  };
}

async function examineServer(context: Context): Promise<Finding[]> {
  let harness: Harness | null = null;
  const server = await attempt('server', async () => {
    harness = await context.harness();
    const { serverVersion } = await harness.client.workflowService.getSystemInfo({});
    const { address, source } = context.connection();
    return {
      check: 'server',
      status: 'ok',
      detail: `${address} (${source}), version ${serverVersion}`,
      mend: '',
    };
  });
  if (harness === null) return [server];
  return examineNamespace(context, harness, server);
}

async function examineNamespace(
  context: Context,
  harness: Harness,
  server: Finding,
): Promise<Finding[]> {
  const { namespace } = harness;
  const service = harness.client.workflowService;
  try {
    return [
      server,
      await attempt('namespace', async () => {
        await service.describeNamespace({ namespace });
        return { check: 'namespace', status: 'ok', detail: namespace, mend: '' };
      }),
      await attempt('search attributes', () => checkAttributes(harness)),
      await attempt('worker', async () => checkWorker(await routingOf(service, namespace))),
      await attempt('deployment', () =>
        checkDeployment(harness, deploymentName(undefined, context.env)),
      ),
      checkExposure(context),
    ];
  } finally {
    await harness.close();
  }
}

async function checkAttributes(harness: Harness): Promise<Finding> {
  const { missingAttributes } = await import('../server/search-attributes');
  const missing = await missingAttributes(
    harness.client.connection,
    harness.namespace,
    SEARCH_ATTRIBUTES,
  );
  const check = 'search attributes';
  if (missing.length === 0)
    return { check, status: 'ok', detail: Object.keys(SEARCH_ATTRIBUTES).join(', '), mend: '' };
  return {
    check,
    status: 'warning',
    detail: `missing: ${missing.join(', ')}`,
    mend: 'a worker adds them when it starts: run `harness worker`',
  };
}

function checkWorker({ current, workers }: Routing): Finding {
  const check = 'worker';
  const asked = `asked for tasks of ${TASK_QUEUE} in the last minute`;
  const of = current === null ? '' : ` of ${buildText(current)}, which is current,`;
  const fit = workers.filter((build) => isSame(build, current)).length;
  if (fit > 0) return { check, status: 'ok', detail: `${fit}${of} ${asked}`, mend: '' };
  const option = current === null ? '' : ` --build-id ${current.build_id}`;
  const others = workers.length === 0 ? '' : `, ${workers.length} others did`;
  return {
    check,
    status: 'warning',
    detail: `none${of} ${asked}${others}`,
    mend:
      workers.length === 0
        ? `run \`harness worker${option}\``
        : `run \`harness worker${option}\`, or make their build current: \`harness deployment show\``,
  };
}

/** An upgrade that is under way: cycles whose build has been stopped wait for it, and for nothing else. */
async function checkDeployment(harness: Harness, name: string): Promise<Finding> {
  const { showDeployment } = await import('../client/deployment');
  const { current, builds } = await showDeployment(harness, name);
  const check = 'deployment';
  const stranded = builds.filter(({ workers, open_cycles }) => workers === 0 && open_cycles > 0);
  if (stranded.length > 0) {
    const which = stranded.map(({ build_id, open_cycles }) => `${build_id} (${open_cycles})`);
    return {
      check,
      status: 'warning',
      detail: `open cycles whose build has no worker: ${which.join(', ')}`,
      mend: `run \`harness worker --build-id ${stranded[0]?.build_id}\` from that version's folder`,
    };
  }
  const idle = builds.filter(({ may_stop, workers }) => may_stop && workers > 0);
  const stop = idle.map(({ build_id }) => build_id).join(', ');
  const detail =
    current === null
      ? 'no build is current: workers without a build id take new cycles'
      : `${buildText(current)} takes new cycles`;
  const more = stop === '' ? '' : `; the workers of ${stop} may be stopped`;
  return { check, status: 'ok', detail: `${detail}${more}`, mend: '' };
}

/** Whoever reaches the port of a server without authorisation may halt, resume and terminate. */
function checkExposure(context: Context): Finding {
  const { address, connectionOptions } = context.connection();
  const host = address.replace(/:\d+$/, '');
  const local = ['127.0.0.1', 'localhost', '[::1]', '::1'].includes(host);
  const secured = Boolean(connectionOptions.tls) || Boolean(connectionOptions.apiKey);
  const good = local || secured;
  return {
    check: 'exposure',
    status: good ? 'ok' : 'fails',
    detail: local
      ? 'loopback'
      : secured
        ? 'TLS'
        : `${host} without TLS: whoever reaches it may halt, resume and terminate`,
    mend: good ? '' : 'use TLS (TEMPORAL_TLS_*), or a server on loopback',
  };
}
