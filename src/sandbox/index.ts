import { startChild } from './child';
import type { Child } from './child';
import { describeIn } from './describe';
import { openPool, ready } from './pool';
import { converse } from './run';
import { fileProgram, snapshotProgram } from './snapshot';
import type { Program } from './snapshot';
import type { Broker, Described, Ending, Invocation, Sandbox, SandboxOptions } from './types';
import { wallsToTry } from './walls';
import type { Walls } from './walls';

const SPARES = 4;
const DESCRIBE_MS = 5_000;
/** A spare that died while it waited is no fault of the skill's; so many of them are one of the machine's. */
const SPARES_LOST_MAX = 3;

/**
 * Finds the strongest walls that this machine has and keeps processes ready behind them. To be closed.
 * @throws Error when no process starts at all, with what it said.
 */
export async function openSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const snapshot = options.snapshot === false ? undefined : snapshotProgram();
  const programs = [...(snapshot === undefined ? [] : [snapshot]), fileProgram()];
  const { walls, program, first } = await strongest(wallsToTry(options.isolation), programs);
  const start = (): Child => startChild(walls, program);
  const pool = openPool(options.spares ?? SPARES, first, start, options);
  const running = new Map<AbortController, Promise<unknown>>();
  let closed = false;

  const run = async (
    invocation: Invocation,
    broker: Broker,
    signal: AbortSignal,
  ): Promise<Ending> => {
    for (let lost = 0; lost < SPARES_LOST_MAX; lost++) {
      const child = await pool.take(signal);
      if (child === undefined) return { kind: 'STOPPED' };
      const ending = await converse(child, invocation, broker, signal);
      if (ending !== 'NOT_BEGUN') return ending;
    }
    throw new Error(`${SPARES_LOST_MAX} processes died before ${invocation.skill_ref} began`);
  };
  const describe = async (
    code: string,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<Described> => {
    const child = await pool.take(signal);
    if (child === undefined) return { ok: false, problem: 'the sandbox was closed' };
    return describeIn(child, code, timeoutMs, signal);
  };
  /** Until its work has settled, a call can be stopped: by its caller, or by the sandbox that closes. */
  const stoppable = async <T>(
    work: (signal: AbortSignal) => Promise<T>,
    caller?: AbortSignal,
  ): Promise<T> => {
    const stopper = new AbortController();
    const stop = (): void => stopper.abort();
    if (closed || caller?.aborted === true) stop();
    caller?.addEventListener('abort', stop, { once: true });
    const working = work(stopper.signal);
    running.set(stopper, working);
    try {
      return await working;
    } finally {
      running.delete(stopper);
      caller?.removeEventListener('abort', stop);
    }
  };
  return {
    isolation: walls.isolation,
    fromSnapshot: program === snapshot,
    run: (invocation, broker, signal) => stoppable((stop) => run(invocation, broker, stop), signal),
    describe: (code, timeoutMs = DESCRIBE_MS) =>
      stoppable((stop) => describe(code, timeoutMs, stop)),
    async close() {
      closed = true;
      for (const stopper of running.keys()) stopper.abort();
      await pool.close();
      await Promise.allSettled(running.values());
    },
  };
}

/** The first walls behind which the child starts, the first program by which it does, and that child. */
async function strongest(
  candidates: readonly Walls[],
  programs: readonly Program[],
): Promise<{ walls: Walls; program: Program; first: Child }> {
  const complaints: string[] = [];
  for (const walls of candidates) {
    for (const program of programs) {
      try {
        return { walls, program, first: await ready(startChild(walls, program)) };
      } catch (error) {
        complaints.push(error instanceof Error ? error.message : String(error));
      }
    }
  }
  throw new Error(complaints.at(-1) ?? 'there is no way to start a process for skills');
}
