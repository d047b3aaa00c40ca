import type { Cycle, TaskState } from './cycle';
import type { Event } from './events';
import { invariant } from './invariant';
import type { Reason } from './reasons';

type TaskEvent = Extract<
  Event,
  { type: 'TASK_STARTED' | 'TASK_STOPPED' | 'TASK_ENDED' | 'TASK_SKIPPED' }
>;

/** What becomes of one task (C3.O). The same task ends once, and starts not while a halt waits. */
export function foldTask(cycle: Cycle, event: TaskEvent): void {
  const task = cycle.tasks.find((candidate) => candidate.planned.name === event.task);
  invariant(task !== undefined, 'C5.N', `task ${event.task} is in the plan`);
  invariant(task.status !== 'ENDED', 'C3.O', `task ${event.task} ends once`);
  switch (event.type) {
    case 'TASK_STARTED':
      invariant(
        task.status === 'WAITING' && !cycle.haltOpen,
        'C3.F3',
        `task ${event.task} starts once, and not while a halt waits`,
      );
      task.status = 'RUNNING';
      task.started_at = event.at;
      return;
    case 'TASK_STOPPED':
      task.status = 'WAITING';
      task.started_at = null;
      task.barred = event.data.barred ?? task.barred;
      task.left = event.data.left ?? task.left;
      return;
    case 'TASK_SKIPPED':
      Object.assign(task, { status: 'ENDED', outcome: 'SKIPPED', reason: event.data.reason });
      task.spreads = event.data.spreads;
      task.ended_at = event.at;
      if (event.data.reason.code === 'STATE_STALE' && !cycle.stale) {
        cycle.stale = true;
        cycle.reasons.push(event.data.reason);
      }
      return;
    case 'TASK_ENDED':
      invariant(task.status === 'RUNNING', 'C4.P', `task ${event.task} ends after it started`);
      Object.assign(task, {
        status: 'ENDED',
        outcome: event.data.outcome,
        reason: event.data.reason,
      });
      task.output = event.data.output;
      task.left = event.data.left ?? task.left;
      task.ended_at = event.at;
      cycle.lists = { ...cycle.lists, ...event.data.lists };
      if (event.data.outcome === 'SUCCESS') foldGate(cycle, task);
      return;
  }
}

/** C6.T2: the regime gate's verdict is T2's output. */
function foldGate(cycle: Cycle, task: TaskState): void {
  if (task.planned.task_type !== 'check_regime') return;
  const output = task.output;
  const closed =
    typeof output === 'object' && output !== null && 'gate' in output && output.gate === 'CLOSED';
  cycle.gate = closed ? 'CLOSED' : 'OPEN';
  if (closed && 'reason' in output && output.reason !== null) {
    cycle.reasons.push(output.reason as unknown as Reason);
  }
}
