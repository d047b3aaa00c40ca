import { isObject, type Json, type JsonObject } from '../core/json';
import { formatInstant, parseInstant } from '../core/time';

/**
 * An example as if it had been taken now: every timestamp in it moves by as much as the bundle's own has to, so that all
 * ages in it stay what they are. What is no instant stays as it is.
 * @throws Error when the bundle has no timestamp to go by
 */
export function fresh(bundle: JsonObject, nowMs: number): JsonObject {
  const { timestamp } = bundle;
  const taken = typeof timestamp === 'string' ? parseInstant(timestamp) : null;
  if (taken === null)
    throw new Error('the bundle has no timestamp to go by: give it one, in RFC 3339 and UTC');
  return moved(bundle, nowMs - taken);
}

function moved(object: JsonObject, byMs: number): JsonObject {
  return Object.fromEntries(
    Object.entries(object).map(([key, value]) => [key, movedValue(key, value, byMs)]),
  );
}

function movedValue(key: string, value: Json, byMs: number): Json {
  if (Array.isArray(value)) {
    const items: readonly Json[] = value;
    return items.map((item) => movedValue(key, item, byMs));
  }
  if (isObject(value)) return moved(value, byMs);
  if (typeof value !== 'string' || !/(^|_)timestamp$/.test(key)) return value;
  const at = parseInstant(value);
  return at === null ? value : formatInstant(at + byMs);
}
