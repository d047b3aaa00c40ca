import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { Problem } from '../problem';
import { runCommand } from '../server/command';
import { EXECUTABLE_SUFFIX, TEMPORAL_SERVER_VERSION, TEMPORAL_UI_VERSION } from '../server/pinned';

/** A program of Temporal's that is built from its Go module, where no binary of it is at hand. */
export interface Program {
  readonly name: string;
  readonly version: string;
  /** As `go install` takes it; its last part is the name that Go gives the binary. */
  readonly path: string;
  /** The environment variable that names a binary to use instead. */
  readonly variable: string;
}

export const SERVER: Program = {
  name: 'temporal-server',
  version: TEMPORAL_SERVER_VERSION,
  path: 'go.temporal.io/server/cmd/server',
  variable: 'TEMPORAL_SERVER_PATH',
};

export const SQL_TOOL: Program = {
  name: 'temporal-sql-tool',
  version: TEMPORAL_SERVER_VERSION,
  path: 'go.temporal.io/server/cmd/tools/sql',
  variable: 'TEMPORAL_SQL_TOOL_PATH',
};

export const UI_SERVER: Program = {
  name: 'temporal-ui-server',
  version: TEMPORAL_UI_VERSION,
  path: 'github.com/temporalio/ui-server/v2/cmd/server',
  variable: 'TEMPORAL_UI_SERVER_PATH',
};

export interface ProgramOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly progress: (line: string) => void;
}

const BUILD_MS = 3_600_000;

/** Where built programs are kept, version by version: `HARNESS_PROGRAMS`, else a folder of the user's cache. */
export function programsFolder(env: NodeJS.ProcessEnv): string {
  const cache = env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache');
  return resolve(env['HARNESS_PROGRAMS'] || join(cache, 'execution-harness'));
}

/** The binary that its variable names, else the one that is kept, whatever it is; null when it would have to be built. */
export function whereKept(
  { name, version, variable }: Program,
  env: NodeJS.ProcessEnv,
): string | null {
  const named = env[variable];
  if (named) return resolve(named);
  const kept = join(programsFolder(env), `${name}-${version}${EXECUTABLE_SUFFIX}`);
  return existsSync(kept) ? kept : null;
}

/**
 * The program's binary: the one that is there already, else built now with Go.
 * @throws Problem `NO_SERVER` when it is not of this version, or there is none and none could be built.
 */
export async function locateProgram(program: Program, options: ProgramOptions): Promise<string> {
  const there = whereKept(program, options.env);
  return there === null ? build(program, options) : judged(there, program);
}

async function judged(path: string, { name, version, variable }: Program): Promise<string> {
  const asked = await runCommand(path, ['--version'], { env: {}, timeoutMs: 15_000 });
  const said = / version (\S+)/.exec(asked.stdout)?.[1];
  if (asked.problem === null && said === version) return path;
  const why = asked.problem ?? `it is version ${said ?? 'unknown'}`;
  throw new Problem(
    'NO_SERVER',
    `${path} is not ${name} ${version} (${why}): remove it, or name another one with ${variable}`,
    path,
  );
}

async function build(program: Program, { env, progress }: ProgramOptions): Promise<string> {
  const { name, version, path } = program;
  const folder = programsFolder(env);
  await mkdir(folder, { recursive: true });
  const scratch = await mkdtemp(join(folder, '.build-'));
  try {
    progress(`building ${name} ${version} with Go, once, into ${folder}: this takes some minutes`);
    const built = await runCommand('go', ['install', `${path}@${version.replace(/^/, 'v')}`], {
      env: { ...env, GOBIN: scratch },
      timeoutMs: BUILD_MS,
    });
    if (built.problem !== null) throw notBuilt(program, built.problem, built.stderr);
    const binary = join(scratch, `${path.slice(path.lastIndexOf('/') + 1)}${EXECUTABLE_SUFFIX}`);
    await chmod(binary, 0o755);
    const kept = join(folder, `${name}-${version}${EXECUTABLE_SUFFIX}`);
    await rename(binary, kept);
    return await judged(kept, program);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function notBuilt({ name, version, variable }: Program, problem: string, said: string): Problem {
  const last = said.trim().split('\n').at(-1) ?? '';
  const why = problem === 'there is no such program' ? 'there is no Go' : `${problem}: ${last}`;
  return new Problem(
    'NO_SERVER',
    `${name} ${version} is not here and could not be built (${why}): install Go 1.26 or newer, or name` +
      ` a binary of it with ${variable}`,
  );
}
