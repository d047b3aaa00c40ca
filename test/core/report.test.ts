import { fold, newCycle } from '../../src/core/cycle';
import type { Halt } from '../../src/core/events';
import { cycleReport, haltSummary, taskSummary } from '../../src/core/report';
import { fitting, progressOf } from '../../src/core/result';
import { belief, bundleWith, gate, graphWith, policyWith, task } from './samples';
import type { Script } from './script';
import { simulate } from './simulation';

const never = policyWith({ halt_expiry_ms: null });
const halted: Script = { cuts: { 'TASK_STARTED T3': [{ halt: 'look' }] } };
const bytes = (text: string): number => Buffer.byteLength(JSON.stringify(text));

/** The cycle as it stood just after the first event of that name. */
function until(script: Script, when: string) {
  const cycle = newCycle();
  for (const each of simulate(script).events) {
    fold(cycle, each);
    if (when === (each.task === null ? each.type : `${each.type} ${each.task}`)) return cycle;
  }
  throw new Error(`${when} did not happen`);
}

describe('the live report', () => {
  test('C4.S: it begins with the outcome and one plain sentence, and lists each task with its reason', () => {
    const { cycle } = simulate({ bundle: bundleWith({ 'regime_state.behavior': 'EVENT_LOCK' }) });
    const lines = cycleReport(cycle).split('\n');
    expect(lines[0]).toBe('## SKIPPED');
    expect(lines[1]).toMatch(/^Clean exit, nothing to do: REGIME\\_GATE, /);
    expect(lines).toContain('- **T2** check\\_regime: SUCCESS');
    expect(lines).toContain(
      '- **T4** emit\\_actions: SKIPPED · REGIME_GATE: the regime gate is closed',
    );
  });

  test('C3.F3: a halted cycle shows its card: what, who, until when, the choices, how to decide', () => {
    const { cycle, result } = simulate({ ...halted, policy: never });
    const report = cycleReport(cycle);
    const id = result.halt?.halt_id ?? 'none';
    expect(report.match(/decide: /g)).toHaveLength(1);
    for (const part of [
      '## HALTED: waits for a human',
      `### Halt \`${id}\``,
      '- shadow-test was stopped by a person: look (ada)',
      ', OPERATOR\\_HALT (C3.F3), scope cycle',
      '- raised by ada at ',
      '- expires: never',
      ' more (until 2',
      '- RESUME: goes on with T3',
      '- RESTART\\_FRESH: the cycle ends HALTED, and a new cycle starts',
      '- ABORT: the cycle ends HALTED, nothing more runs',
      `- decide: \`harness resume ${id} --choice RESUME`,
      '- **T3** filter\\_beliefs: waiting',
    ])
      expect(report).toContain(part);
    expect(cycleReport(until(halted, 'HALT_RAISED'))).toContain(', then ABORT');
    const early = until(
      { ...halted, cuts: { 'TASK_STARTED T1': [{ halt: 'look' }] } },
      'HALT_RAISED',
    );
    expect(cycleReport(early)).toContain('not judged yet');
  });

  test('C3.F3: once decided the card is gone', () => {
    const { cycle } = simulate({ ...halted, waits: [[{ decide: 'RESUME' }]] });
    expect(cycleReport(cycle)).not.toContain('### Halt');
  });

  test('C5.O: a violation is shown', () => {
    const { cycle } = simulate({ ...halted, policy: never, waits: [[{ decide: 'GRANT' }]] });
    expect(cycleReport(cycle)).toContain('- **HARNESS_VIOLATION** OVERRIDE_ATTEMPT: ada: ');
  });

  test('C1.1: text from outside stays text: no Markdown, no HTML, one line', () => {
    const reason = '<img src=x>\n\n## done\n[ok](http://x) *a* `b` ~~c~~ &lt; | d';
    const { cycle } = simulate({
      policy: never,
      cuts: { 'TASK_STARTED T3': [{ halt: reason, by: '**x**' }] },
    });
    const report = cycleReport(cycle);
    expect(report).toContain(
      '\\<img src=x\\> \\#\\# done \\[ok\\](http://x) \\*a\\* \\`b\\` \\~\\~c\\~\\~ \\&lt; \\| d',
    );
    expect(report).toContain('- raised by \\*\\*x\\*\\* at');
    const odd = graphWith([task('X', { task_type: '<b>\n\nx' })]);
    expect(cycleReport(simulate({ graph: odd }).cycle)).toContain('- **X** \\<b\\> x: SKIPPED');
  });

  test('C4.S: of a long list it shows the first, and how many more there are', () => {
    const graph = graphWith(Array.from({ length: 60 }, (_, i) => task(`X${i}`)));
    const report = cycleReport(simulate({ graph }).cycle);
    expect(report.match(/^- \*\*(T|X)\d+\*\*/gm)).toHaveLength(40);
    expect(report).toContain('- … and 24 more');
  });
});

describe('a task’s summary', () => {
  const summaryAt = (script: Script, when: string, name: string): string => {
    const cycle = until(script, when);
    const found = cycle.tasks.find(({ planned }) => planned.name === name);
    return found === undefined ? '' : taskSummary(cycle, found);
  };

  test.each([
    ['CYCLE_OPENED', 'T1', 'T1 validate state: presence, form, staleness, confidence'],
    ['GRAPH_BUILT', 'T2', 'T2 check regime: TRENDING_NORMAL_VOL, confidence 0.8'],
    ['GRAPH_BUILT', 'T3', 'T3 filter beliefs: 2 beliefs, factor layer BYPASSED'],
    ['TASK_ENDED T3', 'T4', 'T4 emit actions: 1 surviving beliefs, shadow: log only'],
    ['GRAPH_BUILT', 'X', 'X rank by acme.rank@1.2.0'],
  ])('C6: it carries the facts that are known when it starts: %s %s', (when, name, expected) => {
    const active_beliefs = [belief('B-1'), belief('B-2', { is_stale: true })];
    const script = { bundle: bundleWith({ active_beliefs }), graph: graphWith([task('X')]) };
    expect(summaryAt(script, when, name)).toBe(expected);
  });

  test('C6: it is cut, between characters, to what the server takes', () => {
    const graph = graphWith([task('X', { task_type: '語😀'.repeat(400) })]);
    const summary = summaryAt({ graph }, 'GRAPH_BUILT', 'X');
    expect(bytes(summary)).toBeLessThanOrEqual(320);
    expect(summary).toMatch(/^X 語😀.*…$/u);
    expect(summary).not.toMatch(/\p{Surrogate}/u);
  });
});

describe('a halt’s summary', () => {
  const halt: Halt = {
    halt_id: 'h',
    scope: 'cycle',
    code: 'OPERATOR_HALT',
    detail: 'look',
    raised_by: 'ada',
    since: '2026-11-22T14:25:29.000Z',
    expires_at: '2026-11-22T15:25:29.000Z',
    choices: ['RESUME'],
    decision: null,
  };

  test('C3.F3: it says what, by whom, why, until when, and what then', () => {
    expect(haltSummary(halt)).toBe(
      'HALTED OPERATOR_HALT by ada: look; expires 2026-11-22T15:25:29.000Z → ABORT',
    );
    expect(haltSummary({ ...halt, expires_at: null })).toMatch(/never expires$/);
  });

  test.each([
    ['long', 'x'.repeat(4_000)],
    ['of many bytes', '語'.repeat(4_000)],
    ['of pairs', '😀'.repeat(2_000)],
    ['escaped by JSON', '\u0001'.repeat(4_000)],
    ['of many lines', 'x\n'.repeat(2_000)],
  ])(
    'C3.F3: it keeps its end and what the server takes, when reason and name are %s',
    (_, text) => {
      const summary = haltSummary({ ...halt, detail: text, raised_by: text });
      expect(bytes(summary)).toBeLessThanOrEqual(320);
      expect(summary).toMatch(/^HALTED OPERATOR_HALT by .*→ ABORT$/u);
    },
  );
});

describe('the result while the cycle runs', () => {
  test('C1.1: it says where the cycle is', () => {
    expect(progressOf(newCycle())).toBe('IDLE: 0 of ? tasks done, between tasks.');
    expect(progressOf(until({}, 'TASK_STARTED T1'))).toBe(
      'VALIDATE: 0 of ? tasks done, T1 running.',
    );
    expect(progressOf(until({}, 'TASK_STARTED T3'))).toBe(
      'EXECUTE: 2 of 4 tasks done, T3 running.',
    );
    expect(progressOf(until({}, 'GRAPH_BUILT'))).toBe('EXECUTE: 1 of 4 tasks done, between tasks.');
    const both = graphWith([task('A'), task('B')]);
    const parallel = until({ graph: { ...both, parallel: true } }, 'TASK_STARTED B');
    expect(progressOf(parallel)).toBe('EXECUTE: 4 of 6 tasks done, A, B running.');
  });

  test('C1.1: it fits what Temporal carries, however large the graph and its texts', () => {
    const long = 'é'.repeat(5_000);
    const tasks = Array.from({ length: 996 }, (_, i) =>
      task(`X${i}-${'x'.repeat(58)}`, { task_type: long, skill_ref: long, critical: true }),
    );
    const gates = [gate('not regime.is_stable', tasks[0]?.name ?? '')];
    const script: Script = { graph: graphWith(tasks, gates), ...halted, policy: never };
    const { result } = simulate({
      ...script,
      waits: [[{ decide: { choice: 'ABORT', reason: long } }]],
    });
    const small = fitting(result);
    expect(JSON.stringify(result).length).toBeGreaterThan(2_000_000);
    expect(JSON.stringify(small).length).toBeLessThanOrEqual(600_000);
    expect(small.tasks.map(({ name, task_id, outcome }) => [name, task_id, outcome])).toEqual(
      result.tasks.map(({ name, task_id, outcome }) => [name, task_id, outcome]),
    );
    const { cycle_id, workflow_id, input_hash, plan_hash, outcome, audit } = result;
    expect(small).toMatchObject({ cycle_id, workflow_id, input_hash, plan_hash, outcome, audit });
  });

  test('C1.1: of one that does not fit outputs and late violations go first, and texts are cut last', () => {
    const { result } = simulate();
    const violation = { kind: 'SKILL_VIOLATION', code: 'TIMEOUT', skill_ref: null, response: [] };
    const violations = Array.from({ length: 100 }, (_, i) => ({
      ...violation,
      detail: `v${i}`.repeat(100),
    }));
    const large = {
      ...result,
      violations: violations as unknown as typeof result.violations,
      tasks: result.tasks.map((each) => ({ ...each, output: 'x'.repeat(200_000) })),
    };
    const small = fitting(large);
    expect(small).toEqual({
      ...large,
      violations: large.violations.slice(0, 20),
      tasks: large.tasks.map((each) => ({ ...each, output: null })),
    });
    const brief = fitting({ ...large, summary: 'y'.repeat(700_000) });
    expect(brief.summary).toBe(`${'y'.repeat(79)}…`);
    expect(brief.tasks.map(({ name, skill_ref }) => [name, skill_ref])).toEqual(
      large.tasks.map(({ name, skill_ref }) => [name, skill_ref]),
    );
  });

  test('C1.1: a result that fits is given as it is', () => {
    const { result } = simulate();
    expect(fitting(result)).toBe(result);
  });
});
