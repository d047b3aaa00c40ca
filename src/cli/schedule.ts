import type { Command } from 'commander';
import { type Balance, balanceOf, differences } from '../core/balance';
import { scheduleId } from '../core/identity';
import type { JsonObject } from '../core/json';
import { CATCHUP_MS_MIN, durationText, parseDuration } from '../core/nominal';
import type { Ran } from '../core/schedule';
import { isScheduleName, NAME_WORDS } from '../core/tick';
import type { Harness } from '../client/context';
import { Problem } from '../problem';
import { nameSource } from '../sources/source';
import type { Account, ScheduleRow } from '../client/schedules';
import { type Context, contextOf } from './context';
import { table, text } from './render';

interface CreateOptions {
  readonly every: string;
  readonly source: string;
  readonly graph?: string;
  readonly policy?: string;
  readonly mode: string;
  readonly jitter?: string;
  readonly by?: string;
}

interface ActOptions {
  readonly reason: string;
  readonly by?: string;
}

export function scheduleCommands(root: Command): void {
  const schedule = root
    .command('schedule')
    .description('shadow mode on a schedule: each cycle reads its bundle fresh');
  schedule
    .command('create <name>')
    .description('create the schedule, or set it up anew')
    .requiredOption('--every <time>', '30s, 5m, 2h, 1d; counted from 1970 in UTC')
    .requiredOption('--source <source>', 'file:PATH, dir:PATH (one JSON a state), http(s)://…')
    .option('--graph <file>', 'the task graph (default: the v1 graph)')
    .option('--policy <file>', 'the policy (default: the default policy)')
    .option('--mode <mode>', 'shadow', 'shadow')
    .option('--jitter <time>', 'start each cycle up to this much later')
    .option('--by <who>', 'who sets it up (default: your login)')
    .action((name: string, options: CreateOptions, command: Command) =>
      create(contextOf(command), name, options),
    );
  schedule
    .command('list')
    .description('the schedules on the server')
    .action((_: object, command: Command) => list(contextOf(command)));
  schedule
    .command('show <name>')
    .description('one schedule and its balance: what became of every nominal time')
    .action((name: string, _: object, command: Command) => show(contextOf(command), name));
  const acts = [
    ['pause', 'start no further cycle; the one that is open goes on'],
    ['unpause', 'start cycles again, from the next nominal time on'],
    ['trigger', 'start one cycle now'],
    ['delete', 'delete it; its cycles and its audit chain stay'],
  ] as const;
  for (const [verb, what] of acts) {
    schedule
      .command(`${verb} <name>`)
      .description(what)
      .option('--reason <text>', 'why; stands in the audit trail', `${verb} by hand`)
      .option('--by <who>', 'who does it (default: your login)')
      .action((name: string, options: ActOptions, command: Command) =>
        act(contextOf(command), verb, name, options),
      );
  }
}

async function create(context: Context, name: string, options: CreateOptions): Promise<void> {
  if (!isScheduleName(name))
    throw new Problem('USAGE', `${name} is no name for a schedule: it has ${NAME_WORDS}`, name);
  const every_ms = duration('--every', options.every);
  const jitter_ms = options.jitter === undefined ? 0 : duration('--jitter', options.jitter);
  if (jitter_ms >= every_ms)
    throw new Problem('USAGE', '--jitter has to be shorter than --every', '--jitter');
  const named = nameSource(options.source, process.cwd());
  if (!named.ok) throw new Problem('USAGE', named.problem, '--source');
  const { prepareRules } = await import('../client/prepare');
  const rules = prepareRules(
    context.source(options.graph, 'graph'),
    context.source(options.policy, 'policy'),
    options.mode,
  );
  const { catchupOf, createSchedule, scheduleLink } = await import('../client/schedules');
  const harness = await context.harness();
  try {
    const by = options.by ?? context.user();
    const plan = { schedule: name, every_ms, jitter_ms, source: named.source, rules, by };
    const { created, account } = await createSchedule(harness, plan);
    const { raised } = catchupOf(rules.policy.document);
    const setup = { ...described(account), link: scheduleLink(harness, name) };
    const lines = [
      `${name} is ${created ? 'created' : 'set up anew'}: every ${durationText(every_ms)} from ${named.source}`,
      `next      ${account.facts?.next_times[0] ?? 'none'}`,
      ...(raised ? [CATCHUP_NOTE] : []),
      ...(account.facts?.paused === true
        ? [`it stays paused: harness schedule unpause ${name}`]
        : []),
      `web       ${setup.link}`,
    ];
    context.print({ ...setup, created, notes: raised ? [CATCHUP_NOTE] : [] }, lines.join('\n'));
  } finally {
    await harness.close();
  }
}

const CATCHUP_NOTE = `Temporal catches up for at least ${CATCHUP_MS_MIN / 1000} s, longer than the policy lets a state grow old: such a late cycle reads its source fresh all the same`;

function duration(option: string, value: string): number {
  const ms = parseDuration(value);
  if (ms !== null) return ms;
  throw new Problem(
    'USAGE',
    `${option} ${value} is no time: write whole seconds, minutes, hours or days such as 30s, 5m, 2h, 1d`,
    option,
  );
}

/** What the server and the record tell of it, the balance aside. */
function described({ facts, ledger, audit }: Account): JsonObject {
  const setup = facts?.setup ?? ledger.setups.at(-1)?.setup;
  const { schedule = '', every_ms = 0, jitter_ms = 0, source = '', mode = '' } = setup ?? {};
  const { graph_hash = null, policy_hash = null, catchup_window_ms = 0 } = setup ?? {};
  return {
    schedule,
    exists: facts !== null,
    paused: facts?.paused ?? false,
    note: facts?.note ?? '',
    every_ms,
    jitter_ms,
    source,
    mode,
    graph_hash,
    policy_hash,
    catchup_window_ms,
    next_times: facts === null || facts.paused ? [] : facts.next_times,
    audit: { chain: scheduleId(schedule), entries: audit.entries, head: audit.head },
  };
}

async function list(context: Context): Promise<void> {
  const { listSchedules } = await import('../client/schedules');
  const harness = await context.harness();
  try {
    const rows = await listSchedules(harness);
    const lines = rows.map((row: ScheduleRow) => [
      row.schedule,
      durationText(row.every_ms),
      row.paused ? `paused: ${row.note}` : (row.next_time ?? ''),
      row.source,
      row.link,
    ]);
    context.print(
      rows,
      rows.length === 0
        ? 'no schedule: `harness schedule create` makes one'
        : table(['schedule', 'every', 'next', 'source', 'web'], lines),
    );
  } finally {
    await harness.close();
  }
}

/** How many of its last cycles `show` lists. */
const RECENT = 10;

async function show(context: Context, name: string): Promise<void> {
  const { accountOf, scheduleLink } = await import('../client/schedules');
  const harness = await context.harness();
  try {
    const account = await accountOf(harness, name);
    const { facts, ledger } = account;
    const balance = balanceOf(ledger, Date.now());
    const cycles = [...ledger.ran.values()];
    const outcomes = await outcomesOf(harness, cycles);
    const recent = await Promise.all(cycles.slice(-RECENT).map((ran) => cycleRow(harness, ran)));
    const differ = facts === null ? [] : differences(ledger, balance, facts.counters);
    const shown = {
      ...described(account),
      balance: { ...balance, outcomes },
      counters: facts === null ? null : { ...facts.counters, differences: differ },
      recent,
      link: scheduleLink(harness, name),
    };
    context.print(shown, showText(shown, balance, outcomes, differ));
  } finally {
    await harness.close();
  }
}

/** What the cycles that ran came to; `open`: no outcome yet. */
async function outcomesOf({ store }: Harness, cycles: readonly Ran[]): Promise<JsonObject> {
  const counts: Record<string, number> = {};
  for (const { cycle_id } of cycles) {
    const outcome = (await store.cycles.result(cycle_id))?.['outcome'];
    const word = typeof outcome === 'string' ? outcome : 'open';
    counts[word] = (counts[word] ?? 0) + 1;
  }
  return counts;
}

async function cycleRow(harness: Harness, ran: Ran): Promise<JsonObject> {
  const { cycleLink } = await import('../client/context');
  const result = await harness.store.cycles.result(ran.cycle_id);
  return {
    ...ran,
    outcome: result?.['outcome'] ?? null,
    summary: result?.['summary'] ?? null,
    link: cycleLink(harness, ran.workflow_id),
  };
}

function showText(
  shown: JsonObject & { readonly recent: readonly JsonObject[] },
  { since, accounted_until, expected, ran, not_run, pending, triggered }: Balance,
  outcomes: JsonObject,
  differ: readonly string[],
): string {
  const each = (counts: JsonObject): string =>
    Object.entries(counts)
      .map(([word, count]) => `${String(count)} ${word}`)
      .join(', ');
  const next = Array.isArray(shown['next_times']) ? shown['next_times'][0] : undefined;
  const state =
    shown['paused'] === true ? `paused: ${text(shown, 'note')}` : `next ${String(next)}`;
  return [
    `${text(shown, 'schedule')}  every ${durationText(Number(shown['every_ms']))} from ${text(shown, 'source')}`,
    shown['exists'] === true ? state : 'the server has no such schedule any more',
    '',
    `since ${since ?? 'never'}, accounted for until ${accounted_until ?? 'never'}`,
    `expected  ${expected}`,
    `ran       ${ran}${triggered > 0 ? `, and ${triggered} triggered` : ''}${ran + triggered > 0 ? `: ${each(outcomes)}` : ''}`,
    `not run   ${each(not_run)}`,
    `pending   ${pending}`,
    ...(differ.length === 0 ? [] : ['', ...differ.map((line) => `differs   ${line}`)]),
    '',
    table(
      ['nominal', 'outcome', 'cycle'],
      shown.recent.map((row) => [
        text(row, 'nominal_time'),
        text(row, 'outcome') || 'open',
        text(row, 'workflow_id'),
      ]),
    ),
    `web       ${text(shown, 'link')}`,
  ].join('\n');
}

async function act(
  context: Context,
  verb: 'pause' | 'unpause' | 'trigger' | 'delete',
  name: string,
  options: ActOptions,
): Promise<void> {
  if (options.reason.trim() === '')
    throw new Problem('USAGE', '--reason is empty: say it in a sentence', '--reason');
  const schedules = await import('../client/schedules');
  const { cycleLink } = await import('../client/context');
  const harness = await context.harness();
  try {
    const who = { by: options.by ?? context.user(), why: options.reason };
    const link = schedules.scheduleLink(harness, name);
    if (verb === 'trigger') {
      const { workflow_id, account } = await schedules.triggerSchedule(harness, name, who);
      const cycle = workflow_id === null ? null : cycleLink(harness, workflow_id);
      context.print(
        { ...described(account), workflow_id, cycle_link: cycle, link },
        workflow_id === null
          ? `${name} is triggered: harness schedule show ${name} tells what came of it`
          : `${name} is triggered\nworkflow  ${workflow_id}\nweb       ${cycle}`,
      );
      return;
    }
    const account =
      verb === 'delete'
        ? await schedules.deleteSchedule(harness, name, who)
        : await schedules.pauseSchedule(harness, name, {
            ...who,
            type: verb === 'pause' ? 'SCHEDULE_PAUSED' : 'SCHEDULE_UNPAUSED',
          });
    context.print({ ...described(account), link }, `${name} is ${DONE[verb]}\nweb       ${link}`);
  } finally {
    await harness.close();
  }
}

const DONE = {
  pause: 'paused',
  unpause: 'running again',
  delete: 'deleted; its cycles and its audit chain stay',
} as const;
