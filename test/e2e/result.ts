import { z } from 'zod';

/** The cycle result as the interface lists it: every key there, of its type. Further keys may be added, none may go. */

const sha256 = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const uuid = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
const instant = z.string().regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/);
const reason = z.looseObject({
  code: z.string(),
  detail: z.string(),
  state: z.string().optional(),
});
const choice = z.enum(['RESUME', 'RETRY_TASK', 'SKIP_TASK', 'RESTART_FRESH', 'ABORT']);

export const haltShape = z.looseObject({
  halt_id: z.string(),
  scope: z.enum(['cycle', 'harness']),
  code: z.string(),
  detail: z.string(),
  raised_by: z.string(),
  since: instant,
  expires_at: instant.nullable(),
  choices: z.array(choice),
  decision: z.looseObject({ choice, by: z.string() }).nullable(),
});

const task = z.looseObject({
  name: z.string(),
  task_id: uuid,
  task_type: z.string(),
  skill_ref: z.string(),
  outcome: z.enum(['SUCCESS', 'SKIPPED', 'FAILED']).nullable(),
  reason: reason.nullable(),
  output: z.json(),
  started_at: instant.nullable(),
  ended_at: instant.nullable(),
});

const action = z.looseObject({
  action_id: uuid,
  belief_id: z.string(),
  mode: z.literal('SHADOW'),
  duplicate: z.boolean(),
  source_signal_ids: z.array(z.string()).nullable(),
  source_regime_state_id: z.string().nullable(),
  source_belief_id: z.string(),
  factor_permission: z.enum(['GRANTED', 'BYPASSED']),
});

const violation = z.looseObject({
  kind: z.enum(['SKILL_VIOLATION', 'HARNESS_VIOLATION']),
  code: z.string(),
  skill_ref: z.string().nullable(),
  detail: z.string(),
  response: z.array(z.enum(['QUARANTINE', 'HALT', 'REJECT', 'REVIEW', 'COUNT', 'DEREGISTER'])),
});

export const resultShape = z.looseObject({
  cycle_id: uuid,
  workflow_id: z
    .string()
    .regex(/^shadow-(\d{4}-\d{2}-\d{2}T\d{2}\.\d{2}\.\d{2}Z|undated)-[0-9a-f]{8}$/),
  run_id: uuid,
  mode: z.literal('shadow'),
  deduplicated: z.boolean(),
  phase: z.enum(['IDLE', 'VALIDATE', 'BUILD_GRAPH', 'EXECUTE', 'HALTED', 'FINALIZE']),
  outcome: z
    .enum(['COMPLETED', 'DEGRADED', 'SKIPPED', 'REJECTED', 'HALTED', 'CANCELLED'])
    .nullable(),
  reasons: z.array(reason),
  input_hash: sha256.nullable(),
  graph_hash: sha256,
  plan_hash: sha256.nullable(),
  policy_hash: sha256,
  evaluated_at: instant,
  tasks: z.array(task),
  actions: z.array(action),
  beliefs_removed: z.array(z.looseObject({ belief_id: z.string(), reason })),
  violations: z.array(violation),
  halt: haltShape.nullable(),
  audit: z.looseObject({ entries: z.int().positive(), head: sha256 }),
});
