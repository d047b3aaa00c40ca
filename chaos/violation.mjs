/** A broken invariant: one sentence, which names the cycle. */
export function violation(invariant, cycle_id, text) {
  const sentence = cycle_id === null ? text : `cycle ${cycle_id}: ${text}`;
  return { invariant, cycle_id, sentence };
}
