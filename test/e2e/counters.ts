import { isObject, type JsonObject } from '../../src/core/json';

/**
 * By how much Temporal's own counters differ from the record, all in all. What is due in the very moment of a pause Temporal may
 * count nowhere, while the balance gives it a place: so of one pause they may be one apart, and no more.
 */
export function countersApart(shown: JsonObject): number {
  const counters = isObject(shown['counters']) ? shown['counters'] : {};
  const told = Array.isArray(counters['differences']) ? counters['differences'] : [];
  return told.reduce<number>((sum, text) => {
    const [, ours, theirs] = /: (\d+) on record, Temporal counts (\d+)$/.exec(String(text)) ?? [];
    return sum + Math.abs(Number(ours) - Number(theirs));
  }, 0);
}
