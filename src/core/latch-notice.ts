import type { Halt, NoticeKind } from './events';
import type { NoticeBody } from './notice';

/** What people are told of the harness-wide halt: that it is set, and that it is cleared. `now`: RFC 3339. */
export function latchNotice(
  halt: Halt,
  kind: Exclude<NoticeKind, 'REMINDER'>,
  how: { readonly by: string; readonly reason: string },
  now: string,
): NoticeBody {
  const set = kind === 'RAISED';
  const headline = set
    ? `the whole harness was stopped by a person: ${halt.detail} (${halt.raised_by})`
    : `the whole harness is halted no longer: cleared by ${how.by}, because ${how.reason}`;
  const command = set
    ? 'harness resume --all --choice RESUME --reason … --root-cause … --why-safe …'
    : 'harness cycle list';
  const text = [
    headline,
    `halt: ${halt.halt_id}, ${halt.code}, scope ${halt.scope}, since ${halt.since}`,
    ...(set ? ['no task starts in any cycle, and no cycle is admitted; it does not expire'] : []),
    `${set ? 'decide' : 'look'}: ${command}`,
  ].join('\n');
  return { ...halt, cycle_id: null, notice: kind, text, headline, command, drawn_at: now };
}
