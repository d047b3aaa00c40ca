import type { Clause } from './clauses';

/**
 * For what only a defect of the harness can break. It throws `HARNESS_ERROR`, which halts and waits for a human (C3.F3);
 * everything that a bundle, a graph, a skill or a person can cause is a value instead.
 */
export function invariant(holds: boolean, clause: Clause, what: string): asserts holds {
  if (!holds) throw harnessError(`${clause}: ${what}`);
}

/** Recognised by `code`: errors cross realms (workflow sandbox, child process), where `instanceof` fails. */
export function harnessError(message: string, cause?: unknown): Error & { code: 'HARNESS_ERROR' } {
  return Object.assign(new Error(message, { cause }), {
    name: 'HarnessError',
    code: 'HARNESS_ERROR' as const,
  });
}

export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ||
    (typeof error === 'object' && error !== null && 'message' in error)
    ? String(error.message)
    : String(error);
}
