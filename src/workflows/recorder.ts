import type { Closed } from '../activities/contract';
import { type Cycle, fold, openedOf } from '../core/cycle';
import type { AuditHead, Draft } from '../core/entry';
import type { Event, EventOf } from '../core/events';
import type { JsonObject } from '../core/json';
import type { PeopleTold } from '../core/notice';
import { RIDER_BYTES_MAX } from '../core/limits';
import type { CycleResult } from '../core/result';
import { books } from './books';
import { peopleIn } from './options';

/** Entries of one activity's input; more go in several (spikes: nothing of a size that grows in one message). */
const BATCH_ENTRIES = 500;

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
  /** The record says that this run is over, whatever has come since. */
  closed = false;
  /** What a worker has last told of who is to hear of a halt, and who may decide; null: nothing was heard yet. */
  told: PeopleTold | null = null;
  private seq = 0;
  private pending: Draft[] = [];
  /** Writings on their way: what is pending may be on record already. */
  private flushing = 0;
  private readonly cycle: Cycle;
  private readonly runId: string;

  constructor(cycle: Cycle, runId: string) {
    this.cycle = cycle;
    this.runId = runId;
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

  /**
   * A task's start that was refused before it was written has not happened: it is left out of the record. False when it may
   * have been written already; then it stays, and its stop is recorded.
   */
  takeBack(seq: number, undo: Event): boolean {
    const at = this.pending.findIndex((entry) => entry.seq === seq);
    if (at === -1 || this.flushing > 0) return false;
    fold(this.cycle, undo);
    this.pending = this.pending.flatMap((entry) => {
      if (entry.seq === seq) return [];
      return entry.seq < seq ? [entry] : [{ ...entry, seq: entry.seq - 1 }];
    });
    this.seq -= 1;
    this.version += 1;
    return true;
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
    this.flushing += 1;
    try {
      while (this.pending.length > 0) {
        const entries = this.batch();
        const { recordEntries } = books(`audit: ${entries.length} entries`);
        const { audit, closed, people } = await recordEntries(this.cycleId, entries).catch(
          (error: unknown) => {
            this.told = peopleIn(error) ?? this.told;
            throw error;
          },
        );
        this.told = people ?? {};
        this.closed ||= closed;
        this.acknowledge(entries.at(-1)?.seq ?? 0, audit);
      }
    } finally {
      this.flushing -= 1;
    }
  }

  /** As many as one message carries; never none. */
  private batch(): readonly Draft[] {
    let bytes = 0;
    const fits = this.pending.slice(0, BATCH_ENTRIES).findIndex((entry, i) => {
      bytes += JSON.stringify(entry).length;
      return i > 0 && bytes > RIDER_BYTES_MAX;
    });
    return this.pending.slice(0, fits === -1 ? BATCH_ENTRIES : fits);
  }

  private get cycleId(): string {
    return openedOf(this.cycle).cycle_id;
  }

  /**
   * Makes the cycle's last event durable and only then part of its state; on failure it has not happened.
   * What an earlier try of this step has closed, in a workflow task that was lost with its worker, stands as it is.
   */
  async close(last: EventOf<'CYCLE_ENDED'>, write: Write): Promise<CycleResult | null> {
    const draft = this.draft(last);
    this.closing = true;
    try {
      const { audit, stood } = await write([...this.pending, draft]);
      this.acknowledge(draft.seq, audit);
      const data = stood?.outcome ? { ...last.data, ...endOf(stood) } : last.data;
      this.cycle.haltOpen = false;
      fold(this.cycle, { ...last, data });
      this.version += 1;
      return stood;
    } catch (error) {
      this.seq -= 1;
      this.closing = false;
      throw error;
    }
  }
}

type Write = (entries: readonly Draft[]) => Promise<Closed>;

function endOf({
  outcome,
  summary,
  reasons,
}: CycleResult): Partial<EventOf<'CYCLE_ENDED'>['data']> {
  return { ...(outcome === null ? {} : { outcome }), summary, reasons };
}
