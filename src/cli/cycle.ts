import { type Command, InvalidArgumentError } from 'commander';
import { tracingFor } from '../tracing/asked';
import type { CycleStart } from '../tracing/open';
import type { JsonObject } from '../core/json';
import { PHASES } from '../core/phases';
import { OUTCOMES } from '../core/reasons';
import { parseInstant } from '../core/time';
import { Problem } from '../problem';
import { type Context, contextOf } from './context';
import { exitStatusOf } from './exit';
import { cycleText, outcomeText, plain, table, text } from './render';

interface StartCommandOptions {
  readonly input: string;
  readonly graph?: string;
  readonly policy?: string;
  readonly mode: string;
  readonly wait?: boolean;
  readonly timeout?: number;
}

interface ListOptions {
  readonly outcome?: string;
  readonly phase?: string;
  readonly mode?: string;
  readonly since?: string;
  readonly until?: string;
}

export function cycleCommands(root: Command): void {
  const cycle = root.command('cycle').description('start, list, show, watch and cancel cycles');
  cycle
    .command('start')
    .description('start one cycle; the same bundle, graph, policy and mode are the same cycle')
    .requiredOption('--input <file>', 'the bundle; - for standard input')
    .option('--graph <file>', 'the task graph (default: the v1 graph)')
    .option('--policy <file>', 'the policy (default: the default policy)')
    .option('--mode <mode>', 'shadow', 'shadow')
    .option('--wait', 'return at the outcome, or when a human is waited for')
    .option('--timeout <seconds>', 'wait at most this long (exit 6)', seconds)
    .action((options: StartCommandOptions, command: Command) => start(contextOf(command), options));
  cycle
    .command('list')
    .description('the cycles that are known here')
    .option('--outcome <outcome>', OUTCOMES.join(', '), oneOf(OUTCOMES))
    .option('--phase <phase>', PHASES.join(', '), oneOf(PHASES))
    .option('--mode <mode>', 'shadow')
    .option('--since <time>', 'created at or after this RFC 3339 time', instant)
    .option('--until <time>', 'created before this RFC 3339 time', instant)
    .action((options: ListOptions, command: Command) => list(contextOf(command), options));
  cycle
    .command('show <id>')
    .description('one cycle whole, also with no worker up and after the server has forgotten it')
    .action((id: string, _: object, command: Command) => show(contextOf(command), id));
  cycle
    .command('watch <id>')
    .description('follow a running cycle until its outcome, or until a human is waited for')
    .option('--timeout <seconds>', 'watch at most this long (exit 6)', seconds)
    .action((id: string, options: { timeout?: number }, command: Command) =>
      watch(contextOf(command), id, options.timeout),
    );
  cycle
    .command('cancel <id>')
    .description('end a cycle CANCELLED; it finalises and audits first')
    .action((id: string, _: object, command: Command) => cancel(contextOf(command), id));
}

async function start(context: Context, options: StartCommandOptions): Promise<void> {
  const { prepare } = await import('../client/prepare');
  const prepared = prepare(
    context.read(options.input),
    context.source(options.graph, 'graph'),
    context.source(options.policy, 'policy'),
    options.mode,
  );
  const { startCycle } = await import('../client/start');
  const { findCycle, waitForCycle } = await import('../client/inspect');
  const harness = await context.harness();
  try {
    const began = Date.now();
    const started = await startCycle(harness, prepared);
    await traced(context, started, began);
    if (!options.wait) {
      const word = started.deduplicated ? 'the same cycle was started before' : 'started';
      context.print(
        started,
        `${word}\ncycle     ${started.cycle_id}\nworkflow  ${started.workflow_id}\nweb       ${started.link}`,
      );
      return;
    }
    const record = await findCycle(harness.store, started.cycle_id);
    const result = await waitForCycle(harness, record, options.timeout ?? null);
    finish(context, { ...result, deduplicated: started.deduplicated });
  } finally {
    await harness.close();
  }
}

/** The first span of the cycle's trace. */
async function traced(context: Context, started: CycleStart, beganMs: number): Promise<void> {
  const tracing = await tracingFor(context.env);
  tracing?.started(started, beganMs);
  await tracing?.close();
}

/** Prints the cycle and sets the exit status of a command that waited for it. */
function finish(context: Context, result: JsonObject): void {
  context.print(result, cycleText(result));
  process.exitCode = exitStatusOf(result);
  if (process.exitCode !== 1) return;
  const why = `the workflow ended ${text(result, 'workflow_status')} without an outcome`;
  throw new Problem(
    'HARNESS_ERROR',
    `${why}: start the same bundle again to run the cycle again`,
    text(result, 'cycle_id'),
  );
}

async function list(context: Context, options: ListOptions): Promise<void> {
  const { listCycles } = await import('../client/inspect');
  const reach = await context.reach();
  try {
    const cycles = await listCycles(reach, options);
    const rows = cycles.map((cycle) => [
      text(cycle, 'workflow_id'),
      outcomeText(cycle['outcome'], cycle['phase']),
      text(cycle, 'summary'),
      text(cycle, 'link'),
    ]);
    context.print(
      cycles,
      rows.length === 0 ? 'no cycles' : table(['workflow', 'outcome', 'summary', 'web'], rows),
    );
  } finally {
    await reach.harness?.close();
  }
}

async function show(context: Context, id: string): Promise<void> {
  const { findCycle, showCycle } = await import('../client/inspect');
  const reach = await context.reach();
  try {
    const result = await showCycle(reach, await findCycle(reach.store, id));
    context.print(result, cycleText(result));
  } finally {
    await reach.harness?.close();
  }
}

async function watch(context: Context, id: string, timeout: number | undefined): Promise<void> {
  const { findCycle, showCycle, waitForCycle } = await import('../client/inspect');
  const harness = await context.harness();
  try {
    const reach = { harness, store: harness.store };
    const record = await findCycle(harness.store, id);
    const waiting = waitForCycle(harness, record, timeout === undefined ? null : timeout);
    await follow(context, waiting, () => showCycle(reach, record));
    finish(context, await waiting);
  } finally {
    await harness.close();
  }
}

/** One line on standard error for each thing that changes, until `waiting` settles. */
async function follow(
  context: Context,
  waiting: Promise<unknown>,
  look: () => Promise<JsonObject>,
): Promise<void> {
  let over = false;
  const done = waiting.then(
    () => void (over = true),
    () => void (over = true),
  );
  let last = '';
  while (!over) {
    const line = plain(text(await look(), 'summary'));
    if (line !== last && !over) context.say(line);
    last = line;
    await Promise.race([done, new Promise((resolve) => setTimeout(resolve, 300))]);
  }
}

async function cancel(context: Context, id: string): Promise<void> {
  const { cancelCycle } = await import('../client/act');
  const { findCycle, waitForCycle } = await import('../client/inspect');
  const harness = await context.harness();
  try {
    const record = await findCycle(harness.store, id);
    await cancelCycle(harness, record);
    // A cycle finalises in moments when a worker is up; without one, the request stands until one is.
    const result = await waitForCycle(harness, record, CANCEL_WAIT_MS);
    const ended = result['outcome'] !== null;
    context.print(
      result,
      ended
        ? cycleText(result)
        : `cancellation requested: ${record.workflow_id} ends as soon as a worker runs`,
    );
  } finally {
    await harness.close();
  }
}

const CANCEL_WAIT_MS = 10_000;

/** Seconds on the command line, milliseconds within. */
function seconds(value: string): number {
  const number = Number(value);
  if (!/^\d+(\.\d+)?$/.test(value) || !(number > 0) || number > 2_000_000)
    throw new InvalidArgumentError('it is a number of seconds above 0.');
  return number * 1_000;
}

function instant(value: string): string {
  if (parseInstant(value) === null)
    throw new InvalidArgumentError('it is a time in UTC such as 2026-11-22T14:00:00Z.');
  return value;
}

function oneOf(allowed: readonly string[]): (value: string) => string {
  return (value) => {
    if (!allowed.includes(value))
      throw new InvalidArgumentError(`it is one of ${allowed.join(', ')}.`);
    return value;
  };
}
