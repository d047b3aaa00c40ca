import type { SlotReserveContext } from '@temporalio/worker';
import { activitySlots } from '../src/activity-slots';

const context = {} as SlotReserveContext;
const waitingMax = 8;

function opened() {
  const { tuner, waiting } = activitySlots();
  const supplier = 'activityTaskSlotSupplier' in tuner && tuner.activityTaskSlotSupplier;
  if (supplier === false || supplier.type !== 'custom') throw new Error('it has no supplier');
  const given: number[] = [];
  const ask = async (n: number, signal = new AbortController().signal): Promise<void> => {
    await supplier.reserveSlot(context, signal);
    given.push(n);
  };
  const release = (): void => supplier.releaseSlot({ permit: {} });
  return { supplier, waiting, given, ask, release };
}

describe('what a worker takes at once', () => {
  test('is a hundred activities, and the next when one has ended', async () => {
    const { supplier, given, ask, release } = opened();
    await Promise.all(Array.from({ length: 100 }, (_, n) => ask(n)));
    const next = ask(100);
    expect(supplier.tryReserveSlot(context)).toBeNull();
    expect(given).toHaveLength(100);
    release();
    await next;
    expect(given.at(-1)).toBe(100);
  });

  test('is nothing while skills wait for a process, and again in turn when they wait no more', async () => {
    const { supplier, waiting, given, ask } = opened();
    waiting(waitingMax - 1);
    await ask(1);
    waiting(waitingMax);
    const asked = [ask(2), ask(3)];
    expect(supplier.tryReserveSlot(context)).toBeNull();
    expect(given).toEqual([1]);
    waiting(waitingMax - 1);
    await Promise.all(asked);
    expect(given).toEqual([1, 2, 3]);
    expect(supplier.tryReserveSlot(context)).not.toBeNull();
  });

  test('is nothing for a poll that was given up, and the slot is another one’s', async () => {
    const { waiting, given, ask } = opened();
    waiting(waitingMax);
    const stop = new AbortController();
    const left = ask(1, stop.signal);
    const stayed = ask(2);
    stop.abort();
    await expect(left).rejects.toBe(stop.signal.reason);
    await expect(ask(3, stop.signal)).rejects.toBe(stop.signal.reason);
    waiting(0);
    await stayed;
    expect(given).toEqual([2]);
  });
});
