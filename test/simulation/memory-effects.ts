import type { Receipt } from '../../src/core/effects';
import {
  type EffectAct,
  type EffectHolder,
  type EffectIntent,
  StoreError,
} from '../../src/store/store';

type Start = { readonly run_id: string; readonly seq: number };
type Opening = Start & { readonly attempt: number };

interface Standing {
  readonly intent: EffectIntent;
  /** Which opening it was begun under. */
  readonly opening: number;
  receipt: Receipt | null;
}

interface Task {
  readonly openings: Opening[];
  readonly closed: Map<string, number>;
  readonly effects: Map<string, Standing>;
}

const AT = '2026-11-22T14:25:29.000Z';

/** What `EffectStore` promises, over maps: who may perform, what was begun, what became of it. */
export class MemoryEffects {
  private readonly tasks = new Map<string, Task>();

  open(holder: EffectHolder): void {
    const task = this.of(holder.cycle_id, holder.task_id);
    if (holds(task, holder)) return;
    if (!mayFollow(task, holder)) throw fenced();
    const { run_id, seq, attempt } = holder;
    task.openings.push({ run_id, seq, attempt });
  }

  async perform(holder: EffectHolder, intent: EffectIntent, act: EffectAct): Promise<Receipt> {
    const task = this.of(holder.cycle_id, holder.task_id);
    if (!holds(task, holder)) throw fenced();
    const begun = task.effects.get(intent.key);
    if (begun !== undefined && begun.intent.payload_hash !== intent.payload_hash)
      throw new StoreError('EFFECT_CHANGED', 'another payload under the same key');
    if (begun?.receipt) return begun.receipt;
    const standing = begun ?? { intent, opening: task.openings.length - 1, receipt: null };
    task.effects.set(intent.key, standing);
    const mayAct = begun === undefined || (act.repeatable && begun.intent.target === intent.target);
    const done = mayAct ? await act.perform(begun !== undefined) : LOST;
    standing.receipt = { ...standing.intent, ...done, at: AT };
    return standing.receipt;
  }

  close(cycleId: string, taskId: string, { run_id, seq }: Start): readonly Receipt[] {
    const task = this.of(cycleId, taskId);
    if ((task.closed.get(run_id) ?? 0) < seq) task.closed.set(run_id, seq);
    const own = task.openings.findIndex((each) => each.run_id === run_id);
    const first = task.openings.findIndex((each, i) =>
      each.run_id === run_id ? each.seq > seq : own !== -1 && i > own,
    );
    return [...task.effects.values()]
      .filter(({ opening }) => first === -1 || opening < first)
      .map(told);
  }

  read(cycleId: string, taskId: string): readonly Receipt[] {
    return [...this.of(cycleId, taskId).effects.values()].map(told);
  }

  private of(cycleId: string, taskId: string): Task {
    const key = `${cycleId} ${taskId}`;
    const known = this.tasks.get(key) ?? { openings: [], closed: new Map(), effects: new Map() };
    this.tasks.set(key, known);
    return known;
  }
}

const LOST = { status: 'UNKNOWN', detail: 'the attempt that began it was lost' } as const;

function told({ intent, receipt }: Standing): Receipt {
  return receipt ?? { ...intent, ...LOST, at: AT };
}

function holds({ openings, closed }: Task, { run_id, seq, attempt }: Opening): boolean {
  const last = openings.at(-1);
  const same = last?.run_id === run_id && last.seq === seq && last.attempt === attempt;
  return same && (closed.get(run_id) ?? 0) < seq;
}

function mayFollow({ openings, closed }: Task, next: Opening): boolean {
  if ((closed.get(next.run_id) ?? 0) >= next.seq) return false;
  const last = openings.at(-1);
  if (last?.run_id !== next.run_id) return !openings.some((each) => each.run_id === next.run_id);
  return last.seq === next.seq ? last.attempt < next.attempt : last.seq < next.seq;
}

function fenced(): StoreError {
  return new StoreError('EFFECTS_FENCED', 'this attempt may perform no effect any more');
}
