import * as temporal from '@temporalio/workflow';
import type { SkillCall, TaskActivities, TaskCall } from '../activities/contract';
import type { GraphAnswer, TaskDone, ValidateDone } from '../core/answers';
import { type Cycle, openedOf, type TaskState } from '../core/cycle';
import type { Output, TaskLeft } from '../core/events';
import { OUTPUTS_CARRIED_BYTES_MAX, RIDER_BYTES_MAX } from '../core/limits';
import type { PlannedSkill } from '../core/plan';
import {
  barredEvents,
  endedEvents,
  failedEvents,
  startedEvent,
  stoppedEvents,
} from '../core/recorded';
import { taskSummary } from '../core/report';
import { type CycleInput, REGISTRY_NEWS, REGISTRY_WORKFLOW_ID } from '../core/start';
import { parseInstant } from '../core/time';
import { books } from './books';
import { now } from './clock';
import { failureOf, type TaskFailure, taskOptions } from './options';
import type { Recorder } from './recorder';

/** The longest timer that is set; a halt that expires later, or never, waits on several, so that the Web UI draws its bar. */
export const TIMER_MS_MAX = 30 * 86_400_000;

/** What the runner needs of the cycle that it works for. */
export interface Run {
  readonly cycle: Cycle;
  readonly input: CycleInput;
  readonly runId: string;
  readonly recorder: Recorder;
  /** False when the record could not be written; the trouble is recorded then. */
  flush(): Promise<boolean>;
  /** This run has no place in the record: it ends at once. */
  refuse(detail: string): void;
  harnessError(detail: string, openTask: string | null): void;
  /** Looks at the harness-wide halt; `stopped` records what it has stopped, before the cycle is suspended. */
  latched(stopped: () => void): Promise<void>;
}

type Started = TaskCall['started'];

/** Runs the tasks that the engine names: an activity each, what rides on it, and what goes on record when it has ended. */
export class TaskRunner {
  /** The plan, when T1 has built it along the way. */
  graphAhead: GraphAnswer | undefined;
  private readonly running = new Map<string, Promise<void>>();
  /** By task: its activity, until the worker has let go of it, stopped or not. */
  private readonly attempts = new Map<string, Promise<void>>();
  private scope = new temporal.CancellationScope();
  private rings: Promise<void>[] = [];
  private readonly of: Run;

  constructor(of: Run) {
    this.of = of;
  }

  async start(tasks: readonly TaskState[]): Promise<void> {
    const { cycle, recorder } = this.of;
    const leaving = tasks.flatMap(({ planned }) => this.attempts.get(planned.name) ?? []);
    // A stopped attempt still has the task's activity id. What came meanwhile may say otherwise: ask again.
    if (leaving.length > 0) return void (await Promise.all(leaving));
    const first = this.running.size === 0;
    const starts = tasks.map((task) => {
      const at = now();
      recorder.record([startedEvent(task, at)]);
      return { task, started: { seq: recorder.lastSeq(), at } };
    });
    // What is pending rides on the one task that starts; beside other tasks, or when it is much, it is written first.
    const rides = first && tasks.length === 1 && recorder.riderBytes() <= RIDER_BYTES_MAX;
    if (!rides && !(await this.of.flush())) return this.giveUp(tasks);
    if (cycle.haltOpen || cycle.cancelled) return this.giveUp(tasks);
    for (const { task, started } of starts) {
      const run = this.run(task, started).finally(() => this.running.delete(task.planned.name));
      this.running.set(task.planned.name, run);
    }
  }

  /** R32: what is in flight is stopped; it is not FAILED. */
  async stop(): Promise<void> {
    const { scope } = this;
    this.scope = new temporal.CancellationScope();
    scope.cancel();
    await Promise.all(this.running.values());
  }

  /** The server drops a signal of a workflow that closes before it was delivered: so it is waited for. */
  async rung(): Promise<void> {
    await Promise.all(this.rings);
  }

  /** A halt came between the decision to start and the start: nothing has run. */
  private giveUp(tasks: readonly TaskState[]): void {
    for (const task of tasks)
      this.of.recorder.record(stoppedEvents(task, 'a halt cut in before it started', now()));
  }

  private async run(task: TaskState, started: Started): Promise<void> {
    const { recorder } = this.of;
    const entries = recorder.riders();
    const call = this.callOf(task, started, entries);
    const { scope } = this;
    try {
      const done = await scope.run(() => this.attempt(task, call));
      recorder.acknowledge(entries.at(-1)?.seq ?? 0, done.audit);
      if ('graph' in done) this.graphAhead = done.graph;
      if ('verdict' in done) recorder.told = done.people ?? {};
      recorder.record(endedEvents(task, done, now()));
    } catch (error) {
      await this.onFailure(task, started, failureOf(error, scope.consideredCancelled));
    }
  }

  private callOf(task: TaskState, started: Started, entries: TaskCall['entries']): TaskCall {
    const { cycle, input } = this.of;
    const { name, task_id, timeout_ms } = task.planned;
    return {
      cycle_id: input.cycle_id,
      task: { name, task_id, timeout_ms },
      hashes: { input: input.input_hash, graph: input.graph_hash, policy: input.policy_hash },
      evaluated_at: openedOf(cycle).evaluated_at,
      fresh_until: cycle.verdict?.fresh_until ?? null,
      survivors: cycle.lists.survivors ?? null,
      entries,
      started,
    };
  }

  /** R32: given up at once when a halt cuts in; but what writes is awaited, so that what it wrote is known. */
  private attempt(task: TaskState, call: TaskCall): Promise<TaskDone | ValidateDone> {
    const { name } = task.planned;
    const answer = this.schedule(task, call);
    const over = (): void => void this.attempts.delete(name);
    this.attempts.set(name, answer.then(over, over));
    if (writes(task)) return answer;
    return Promise.race([answer, temporal.CancellationScope.current().cancelRequested]);
  }

  private schedule(task: TaskState, call: TaskCall): Promise<TaskDone | ValidateDone> {
    const { planned } = task;
    const freshForMs =
      call.fresh_until === null
        ? null
        : Math.min((parseInstant(call.fresh_until) ?? 0) - Date.now(), TIMER_MS_MAX);
    const options = taskOptions(planned, taskSummary(this.of.cycle, task), freshForMs);
    if (planned.skill !== undefined) {
      // One activity type for each skill version: history, Web UI and metrics name what ran.
      const skillCall = this.skillCall(task, planned.skill, call);
      return temporal.scheduleActivity<TaskDone>(planned.skill_ref, [skillCall], options);
    }
    const activities = temporal.proxyActivities<TaskActivities>(options);
    switch (planned.task_type) {
      case 'validate_state':
        return activities.validate_state(call, this.of.input);
      case 'check_regime':
        return activities.check_regime(call);
      case 'filter_beliefs':
        return activities.filter_beliefs(call);
      default:
        return activities.emit_actions(call);
    }
  }

  /** R33: of other tasks' outputs it gets those of its own `depends_on`; null unless they were SUCCESS. */
  private skillCall(task: TaskState, skill: PlannedSkill, call: TaskCall): SkillCall {
    const outputs: Record<string, Output> = {};
    for (const at of task.after) {
      const before = this.of.cycle.tasks[at];
      if (before === undefined) continue;
      outputs[before.planned.name] = before.outcome === 'SUCCESS' ? before.output : null;
    }
    const carried = JSON.stringify(outputs).length <= OUTPUTS_CARRIED_BYTES_MAX;
    const { registration, behind_filter } = skill;
    return {
      ...call,
      skill: { ref: task.planned.skill_ref, registration, behind_filter },
      mode: this.of.input.mode,
      outputs: carried ? outputs : null,
    };
  }

  private async onFailure(task: TaskState, started: Started, failure: TaskFailure): Promise<void> {
    const { cycle, recorder } = this.of;
    switch (failure.kind) {
      case 'FAILED': {
        const left = failure.failed === null ? await this.leftBy(task, started) : undefined;
        const failed = left === undefined ? failure.failed : { violations: [], left };
        recorder.record(failedEvents(cycle, task, failure.reason, failed, now()));
        if ((failed?.violations.length ?? 0) > 0) this.rings.push(this.ringRegistry());
        return;
      }
      case 'LATCHED': {
        const left = await this.leftBy(task, started);
        // Asked before the task counts as stopped: it is not to be started again meanwhile.
        return this.of.latched(() => {
          // Left out of the record, the start has left nothing either: what is not on record is not part of the state.
          const [undo] = stoppedEvents(task, failure.detail, now());
          if (undo !== undefined && !failure.begun && recorder.takeBack(started.seq, undo)) return;
          recorder.record(stoppedEvents(task, failure.detail, now(), left));
        });
      }
      case 'BARRED':
        recorder.record(barredEvents(task, failure.reason, now()));
        return;
      case 'STOPPED':
        if (task.planned.task_type === 'emit_actions')
          return this.settleEmission(task, started.seq, failure.because);
        recorder.record(
          stoppedEvents(task, failure.because, now(), await this.leftBy(task, started)),
        );
        return;
      case 'REFUSED':
        this.of.refuse(failure.detail);
        recorder.record(stoppedEvents(task, failure.detail, now()));
        return;
      case 'HARNESS_ERROR':
        recorder.record(stoppedEvents(task, failure.detail, now()));
        this.of.harnessError(failure.detail, task.planned.name);
    }
  }

  /** An emission that was stopped without an answer may have been made: the trail knows (C4.I2). */
  private async settleEmission(task: TaskState, seq: number, because: string): Promise<void> {
    const { input, runId, recorder } = this.of;
    let done: TaskDone | null = null;
    // What is written first fences the stopped attempt off: it cannot append behind a later entry.
    if (await this.of.flush())
      done = await books(`what ${task.planned.name} had emitted`)
        .settleEmission(input.cycle_id, runId, seq)
        .catch(() => null);
    recorder.record(
      done === null ? stoppedEvents(task, because, now()) : endedEvents(task, done, now()),
    );
  }

  /** What was noted is in force already; the registry is told, so that its own record has it too (R17). */
  private async ringRegistry(): Promise<void> {
    const registry = temporal.getExternalWorkflowHandle(REGISTRY_WORKFLOW_ID);
    // No such workflow on this server (it is new, or in memory): the next change of the registry counts the note in.
    await registry.signal(REGISTRY_NEWS).catch(() => undefined);
  }

  /**
   * What a skill that gave no answer has done before: its worker was lost, or it was stopped. Asking fences the attempt off:
   * it performs no effect any more (R32).
   */
  private async leftBy(task: TaskState, { seq }: Started): Promise<TaskLeft | undefined> {
    if (!writes(task) || task.planned.skill === undefined) return undefined;
    const { input, runId } = this.of;
    const start = { run_id: runId, seq };
    return books(`what ${task.planned.name} had done`)
      .settleEffects(input.cycle_id, task.planned.task_id, start)
      .catch(() => undefined);
  }
}

function writes({ planned }: TaskState): boolean {
  return planned.task_type === 'emit_actions' || planned.effects.length > 0;
}
