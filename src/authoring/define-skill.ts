import type { z } from 'zod';
import type { Bundle, BundleField } from '../core/bundle';
import type { Json, JsonObject } from '../core/json';
import type { SkillManifest } from '../core/skills';

export type {
  Belief,
  Bundle,
  BundleField,
  FactorPermission,
  FlowState,
  MacroState,
  RegimeState,
  SignalInContext,
} from '../core/bundle';
export type { Json, JsonObject } from '../core/json';
export type { SkillManifest } from '../core/skills';

/**
 * All that reaches a running skill. Nothing else does: no file, no network, no process, no environment. An attempt at one,
 * also one whose error is caught, is an UNDECLARED_SIDE_EFFECT: the skill is quarantined and the cycle halts (C7.V1).
 */
export interface SkillContext<
  Inputs extends BundleField = BundleField,
  Effects extends string = string,
> {
  /**
   * A state of the bundle, deep-frozen; null where an optional one is absent. Behind the graph's belief filter
   * `active_beliefs` holds the surviving ones only. A name that `required_inputs` does not list is a LAYER_BYPASS (C7.V3).
   */
  state<Name extends Inputs>(name: Name): Bundle[Name];
  /** What a task of this task's `depends_on` returned, deep-frozen; null unless it was SUCCESS. */
  output(task: string): Json;
  /**
   * The declared effects, by name. The harness performs them, each call at most once however often the task is attempted; in
   * shadow mode one that is not marked `in_shadow: perform` is written to the record instead, and answers the same way: with
   * `{key}`. It rejects, with one sentence, where it could not be performed. Await each call. Another name is an UNDECLARED_SIDE_EFFECT (C7.V1).
   */
  readonly effects: { readonly [Name in Effects]: (payload: Json) => Promise<Json> };
  /** Aborted when the run is stopped. At `timeout_ms` the process is killed, whatever it does (C7.V4). */
  readonly signal: AbortSignal;
  /** A line for the worker's log: at most 1 000 lines of 2 KiB in one run. It is no output and no record. */
  log(line: string): void;
  readonly task_id: string;
  /** The same at each attempt of this task in this cycle, and at no other's (C7.SK4). */
  readonly idempotency_key: string;
  /** V1 executes no orders (C6). */
  readonly mode: 'shadow';
}

/** What a skill file exports by default: its declarations, and how it does its work. */
export interface SkillDefinition<
  Inputs extends BundleField = BundleField,
  Effects extends string = string,
  Output = Json,
> extends SkillManifest {
  readonly required_inputs: readonly Inputs[];
  readonly side_effects: readonly Effects[];
  /** What `run` returns: a zod schema, or a JSON Schema (2020-12) object. */
  readonly output: z.ZodType<Output> | JsonObject;
  /**
   * Given the same states, outputs and input it has to return the same output and call the same effects (C7.SK4): no clock, no
   * chance, nothing kept from one call to the next.
   *
   * @param input the task's `inputs`, as the graph holds them
   */
  run(ctx: SkillContext<Inputs, Effects>, input: JsonObject): Output | Promise<Output>;
}

/** Returns its argument: it only adds types, so that `ctx` knows what the manifest declares. */
export function defineSkill<
  const Inputs extends BundleField,
  const Effects extends string,
  Output = Json,
>(skill: SkillDefinition<Inputs, Effects, Output>): SkillDefinition<Inputs, Effects, Output> {
  return skill;
}
