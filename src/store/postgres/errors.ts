import { StoreError, type StoreErrorCode } from '../store';

/** What went wrong with the database, in words that hold no address but host, port and database, and no password. */
export class Trouble extends Error {
  /** The five characters of an error that the database itself reports; null when no answer came. */
  readonly state: string | null;
  /** The connection failed: nobody can tell whether the statement was carried out, and another try may succeed. */
  readonly cut: boolean;
  /** The constraint that refused a row; null for any other trouble. */
  readonly constraint: string | null;

  constructor(message: string, state: string | null, cut: boolean, constraint: string | null) {
    super(message);
    this.name = 'DatabaseTrouble';
    this.state = state;
    this.cut = cut;
    this.constraint = constraint;
  }
}

export function isTrouble(error: unknown): error is Trouble {
  return error instanceof Error && error.name === 'DatabaseTrouble';
}

/** Another writer was first: the row that was to be written stands already, with the content of somebody. */
export function isTaken(error: unknown): error is Trouble {
  return isTrouble(error) && error.state === '23505';
}

/** Runs `body` and gives trouble with the database a code of the store; other errors pass. */
export async function asStoreError<T>(
  code: StoreErrorCode,
  what: string,
  body: () => Promise<T>,
): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (!isTrouble(error)) throw error;
    throw new StoreError(code, `${what} cannot be used: ${error.message}`);
  }
}

/** `where`: host, port and database. The error's own text may hold an address with a password, or values: it is never shown. @throws TypeError, RangeError as they are */
export function troubleOf(error: unknown, where: string): Trouble {
  if (isTrouble(error)) return error;
  // A defect of ours, and none of the database.
  if (error instanceof TypeError || error instanceof RangeError) throw error;
  const state = sqlState(error);
  const cut = state === null || CONNECTION_LOST.test(state);
  return new Trouble(sentence(where, state, networkCode(error)), state, cut, constraintOf(error));
}

/** Connection exceptions, too many connections, an operator's intervention but for a statement's own time limit. */
const CONNECTION_LOST = /^(08|53300|57P)/;

function sentence(where: string, state: string | null, network: string | null): string {
  const database = `the database ${where}`;
  if (state === null) {
    const code = network === null ? '' : ` (${network})`;
    return `${database} does not answer${code}: check the address, and that it is up`;
  }
  if (state.startsWith('28'))
    return `${database} refuses the login: check the user and the password`;
  switch (state) {
    case '3D000':
      return `${database} does not exist on its server: create it, or correct the address`;
    case '3F000':
    case '42P01':
    case '42703':
      return `${database} has not the schema of this version: run \`harness store migrate\` as the role that owns it`;
    case '42501':
      return `${database} refuses its user the right: run \`harness store migrate --grant-to <role>\` as the role that owns the schema`;
    case '25006':
      return `${database} is read-only: use its primary`;
    case '53100':
      return `${database} has a full disk: free some space`;
    case '53300':
      return `${database} has no connection left: raise max_connections, or run fewer workers`;
    case '55P03':
      return `another process holds it in ${database} and does not let go: end that process`;
    case '57014':
      return `${database} did not carry out a statement in time: look for what locks or slows it`;
    default:
      return CONNECTION_LOST.test(state)
        ? `${database} cut the connection (SQLSTATE ${state}): check that it is up`
        : `${database} refuses (SQLSTATE ${state}): see its log`;
  }
}

function sqlState(error: unknown): string | null {
  const code = field(error, 'code');
  return code !== null && /^[0-9A-Z]{5}$/.test(code) && !/^E[A-Z]{4}$/.test(code) ? code : null;
}

function networkCode(error: unknown): string | null {
  const code = field(error, 'code');
  return code !== null && /^E[A-Z_]+$/.test(code) ? code : null;
}

function constraintOf(error: unknown): string | null {
  return field(error, 'constraint');
}

function field(error: unknown, name: 'code' | 'constraint'): string | null {
  if (typeof error !== 'object' || error === null) return null;
  const value: unknown = Reflect.get(error, name);
  return typeof value === 'string' ? value : null;
}
