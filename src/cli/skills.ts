import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import type { SkillFile } from '../authoring/read-skill';
import { hashBytes } from '../core/identity';
import type { RegistryOperation } from '../core/registry-change';
import { Problem } from '../problem';
import type { Sandbox } from '../sandbox/types';
import { type Context, contextOf } from './context';
import { table } from './render';

interface ChangeOptions {
  readonly ledger: string;
  readonly by?: string;
}

const MOVES: readonly (readonly [Exclude<RegistryOperation, 'register'>, string])[] = [
  ['activate', 'REGISTERED → ACTIVE; the version that was active is deprecated by the same entry'],
  ['deprecate', 'ACTIVE → DEPRECATED: still invoked, and flagged'],
  ['remove', 'DEPRECATED → REMOVED: never invoked again'],
  ['release', 'ends a quarantine, after a review'],
];

export function skillsCommands(root: Command): void {
  const skills = root.command('skills').description('the registry of skills (contract §7)');
  skills
    .command('list')
    .description('what is registered, the built-in tasks first; no server needed')
    .action((_: object, command: Command) => list(contextOf(command)));
  skills
    .command('show <id>')
    .description('one skill with all its versions, its history and its violations')
    .action((id: string, _: object, command: Command) => show(contextOf(command), id));
  skills
    .command('check <file>')
    .description('the conformance kit: runs the skill several times, performing no effect')
    .action((file: string, _: object, command: Command) => check(contextOf(command), file));
  skills
    .command('register <file>')
    .description("bundles, checks and registers a skill by its manifest's ledger entry")
    .option('--ledger <entry>', "the manifest's own entry, if given")
    .option('--by <who>', 'who registers it (default: your login)')
    .action((file: string, options: Partial<ChangeOptions>, command: Command) =>
      register(contextOf(command), file, options),
    );
  for (const [operation, description] of MOVES) {
    skills
      .command(`${operation} <id>`)
      .description(description)
      .requiredOption('--ledger <entry>', 'the Decision Ledger entry that authorises it')
      .option('--by <who>', 'who decides (default: your login)')
      .action((id: string, options: ChangeOptions, command: Command) =>
        move(contextOf(command), operation, id, options),
      );
  }
}

async function list(context: Context): Promise<void> {
  const { listSkills } = await import('../client/skill-list');
  const rows = listSkills((await (await context.store()).registry.now()).registry);
  context.print(
    rows,
    table(
      ['skill', 'state', 'layer', 'task types', 'effects', 'violations', 'ledger'],
      rows.map((row) => [
        row.skill_ref,
        row.state,
        row.layer,
        row.task_types.join(' '),
        row.side_effects.join(' '),
        `${row.violations}`,
        row.ledger,
      ]),
    ),
  );
}

async function show(context: Context, id: string): Promise<void> {
  const { showSkill } = await import('../client/skill-list');
  const store = await context.store();
  const shown = await showSkill(store, id);
  if (shown === null) {
    throw new Problem(
      'NOT_FOUND',
      `no skill ${id} is registered: \`harness skills list\` shows what is`,
      id,
    );
  }
  context.print(shown, JSON.stringify(shown, null, 2));
}

async function check(context: Context, file: string): Promise<void> {
  const { examinationTable, examine } = await import('../authoring/examine');
  const { skill, examination } = await inSandbox(async (sandbox) => {
    const read = await readSkill(file, sandbox);
    return { skill: read, examination: await examine(read, sandbox) };
  });
  const skill_ref = refOf(skill);
  const verdict = examination.ok
    ? `${skill_ref} conforms: \`harness skills register ${file}\` registers it`
    : `${skill_ref} does not conform: it would be refused`;
  context.print(
    { skill_ref, bundle: hashBytes(Buffer.from(skill.code)), ...examination },
    `${examinationTable(examination)}\n\n${verdict}`,
  );
  process.exitCode = examination.ok ? 0 : 1;
}

async function register(
  context: Context,
  file: string,
  { ledger, by }: Partial<ChangeOptions>,
): Promise<void> {
  const { code, manifest, output } = await inSandbox((sandbox) => readSkill(file, sandbox));
  const own = manifest.decision_ledger_ref;
  if (ledger !== undefined && ledger !== own) {
    throw new Problem(
      'USAGE',
      `${file} cites ${own} in its manifest, not ${ledger}: a registration cites the manifest's own entry`,
      '--ledger',
    );
  }
  const { changeRegistry, storeSkill } = await import('../client/skills');
  const harness = await context.harness();
  try {
    const registration = await storeSkill(harness, code, { manifest, output });
    const answer = await changeRegistry(harness, {
      operation: 'register',
      skill: refOf({ manifest }),
      ledger: own,
      by: by ?? context.user(),
      change_id: randomUUID(),
      registration,
    });
    const next = `activate it: harness skills activate ${answer.skill} --ledger ${own}`;
    context.print(
      { ...answer, registration },
      `${answer.message}\n${next}\nweb       ${answer.link}`,
    );
  } finally {
    await harness.close();
  }
}

async function readSkill(file: string, sandbox: Sandbox): Promise<SkillFile> {
  const { readSkillFile } = await import('../authoring/read-skill');
  const read = await readSkillFile(file, sandbox);
  if (read.ok) return read.skill;
  throw new Problem('USAGE', read.problem, file);
}

/** A sandbox for the length of one command. */
async function inSandbox<T>(body: (sandbox: Sandbox) => Promise<T>): Promise<T> {
  const { openSandbox } = await import('../sandbox');
  const sandbox = await openSandbox({ spares: 1 });
  try {
    return await body(sandbox);
  } finally {
    await sandbox.close();
  }
}

function refOf({ manifest }: Pick<SkillFile, 'manifest'>): string {
  return `${manifest.skill_id}@${manifest.skill_version}`;
}

async function move(
  context: Context,
  operation: RegistryOperation,
  skill: string,
  { ledger, by }: ChangeOptions,
): Promise<void> {
  const { changeRegistry } = await import('../client/skills');
  const harness = await context.harness();
  try {
    const answer = await changeRegistry(harness, {
      operation,
      skill,
      ledger,
      by: by ?? context.user(),
      change_id: randomUUID(),
      registration: null,
    });
    context.print(answer, `${answer.message}\nweb       ${answer.link}`);
  } finally {
    await harness.close();
  }
}
