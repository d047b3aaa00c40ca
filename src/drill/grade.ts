/** C3.F3: a halt reaches its sinks within this. */
export const NOTICE_MS_MAX = 5_000;

/** What a drill must show: these facts and no others, and whether somebody has to be told. */
export interface Expectation {
  readonly facts: readonly string[];
  readonly notice: boolean;
}

/** What was found. `notice_ms`: from the halt to its notice at the sink; null: none came. */
export interface Evidence {
  readonly facts: readonly string[];
  readonly notice_ms: number | null;
}

export interface Graded {
  readonly grade: 'PASSED' | 'FAILED';
  /** A sentence for each difference; none for what passed. */
  readonly problems: readonly string[];
}

/** A fact too many is as wrong as one that is missing: an alarm that nobody expects is a finding. */
export function grade(expected: Expectation, seen: Evidence): Graded {
  const missing = expected.facts.filter((fact) => !seen.facts.includes(fact));
  const besides = seen.facts.filter((fact) => !expected.facts.includes(fact));
  const problems = [
    ...missing.map((fact) => `missing: ${fact}`),
    ...besides.map((fact) => `not expected: ${fact}`),
    ...noticeProblems(expected.notice, seen.notice_ms),
  ];
  return { grade: problems.length === 0 ? 'PASSED' : 'FAILED', problems };
}

function noticeProblems(wanted: boolean, ms: number | null): string[] {
  if (!wanted) return ms === null ? [] : [`not expected: a notice, after ${ms} ms`];
  if (ms === null) return ['missing: a notice of the halt'];
  return ms <= NOTICE_MS_MAX ? [] : [`the notice came after ${ms} ms, limit ${NOTICE_MS_MAX}`];
}

/**
 * The control of the grader itself: each expectation is graded on evidence that it does not fit, and has to FAIL there.
 * Returns the names of those that did not.
 */
export function gullible(
  drills: readonly { readonly name: string; readonly expected: Expectation }[],
  unfitting: Evidence,
): string[] {
  return drills
    .filter(({ expected }) => grade(expected, unfitting).grade !== 'FAILED')
    .map(({ name }) => name);
}
