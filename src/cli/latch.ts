import { randomUUID } from 'node:crypto';
import type { Harness } from '../client/context';
import type { Halt } from '../core/events';
import { messageOf } from '../core/invariant';
import type { JsonObject } from '../core/json';
import { latchNotice } from '../core/latch-notice';
import type { Context } from './context';
import { plain, table } from './render';
import { signatureOf } from './signature';

interface Decision {
  readonly choice: string;
  readonly reason: string;
  readonly rootCause: string;
  readonly whySafe: string;
  readonly by?: string;
  readonly decisionId?: string;
  readonly key?: string;
}

/** `harness halt --all`: when it returns no further task starts anywhere; it says what was in flight. */
export async function haltEverything(
  context: Context,
  options: { readonly reason: string; readonly by?: string },
): Promise<void> {
  const { haltAll } = await import('../client/latch');
  const reach = await context.reach();
  try {
    const answer = await haltAll(reach, {
      reason: options.reason,
      by: options.by ?? context.user(),
    });
    const { halt, in_flight, told, open_cycles } = answer;
    const how = { by: halt.raised_by, reason: halt.detail };
    await tell(context, reach.harness, halt, 'RAISED', how);
    const rows = in_flight.map(({ workflow_id, task, started_at }) => [
      workflow_id,
      task,
      started_at ?? '',
    ]);
    context.print(
      answer,
      [
        `the whole harness is halted by ${plain(halt.raised_by)}: ${plain(halt.detail)}`,
        `no task starts any more; ${in_flight.length} in flight are stopped; ${told} of ${open_cycles} open cycles were told`,
        ...(rows.length === 0 ? [] : ['', table(['in flight', 'task', 'since'], rows)]),
        '',
        `clear it: ${CLEAR}`,
      ].join('\n'),
    );
  } finally {
    await reach.harness?.close();
  }
}

/** `harness resume --all`. */
export async function resumeEverything(context: Context, options: Decision): Promise<void> {
  const { resumeAll } = await import('../client/latch');
  const { checkDecision, operatorsOf } = await import('../people/deciders');
  const reach = await context.reach();
  try {
    const { halt: before, cleared } = await reach.store.latch.now();
    const decision = {
      halt_id: before?.halt_id ?? cleared?.halt_id ?? '',
      choice: options.choice,
      reason: options.reason,
      root_cause: options.rootCause,
      why_safe: options.whySafe,
      by: options.by ?? context.user(),
      decision_id: options.decisionId ?? randomUUID(),
    };
    const signed = { ...decision, ...(await signatureOf(context, decision, options.key)) };
    const operators = operatorsOf(() => context.config());
    const check = operators === null ? null : checkDecision(operators, signed);
    const answer = await resumeAll(reach, decision, check);
    const { told, open_cycles } = answer;
    if (before !== null) {
      const how = { by: options.by ?? context.user(), reason: options.reason };
      await tell(context, reach.harness, before, 'ENDED', how);
    }
    context.print(
      answer,
      `${answer.message}; ${told} of ${open_cycles} open cycles were told to go on, a halt of their own stays`,
    );
  } finally {
    await reach.harness?.close();
  }
}

/** The sinks hear of it, too. What goes wrong with that is said, and changes nothing: the halt stands on record. */
async function tell(
  context: Context,
  harness: Harness | null,
  halt: Halt,
  kind: 'RAISED' | 'ENDED',
  how: { readonly by: string; readonly reason: string },
): Promise<void> {
  const { openSinks } = await import('../people/sinks');
  const { sendLatchNotice } = await import('../client/latch-notice');
  const sinks = openSinks(context.config().notices, context.env).map(({ label }) => label);
  if (sinks.length === 0 || harness === null) return;
  try {
    await sendLatchNotice(harness, sinks, latchNotice(halt, kind, how, new Date().toISOString()));
  } catch (error) {
    context.say(`the notice of it was not sent: ${messageOf(error)}`);
  }
}

const CLEAR = 'harness resume --all --choice RESUME --reason … --root-cause … --why-safe …';

/** The card of the harness-wide halt. */
export function latchText(halt: JsonObject): string {
  const suspended = halt['suspended_cycles'];
  const count = Array.isArray(suspended) ? suspended.length : 0;
  return [
    `HALT ${String(halt['halt_id'])}  the whole harness: no task starts, no cycle is admitted`,
    `  ${String(halt['code'])}: ${plain(String(halt['detail']))}`,
    `  raised by ${plain(String(halt['raised_by']))} at ${String(halt['since'])}; it does not expire`,
    `  it suspends ${count} cycles, which go on when it is cleared; a halt of their own stays`,
    `  decide:  ${CLEAR}`,
  ].join('\n');
}
