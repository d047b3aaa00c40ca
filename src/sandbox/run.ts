import type { Json } from '../core/json';
import type { Child, Death } from './child';
import { EFFECTS_MAX, HEAP_MIB, LOG_LINES_MAX, RESIDENT_MIB, VALUE_MAX_BYTES } from './limits';
import { watchMemory } from './memory';
import { messageOf } from './message';
import type { Message } from './message';
import type { Attempt, Broker, Ending, Invocation } from './types';

/** The skill's end, or that the process was gone before it had begun: then another one may. */
export type Conversation = Ending | 'NOT_BEGUN';

/** Everything a run has said and what follows from it. The first end stands; an attempt goes before every end. */
class Run {
  readonly attempts: Attempt[] = [];
  readonly performing = new Set<Promise<void>>();
  begun = false;
  ending: Ending | undefined;
  private readonly calls = new Map<string, number>();
  private lines = 0;

  private readonly child: Child;
  private readonly invocation: Invocation;
  private readonly broker: Broker;

  constructor(child: Child, invocation: Invocation, broker: Broker) {
    this.child = child;
    this.invocation = invocation;
    this.broker = broker;
  }

  end(ending: Ending): void {
    this.ending ??= ending;
    this.child.kill();
  }

  hear(line: string | null): void {
    if (line === null) {
      return this.end({ kind: 'THREW', detail: 'it said more than a run may say' });
    }
    const message = messageOf(line);
    if (message?.kind === 'attempt') return this.reach(message.attempt);
    if (this.ending !== undefined) return undefined;
    return this.heed(message);
  }

  private heed(message: Message | undefined): void {
    switch (message?.kind) {
      case 'begun':
        this.begun = true;
        return;
      case 'log':
        this.lines += 1;
        if (this.lines <= LOG_LINES_MAX) this.broker.log(message.line);
        return;
      case 'effect':
        return this.effect(message.call, message.name, message.payload);
      case 'returned':
        return this.end({ kind: 'RETURNED', output: message.output });
      case 'threw':
        return this.end({ kind: 'THREW', detail: message.detail });
      case 'oversized':
        return this.end({ kind: 'OVERSIZED', detail: oversized(message.bytes) });
      default:
        return this.end({
          kind: 'THREW',
          detail: `it returned or wrote what is no JSON that a document may hold`,
        });
    }
  }

  private reach(attempt: Attempt): void {
    this.attempts.push(attempt);
    this.end({ kind: 'OFF_LIMITS', attempts: this.attempts });
  }

  /** R15: an undeclared name is an attempt, whoever wrote the message. */
  private effect(call: number, name: string, payload: Json): void {
    if (!this.invocation.effects.includes(name)) {
      const api = `ctx.effects.${name}`.slice(0, 200);
      return this.reach({ code: 'UNDECLARED_SIDE_EFFECT', api, resource: null });
    }
    const ordinal = (this.calls.get(name) ?? 0) + 1;
    this.calls.set(name, ordinal);
    if (ordinal > EFFECTS_MAX) {
      return this.end({
        kind: 'THREW',
        detail: `it asked for the effect ${name} more than ${EFFECTS_MAX} times`,
      });
    }
    const performed = this.perform(call, name, ordinal, payload);
    this.performing.add(performed);
    return undefined;
  }

  private async perform(call: number, name: string, ordinal: number, payload: Json): Promise<void> {
    try {
      const value = await this.broker.effect(name, ordinal, payload);
      this.child.send({ kind: 'effect', call, failure: null, value });
    } catch (error) {
      const failure = error instanceof Error ? error.message : String(error);
      this.child.send({ kind: 'effect', call, failure, value: null });
    }
  }
}

/** One run in one child, which is gone when this settles; and no effect is being performed any more. */
export async function converse(
  child: Child,
  invocation: Invocation,
  broker: Broker,
  signal: AbortSignal | undefined,
): Promise<Conversation> {
  const run = new Run(child, invocation, broker);
  const { skill_ref, ...work } = invocation;
  const { timeout_ms } = work;
  const stop = (): void => run.end({ kind: 'STOPPED' });
  child.listen((line) => run.hear(line));
  const timer = setTimeout(() => {
    run.end({ kind: 'TIMED_OUT', detail: `${skill_ref} took longer than its ${timeout_ms} ms` });
  }, timeout_ms);
  const unwatch = watchMemory(child.pid, () => run.end({ kind: 'THREW', detail: OUTGREW }));
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted === true) stop();
  else child.send({ kind: 'run', work });
  try {
    const death = await child.gone;
    await Promise.all(run.performing);
    if (run.attempts.length > 0) return { kind: 'OFF_LIMITS', attempts: run.attempts };
    if (run.ending !== undefined) return run.ending;
    return run.begun ? { kind: 'THREW', detail: diedOf(death) } : 'NOT_BEGUN';
  } finally {
    clearTimeout(timer);
    unwatch();
    signal?.removeEventListener('abort', stop);
  }
}

const OUTGREW = `it outgrew its memory (${HEAP_MIB} MiB of values, ${RESIDENT_MIB} MiB in all)`;

/** Why a process is gone that nobody here ended. */
export function diedOf({ code, signal, complaint }: Death): string {
  if (/out of memory|allocation failed/i.test(complaint)) return OUTGREW;
  return `its process ended (${signal ?? `exit status ${code}`}) before it returned`;
}

export function oversized(bytes: number): string {
  return `it returned ${bytes} bytes of JSON, the limit is ${VALUE_MAX_BYTES}`;
}
