import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { program, run } from '../../src/cli/program';
import type { Json } from '../../src/core/json';
import { fullBundle } from '../documents/samples';
import { JUDGED, type Reader, type Reading, refused, taken } from './reading';

/** Of these what they do is done as well; of all others it ends where they would begin to. */
const DONE = ['plan', 'audit show', 'audit verify', 'skills list', 'skills show'];

/** A line of each kind; words in them are changed, doubled, left out. */
const LINES: readonly (readonly string[])[] = [
  ['plan', '--input', 'bundle.json', '--json'],
  ['plan', '--input', 'bundle.json', '--graph', 'none.json', '--mode', 'shadow', '--mermaid'],
  ['audit', 'show', '9b92ccdc-dbd7-5dd0-b8e6-ba801049e7bb', '--json'],
  ['audit', 'verify', 'every', '--checkpoint', 'none.json'],
  ['audit', 'verify', '--export', 'exported', '--json'],
  ['skills', 'list', '--json'],
  ['skills', 'show', 'acme.rank'],
  ['up', '--port', '7233', '--ui-port', '8233', '--no-worker', '--data', 'data'],
  ['cycle', 'start', '--input', 'bundle.json', '--wait', '--timeout', '30', '--mode', 'shadow'],
  ['cycle', 'list', '--outcome', 'HALTED', '--since', '2026-11-22T14:00:00Z', '--phase', 'IDLE'],
  ['cycle', 'list', '--until', '2026-11-22T14:00:00Z'],
  ['cycle', 'watch', 'some', '--timeout', '1.5'],
  ['halt', 'some', '--reason', 'look', '--by', 'ada'],
  ['resume', 'some', '--choice', 'RESUME', '--reason', 'a', '--root-cause', 'b', '--why-safe', 'c'],
  ['schedule', 'create', 'feed', '--every', '5m', '--source', 'file:bundle.json', '--jitter', '9s'],
  ['schedule', 'pause', 'feed', '--reason', 'look'],
  ['skills', 'register', 'skill.ts', '--ledger', 'D014'],
  ['store', 'migrate', '--grant-to', 'worker'],
  ['deployment', 'drained', 'b1', '--wait', '--deployment-name', 'harness'],
  ['drill', '--only', 'late-state', '--list'],
  ['codec', '--port', '8081', '--origin', 'http://127.0.0.1:8233'],
  ['health', '127.0.0.1:9465', '--address', '127.0.0.1:7233', '--profile', 'desk'],
];

export interface Commands {
  readonly ofValues: readonly Reader[];
  close(): void;
}

/** Command lines, through the program's own parser. */
export function commandReaders(): Commands {
  const folder = mkdtempSync(join(tmpdir(), 'harness-fuzz-commands-'));
  writeFileSync(join(folder, 'bundle.json'), JSON.stringify(fullBundle()));
  mkdirSync(join(folder, 'exported'));
  const before = { cwd: process.cwd(), home: process.env['HARNESS_HOME'] };
  const read = async (value: unknown): Promise<Reading> => {
    const words: readonly Json[] = Array.isArray(value) ? value : [value];
    process.chdir(folder);
    process.env['HARNESS_HOME'] = join(folder, 'home');
    try {
      return await answerTo(words.filter((word) => typeof word === 'string'));
    } finally {
      process.chdir(before.cwd);
      if (before.home === undefined) delete process.env['HARNESS_HOME'];
      else process.env['HARNESS_HOME'] = before.home;
    }
  };
  return {
    ofValues: LINES.map((line) => {
      const words = line.filter((word) => /^[a-z]/.test(word));
      return {
        name: `command ${words.slice(0, 2).join(' ')} ${line.length}`,
        valid: line,
        oneIn: 10,
        read,
      };
    }),
    close: () => rmSync(folder, { recursive: true }),
  };
}

/** What was said on either stream, and how it ended. */
async function answerTo(words: readonly string[]): Promise<Reading> {
  const seen: { options: Readonly<Record<string, unknown>> | null } = { options: null };
  const root = program();
  stopBeforeDeeds(root, '', (options) => (seen.options = options));
  const streams = { stdout: '', stderr: '' };
  const writes = (['stdout', 'stderr'] as const).map((name) => {
    const { write } = process[name];
    process[name].write = ((text: string) => ((streams[name] += text), true)) as typeof write;
    return () => void (process[name].write = write);
  });
  const { exitCode } = process;
  process.exitCode = undefined;
  let status: string | number | null | undefined;
  try {
    await run(root, ['node', 'harness', ...words]);
  } finally {
    status = process.exitCode;
    process.exitCode = exitCode;
    for (const restore of writes) restore();
  }
  return judged(words, status ?? 0, streams, seen.options);
}

function judged(
  words: readonly string[],
  status: string | number,
  { stdout, stderr }: { readonly stdout: string; readonly stderr: string },
  options: Readonly<Record<string, unknown>> | null,
): Reading {
  if (options !== null) return taken(given(words, options), read(options));
  // `audit verify` has a status of its own, and tells on standard output.
  if (stderr === '') return JUDGED;
  if (status !== 1 || stdout !== '')
    return taken('status 1 and nothing on stdout', [status, stdout]);
  const sentence = sentenceIn(words, stderr);
  return sentence === null ? taken('one sentence', stderr) : refused(sentence);
}

function sentenceIn(words: readonly string[], stderr: string): string | null {
  const [line = '', ...rest] = stderr.split('\n');
  if (words.includes('--debug')) return 'told with its details';
  if (rest.join('') !== '') return null;
  if (!words.includes('--json')) return line.startsWith('harness: ') ? line : null;
  const { error } = JSON.parse(line) as { error: { message: string } };
  return error.message.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ');
}

/** Options as they were read: a number as a person writes it. */
function read(options: Readonly<Record<string, unknown>>): Record<string, string> {
  const texts = Object.entries(options).flatMap(([name, value]): [string, string][] => {
    if (typeof value === 'string') return [[name, value]];
    if (typeof value !== 'number') return [];
    return [[name, String(name === 'timeout' ? value / 1_000 : value)]];
  });
  return Object.fromEntries(texts);
}

/** What the words say of these options: the last time each is named. One that is not named has its default, or nobody knows. */
function given(words: readonly string[], options: Readonly<Record<string, unknown>>): object {
  const said = Object.entries(read(options)).map(([name, value]) => {
    const flag = `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    const at = words.findLastIndex((word) => word === flag || word.startsWith(`${flag}=`));
    const text = words[at]?.slice(flag.length + 1) || (words[at + 1] ?? '');
    const isNumber = typeof options[name] === 'number' && /^\d+(\.\d+)?$/.test(text);
    return [name, at === -1 ? value : isNumber ? String(Number(text)) : text];
  });
  return Object.fromEntries(said) as object;
}

function stopBeforeDeeds(
  command: Command,
  path: string,
  tell: (options: Readonly<Record<string, unknown>>) => void,
): void {
  for (const child of command.commands) {
    const name = `${path} ${child.name()}`.trim();
    stopBeforeDeeds(child, name, tell);
    if (child.commands.length > 0 || DONE.includes(name)) continue;
    child.action(function act(this: Command) {
      tell(this.opts());
    });
  }
}
