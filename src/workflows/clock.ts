import { formatInstant } from '../core/time';

/** Workflow time: the server's, the same at every replay (R4). */
export function now(): string {
  return formatInstant(Date.now());
}
