import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Problem } from '../problem';

/** Beside docker-compose.yml: what containers and processes have in common (settings.env, schema.sh, …). */
export const PRODUCTION_FOLDER = join(__dirname, '..', '..', 'production');

/** Who owns Temporal's databases, in containers too. */
export const POSTGRES_USER = 'temporal';

/** Above what the server's pools take together (settings.env), with room for the workers and the commands. */
export const MAX_CONNECTIONS = 300;

export const WORKERS = 2;

/**
 * The settings of `production/settings.env`: a line each, `NAME=value` as it stands, `#` begins a comment line.
 * @throws Problem `UNREADABLE` where the file is not there: the topology is started from a checkout.
 */
export function readSettings(folder = PRODUCTION_FOLDER): Readonly<Record<string, string>> {
  const file = join(folder, 'settings.env');
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const sentence = `${file} cannot be read: run this from a checkout of the harness`;
    throw new Problem('UNREADABLE', sentence, file, error);
  }
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

/** One of them. @throws Error when the file has lost it: that is a defect. */
export function setting(settings: Readonly<Record<string, string>>, name: string): string {
  const value = settings[name];
  if (value === undefined) throw new Error(`production/settings.env has no ${name}`);
  return value;
}
