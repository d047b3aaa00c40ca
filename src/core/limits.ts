/** Every number that bounds something, with the reason for it. */

/** A submitted document: interface, "Documents". */
export const DOCUMENT_BYTES_MAX = 16 * 1024 * 1024;
export const DOCUMENT_DEPTH_MAX = 64;

/** Interface, "Graph". */
export const GRAPH_TASKS_MAX = 1_000;
export const GRAPH_GATES_MAX = 1_000;
export const TASK_TIMEOUT_MS_MAX = 3_600_000;

/** A gate's condition: far above any that a person writes, low enough that no parser stack is at risk. */
export const CONDITION_CHARS_MAX = 4_096;

/** A plan travels through Temporal's history, where a value of over 2 MiB holds the workflow up for ever. */
export const PLAN_BYTES_MAX = 1_500_000;

/** Lists and outputs above this travel by reference in the workflow's result and query (interface, "Cycle result"). */
export const INLINE_BYTES_MAX = 1_024;

/** Audit entries that may ride on one activity's input; more are flushed first. */
export const RIDER_BYTES_MAX = 64 * 1_024;

/** Outputs of dependencies that travel in a skill's call; longer ones are read from the record. */
export const OUTPUTS_CARRIED_BYTES_MAX = 64 * 1_024;

/** A skill's output (interface, "Skill"): more is OUTPUT_SCHEMA. */
export const SKILL_OUTPUT_BYTES_MAX = 1_024 * 1_024;

/** The engine heeds this many signals of a cycle; further ones are only counted. Decisions come by update. */
export const SIGNALS_MAX = 500;

/** Free text of a person (reason, root cause, why safe). */
export const TEXT_CHARS_MAX = 4_000;
