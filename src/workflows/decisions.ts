import * as temporal from '@temporalio/workflow';
import type { Checked } from '../activities/contract';
import type { Cycle } from '../core/cycle';
import type { Deciders } from '../core/deciders';
import { event } from '../core/events';
import { type DecisionAnswer, type DecisionRequest, judgeDecision } from '../core/halts';
import { now } from './clock';
import { books } from './books';
import type { Recorder } from './recorder';

interface Read {
  readonly decision: DecisionRequest;
  readonly extra: readonly string[];
}

/**
 * Decisions as they come. Without operators one is judged at once; where a worker has told of operators, or none has told
 * anything yet, a worker checks first who it is that decides.
 */
export class Decisions {
  private readonly cycle: Cycle;
  private readonly recorder: Recorder;

  constructor(cycle: Cycle, recorder: Recorder) {
    this.cycle = cycle;
    this.recorder = recorder;
  }

  /** Records what a worker has told of the operators. True when that was news. */
  hear(deciders: Deciders | undefined = this.recorder.told?.deciders): boolean {
    const { cycle, recorder } = this;
    if (deciders === undefined || recorder.closing) return false;
    if (JSON.stringify(cycle.deciders) === JSON.stringify(deciders)) return false;
    recorder.record([event('DECIDERS_NAMED', 'C3.F3', now(), deciders)]);
    return true;
  }

  /** Judged and on record. Null: the cycle is ending, and nothing is recorded any more. */
  take(read: Read): DecisionAnswer | null | Promise<DecisionAnswer | null> {
    const { told } = this.recorder;
    const unchecked = told !== null && told.deciders === undefined && this.cycle.deciders === null;
    return unchecked ? this.judged(read, null) : this.afterCheck(read);
  }

  private async afterCheck(read: Read): Promise<DecisionAnswer | null> {
    const { deciders, check } = await temporal.CancellationScope.nonCancellable(() =>
      this.check(read),
    );
    this.hear(deciders ?? undefined);
    return this.judged(read, check);
  }

  private async check({ decision }: Read): Promise<Checked> {
    const { halt, deciders } = this.cycle;
    const raised_by = halt?.raised_by ?? null;
    const call = { decision, raised_by, expected: deciders !== null };
    return books('who decides?')
      .checkDecision(call)
      .catch((error: unknown) => {
        const cause = error instanceof temporal.ActivityFailure ? error.cause : error;
        const said = cause instanceof Error ? cause.message : String(cause);
        const why = `who decides could not be checked (${said}): decide again with a new id`;
        return { deciders: null, check: { ok: false as const, why } };
      });
  }

  private judged({ decision, extra }: Read, check: Checked['check']): DecisionAnswer | null {
    if (this.recorder.closing || this.cycle.outcome !== null) return null;
    const answer = judgeDecision(this.cycle, decision, extra, now(), check);
    this.recorder.record(answer.events);
    return answer;
  }
}
