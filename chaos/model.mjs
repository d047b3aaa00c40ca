// The reference model: what may become of a cycle of each shape, given what was done to it. A table, read from the contract; it
// imports nothing of the product.

/**
 * Left alone. `outcome`: what the cycle comes to; `actions`: how many it emits, then; `notes`: the tasks that write one line
 * each; `never`: the tasks that do not run, whatever happens.
 */
export const TABLE = {
  plain: { outcome: 'COMPLETED', actions: 1, notes: [], never: [] },
  skill: { outcome: 'COMPLETED', actions: 1, notes: ['note-1', 'note-2'], never: [] },
  parallel: { outcome: 'COMPLETED', actions: 1, notes: ['note-1', 'note-2', 'note-3'], never: [] },
  gated: { outcome: 'COMPLETED', actions: 1, notes: [], never: ['note-1'] },
  held: { outcome: 'COMPLETED', actions: 1, notes: ['note-1'], never: [] },
  brief: { outcome: 'COMPLETED', actions: 1, notes: ['note-1'], never: [] },
  'low-confidence': { outcome: 'DEGRADED', actions: 0, notes: [], never: ['T4'] },
  'regime-closed': { outcome: 'SKIPPED', actions: 0, notes: [], never: ['T3', 'T4'] },
  'no-beliefs': { outcome: 'SKIPPED', actions: 0, notes: [], never: ['T2', 'T3', 'T4'] },
  'missing-state': { outcome: 'HALTED', actions: 0, notes: [], never: ['T2', 'T3', 'T4'] },
  'old-state': { outcome: 'REJECTED', actions: 0, notes: [], never: ['T2', 'T3', 'T4'] },
  scheduled: { outcome: 'COMPLETED', actions: 1, notes: [], never: [] },
  rogue: { outcome: 'COMPLETED', actions: 1, notes: [], never: [] },
};

/** A task is given up after so many lost workers. */
const LOSSES_MAX = 3;

/** What the cycle comes to by itself; a bundle from a clock that jumped is old, or from the future (C2.U5). */
export function ownOutcome({ shape, clock }) {
  const { outcome } = TABLE[shape];
  return clock === 'right' || outcome === 'HALTED' ? outcome : 'REJECTED';
}

/**
 * The outcomes that are allowed. `deeds` are what people did to the cycle, in order: ABORT (accepted), ABORT? (perhaps), CANCEL,
 * TERMINATE, RESET; `losses` how often a worker was lost to it, or may have been, while it ran, and `full` whether the disk was;
 * `lived_ms` from the bundle's timestamp to the end.
 */
export function allowedOutcomes(cycle) {
  const { shape, deeds, losses, full, limit_ms, lived_ms } = cycle;
  const own = ownOutcome(cycle);
  // What was aborted stays so, but for a run that was cut off after it: that one is run again (R36).
  const aborted = deeds.lastIndexOf('ABORT');
  const after = deeds.slice(aborted + 1);
  const cut = after.includes('TERMINATE') || after.includes('RESET');
  if (aborted >= 0 && !cut) return ['HALTED'];
  const allowed = [own];
  if (aborted >= 0 || deeds.includes('ABORT?')) allowed.push('HALTED');
  if (deeds.includes('CANCEL')) allowed.push('CANCELLED');
  // Also T1, which then judges nothing: neither that the bundle is old nor that a state is missing.
  if (losses >= LOSSES_MAX) allowed.push('DEGRADED');
  // What could not be put on record as it was read and opened has no bundle, and halts.
  if (full && shape === 'scheduled') allowed.push('HALTED');
  if (limit_ms !== null && lived_ms > limit_ms) allowed.push('REJECTED');
  return allowed;
}

/** How many actions a cycle of that outcome has emitted, over all its runs; null: the table does not say. */
export function actionsOf({ shape, clock, outcome }) {
  if (ownOutcome({ shape, clock }) !== outcome) return null;
  return clock === 'right' ? TABLE[shape].actions : 0;
}

/** The tasks of the cycle that must not run. */
export function neverOf({ shape, clock }) {
  return clock === 'right' ? TABLE[shape].never : ['T2', 'T3', 'T4', ...TABLE[shape].notes];
}
