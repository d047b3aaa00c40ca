import { defineSearchAttributeKey } from '@temporalio/common';

/** Typed keys of the search attributes; importable by workflow, client, worker and tests. */
export const HARNESS_KEYS = {
  phase: defineSearchAttributeKey('HarnessPhase', 'KEYWORD'),
  outcome: defineSearchAttributeKey('HarnessOutcome', 'KEYWORD'),
  mode: defineSearchAttributeKey('HarnessMode', 'KEYWORD'),
  reason: defineSearchAttributeKey('HarnessReason', 'KEYWORD'),
} as const;

/** Temporal's own, of a workflow that a schedule started: its nominal time. */
export const SCHEDULED_START_KEY = defineSearchAttributeKey(
  'TemporalScheduledStartTime',
  'DATETIME',
);
