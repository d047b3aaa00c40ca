import { DEFAULT_POLICY } from '../../src/core/policy';
import { bundleWith, graphWith, task } from './samples';
import type { Cut, Script } from './script';
import { simulate } from './simulation';

const halt: Cut = { halt: 'look' };
const halted = (...waits: readonly Cut[][]): Script => ({
  cuts: { 'TASK_STARTED T3': [halt] },
  waits,
});

describe('R29: going on with a stale bundle', () => {
  const staleMs = DEFAULT_POLICY.max_staleness_ms.default;
  const later: Cut = { laterMs: staleMs };
  const graph = graphWith([task('X')]);

  test.each<[string, Script]>([
    ['RESUME', halted([later, { decide: 'RESUME' }])],
    ['RETRY_TASK', { ends: { T3: ['HARNESS_ERROR'] }, waits: [[later, { decide: 'RETRY_TASK' }]] }],
    [
      'SKIP_TASK of the last task',
      { graph, ends: { X: ['HARNESS_ERROR'] }, waits: [[later, { decide: 'SKIP_TASK' }]] },
    ],
    [
      'RESUME when no task is left',
      { cuts: { 'TASK_ENDED T4': [halt] }, waits: [[later, { decide: 'RESUME' }]] },
    ],
    [
      'RESUME when the halt came before T1’s verdict',
      { cuts: { 'TASK_STARTED T1': [halt] }, waits: [[later, { decide: 'RESUME' }]] },
    ],
    [
      'RESUME when there are no beliefs',
      {
        ...halted(),
        bundle: bundleWith({ active_beliefs: [] }),
        cuts: { 'STATE_JUDGED T1': [halt] },
        waits: [[later, { decide: 'RESUME' }]],
      },
    ],
    [
      'RESUME before T1’s verdict when there are no beliefs',
      {
        bundle: bundleWith({ active_beliefs: [] }),
        cuts: { 'TASK_STARTED T1': [halt] },
        waits: [[later, { decide: 'RESUME' }]],
      },
    ],
  ])('%s: REJECTED, and nothing more runs', (_, script) => {
    const simulated = simulate(script);
    expect(simulated.result.outcome).toBe('REJECTED');
    const stale = simulated.result.reasons.filter(({ code }) => code === 'STATE_STALE');
    expect(stale).toHaveLength(1);
    const decided = simulated.events.findIndex(({ type }) => type === 'DECISION_TAKEN');
    const started = simulated.events.slice(decided).filter((each) => each.type === 'TASK_STARTED');
    expect(started.filter(({ task: name }) => name !== 'T1')).toEqual([]);
  });

  test.each(['ABORT', 'RESTART_FRESH'])('%s stays open, and ends it HALTED', (choice) => {
    expect(simulate(halted([later, { decide: choice }])).result.outcome).toBe('HALTED');
  });

  test('a halt that is shorter than the bundle’s freshness changes nothing', () => {
    const { result } = simulate(halted([{ laterMs: staleMs - 1_000 }, { decide: 'RESUME' }]));
    expect(result.outcome).toBe('COMPLETED');
  });
});
