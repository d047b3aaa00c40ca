import { canonicalText } from '../core/identity';
import type { JsonObject } from '../core/json';

/** The bundle of states that came one by one, at its evaluation time; in canonical form. */
export function datedText(text: string, evaluatedAt: string): string {
  const states = JSON.parse(text) as JsonObject;
  return canonicalText({ ...states, timestamp: evaluatedAt });
}
