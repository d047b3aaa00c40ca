import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import type { Prepared, Source } from '../client/prepare';
import { CHOICES } from '../core/events';
import { isObject, type JsonObject, type Sha256 } from '../core/json';
import { Problem } from '../problem';
import type { Harness } from '../client/context';
import type { CycleRecord } from '../store/store';
import { type Context, contextOf } from './context';
import { haltEverything, latchText, resumeEverything } from './latch';
import { cycleText, haltText, text } from './render';
import { signatureOf } from './signature';

interface HaltOptions {
  readonly reason: string;
  readonly by?: string;
  readonly all?: boolean;
}

interface ResumeOptions {
  readonly all?: boolean;
  readonly choice: string;
  readonly reason: string;
  readonly rootCause: string;
  readonly whySafe: string;
  readonly by?: string;
  readonly decisionId?: string;
  readonly input?: string;
  readonly key?: string;
}

/** How long `halt` waits to show what has become of the cycle. */
const SHOW_MS = 4_000;
/** How long `resume` does: a decided cycle goes on in moments, and what it prints then is better than `HALTED`. */
const DECIDED_MS = 2_000;

export function haltCommands(root: Command): void {
  root
    .command('halt [id]')
    .description('suspend a cycle, or with --all the whole harness, until a human decides')
    .requiredOption('--reason <text>', 'why')
    .option('--by <who>', 'who halts (default: your login)')
    .option('--all', 'the kill switch: no task starts in any cycle, and no cycle is admitted')
    .action((id: string | undefined, options: HaltOptions, command: Command) => {
      notEmpty({ '--reason': options.reason });
      const one = oneOrAll(id, options);
      return one === null
        ? haltEverything(contextOf(command), options)
        : halt(contextOf(command), one, options);
    });
  root
    .command('halts')
    .description('what waits for a human: the halt cards')
    .action((_: object, command: Command) => halts(contextOf(command)));
  root
    .command('resume [id]')
    .description(
      'a decision on a halted cycle (cycle, workflow or halt id), or on the whole harness',
    )
    .option('--all', 'clears the harness-wide halt')
    .requiredOption('--choice <choice>', CHOICES.join(', '))
    .requiredOption('--reason <text>', 'why this is decided')
    .requiredOption('--root-cause <text>', 'what the halt came from')
    .requiredOption('--why-safe <text>', 'why it is safe now')
    .option('--by <who>', 'who decides (default: your login)')
    .option('--decision-id <id>', 'the same id again is the same decision (default: a new one)')
    .option(
      '--input <file>',
      "with RESTART_FRESH: the fresh bundle (a scheduled cycle's default: its source, read again)",
    )
    .option(
      '--key <file>',
      'sign with this Ed25519 private key (PEM), where operators are configured',
    )
    .action((id: string | undefined, options: ResumeOptions, command: Command) => {
      notEmpty({
        '--choice': options.choice,
        '--reason': options.reason,
        '--root-cause': options.rootCause,
        '--why-safe': options.whySafe,
      });
      const one = oneOrAll(id, options);
      return one === null
        ? resumeEverything(contextOf(command), options)
        : resume(contextOf(command), one, options);
    });
}

/** The cycle that is meant, or null for all of them. @throws Problem USAGE when it is not said which */
function oneOrAll(id: string | undefined, { all }: { readonly all?: boolean }): string | null {
  if (all === true && id === undefined) return null;
  if (all !== true && id !== undefined) return id;
  throw new Problem('USAGE', 'name one cycle, or say --all for the whole harness', 'id');
}

async function halt(
  context: Context,
  id: string,
  options: { reason: string; by?: string },
): Promise<void> {
  const { haltCycle } = await import('../client/act');
  const { cardOf, findCycle, waitForCycle } = await import('../client/inspect');
  const harness = await context.harness();
  try {
    const record = await findCycle(harness.store, id);
    await haltCycle(harness, record, options.reason, options.by ?? context.user());
    const result = await waitForCycle(harness, record, SHOW_MS);
    const waiting = result['phase'] === 'HALTED' ? result['halt'] : null;
    const halted = isObject(waiting) ? waiting : null;
    const card =
      halted === null ? null : { ...halted, ...(await cardOf(harness.store, record, halted)) };
    const later = `the halt is on record: ${record.workflow_id} suspends before its next task, as soon as a worker runs`;
    context.print(
      result,
      card !== null
        ? haltText({ ...card, link: result['link'] ?? null })
        : result['outcome'] === null
          ? later
          : cycleText(result),
    );
  } finally {
    await harness.close();
  }
}

async function halts(context: Context): Promise<void> {
  const { openHalts } = await import('../client/inspect');
  const reach = await context.reach();
  try {
    const cards = await openHalts(reach);
    const all = reach.harness === null ? '' : `\n\nall of them: ${filterLink(reach.harness)}`;
    context.print(
      cards,
      cards.length === 0
        ? 'nothing waits for a human'
        : cards
            .map((card) => (card['cycle_id'] === null ? latchText(card) : haltText(card)))
            .join('\n\n') + all,
    );
  } finally {
    await reach.harness?.close();
  }
}

/** The Web UI's list of halted cycles. */
function filterLink({ uiUrl, namespace }: Harness): string {
  const query = encodeURIComponent('`HarnessPhase`="HALTED" AND `ExecutionStatus`="Running"');
  return `${uiUrl}/namespaces/${encodeURIComponent(namespace)}/workflows?query=${query}`;
}

async function resume(context: Context, id: string, options: ResumeOptions): Promise<void> {
  const harness = await context.harness();
  try {
    const { findCycle, showCycle, waitForCycle } = await import('../client/inspect');
    const { decide } = await import('../client/act');
    const record = await findCycle(harness.store, id);
    const fresh =
      options.choice === 'RESTART_FRESH'
        ? await freshCycle(context, harness, options, record)
        : null;
    const haltId = await haltIdOf(harness, record, id, showCycle);
    const decision = {
      halt_id: haltId,
      choice: options.choice,
      reason: options.reason,
      root_cause: options.rootCause,
      why_safe: options.whySafe,
      by: options.by ?? context.user(),
      decision_id: options.decisionId ?? randomUUID(),
    };
    const signature = await signatureOf(context, decision, options.key);
    const { message } = await decide(harness, record, { ...decision, ...signature });
    if (fresh !== null) return await restart(context, harness, record, fresh);
    const result = await waitForCycle(harness, record, DECIDED_MS);
    if (result['phase'] === 'HALTED') context.say(message);
    context.print(result, cycleText(result));
  } finally {
    await harness.close();
  }
}

/** The halt that is decided on: the one named, else the cycle's own. */
async function haltIdOf(
  harness: Harness,
  record: CycleRecord,
  id: string,
  show: typeof import('../client/inspect').showCycle,
): Promise<string> {
  if (/-h\d+$/.test(id)) return id;
  const { halt: card } = await show({ harness, store: harness.store }, record);
  if (isObject(card)) return text(card, 'halt_id');
  throw new Problem(
    'REFUSED',
    `cycle ${record.workflow_id} waits for no decision: \`harness halts\` shows what does`,
    id,
  );
}

/** `--input`; without it, the source that a scheduled cycle came from, read again. */
async function freshBundle(
  context: Context,
  { input }: ResumeOptions,
  { tick }: CycleRecord,
): Promise<Source> {
  if (input !== undefined) return context.read(input);
  if (tick === undefined) {
    const why = 'RESTART_FRESH starts a cycle on a fresh bundle';
    throw new Problem('USAGE', `${why}: give it with --input`, '--input');
  }
  const { datedText } = await import('../sources/dated');
  const { readSource } = await import('../sources/source');
  const read = await readSource(tick.source, new AbortController().signal);
  if (!read.ok) {
    const hint = 'mend it, or give the bundle with --input';
    throw new Problem('SOURCE_FAILED', `${read.problem}: ${hint}`, tick.source);
  }
  const text = read.dated ? read.text : datedText(read.text, new Date().toISOString());
  return { name: tick.source, bytes: Buffer.from(text) };
}

/** RESTART_FRESH: the halted cycle's own graph and policy, on a bundle that is not its own. */
async function freshCycle(
  context: Context,
  { store }: Harness,
  options: ResumeOptions,
  record: CycleRecord,
): Promise<Prepared> {
  const fresh = await freshBundle(context, options, record);
  const stored = async (what: string, hash: Sha256): Promise<Source> => {
    const bytes = await store.documents.get(hash);
    if (bytes !== null) return { name: `the ${what} of cycle ${record.workflow_id}`, bytes };
    const where =
      'HARNESS_HOME, or the database, has to be the one that the cycle was started with';
    throw new Problem('NOT_FOUND', `the ${what} ${hash} is not stored here: ${where}`, hash);
  };
  const { prepare } = await import('../client/prepare');
  const prepared = prepare(
    fresh,
    await stored('graph', record.graph_hash),
    await stored('policy', record.policy_hash),
  );
  if (prepared.bundle.hash !== record.input_hash) return prepared;
  throw new Problem(
    'USAGE',
    `${fresh.name} is the halted cycle's own bundle: RESTART_FRESH takes a fresh one`,
    '--input',
  );
}

async function restart(
  context: Context,
  harness: Harness,
  record: CycleRecord,
  prepared: Prepared,
): Promise<void> {
  const { startCycle } = await import('../client/start');
  const started = await startCycle(harness, prepared, { restarts: record.cycle_id });
  context.print(
    { ...started, restarts: record.cycle_id },
    `${record.workflow_id} ends HALTED; in its place\ncycle     ${started.cycle_id}\nworkflow  ${started.workflow_id}\nweb       ${started.link}`,
  );
}

function notEmpty(options: JsonObject): void {
  for (const [name, value] of Object.entries(options)) {
    if (String(value).trim() === '')
      throw new Problem('USAGE', `${name} is empty: say it in a sentence`, name);
  }
}
