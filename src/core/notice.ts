import { type Cycle, openedOf } from './cycle';
import type { Deciders } from './deciders';
import type { AuditHead } from './entry';
import type { Halt, NoticeKind } from './events';
import { cardLines, duration, type HaltCard, haltCard } from './halt-card';

/** What a sink gets at least: of the harness-wide halt there is no cycle to tell of. */
export interface NoticeBody extends Halt {
  readonly cycle_id: string | null;
  readonly notice: NoticeKind;
  /** Lines; the first one says what happened. */
  readonly text: string;
  readonly headline: string;
  readonly command: string;
  readonly drawn_at: string;
}

/** What a sink gets of a cycle's halt: the halt card, which notice this is, and the whole as text. */
export interface Notice extends HaltCard {
  readonly notice: NoticeKind;
  /** Lines; the first one says what happened. */
  readonly text: string;
}

/** What a worker tells a cycle of its configuration; without sinks and operators it tells nothing. */
export interface PeopleTold {
  /** The sinks in their configured order, each without what may be secret in it. */
  readonly sinks?: readonly string[];
  readonly deciders?: Deciders;
}

/** Null for a cycle that was never halted. `now`: RFC 3339. */
export function noticeOf(
  cycle: Cycle,
  kind: NoticeKind,
  now: string,
  audit: AuditHead,
): Notice | null {
  const card = haltCard(cycle, now, audit);
  if (card === null) return null;
  const [, ...rest] = cardLines(card);
  const lines = [firstLine(cycle, kind, card), ...(kind === 'ENDED' ? rest.slice(-1) : rest)];
  return { notice: kind, text: lines.join('\n'), ...card };
}

function firstLine(cycle: Cycle, kind: NoticeKind, card: HaltCard): string {
  switch (kind) {
    case 'RAISED':
      return card.headline;
    case 'REMINDER':
      return `${duration(card.expires_in_ms ?? 0)} left to decide: ${card.headline}`;
    case 'ENDED':
      return `${card.workflow_id} waits no longer: ${endedHow(cycle)}`;
  }
}

/** One plain sentence on how the last halt ended. */
export function endedHow(cycle: Cycle): string {
  const decision = cycle.halt?.decision ?? null;
  if (decision !== null) {
    const people = [...(decision.seconds ?? []), decision.by].join(' and ');
    return `${decision.choice} decided by ${people}, because ${decision.reason}`;
  }
  if (cycle.cancelled) return 'the cycle was cancelled';
  if (cycle.ended_by?.code === 'HALT_EXPIRED')
    return 'nobody decided in time, so the cycle ends HALTED';
  return `the cycle ended ${cycle.outcome ?? 'meanwhile'}`;
}

/** When people are reminded: at half and at nine tenths of the time to expiry. Instants in epoch milliseconds. */
export function reminderTimes(sinceMs: number, expiresMs: number): readonly number[] {
  const spanMs = expiresMs - sinceMs;
  return [0.5, 0.9].map((part) => sinceMs + Math.floor(spanMs * part));
}

/** The workflow that sends the last notice of a halt: it outlives the cycle. */
export const HALT_NOTICE = 'haltNotice';

export function noticeWorkflowId(cycle: Cycle): string {
  const { workflow_id } = openedOf(cycle);
  const halt = cycle.halt?.halt_id.split('-').slice(-2).join('-') ?? 'none';
  return `${workflow_id}-notice-${halt}`;
}
