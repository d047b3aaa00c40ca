import type { RecordActivities } from '../activities/contract';
import { type Cycle, fold, openedOf } from '../core/cycle';
import type { AuditHead, Draft } from '../core/entry';
import type { Event } from '../core/events';
import type { JsonObject } from '../core/json';

/** Entries of one local activity's input; more go in several (spikes: nothing of a size that grows in one message). */
const FLUSH_ENTRIES = 500;

/**
 * The workflow's hand on the record: every event is folded into the cycle's state, numbered, and kept until an activity
 * says that it is durable. Pending entries ride on the next task, so the audit adds no workflow task.
 */
export class Recorder {
  /** Grows with every event: what waits for news waits for this. */
  version = 0;
  audit: AuditHead = { entries: 0, head: null };
  /** While the last entry is being written nothing else may be recorded: the cycle is as good as over. */
  closing = false;
  private seq = 0;
  private pending: Draft[] = [];
  private readonly cycle: Cycle;
  private readonly runId: string;
  private readonly store: RecordActivities;

  constructor(cycle: Cycle, runId: string, store: RecordActivities) {
    this.cycle = cycle;
    this.runId = runId;
    this.store = store;
  }

  record(events: readonly Event[]): void {
    for (const event of events) {
      fold(this.cycle, event);
      this.pending.push(this.draft(event));
    }
    this.version += 1;
  }

  /** Numbers an event without folding it: for the last one, which stands only once it is durable. */
  private draft({ type, clause, actor, task, at, data }: Event): Draft {
    this.seq += 1;
    return {
      run_id: this.runId,
      seq: this.seq,
      part: 0,
      at,
      type,
      clause,
      actor,
      task,
      data: data as unknown as JsonObject,
    };
  }

  lastSeq(): number {
    return this.seq;
  }

  riderBytes(): number {
    return JSON.stringify(this.pending).length;
  }

  riders(): readonly Draft[] {
    return [...this.pending];
  }

  /** An activity has made everything up to and including `seq` durable; `audit` is the head it saw. */
  acknowledge(seq: number, audit: AuditHead): void {
    this.pending = this.pending.filter((entry) => entry.seq > seq);
    if (audit.entries > this.audit.entries) this.audit = audit;
  }

  /** @throws when the trail cannot be written; what was pending stays pending. */
  async flush(): Promise<void> {
    while (this.pending.length > 0) {
      const entries = this.pending.slice(0, FLUSH_ENTRIES);
      const audit = await this.store.recordEntries(openedOf(this.cycle).cycle_id, entries);
      this.acknowledge(entries.at(-1)?.seq ?? 0, audit);
    }
  }

  /** Makes the cycle's last event durable and only then part of its state; on failure it has not happened. */
  async close(
    last: Event,
    write: (entries: readonly Draft[]) => Promise<AuditHead>,
  ): Promise<void> {
    const draft = this.draft(last);
    this.closing = true;
    try {
      this.acknowledge(draft.seq, await write([...this.pending, draft]));
    } catch (error) {
      this.seq -= 1;
      this.closing = false;
      throw error;
    }
    fold(this.cycle, last);
    this.version += 1;
  }
}
