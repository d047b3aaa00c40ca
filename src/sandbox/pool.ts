import { availableParallelism } from 'node:os';
import type { Child } from './child';
import { messageOf } from './message';
import type { SandboxOptions } from './types';

/** In a row; then something is wrong with the machine, and whoever waits is told. */
const FAILED_STARTS_MAX = 3;

/** A child that has said it is ready; rejects with why it never will be. */
export async function ready(child: Child): Promise<Child> {
  const said = new Promise<boolean>((resolve) => {
    child.listen((line) => resolve(line !== null && messageOf(line)?.kind === 'ready'));
  });
  const died = child.gone.then(() => false);
  if (await Promise.race([said, died])) return child;
  child.kill();
  const { code, signal, complaint } = await child.gone;
  throw new Error(
    `the process for a skill does not start (${signal ?? code ?? 'no process'}): ${complaint.trim()}`,
  );
}

export interface Pool {
  /** A ready child, this caller's alone; undefined when the pool was closed or `signal` aborted before there was one. */
  take(signal: AbortSignal | undefined): Promise<Child | undefined>;
  close(): Promise<void>;
}

interface Waiting {
  readonly give: (child: Child | undefined) => void;
  readonly fail: (error: unknown) => void;
}

/** Keeps `size` children ready, starting as many at a time as there are cores: more would only wait for each other. */
export function openPool(
  size: number,
  first: Child | undefined,
  start: () => Child,
  { onStarted, onWaiting }: Pick<SandboxOptions, 'onStarted' | 'onWaiting'> = {},
): Pool {
  const idle = new Set<Child>();
  const starting = new Set<Child>();
  const queue: Waiting[] = [];
  let failures = 0;
  let closed = false;

  const untilGone = async (child: Child): Promise<void> => {
    await child.gone;
    idle.delete(child);
    refill();
  };
  const keep = (child: Child): void => {
    const next = queue.shift();
    onWaiting?.(queue.length);
    if (next !== undefined) return next.give(child);
    idle.add(child);
    return void untilGone(child);
  };
  const startOne = async (): Promise<void> => {
    const begun = performance.now();
    const child = start();
    starting.add(child);
    try {
      await ready(child);
      onStarted?.(performance.now() - begun);
      failures = 0;
      starting.delete(child);
      if (closed) child.kill();
      else keep(child);
    } catch (error) {
      starting.delete(child);
      failures += 1;
      if (!closed) onStarted?.(null);
      if (failures >= FAILED_STARTS_MAX) {
        queue.splice(0).forEach(({ fail }) => fail(error));
        onWaiting?.(0);
      }
    }
    refill();
  };
  const refill = (): void => {
    // After failures in a row nothing is started that nobody waits for.
    const wanted = queue.length + (failures >= FAILED_STARTS_MAX ? 0 : size);
    while (
      !closed &&
      starting.size < availableParallelism() &&
      idle.size + starting.size < wanted
    ) {
      void startOne();
    }
  };

  if (first !== undefined) keep(first);
  refill();
  return {
    async take(signal) {
      if (closed || signal?.aborted === true) return undefined;
      for (const child of idle) {
        idle.delete(child);
        // Starting a process takes time from the run that begins now; while there are spares it waits for its end.
        if (idle.size === 0) refill();
        return child;
      }
      return new Promise((resolve, reject) => {
        const leave = (): void => {
          queue.splice(queue.indexOf(waiting), 1);
          onWaiting?.(queue.length);
          resolve(undefined);
        };
        const waiting: Waiting = {
          give(child) {
            signal?.removeEventListener('abort', leave);
            resolve(child);
          },
          fail: reject,
        };
        signal?.addEventListener('abort', leave, { once: true });
        queue.push(waiting);
        onWaiting?.(queue.length);
        refill();
      });
    },
    async close() {
      closed = true;
      queue.splice(0).forEach(({ give }) => give(undefined));
      onWaiting?.(0);
      const ending = [...idle, ...starting];
      idle.clear();
      for (const child of ending) child.kill();
      await Promise.all(ending.map(({ gone }) => gone));
    },
  };
}
