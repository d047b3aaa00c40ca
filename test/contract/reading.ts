import { isDeepStrictEqual } from 'node:util';
import type { Belief } from '../../src/core/bundle';
import type { Graph, Task } from '../../src/core/graph';
import type { ReasonCode } from '../../src/core/reasons';
import { holds } from './condition';
import { at, isAbsent, listOf } from './document';
import { above, REFUSED } from './refused';
import {
  COULD_NOT_RUN,
  type Due,
  emits,
  type Finding,
  FINDINGS,
  hasNoBeliefs,
  isBuiltIn,
  isBypassed,
  isGateClosed,
  isUnsure,
  OUTCOMES,
  REMOVED,
  type Row,
  SKIPPED,
  VIOLATIONS,
} from './table';
import type { Told, ToldAction, ToldViolation, World } from './world';

/** R31: of a cycle's halt that left no task open. */
const CHOICES = ['ABORT', 'RESTART_FRESH', 'RESUME'];

/** What the table says of a world; `used` hears of each row that decided something, by where it is read. */
export function readingOf(world: World, atMs: number, used: (from: string) => void): Told {
  return new Reading(world, atMs, used).told();
}

class Reading {
  private readonly reasons = new Set<string>();
  private readonly ends = new Map<string, string>();
  private readonly violations: ToldViolation[] = [];
  private readonly banned = new Set<string>();
  private readonly counts = new Map<string, number>();
  private verdict: 'HALTED' | 'REJECTED' | null = null;
  private isRefused = false;
  private isCancelled = false;
  private wentStale = false;
  /** Time has gone past the moment at which the bundle goes stale. */
  private isStale = false;
  /** What ended it before its last task: every task that is left is skipped for it. */
  private over: ReasonCode | null = null;
  private isAborted = false;
  private isWaiting = false;
  private halt: Told['halt'] = null;
  private halts = 0;

  private readonly world: World;
  private readonly atMs: number;
  private readonly used: (from: string) => void;

  constructor(world: World, atMs: number, used: (from: string) => void) {
    this.world = world;
    this.atMs = atMs;
    this.used = used;
  }

  told(): Told {
    const order = this.validate() ? inOrder(this.world.graph) : [];
    for (const task of order) this.come(task, order);
    const crippling = order.flatMap((task) => this.crippling(task));
    if (!this.isWaiting) for (const code of crippling) this.reasons.add(code);
    const emitted = order.some((task) => emits(task) && this.isDone(task));
    return {
      phase: this.isWaiting ? 'HALTED' : 'IDLE',
      outcome: this.isWaiting ? null : this.outcome(crippling.length > 0),
      reasons: [...this.reasons].sort(),
      tasks: order.map(({ name }) => `${name} ${this.ends.get(name) ?? null}`),
      removed: this.isFiltered(order) ? this.removals().map((each) => each.join(' ')) : [],
      actions: emitted ? this.actions() : [],
      violations: this.violations,
      halt: this.halt,
    };
  }

  /** VALIDATE and BUILD_GRAPH: whether there is anything to go through. */
  private validate(): boolean {
    const { graph, conditions } = this.world;
    if (this.isJudged()) {
      const isForm = ({ ends }: Finding): boolean => ends === 'HALTED';
      this.find(FINDINGS.filter(isForm));
      if (this.verdict === null) this.find(FINDINGS.filter((each) => !isForm(each)));
    }
    if (this.verdict !== null) return false;
    const drawn = { graph, isCondition: (text: string) => !isAbsent(conditions[text]) };
    const refusals = REFUSED.filter(({ when }) => when(drawn));
    for (const { from } of refusals) this.used(from);
    if (refusals.length === 0) return true;
    this.isRefused = true;
    this.reasons.add('GRAPH_INVALID');
    if (refusals.some(({ says }) => says === 'OVERRIDE'))
      this.violations.push({
        kind: 'HARNESS_VIOLATION',
        code: 'GRAPH_INVALID',
        response: ['REJECT', 'HALT'],
      });
    return false;
  }

  private find(tests: readonly Finding[]): void {
    const { bundle, policy } = this.world;
    for (const { from, code, ends, in: states } of tests) {
      const found = states({ bundle, policy, nowMs: this.atMs });
      if (found.length === 0) continue;
      this.used(from);
      this.verdict ??= ends;
      for (const state of found)
        this.reasons.add(code.startsWith('STATE_') ? `${code} ${state}` : code);
    }
  }

  private come(task: Task, order: readonly Task[]): void {
    const { name } = task;
    if (this.isWaiting) return;
    if (this.over !== null) return void this.ends.set(name, `SKIPPED ${this.over}`);
    const code = this.skip(task, order);
    if (code === null) return this.run(task);
    this.ends.set(name, `SKIPPED ${code}`);
    if (code === 'STATE_STALE') this.reject();
  }

  private skip(task: Task, order: readonly Task[]): ReasonCode | null {
    // T1 is VALIDATE: it stands done when the graph is built.
    if (isFirst(task)) return null;
    const due = this.due(task, order);
    const passedOn = above(this.world.graph, task.name).flatMap((name) => {
      const isFirstThree = order.some((each) => each.name === name && isOfFirstThree(each));
      return isFirstThree ? [this.ends.get(name)] : [];
    });
    return this.first(
      SKIPPED.map((row) => ({
        ...row,
        when: (seen: Due) => row.when(seen) || passedOn.includes(`SKIPPED ${row.says}`), // R7
      })),
      due,
    );
  }

  private due(task: Task, order: readonly Task[]): Due {
    const { bundle, policy, graph, skills, conditions } = this.world;
    const told = (names: readonly string[]): string[] =>
      names.map((name) => this.ends.get(name) ?? '');
    const skill = Object.entries(skills).find(([ref]) => ref === task.skill_ref)?.[1];
    const before = order.slice(0, order.indexOf(task));
    const t2 = order.find(({ skill_ref }) => skill_ref === 'harness.check-regime');
    return {
      bundle,
      policy,
      task,
      skill,
      isBanned: skill !== undefined && this.banned.has(skill.skill_id),
      isJudged: this.isJudged(),
      isStale: this.isStale,
      isShut: t2 !== undefined && this.isDone(t2) && isGateClosed(bundle, policy),
      // R34: true skips `if_false`, false `if_true`.
      isGated: (graph.gates ?? []).some(({ condition, if_true, if_false }) => {
        const meant = conditions[condition];
        const is = !isAbsent(meant) && holds(meant, bundle);
        return (is ? if_false : if_true) === task.name;
      }),
      isTwin: before.some(
        (other) =>
          other.task_type === task.task_type && isDeepStrictEqual(other.inputs, task.inputs),
      ),
      above: told(above(graph, task.name)),
      on: told(task.depends_on),
    };
  }

  private run(task: Task): void {
    const { name } = task;
    const { fails, bundle, policy, cut } = this.world;
    const failed = fails[name];
    this.ends.set(name, failed === undefined ? 'SUCCESS' : `FAILED ${failed}`);
    const isGate = task.skill_ref === 'harness.check-regime';
    if (isGate && failed === undefined && isGateClosed(bundle, policy))
      this.reasons.add('REGIME_GATE');
    let raised = failed === undefined || isBuiltIn(task) ? null : this.violate(task, failed);
    if (cut?.after === name) {
      if (cut.what === 'STALL') this.isStale = true;
      if (cut.what === 'HALT') raised ??= 'OPERATOR_HALT';
      if (cut.what === 'CANCEL') this.isCancelled = true;
    }
    if (raised !== null) this.halt = { code: raised, choices: CHOICES };
    if (this.isCancelled) {
      this.over = 'CANCELLED';
      this.reasons.add('CANCELLED');
    } else if (raised !== null) this.decide(raised);
  }

  /** C7.V1–V5, R17: the response, and the halt where that is one. */
  private violate(task: Task, failed: ReasonCode): ReasonCode | null {
    const [from, code, response] = VIOLATIONS.find((violation) => violation[1] === failed) ?? [];
    if (from === undefined || code === undefined || response === undefined) return null;
    this.used(from);
    const id = task.skill_ref.replace(/@.*/, '');
    const count = (this.counts.get(id) ?? 0) + 1;
    this.counts.set(id, count);
    const isLast = count >= this.world.policy.violations_before_deregistration;
    if (isLast || response.includes('QUARANTINE')) this.banned.add(id);
    if (isLast) this.used('R17');
    this.violations.push({
      kind: 'SKILL_VIOLATION',
      code,
      response: isLast ? [...response, 'DEREGISTER'] : response,
    });
    return response.includes('HALT') ? code : null;
  }

  /** R29, R31: what a person, or nobody, makes of a halt. */
  private decide(raised: ReasonCode): void {
    const decision = this.world.decisions[this.halts];
    this.halts += 1;
    if (decision === undefined) {
      if (this.world.policy.halt_expiry_ms === null) this.isWaiting = true;
      else this.end('HALT_EXPIRED');
      return;
    }
    this.isStale ||= decision.late;
    if (decision.choice !== 'RESUME') return this.end(raised);
    // A bundle that T1 has not judged has no age.
    if (this.isStale && this.isJudged()) this.reject();
    return undefined;
  }

  private end(code: ReasonCode): void {
    this.isAborted = true;
    this.over = code;
    this.reasons.add(code);
  }

  private reject(): void {
    this.wentStale = true;
    this.reasons.add('STATE_STALE');
  }

  private outcome(isCrippled: boolean): Told['outcome'] {
    const { bundle, policy, graph } = this.world;
    const t2 = graph.tasks.find(({ skill_ref }) => skill_ref === 'harness.check-regime');
    const { verdict, isRefused, isAborted, wentStale, isCancelled } = this;
    return this.first(OUTCOMES, {
      verdict,
      isRefused,
      isAborted,
      wentStale,
      isCancelled,
      isUnsure: this.isJudged() && isUnsure(bundle, policy),
      isCrippled,
      hasNoBeliefs: this.isJudged() && hasNoBeliefs(bundle),
      isShut: t2 !== undefined && this.isDone(t2) && isGateClosed(bundle, policy),
    });
  }

  private crippling(task: Task): ReasonCode[] {
    const [outcome, code] = this.ends.get(task.name)?.split(' ') ?? [];
    const isCritical = isBuiltIn(task) || task.critical === true; // R20
    const found = COULD_NOT_RUN.find((each) => each === code);
    if (!isCritical || code === undefined) return [];
    if (outcome === 'FAILED') return [code as ReasonCode];
    return found === undefined ? [] : [found];
  }

  private isJudged(): boolean {
    return this.world.fails['T1'] === undefined;
  }

  private isDone({ name }: Task): boolean {
    return this.ends.get(name) === 'SUCCESS';
  }

  private isFiltered(order: readonly Task[]): boolean {
    return order.some((task) => task.skill_ref === 'harness.filter-beliefs' && this.isDone(task));
  }

  private beliefs(): readonly Belief[] {
    return listOf(at(this.world.bundle, ['active_beliefs'])) as unknown as readonly Belief[];
  }

  private removals(): (readonly [string, ReasonCode])[] {
    const { bundle, policy } = this.world;
    return this.beliefs().flatMap((belief) => {
      const code = this.first(REMOVED, { bundle, policy, belief });
      return code === null ? [] : [[belief.belief_id, code] as const];
    });
  }

  /** R21, EXE-2, EXE-3: what is not given is an explicit null, or an empty list. */
  private actions(): ToldAction[] {
    const { bundle, policy } = this.world;
    const removed = this.removals().map(([id]) => id);
    return this.beliefs()
      .filter(({ belief_id }) => !removed.includes(belief_id))
      .map((belief) => ({
        belief: belief.belief_id,
        signals: belief.source_signal_ids ?? [],
        regime: String(at(bundle, ['regime_state', 'id'])),
        permission: isBypassed(bundle, policy) ? 'BYPASSED' : 'GRANTED',
      }));
  }

  private first<Says, Seen>(rows: readonly Row<Says, Seen>[], seen: Seen): Says | null {
    const row = rows.find(({ when }) => when(seen));
    if (row !== undefined) this.used(row.from);
    return row?.says ?? null;
  }
}

const isFirst = ({ skill_ref }: Task): boolean => skill_ref === 'harness.validate-state';
const isOfFirstThree = (task: Task): boolean => isBuiltIn(task) && !emits(task);

/** C4.O: again and again, of the tasks whose dependencies are done, the one declared first. */
function inOrder({ tasks }: Graph): readonly Task[] {
  const done: Task[] = [];
  const isDone = (name: string): boolean => done.some((task) => task.name === name);
  for (;;) {
    const next = tasks.find(({ name, depends_on }) => !isDone(name) && depends_on.every(isDone));
    if (next === undefined) return done;
    done.push(next);
  }
}
