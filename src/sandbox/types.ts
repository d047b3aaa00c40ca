import type { Isolation } from '../core/skills';
import type { Json, JsonObject } from '../core/json';

/** One run of a skill: everything that reaches it. All of it is plain JSON, sent to a process that ends with the run. */
export interface Invocation {
  /** For messages only: `acme.rank-beliefs@1.2.0`. */
  readonly skill_ref: string;
  /** The skill's code: one CommonJS file whose `module.exports.default` (or `module.exports`) is the skill object. */
  readonly code: string;
  /** The task's `inputs`: second argument of `run`. */
  readonly input: Json;
  /** `ctx.state(name)`: of each declared input its value, null where the bundle does not have it. */
  readonly states: Readonly<Record<string, Json>>;
  /** `ctx.output(task)`: of each dependency its output, null unless it was SUCCESS. */
  readonly outputs: Readonly<Record<string, Json>>;
  /** `ctx.effects.<name>`: the declared ones. */
  readonly effects: readonly string[];
  readonly task_id: string;
  readonly idempotency_key: string;
  readonly mode: 'shadow';
  /** From the moment the code is sent: waiting for a free process does not count. */
  readonly timeout_ms: number;
}

/** What a running skill may ask of the harness. */
export interface Broker {
  /**
   * A declared effect, the `ordinal`th call of it (from 1). Resolves with what the skill gets as the call's value; a rejection
   * is thrown to the skill as an Error with its message. Never called for an undeclared name.
   */
  effect(name: string, ordinal: number, payload: Json): Promise<Json>;
  /** `ctx.log`: one line; at most 1 000 of at most 2 KiB each in one run, the rest is dropped. */
  log(line: string): void;
}

/** Something that a skill reached for and does not have. Reported before it is denied, so swallowing the error hides nothing. */
export interface Attempt {
  readonly code: 'UNDECLARED_SIDE_EFFECT' | 'LAYER_BYPASS';
  /** `fetch`, `fs.writeFileSync`, `ctx.effects.desk`, `ctx.state`, `process.kill` … */
  readonly api: string;
  /** What it was asked for: an address, a path, a name; at most 200 characters; null when nothing was named. */
  readonly resource: string | null;
}

/** How a run ended; settled only when the process is gone. */
export type Ending =
  | { readonly kind: 'RETURNED'; readonly output: Json }
  /** It threw, exited, left a rejection unhandled, outgrew its memory, or returned what is no JSON. One plain sentence. */
  | { readonly kind: 'THREW'; readonly detail: string }
  | { readonly kind: 'TIMED_OUT'; readonly detail: string }
  /** It returned more than the limit (1 MiB of JSON). */
  | { readonly kind: 'OVERSIZED'; readonly detail: string }
  /** It was killed at its first attempt; attempts that were reported before its death are all listed, at least one. */
  | { readonly kind: 'OFF_LIMITS'; readonly attempts: readonly Attempt[] }
  /** The caller's AbortSignal. */
  | { readonly kind: 'STOPPED' };

/** What a skill file says of itself, read in the sandbox: module code runs, `run` does not. */
export type Described =
  | {
      readonly ok: true;
      /** Every own property of the default export but `run` and `output`, as JSON. */
      readonly manifest: JsonObject;
      /** JSON Schema of `output`: a zod schema is converted, a JSON Schema is taken as it is. */
      readonly output: JsonObject;
    }
  | { readonly ok: false; readonly problem: string };

export interface SandboxOptions {
  /** Warm processes kept ready. Default 4. */
  readonly spares?: number;
  /** `process` forgoes the operating system's walls, for tests. Default: the strongest that this machine has. */
  readonly isolation?: 'process';
  /** `false` has each process load its program, for tests. Default: it comes out of a start-up snapshot, where there is one. */
  readonly snapshot?: false;
  /** Told of each process that was started: after how many milliseconds it was ready, null when it never was. */
  readonly onStarted?: (ms: number | null) => void;
  /** Told how many runs wait for a process, whenever that may have changed. */
  readonly onWaiting?: (count: number) => void;
}

export interface Sandbox {
  /** The level that every run of this sandbox has; it is written into the record. */
  readonly isolation: Isolation;
  /** Its processes come out of the start-up snapshot; else each of them loads its program, in twice the time. */
  readonly fromSnapshot: boolean;
  run(invocation: Invocation, broker: Broker, signal?: AbortSignal): Promise<Ending>;
  /** @param timeoutMs default 5 000 */
  describe(code: string, timeoutMs?: number): Promise<Described>;
  /** Ends the spares; runs in flight are killed and end STOPPED. */
  close(): Promise<void>;
}
