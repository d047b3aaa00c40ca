import type { ReasonCode } from './core/reasons';

/** The codes of the interface's error document. */
export type ProblemCode =
  ReasonCode | 'USAGE' | 'UNREADABLE' | 'NOT_FOUND' | 'REFUSED' | 'NO_SERVER' | 'HARNESS_HALTED';

/** Something a person has to know: one plain sentence that says what is wrong, where, and what to do. */
export class Problem extends Error {
  readonly code: ProblemCode;
  /** The file, field or id it is about; null when there is none. */
  readonly path: string | null;

  constructor(code: ProblemCode, message: string, path: string | null = null, cause?: unknown) {
    super(message, { cause });
    this.name = 'Problem';
    this.code = code;
    this.path = path;
  }
}
