import type { Command } from 'commander';
import { asRefusal, type Context, contextOf } from './context';

/** The schema of the PostgreSQL store. Files need none of this. */
export function storeCommands(root: Command): void {
  const store = root.command('store').description('the PostgreSQL store: its schema and rights');
  store
    .command('migrate')
    .description('make or update the schema, as the role that owns it; doing it again does no harm')
    .option('--grant-to <role>', 'give this role the right to read and insert, and no other')
    .action((options: { grantTo?: string }, command: Command) =>
      migrate(contextOf(command), options.grantTo ?? null),
    );
  store
    .command('status')
    .description('which database, which schema, and whether its user may do more than it should')
    .action((_: object, command: Command) => status(contextOf(command)));
}

async function migrate(context: Context, grantTo: string | null): Promise<void> {
  const { migrateDatabase } = await import('../store/postgres/migrate');
  const done = await asRefusal(async () => migrateDatabase(await addressIn(context), grantTo));
  const { where, migrations, granted_to } = done;
  const lines = [
    migrations.length === 0
      ? `the schema of ${where} is up to date`
      : `${where}: carried out ${migrations.join(', ')}`,
    ...(granted_to === null ? [] : [`${granted_to} may read and insert, and nothing else`]),
  ];
  context.print(done, lines.join('\n'));
}

async function status(context: Context): Promise<void> {
  const { examineDatabase } = await import('../store/postgres/examine');
  const found = await asRefusal(async () => examineDatabase(await addressIn(context)));
  const { where, version, user, done, missing, unknown, excess } = found;
  const schema =
    unknown.length > 0
      ? 'of a newer harness: update this one'
      : missing.length > 0
        ? `lacks ${missing.join(', ')}: run harness store migrate`
        : `up to date (${done.at(-1) ?? ''})`;
  const rights = excess.length === 0 ? 'reads and inserts, no more' : `too many: ${excess[0]} …`;
  const lines = [
    `database  ${where}, PostgreSQL ${version}`,
    `schema    ${schema}`,
    `user      ${user}: ${rights}`,
  ];
  context.print(found, lines.join('\n'));
  process.exitCode = missing.length + unknown.length === 0 ? 0 : 1;
}

/** Before the configuration names the database, too: it is made first, and used then. */
async function addressIn(context: Context): Promise<string> {
  const { audit } = context.config();
  const { databaseUrl } = await import('../store/open');
  const { DATABASE_URL_ENV } = await import('../documents/config');
  return databaseUrl(audit.type === 'postgres' ? audit.url_env : DATABASE_URL_ENV, context.env);
}
