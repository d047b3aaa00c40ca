import * as temporal from '@temporalio/workflow';
import type { NoticeActivities } from '../activities/contract';
import type { Cycle } from '../core/cycle';
import { event, type Halt, type NoticeKind } from '../core/events';
import {
  HALT_NOTICE,
  type Notice,
  type NoticeBody,
  noticeOf,
  noticeWorkflowId,
  reminderTimes,
} from '../core/notice';
import { parseInstant } from '../core/time';
import { now } from './clock';
import { noticeOptions } from './options';
import type { Recorder } from './recorder';

/** What the workflow `haltNotice` is started with. */
export interface HaltNoticeInput {
  readonly sinks: readonly string[];
  readonly notice: NoticeBody;
}

/**
 * Tells people of a halt: when it is raised, when its time runs out, when it has ended. Beside the cycle, never in its way:
 * nothing waits for a notice, and none that fails does more than stand in the record. Where no sink is configured nothing
 * is scheduled.
 */
export class Notices {
  /** The halt that people were told of, until they are told of its end. */
  private told: Halt | null = null;
  private due: readonly number[] = [];
  private sent = 0;
  private handing: Promise<void> | null = null;
  private scope = new temporal.CancellationScope();
  private readonly cycle: Cycle;
  private readonly recorder: Recorder;

  constructor(cycle: Cycle, recorder: Recorder) {
    this.cycle = cycle;
    this.recorder = recorder;
  }

  /** Sends what is due now. */
  attend(): void {
    const { halt, haltOpen } = this.cycle;
    if (this.told !== null && (!haltOpen || halt?.halt_id !== this.told.halt_id)) this.ended();
    // The harness-wide halt suspends every cycle: people are told of it once, not by each of them.
    if (!haltOpen || halt?.scope !== 'cycle' || this.sinks().length === 0) return;
    if (this.told === null) return this.raised(halt);
    const nowMs = Date.now();
    if (!this.due.some((atMs) => atMs <= nowMs)) return;
    // Of reminders that a dead worker has missed one is enough.
    this.due = this.due.filter((atMs) => atMs > nowMs);
    this.send('REMINDER');
  }

  /** Milliseconds until there is something to send; infinite when there is nothing. */
  waitMs(): number {
    return Math.max(Math.min(...this.due.map((atMs) => atMs - Date.now())), 1);
  }

  private sinks(): readonly string[] {
    return this.recorder.told?.sinks ?? [];
  }

  private raised(halt: Halt): void {
    this.told = halt;
    const since = parseInstant(halt.since);
    const expires = halt.expires_at === null ? null : parseInstant(halt.expires_at);
    this.due = since === null || expires === null ? [] : reminderTimes(since, expires);
    this.send('RAISED');
  }

  /** An activity for each sink, with retries of its own, while the halt waits. */
  private send(kind: NoticeKind): void {
    const notice = this.drawn(kind);
    if (notice === null) return;
    const { scope } = this;
    this.sent += 1;
    for (const [i, call] of callsOf(this.sinks(), notice).entries()) {
      const options = noticeOptions(call.label, kind, `notice-${this.sent}-${i + 1}`);
      const about = { halt_id: notice.halt_id, kind, sink: call.label };
      const { notify } = temporal.proxyActivities<NoticeActivities>(options);
      void scope
        .run(() => notify(call))
        .then(
          ({ attempt }) => this.note(event('NOTICE_SENT', 'C3.F3', now(), { ...about, attempt })),
          (error: unknown) =>
            this.note(
              event('NOTICE_FAILED', 'C3.F3', now(), { ...about, detail: problemOf(error) }),
            ),
        );
    }
  }

  /** What asks for a decision that was taken is given up; that it was is told by a workflow that may outlive this one. */
  private ended(): void {
    this.told = null;
    this.due = [];
    this.scope.cancel();
    this.scope = new temporal.CancellationScope();
    const notice = this.drawn('ENDED');
    if (notice === null || this.sinks().length === 0) return;
    const workflowId = noticeWorkflowId(this.cycle);
    const { halt_id } = notice;
    const input: HaltNoticeInput = { sinks: this.sinks(), notice };
    this.note(
      event('NOTICE_HANDED_OVER', 'C3.F3', now(), {
        halt_id,
        kind: 'ENDED',
        workflow_id: workflowId,
      }),
    );
    this.handing = temporal
      .startChild(HALT_NOTICE, {
        args: [input],
        workflowId,
        parentClosePolicy: 'ABANDON',
        staticSummary: notice.text.split('\n')[0]?.slice(0, 150) ?? '',
      })
      .then(
        () => undefined,
        (error: unknown) => {
          const about = { halt_id, kind: 'ENDED' as const, sink: workflowId };
          this.note(event('NOTICE_FAILED', 'C3.F3', now(), { ...about, detail: problemOf(error) }));
        },
      );
  }

  /**
   * The server starts no child of a workflow that has closed, so the end waits until it has taken the last notice over: the
   * moment of one start, never a sink's. False when nothing was to be waited for.
   */
  async handOver(): Promise<boolean> {
    const { handing } = this;
    if (handing === null) return false;
    this.handing = null;
    await handing;
    return true;
  }

  private drawn(kind: NoticeKind): Notice | null {
    return noticeOf(this.cycle, kind, now(), this.recorder.audit);
  }

  /** While the record is being closed, and behind it, there is nowhere to write it. */
  private note(what: ReturnType<typeof event>): void {
    if (this.recorder.closing || this.cycle.outcome !== null) return;
    this.recorder.record([what]);
  }
}

/** Workflow type `haltNotice`: the last notice of a halt, to every sink, whatever has become of the cycle. */
export async function haltNotice({ sinks, notice }: HaltNoticeInput): Promise<string[]> {
  return Promise.all(
    callsOf(sinks, notice).map(async (call, i) => {
      const options = noticeOptions(call.label, notice.notice, `notice-${i + 1}`);
      const { notify } = temporal.proxyActivities<NoticeActivities>(options);
      return notify(call).then(
        () => `${call.label}: sent`,
        (error: unknown) => `${call.label}: failed, ${problemOf(error)}`,
      );
    }),
  );
}

function callsOf(sinks: readonly string[], notice: NoticeBody) {
  return sinks.map((label, i) => ({
    label,
    position: sinks.slice(0, i).filter((other) => other === label).length,
    notice,
  }));
}

function problemOf(error: unknown): string {
  if (temporal.isCancellation(error)) return 'the halt ended before it was delivered';
  const cause = error instanceof temporal.ActivityFailure ? error.cause : error;
  return cause instanceof temporal.ApplicationFailure
    ? cause.message
    : 'its worker was lost, or it did not end in time';
}
