import type { Command } from 'commander';
import { couldNotLook, type TrailReport } from '../audit/report';
import type { Testimony } from '../audit/witness';
import type { Entry } from '../core/entry';
import { scheduleId } from '../core/identity';
import { Problem } from '../problem';
import type { CycleRecord, Store } from '../store/store';
import { type Context, contextOf } from './context';
import { plain, table } from './render';

export function auditCommands(root: Command): void {
  const audit = root.command('audit').description('the audit trail');
  audit
    .command('show <id>')
    .description('the entries of a cycle, or of a schedule by its name, in order; no server needed')
    .action((id: string, _: object, command: Command) => show(contextOf(command), id));
  audit
    .command('verify [id]')
    .description(
      'check the chain of one cycle, or every byte of the trail: exit 0 intact, 1 broken, 2 incomplete, 3 could not look',
    )
    .option('--public-key <file>', 'also hold it against the signed checkpoints (Ed25519, PEM)')
    .option('--checkpoint <file>', 'a checkpoint kept elsewhere')
    .option('--against-temporal', "also hold it against what Temporal's history returned")
    .option('--export <dir>', 'look at an exported folder instead of the store')
    .action((id: string | undefined, options: VerifyOptions, command: Command) =>
      verify(contextOf(command), id, options),
    );
  audit
    .command('checkpoint')
    .description('sign how far every chain has come; keep a copy where the harness cannot write')
    .requiredOption('--key <file>', 'Ed25519 private key (PEM)')
    .option('--out <file>', 'where to write it besides HARNESS_HOME/checkpoints')
    .action(async (options: { key: string; out?: string }, command: Command) => {
      const { checkpoint } = await import('./audit-proof');
      await checkpoint(contextOf(command), options.key, options.out);
    });
  audit
    .command('export [id]')
    .description(
      'the record of one cycle, or all of it, as a folder: JSONL, documents, a page each',
    )
    .requiredOption('--out <dir>', 'an empty or new folder')
    .action(async (id: string | undefined, options: { out: string }, command: Command) => {
      const { exportTo } = await import('./audit-proof');
      await exportTo(contextOf(command), id, options.out);
    });
}

async function show(context: Context, id: string): Promise<void> {
  const entries = await entriesOf(await context.store(), id);
  const rows = entries.map(({ seq, part, at, type, clause, actor, task, data }) => [
    part === 0 ? `${seq}` : `${seq}.${part}`,
    at,
    type,
    task ?? '',
    clause,
    actor,
    brief(data),
  ]);
  context.print(entries, table(['seq', 'at', 'type', 'task', 'clause', 'actor', 'data'], rows));
}

/** Of a cycle, else of the schedule of this name. */
async function entriesOf(store: Store, id: string): Promise<readonly Entry[]> {
  const { findCycle } = await import('../client/inspect');
  const record = await knownCycle(store, id);
  if (record === null) {
    const entries = await store.audit.read(chainOf(id));
    if (entries !== null) return entries;
  }
  const { cycle_id, workflow_id } = record ?? (await findCycle(store, id));
  const entries = await store.audit.read(cycle_id);
  if (entries !== null) return entries;
  const why = `cycle ${workflow_id} has no audit trail yet: no worker has taken it`;
  throw new Problem('NOT_FOUND', why, id);
}

async function knownCycle(store: Store, id: string): Promise<CycleRecord | null> {
  const { findCycle } = await import('../client/inspect');
  return findCycle(store, id).catch((error: unknown) => {
    if (error instanceof Problem && error.code === 'NOT_FOUND') return null;
    throw error;
  });
}

/** A chain's own id, or that of a schedule's chain by its name. */
function chainOf(id: string): string {
  return UUID.test(id) ? id : scheduleId(id);
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Enough of an entry's data to follow the story; --json has it whole. */
function brief(data: unknown): string {
  const line = plain(JSON.stringify(data));
  return line.length > 160 ? `${line.slice(0, 159)}…` : line;
}

interface VerifyOptions {
  readonly publicKey?: string;
  readonly checkpoint?: string;
  readonly againstTemporal?: boolean;
  readonly export?: string;
}

async function verify(
  context: Context,
  id: string | undefined,
  options: VerifyOptions,
): Promise<void> {
  const report = await look(context, id, options).catch((error: unknown) => {
    // What was to be held against the trail is not there or proves nothing: nobody could look.
    if (!(error instanceof Problem)) throw error;
    return couldNotLook(error.message);
  });
  const lines = [...report.cycles, ...report.governance].map((trail) => [
    trail.kind === 'cycle' ? trail.cycle_id : `${trail.kind} ${trail.cycle_id}`,
    trail.status,
    `${trail.entries}`,
    trail.ended ? 'ended' : 'so far',
    trail.problem === null
      ? (trail.head ?? '')
      : `line ${trail.problem.line}: ${trail.problem.problem}`,
  ]);
  const rest = [
    ...report.aliens.map(({ path, problem }) => `${plain(path)}: ${problem}`),
    ...(report.problem === null ? [] : [report.problem]),
    `${report.status}: ${report.cycles.length + report.governance.length} chains looked at`,
  ];
  const drawn =
    lines.length === 0
      ? []
      : [table(['cycle', 'status', 'entries', '', 'head or first bad place'], lines)];
  context.print(report, [...drawn, ...rest].join('\n'));
  process.exitCode = report.exit;
}

async function look(
  context: Context,
  id: string | undefined,
  options: VerifyOptions,
): Promise<TrailReport> {
  const { verify: verifyAny } = await import('../audit/verify');
  const others = await testimonies(context, options.export ?? context.home, options);
  const trail = await context.trail(options.export);
  try {
    const chain = id === undefined || options.export !== undefined ? id : await named(context, id);
    return await verifyAny(trail, chain, others);
  } finally {
    await trail.close();
  }
}

/** The chain that `id` names: a cycle's, or a schedule's by its name. */
async function named(context: Context, id: string): Promise<string> {
  const store = await context.store();
  const record = await knownCycle(store, id);
  if (record !== null) return record.cycle_id;
  // The trail may know it all the same; or it is a schedule's name.
  return (await store.audit.read(chainOf(id))) === null ? id : chainOf(id);
}

async function testimonies(
  context: Context,
  home: string,
  { publicKey, checkpoint, againstTemporal }: VerifyOptions,
): Promise<Testimony[]> {
  if (checkpoint !== undefined && publicKey === undefined)
    throw new Problem('USAGE', '--checkpoint needs --public-key, whose it is', '--public-key');
  const { checkpointTestimonies } = await import('./audit-proof');
  const signed =
    publicKey === undefined
      ? []
      : await checkpointTestimonies(context, home, publicKey, checkpoint);
  if (againstTemporal !== true) return signed;
  const { endsInTemporal } = await import('../client/witness');
  const harness = await context.harness();
  try {
    return [...signed, { who: "Temporal's history", ends: await endsInTemporal(harness) }];
  } finally {
    await harness.close();
  }
}
