// What docs/clauses.md says that no source does: the readings in one line each, and what this version leaves out, and why.

/** Clauses and readings that this version does not have. */
export const NOT_YET = {};

/** Clauses and readings that this version has in part. */
export const PARTLY = {};

/** What each reading settles. */
export const READINGS = {
  R1: 'Low regime confidence: the cycle is DEGRADED, T1–T3 run, T4 and every task with another side effect is SKIPPED',
  R2: 'EVENT_LOCK always closes the gate, UNDEFINED only with confidence below the threshold',
  R3: 'Factor permission null: bypassed while L6.5 is LATENT, everything denied while it is ACTIVE',
  R4: 'Staleness is measured against one evaluation time, and again in workflow time before each task',
  R5: 'A belief that says itself that it is stale is removed, not the cycle rejected',
  R6: 'Thresholds are policy: configured, versioned, hashed, echoed in the audit',
  R7: 'A SKIPPED dependency satisfies, but for the skips that spread',
  R8: 'Dependants of a FAILED task are SKIPPED DEPENDENCY_FAILED',
  R9: 'A permission is granted by the factor object alone, and never derived',
  R10: 'Required of every bundle: timestamp, regime_state, active_beliefs',
  R11: 'Signals are optional; each one that is there carries its regime context',
  R12: 'Only L5.5, L6, L7 and L9 produce beliefs',
  R13: 'A word outside the vocabulary is an invalid state: never mapped, defaulted or recomputed',
  R14: 'A skill that asks beyond its grant is rejected; whoever asks the harness to relax anything halts it',
  R15: 'A write to an undeclared resource fails the task, quarantines the skill and halts',
  R16: 'A layer bypass is refused at registration, quarantined at run time',
  R17: 'Three violations of a skill, in whatever version or cycle, deregister it for good',
  R18: 'Registry, latch and bundle store are no state cached across cycles',
  R19: "The task id is known before anything runs, from task type, the bundle's hash and the task's inputs",
  R20: 'The critical path is an explicit flag; T1–T4 always bear it',
  R21: 'To emit is to record an approved belief with its sources: no side, no size',
  R22: 'Mode live is refused: V1 executes no orders',
  R23: 'Sequential by default; a parallel run gives the sequential outcomes',
  R24: 'A lost worker is no task failure: the task is attempted again, a small number of times',
  R25: 'A task is never dropped: it is SKIPPED for one reason, the first that applies',
  R26: 'No graph leaves out T1, the regime gate or the belief filter',
  R27: 'Built-in tasks go through the registry too',
  R28: 'Which states of the skill lifecycle are invoked',
  R29: 'A choice that goes on with a stale bundle ends the cycle REJECTED',
  R30: 'Belief confidence is compared with the policy alone',
  R31: 'Which choices a halt allows',
  R32: 'The task in flight at a halt is stopped, is not FAILED, and is attempted again on RESUME',
  R33: 'Results do not steer the plan: order, ids and gates are fixed before T2 starts',
  R34: 'A gate is evaluated once, when the graph is built; the branch it does not take is SKIPPED',
  R35: 'A skill that is not registered or not invocable: its task is SKIPPED',
  R36: 'The same bundle, graph, policy and mode are the same cycle',
};
