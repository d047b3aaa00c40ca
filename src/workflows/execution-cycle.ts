import * as temporal from '@temporalio/workflow';
import { newCycle, openedOf } from '../core/cycle';
import { nextStep, type Step } from '../core/engine';
import { type Event, event, type Halt } from '../core/events';
import { type DecisionAnswer, operatorHalt, raiseHalt } from '../core/halts';
import { invariant } from '../core/invariant';
import { latchEvents } from '../core/latch';
import { SIGNALS_MAX } from '../core/limits';
import { graphEvents, openingEvent } from '../core/recorded';
import { endOf } from '../core/outcome';
import { haltSummary } from '../core/report';
import { type CycleResult, fitting, resultOf } from '../core/result';
import { type CycleInput, problemOfInput } from '../core/start';
import { isTickInput, type TickInput } from '../core/tick';
import { parseInstant } from '../core/time';
import { readDecision, readHaltRequest } from '../documents/decision';
import { books, closeCycle } from './books';
import { now } from './clock';
import { Decisions } from './decisions';
import {
  cycleQuery,
  decideUpdate,
  DESCRIPTIONS,
  haltSignal,
  latchSignal,
  resumeSignal,
} from './messages';
import { bookFailureOf, detailOf } from './options';
import { Notices } from './notices';
import { Recorder } from './recorder';
import { TaskRunner, TIMER_MS_MAX } from './task-runner';
import { type Beginning, beginTick } from './tick';
import { Visibility } from './visibility';

/** One governed cycle: asks the core for the next step and obeys it, until the record is closed (Appendix A). */
export async function executionCycle(input: CycleInput | TickInput): Promise<CycleResult> {
  const problem = isTickInput(input) ? null : problemOfInput(input);
  if (problem !== null) throw temporal.ApplicationFailure.nonRetryable(problem, 'USAGE');
  const scope = temporal.CancellationScope.current();
  return temporal.CancellationScope.nonCancellable(async () => {
    // An ordinary cycle begins at once: nothing may be awaited before its handlers are set.
    const info = temporal.workflowInfo();
    const begun = isTickInput(input) ? await beginTick(input, info, scope) : begin(input, info);
    if ('outcome' in begun) return begun;
    const run = new CycleRun(begun);
    // Before it has begun: then no task of it is even scheduled.
    if (scope.consideredCancelled) run.cancel();
    else scope.cancelRequested.catch(() => run.cancel());
    const result = await run.toTheEnd();
    await temporal.condition(temporal.allHandlersFinished);
    // R36: only a cycle that ended CANCELLED may be run again; Temporal's own status is what decides that, without a race.
    if (result.outcome === 'CANCELLED') throw new temporal.CancelledFailure(result.summary);
    return result;
  });
}

function begin(input: CycleInput, info: temporal.WorkflowInfo): Beginning {
  return { events: [openingEvent(input, info, now())], input, trouble: null };
}

/**
 * Between two looks of a cycle that waits at the record, doubling: from the one to the other where something is known to be missing,
 * else from the other on, for a thousand cycles may wait at once.
 */
const LOOK_MS = 15_000;
const LOOK_MS_MAX = 900_000;

class CycleRun {
  private readonly cycle = newCycle();
  private readonly info = temporal.workflowInfo();
  private readonly recorder = new Recorder(this.cycle, this.info.runId);
  private readonly visibility = new Visibility(this.cycle);
  private readonly notices = new Notices(this.cycle, this.recorder);
  private readonly decisions = new Decisions(this.cycle, this.recorder);
  private readonly tasks: TaskRunner;
  private signals = 0;
  private cancelRequested = false;
  /** The harness-wide halt was set or cleared, somebody says. */
  private rung = false;
  /** How often the wait on this halt has looked at the record by itself. */
  private looks = 0;
  private looksFor: string | null = null;
  /** When it looks next, by workflow time: whatever it hears meanwhile does not put that off. */
  private lookAtMs: number | null = null;
  /** The halt of its own for which it has halted the whole harness. */
  private latchedFor: string | null = null;
  /** Why this run has no place in the record: it fails, and writes nothing. */
  private refusal: string | null = null;
  /** The result that an earlier try of the closing step has put on record already. */
  private stood: CycleResult | null = null;
  private readonly given: CycleInput | null;

  constructor({ events, input, trouble }: Beginning) {
    this.given = input;
    const given = (): CycleInput => this.input;
    this.tasks = new TaskRunner({
      cycle: this.cycle,
      get input() {
        return given();
      },
      runId: this.info.runId,
      recorder: this.recorder,
      flush: () => this.flush(),
      refuse: (detail) => void (this.refusal = detail),
      harnessError: (detail, openTask) => this.harnessError(detail, openTask),
      latched: (stopped) => this.lookAtRecord(stopped),
    });
    // First of all: a message that arrived before the first task is handed over as soon as its handler is set.
    this.recorder.record(events);
    if (trouble !== null) this.harnessError(trouble, null);
    // Before the first await, so that no message is lost; C3.F3 begins with being heard.
    temporal.setHandler(cycleQuery, () => fitting(this.result()), {
      description: DESCRIPTIONS.cycle,
    });
    temporal.setHandler(haltSignal, (payload) => this.onHalt(payload), {
      description: DESCRIPTIONS.halt,
    });
    temporal.setHandler(latchSignal, () => void (this.rung = true), {
      description: DESCRIPTIONS.latch,
    });
    temporal.setHandler(resumeSignal, (payload) => this.onResume(payload), {
      description: DESCRIPTIONS.resume,
    });
    temporal.setHandler(decideUpdate, (payload) => this.onDecide(payload), {
      description: DESCRIPTIONS.decide,
      // Only what is no decision at all is refused here: a rejected update leaves no trace, and a refusal must (R14).
      validator: (payload) => {
        const read = readDecision(payload);
        if (!read.ok) throw temporal.ApplicationFailure.nonRetryable(read.problem, 'USAGE');
      },
    });
  }

  private get input(): CycleInput {
    invariant(this.given !== null, 'C2.U1', 'what runs has a bundle');
    return this.given;
  }

  async toTheEnd(): Promise<CycleResult> {
    for (;;) {
      if (this.refusal !== null)
        throw temporal.ApplicationFailure.nonRetryable(this.refusal, 'USAGE');
      if (this.rung) await this.lookAtRecord();
      this.notices.attend();
      const step = this.nextStep();
      // Nobody can look between what is recorded and the step after it.
      if (step.do !== 'RECORD') this.visibility.report();
      switch (step.do) {
        case 'RUN':
          await this.tasks.start(step.tasks);
          break;
        case 'BUILD_GRAPH':
          await this.buildGraph();
          break;
        case 'RECORD':
          this.recorder.record(step.events);
          break;
        case 'AWAIT':
          await this.news();
          break;
        case 'STOP':
          await this.tasks.stop();
          break;
        case 'WAIT':
          await this.waitForHuman();
          break;
        case 'END':
          if (await this.notices.handOver()) break; // then ask again: something may have come meanwhile
          if (!(await this.end(step.events))) break;
          await this.tasks.rung();
          return this.stood ?? fitting(this.result());
      }
    }
  }

  private nextStep(): Step {
    if (!this.recorder.closed) return nextStep(this.cycle, now());
    return { do: 'END', events: endOf(this.cycle, now()) };
  }

  /** An operator's cancel: the cycle still finalises and audits. */
  cancel(): void {
    this.cancelRequested = true;
    if (this.recorder.closing || this.cycle.cancelled || this.cycle.outcome !== null) return;
    const detail = 'cancelled through Temporal';
    this.recorder.record([
      event('CANCEL_REQUESTED', 'CA', now(), { detail }, { actor: 'temporal' }),
    ]);
  }

  private result(): CycleResult {
    return resultOf(this.cycle, this.info.runId, this.recorder.audit);
  }

  private async buildGraph(): Promise<void> {
    try {
      const judged = this.cycle.verdict !== null;
      const answer =
        this.tasks.graphAhead ?? (await books('build the graph').buildGraph(this.input, judged));
      this.recorder.record(graphEvents(answer, now()));
    } catch (error) {
      this.onTrouble(error);
      return;
    }
    this.visibility.phase();
  }

  /** The harness's own bookkeeping failed. A halt that waits already says enough. */
  private onTrouble(error: unknown): void {
    const failure = bookFailureOf(error);
    if (failure.kind === 'REFUSED') this.refusal = failure.detail;
    else if (!this.cycle.haltOpen) this.harnessError(detailOf(failure), null);
  }

  /** C3.F3: a failure of the harness itself. While a halt waits already, it is a further cause of that one. */
  private harnessError(detail: string, openTask: string | null): void {
    const { haltOpen, halt } = this.cycle;
    this.recorder.record([
      haltOpen && halt !== null
        ? event('HALT_REPEATED', 'C3.F3', now(), { halt_id: halt.halt_id, detail })
        : raiseHalt(
            this.cycle,
            { code: 'HARNESS_ERROR', detail, raisedBy: 'harness', openTask },
            now(),
          ),
    ]);
  }

  private async news(): Promise<void> {
    const seen = this.recorder.version;
    await temporal.condition(() => this.rung || this.recorder.version !== seen);
  }

  /** C3.F3: waits for a decision, or for the halt to expire, which aborts and never resumes. */
  private async waitForHuman(): Promise<void> {
    const { halt } = this.cycle;
    if (halt === null) return;
    this.visibility.phase();
    await this.haltAll(halt);
    // A record that cannot be written now is written with the first thing after the decision.
    let written = await this.flush();
    if (this.decisions.hear()) written = await this.flush();
    this.notices.attend();
    if (!this.cycle.haltOpen || this.recorder.closed || this.refusal !== null) return;
    // Decided while it was being written, which failed: that has raised another one, which waits now.
    if (this.cycle.halt?.halt_id !== halt.halt_id) return;
    const expiresMs =
      halt.expires_at === null ? Number.POSITIVE_INFINITY : (parseInstant(halt.expires_at) ?? 0);
    const leftMs = Math.max(expiresMs - Date.now(), 1);
    const waitMs = Math.min(leftMs, this.lookAgainMs(halt, written), this.notices.waitMs());
    // R14: a refused decision leaves the halt open; it goes on record now, not with whatever ends the halt.
    const seen = this.recorder.version;
    const news = (): boolean => !this.cycle.haltOpen || this.rung || this.recorder.version !== seen;
    await temporal.condition(news, waitMs, { summary: haltSummary(halt) });
    if (this.lookAtMs !== null && Date.now() >= this.lookAtMs) {
      this.lookAtMs = null;
      this.rung = true;
    }
    if (this.cycle.haltOpen && Date.now() >= expiresMs) {
      this.recorder.record([event('HALT_EXPIRED', 'C3.F3', now(), { halt_id: halt.halt_id })]);
    }
    this.visibility.phase();
  }

  /** C3.F3: every harness-level error halts the whole harness. Where not even that can be recorded, this cycle waits at least. */
  private async haltAll({ halt_id, scope, code, detail }: Halt): Promise<void> {
    if (code !== 'HARNESS_ERROR' || scope === 'harness' || this.latchedFor === halt_id) return;
    this.latchedFor = halt_id;
    const cause = { code, detail: `${detail} (${this.info.workflowId})`, raised_by: 'harness' };
    await books('halt the whole harness')
      .raiseLatch(cause, now())
      .catch(() => undefined);
  }

  /** The record decides, whoever rang: a cycle suspends, goes on, or is over, by what stands there. */
  private async lookAtRecord(stopped: () => void = () => undefined): Promise<void> {
    this.rung = false;
    try {
      const { cycle_id } = openedOf(this.cycle);
      const look = await books('a look at the record').lookAtRecord(cycle_id, this.info.runId);
      stopped();
      if (look.closed) this.recorder.closed = true;
      if (this.recorder.closed || this.recorder.closing) return;
      const events = latchEvents(this.cycle, look.latch, now());
      if (events.length > 0) this.recorder.record(events);
    } catch (error) {
      stopped();
      this.onTrouble(error);
    }
  }

  /**
   * A bell that was lost is made up for: a cycle that waits looks by itself, ever more seldom. One that the harness-wide halt
   * suspends, or whose halt is not on record, never leaves it for long; another's run may be closed on record by a decision that was
   * lost with its workflow task, of which nobody tells it.
   */
  private lookAgainMs({ scope, halt_id }: Halt, written: boolean): number {
    const nowMs = Date.now();
    if (this.looksFor !== halt_id) [this.looksFor, this.looks, this.lookAtMs] = [halt_id, 0, null];
    if (this.lookAtMs === null) {
      this.looks += 1;
      const often = scope === 'harness' || !written;
      const [first, most] = often ? [LOOK_MS, LOOK_MS_MAX] : [LOOK_MS_MAX, TIMER_MS_MAX];
      this.lookAtMs = nowMs + Math.min(first * 2 ** Math.min(this.looks, 20), most);
    }
    return Math.max(this.lookAtMs - nowMs, 1);
  }

  /** FINALIZE. False when the record could not be closed: the cycle then waits for a human instead of ending unrecorded. */
  private async end(events: readonly Event[]): Promise<boolean> {
    const last = events.at(-1);
    if (last?.type !== 'CYCLE_ENDED') return false;
    this.recorder.record([...events.slice(0, -1), ...this.ignoredSignals()]);
    try {
      const ended = { phase: 'IDLE', ...last.data } as const;
      this.stood = await this.recorder.close(last, async (entries) => {
        const result = { ...this.result(), ...ended };
        const { cycle_id } = openedOf(this.cycle);
        return closeCycle({ cycle_id, run_id: this.info.runId, entries, result });
      });
    } catch (error) {
      this.onTrouble(error);
      if (this.cancelRequested) this.cancel();
      return false;
    }
    this.visibility.end(this.recorder.audit);
    return true;
  }

  private ignoredSignals(): Event[] {
    const count = this.signals - SIGNALS_MAX;
    if (count <= 0) return [];
    const detail = `of ${this.signals} signals the first ${SIGNALS_MAX} were heeded`;
    this.signals = 0;
    return [event('SIGNALS_IGNORED', 'C3.F3', now(), { count, detail })];
  }

  private async flush(): Promise<boolean> {
    try {
      await this.recorder.flush();
      return true;
    } catch (error) {
      this.onTrouble(error);
      return false;
    }
  }

  /** Signals never throw: a storm of them, or a malformed one, must not hurt the cycle. */
  private onHalt(payload: unknown): void {
    this.signals += 1;
    const heeded = this.signals <= SIGNALS_MAX || !this.cycle.haltOpen;
    if (this.recorder.closing || !heeded) return;
    const read = readHaltRequest(payload);
    // Halting is the safe side: a halt that is badly written is a halt.
    const request = read.ok
      ? read.request
      : { reason: `an unreadable halt signal: ${read.problem}`, by: 'unknown' };
    this.recorder.record(operatorHalt(this.cycle, request, now()));
  }

  private async onResume(payload: unknown): Promise<void> {
    this.signals += 1;
    if (this.recorder.closing || this.signals > SIGNALS_MAX) return;
    const read = readDecision(payload);
    if (!read.ok) return;
    await this.decisions.take(read);
  }

  private onDecide(payload: unknown): Decided | Promise<Decided> {
    const read = readDecision(payload);
    if (!read.ok) throw temporal.ApplicationFailure.nonRetryable(read.problem, 'USAGE');
    if (this.recorder.closing || this.cycle.outcome !== null) {
      throw temporal.ApplicationFailure.nonRetryable(ENDING, 'REFUSED');
    }
    const taken = this.decisions.take(read);
    return taken instanceof Promise ? taken.then(answered) : answered(taken);
  }
}

interface Decided {
  readonly accepted: boolean;
  readonly message: string;
}

function answered(answer: DecisionAnswer | null): Decided {
  if (answer === null) throw temporal.ApplicationFailure.nonRetryable(ENDING, 'REFUSED');
  if (!answer.accepted) throw temporal.ApplicationFailure.nonRetryable(answer.message, answer.code);
  return { accepted: true, message: answer.message };
}

const ENDING = 'the cycle is ending: nothing waits for a decision';
