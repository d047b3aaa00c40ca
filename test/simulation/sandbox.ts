import type { Broker, Ending, Invocation, Sandbox } from '../../src/sandbox/types';
import type { Scheduler } from './scheduler';

/** A skill's process, as far as the harness sees it: what it does stands in its task's `inputs`. */
export function sandboxOf(scheduler: Scheduler): Sandbox {
  return {
    isolation: 'process',
    fromSnapshot: false,
    run: (invocation, broker, signal) => run(scheduler, invocation, broker, signal),
    describe: () => Promise.reject(new Error('nothing is registered here')),
    close: () => Promise.resolve(),
  };
}

async function run(
  scheduler: Scheduler,
  { input }: Invocation,
  broker: Broker,
  signal: AbortSignal | undefined,
): Promise<Ending> {
  const does = String(Object.getOwnPropertyDescriptor(input, 'does')?.value ?? 'return');
  const isStopped = (): boolean => signal?.aborted === true;
  await scheduler.pause(300);
  if (isStopped()) return { kind: 'STOPPED' };
  switch (does) {
    case 'note':
      for (const ordinal of [1, 2]) {
        const done = await broker.effect('note', ordinal, { ordinal }).catch(() => null);
        if (done === null) return { kind: 'THREW', detail: 'the effect was refused' };
        if (isStopped()) return { kind: 'STOPPED' };
      }
      break;
    case 'throw':
      return { kind: 'THREW', detail: 'it threw' };
    case 'late':
      return { kind: 'TIMED_OUT', detail: 'it took too long' };
    case 'stray':
      return {
        kind: 'OFF_LIMITS',
        attempts: [{ code: 'UNDECLARED_SIDE_EFFECT', api: 'fetch', resource: 'http://a' }],
      };
    case 'bypass':
      return {
        kind: 'OFF_LIMITS',
        attempts: [{ code: 'LAYER_BYPASS', api: 'ctx.state', resource: 'macro_state' }],
      };
  }
  await scheduler.pause(100);
  if (isStopped()) return { kind: 'STOPPED' };
  return { kind: 'RETURNED', output: does === 'nonsense' ? 7 : {} };
}
