import { Command, CommanderError, Option } from 'commander';
import { codeOf, messageOf } from '../core/invariant';
import { HARNESS_VERSION } from '../core/start';
import { Problem } from '../problem';
import { auditCommands } from './audit';
import { codecCommand } from './codec';
import type { GlobalOptions } from './context';
import { cycleCommands } from './cycle';
import { deploymentCommands } from './deployment';
import { doctorCommand } from './doctor';
import { drillCommand } from './drill';
import { haltCommands } from './halt';
import { healthCommand } from './health';
import { planCommand } from './plan';
import { plain } from './render';
import { skillsCommands } from './skills';
import { scheduleCommands } from './schedule';
import { storeCommands } from './store';
import { upCommands } from './up';

export function program(): Command {
  const root = new Command('harness')
    .description('A durable, governed execution harness: powerful only because it is obedient.')
    .version(HARNESS_VERSION)
    .option('--json', 'one JSON document on standard output, and nothing else')
    .option('--debug', 'details of an error, and logs')
    .option('--no-color', 'no colour')
    .option(
      '--config <file>',
      'configuration (default: HARNESS_CONFIG, else harness.config.json here)',
    )
    .option(
      '--address <host:port>',
      'Temporal server (default: TEMPORAL_ADDRESS, a profile, else `harness up`)',
    )
    .option(
      '--namespace <name>',
      "Temporal namespace (default: TEMPORAL_NAMESPACE, a profile, else 'default')",
    )
    .addOption(
      new Option(
        '--profile <name>',
        "profile of Temporal's temporal.toml (default: TEMPORAL_PROFILE)",
      ),
    )
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError(false);
  for (const add of [
    upCommands,
    healthCommand,
    codecCommand,
    doctorCommand,
    planCommand,
    cycleCommands,
    haltCommands,
    skillsCommands,
    scheduleCommands,
    auditCommands,
    storeCommands,
    deploymentCommands,
    drillCommand,
  ])
    add(root);
  quietly(root);
  return root;
}

/** Errors are ours to print, in one form, for every command. Global options may stand after the command's name. */
function quietly(command: Command): void {
  command.exitOverride().configureOutput({ writeErr: () => undefined });
  for (const child of command.commands) {
    if (command.name() === 'harness') inheritGlobals(child, command);
    quietly(child);
  }
}

function inheritGlobals(command: Command, root: Command): void {
  for (const option of root.options) {
    if (option.long !== '--version' && !command.options.some(({ long }) => long === option.long))
      command.addOption(hidden(option));
  }
  for (const child of command.commands) inheritGlobals(child, root);
}

function hidden(option: Option): Option {
  const copy = new Option(option.flags, option.description).hideHelp();
  // A default here would overrule what was said before the command's name.
  return copy;
}

/** What somebody has put in the place of a name: nobody reads more of it. */
const WORD_CHARS_MAX = 500;
const LONG_WORD = new RegExp(`\\S{${WORD_CHARS_MAX + 1},}`, 'g');

/** One plain sentence on standard error, or the error document with --json; never a stack trace without --debug. */
function report(error: unknown, { json, debug }: GlobalOptions): void {
  const { code, message: said, path } = described(error);
  const message = said.replace(LONG_WORD, (word) => `${word.slice(0, WORD_CHARS_MAX - 1)}…`);
  const line = json
    ? JSON.stringify({ error: { code, message, path } })
    : `harness: ${plain(message)}`;
  process.stderr.write(`${line}\n`);
  if (debug)
    process.stderr.write(`${error instanceof Error ? (error.stack ?? '') : String(error)}\n`);
}

function described(error: unknown): { code: string; message: string; path: string | null } {
  if (error instanceof Problem) return error;
  if (error instanceof CommanderError) {
    const message = error.message.replace(/^error: /, '');
    return { code: 'USAGE', message: `${message}: \`harness --help\` shows how`, path: null };
  }
  const code = codeOf(error);
  const known = ['HARNESS_HALTED', 'NO_SERVER', 'UNREADABLE', 'NOT_FOUND', 'USAGE', 'REFUSED'];
  if (code !== undefined && known.includes(code))
    return { code, message: messageOf(error), path: null };
  return { code: 'HARNESS_ERROR', message: `${messageOf(error)} (--debug shows more)`, path: null };
}

/** A reader that has seen enough (`| head`) is no error: whoever only tells ends as shells expect, whoever serves goes on. */
const SERVING = ['up', 'worker'];
const BROKEN_PIPE_STATUS = 141;

export function endWithReader(root: Command): void {
  let serves = false;
  root.hook('preAction', (_, action) => void (serves = SERVING.includes(action.name())));
  process.stdout.on('error', (error) => {
    if (codeOf(error) !== 'EPIPE') throw error;
    if (!serves) process.exitCode = BROKEN_PIPE_STATUS;
  });
}

/** Carries out one command; what it comes to is the exit status. */
export async function run(root: Command, argv: readonly string[]): Promise<void> {
  try {
    await root.parseAsync(argv);
  } catch (error) {
    // Asked-for help and version have been printed: they are answers, not errors.
    if (error instanceof CommanderError && error.exitCode === 0) return;
    report(error, {
      json: argv.includes('--json'),
      debug: argv.includes('--debug'),
    });
    const halted = described(error).code === 'HARNESS_HALTED';
    // Of the commands that wait for a cycle: one that is not admitted is HALTED.
    process.exitCode = halted && argv.includes('--wait') ? 4 : 1;
  }
}
