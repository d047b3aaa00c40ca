import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { CycleResult } from '../core/result';
import { LATCH_SIGNAL } from '../core/start';

/** Payloads are unknown on purpose: what a person types in the Web UI is read by `documents/decision`, never trusted. */
export const haltSignal = defineSignal<[unknown]>('halt');
/** A doorbell, without a payload: the cycle looks at the record itself. */
export const latchSignal = defineSignal(LATCH_SIGNAL);
export const resumeSignal = defineSignal<[unknown]>('resume');
export const decideUpdate = defineUpdate<{ accepted: boolean; message: string }, [unknown]>(
  'decide',
);
export const cycleQuery = defineQuery<CycleResult>('cycle');

const DECISION =
  '{"halt_id": "…", "choice": "RESUME | RETRY_TASK | SKIP_TASK | RESTART_FRESH | ABORT", "reason": "…", "root_cause": "…", "why_safe": "…", "by": "your name", "decision_id": "any new id"}';

/** Shown in the Web UI's dialogs: an operator's instructions. */
export const DESCRIPTIONS = {
  halt: 'Suspend this cycle until a human decides. Paste: {"reason": "why", "by": "your name"}',
  latch:
    'The harness-wide halt was set or cleared: look at it. Nothing to paste; `harness halt --all` and `harness resume --all` ring it.',
  resume: `Decide on the open halt without waiting for an answer (better: the update \`decide\`). Paste: ${DECISION}`,
  decide: `Decide on the open halt; answers at once. Where operators are configured it needs their \`signature\` too: \`harness resume --key\`. The choices it allows are in the query \`cycle\`, under halt. Paste: ${DECISION}`,
  cycle: 'The cycle so far: outcome, one plain sentence, tasks, reasons, halt, audit head.',
} as const;
