import type {
  ActivitySlotInfo,
  CustomSlotSupplier,
  SlotPermit,
  TunerHolder,
} from '@temporalio/worker';

/** Temporal's own numbers. */
const ACTIVITIES = 100;
const WORKFLOW_TASKS = 40;

/**
 * Skills that may wait in this worker for a process, before it takes no further activity. At the server waiting costs nothing; here
 * every task that waits sends heartbeats, which the server writes down. Enough that no core waits for a task.
 */
const WAITING_MAX = 8;

export interface ActivitySlots {
  readonly tuner: TunerHolder;
  /** Told how many skills wait for a process, whenever that changes. */
  waiting(count: number): void;
}

interface Asking {
  readonly give: (permit: SlotPermit) => void;
}

/** What a worker takes at once: all that Temporal would give it, as long as its skills find processes. */
export function activitySlots(): ActivitySlots {
  const asking = new Set<Asking>();
  let [taken, waiting] = [0, 0];
  const free = (): boolean => taken < ACTIVITIES && waiting < WAITING_MAX;
  const take = (): SlotPermit => {
    taken += 1;
    return {};
  };
  const giveOut = (): void => {
    for (const each of asking) {
      if (!free()) return;
      asking.delete(each);
      each.give(take());
    }
  };
  const supplier: CustomSlotSupplier<ActivitySlotInfo> = {
    type: 'custom',
    reserveSlot: (_, signal) =>
      new Promise((give, refuse) => {
        const leave = (): void => {
          if (asking.delete(each)) refuse(signal.reason as Error);
        };
        const each: Asking = {
          give(permit) {
            signal.removeEventListener('abort', leave);
            give(permit);
          },
        };
        asking.add(each);
        signal.addEventListener('abort', leave, { once: true });
        if (signal.aborted) leave();
        giveOut();
      }),
    tryReserveSlot: () => (free() ? take() : null),
    markSlotUsed: () => undefined,
    releaseSlot() {
      taken -= 1;
      giveOut();
    },
  };
  const fixed = (numSlots: number) => ({ type: 'fixed-size', numSlots }) as const;
  return {
    tuner: {
      workflowTaskSlotSupplier: fixed(WORKFLOW_TASKS),
      activityTaskSlotSupplier: supplier,
      localActivityTaskSlotSupplier: fixed(ACTIVITIES),
      nexusTaskSlotSupplier: fixed(ACTIVITIES),
    },
    waiting(count) {
      waiting = count;
      giveOut();
    },
  };
}
