import { type Cycle, fold, newCycle, type TaskState } from '../../src/core/cycle';
import { nextStep } from '../../src/core/engine';
import { type Event, event } from '../../src/core/events';
import type { DecisionAnswer } from '../../src/core/halts';
import * as recorded from '../../src/core/recorded';
import { type CycleResult, resultOf } from '../../src/core/result';
import { parseInstant } from '../../src/core/time';
import { at, AT_MS } from './samples';
import { type Cut, harnessError, hear, type Script, type TaskEnd } from './script';
import { Answers } from './simulated-answers';

export interface Simulated {
  readonly cycle: Cycle;
  readonly events: readonly Event[];
  readonly answers: readonly DecisionAnswer[];
  readonly result: CycleResult;
  /** `T2: 'SKIPPED REGIME_GATE'`, in execution order. */
  readonly tasks: Readonly<Record<string, string>>;
}

/** One cycle by the engine alone, driven as the workflow drives it, until it has ended or waits for a human for good. */
export function simulate(script: Script = {}): Simulated {
  const run = new Run(script);
  while (run.step());
  const { cycle, events, answers } = run;
  const result = resultOf(cycle, 'run-1', { entries: events.length, head: null });
  const told = result.tasks.map(({ name, outcome, reason }) => {
    return [name, reason === null ? String(outcome) : `${outcome} ${reason.code}`];
  });
  return { cycle, events, answers, result, tasks: Object.fromEntries(told) };
}

const SIMULATED = { workflowId: 'shadow-test', runId: 'run-0001' };

class Run {
  readonly cycle = newCycle();
  readonly events: Event[] = [];
  readonly answers: DecisionAnswer[] = [];
  private laterMs = 0;
  private steps = 0;
  private unclosed: number;
  private readonly script: Script;
  private readonly scripted: Answers;
  private readonly ends: Map<string, TaskEnd[]>;
  private readonly cuts: Map<string, readonly Cut[]>;
  private readonly waits: (readonly Cut[])[];

  constructor(script: Script) {
    this.script = script;
    this.scripted = new Answers(script);
    this.unclosed = script.unclosed ?? 0;
    this.ends = new Map(Object.entries(script.ends ?? {}).map(([name, list]) => [name, [...list]]));
    this.cuts = new Map(Object.entries(script.cuts ?? {}));
    this.waits = [...(script.waits ?? [])];
    this.record([recorded.openingEvent(this.scripted.input, SIMULATED, this.now())]);
  }

  /** False when the cycle has ended, or waits and nothing will come. */
  step(): boolean {
    this.cutIn(String(this.steps++));
    this.laterMs += this.script.stepMs ?? 1;
    if (this.steps > 10_000) throw new Error('the cycle does not end');
    const running = this.cycle.tasks.filter((task) => task.status === 'RUNNING');
    const step = nextStep(this.cycle, this.now());
    switch (step.do) {
      case 'RUN':
        return this.record(step.tasks.map((task) => recorded.startedEvent(task, this.now())));
      case 'BUILD_GRAPH':
        this.cutIn('BUILD_GRAPH');
        return this.record(
          recorded.graphEvents(this.scripted.toBuildGraph(this.cycle), this.now()),
        );
      case 'RECORD':
        return this.record(step.events);
      case 'AWAIT':
        return this.finish(running[this.script.pick?.(running.length) ?? 0]);
      case 'STOP':
        return running.every((task) => this.stop(task));
      case 'WAIT':
        return this.wait();
      case 'END':
        return this.end(step.events);
    }
  }

  private now(): string {
    return at(this.laterMs);
  }

  private record(events: readonly Event[]): true {
    for (const each of events) {
      fold(this.cycle, each);
      this.events.push(each);
    }
    for (const { type, task } of events) this.cutIn(task === null ? type : `${type} ${task}`);
    return true;
  }

  private cutIn(when: string): void {
    const cuts = this.cuts.get(when) ?? [];
    this.cuts.delete(when);
    for (const cut of cuts) this.cut(cut);
  }

  private cut(cut: Cut): void {
    if (this.cycle.outcome !== null) return;
    if (typeof cut === 'object' && 'laterMs' in cut) return void (this.laterMs += cut.laterMs);
    const heard = hear(this.cycle, cut, this.now(), `D-${this.answers.length}`);
    if (heard.answer !== undefined) this.answers.push(heard.answer);
    this.record(heard.events);
  }

  private until(ms: number): void {
    this.laterMs = Math.max(this.laterMs, ms - AT_MS);
  }

  private finish(task: TaskState | undefined): true {
    if (task === undefined) throw new Error('a running task is awaited');
    const { name } = task.planned;
    const end = this.ends.get(name)?.shift() ?? 'SUCCESS';
    if (end === 'UNTAKEN')
      this.until((parseInstant(this.cycle.verdict?.fresh_until ?? '') ?? 0) + 1);
    return this.record(this.scripted.eventsOf(this.cycle, task, end, this.now()));
  }

  private stop(task: TaskState): true {
    if (this.script.unstoppable?.includes(task.planned.name)) return this.finish(task);
    return this.record(recorded.stoppedEvents(task, 'a halt cut in', this.now()));
  }

  private wait(): boolean {
    const cuts = this.waits.shift();
    for (const cut of cuts ?? []) this.cut(cut);
    const { halt, haltOpen } = this.cycle;
    if (halt === null || !haltOpen) return true;
    const expiresMs = halt.expires_at === null ? null : parseInstant(halt.expires_at);
    if (expiresMs === null) return cuts !== undefined;
    if (cuts === undefined) this.until(expiresMs);
    if (AT_MS + this.laterMs >= expiresMs)
      this.record([event('HALT_EXPIRED', 'C3.F3', this.now(), { halt_id: halt.halt_id })]);
    return true;
  }

  /** From here on nothing is heard until the last entry is written, or could not be. */
  private end(events: readonly Event[]): boolean {
    this.cuts.clear();
    this.record(events.slice(0, -1));
    if (this.unclosed-- <= 0) return !this.record(events.slice(-1));
    const detail = 'the last entry is not written';
    return this.record([harnessError(this.cycle, detail, null, this.now())]);
  }
}
