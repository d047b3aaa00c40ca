import { ApplicationFailure, Context } from '@temporalio/activity';
import type { Notify, Notified } from './contract';
import type { Dependencies } from './dependencies';
import { beating } from './task';

/** One attempt to tell one sink; Temporal repeats it. @throws NOTICE, or SINK_GONE when the sink is configured no longer */
export function notify(deps: Dependencies, call: Notify): Promise<Notified> {
  return beating(async () => {
    const { info, cancellationSignal } = Context.current();
    const { label, position, notice } = call;
    const sinks = deps.people.sinks().filter((sink) => sink.label === label);
    const sink = sinks[position];
    if (sink === undefined) {
      throw ApplicationFailure.nonRetryable(`${label} is not configured any more`, 'SINK_GONE');
    }
    const key = `${notice.halt_id}:${notice.notice}:${notice.drawn_at}`;
    const problem = await sink.deliver(notice, key, cancellationSignal);
    deps.watch?.noticeTried(problem === null);
    if (problem === null) return { attempt: info.attempt };
    deps.log.warn({ halt: notice.halt_id, attempt: info.attempt }, `notice: ${problem}`);
    throw ApplicationFailure.retryable(problem, 'NOTICE');
  });
}
