import { fold, newCycle } from '../../src/core/cycle';
import { knownRuns, ledgerDrafts, milestoneIn } from '../../src/core/cycle-ledger';
import type { Event, Violation } from '../../src/core/events';
import { isRecordedInShadow } from '../../src/core/effects';
import { judgeDecision, operatorHalt, skillViolationEvents } from '../../src/core/halts';
import { chained } from '../audit/trails';
import { at } from './samples';
import { simulate } from './simulation';

const violation = (changes: Partial<Violation> = {}): Violation => ({
  kind: 'SKILL_VIOLATION',
  code: 'UNDECLARED_SIDE_EFFECT',
  skill_ref: 'acme.rank@1.0.0',
  detail: 'it reached for fetch',
  response: ['QUARANTINE', 'HALT'],
  ...changes,
});

/** A cycle as it stands after the first event of that type. */
function cycleAt(type: Event['type'], events = simulate().events) {
  const cycle = newCycle();
  for (const each of events.slice(0, events.findIndex((one) => one.type === type) + 1))
    fold(cycle, each);
  return cycle;
}
const typesOf = (events: readonly Event[]): string[] => events.map(({ type }) => type);

describe('what a skill does against the contract', () => {
  test('C7.V1: it is on record with its task, and halts the cycle in the name of the skill', () => {
    const cycle = cycleAt('GRAPH_BUILT');
    const { violations, halt } = skillViolationEvents(cycle, [violation()], 'rank', at(5));
    expect(violations).toEqual([
      expect.objectContaining({ type: 'VIOLATION', clause: 'C7.V1', task: 'rank', at: at(5) }),
    ]);
    expect(violations[0]?.data).toEqual(violation());
    expect(halt).toEqual([
      expect.objectContaining({ type: 'HALT_RAISED', actor: 'acme.rank@1.0.0' }),
    ]);
    expect(halt[0]?.data).toMatchObject({
      code: 'UNDECLARED_SIDE_EFFECT',
      detail: 'it reached for fetch',
      raised_by: 'acme.rank@1.0.0',
      choices: ['RESUME', 'RESTART_FRESH', 'ABORT'],
    });
    const nameless = skillViolationEvents(cycle, [violation({ skill_ref: null })], 'rank', at(5));
    expect(nameless.halt[0]).toMatchObject({ actor: 'harness' });
  });

  test('C7.V2, C7.V3, C7.V4: what is rejected, reviewed or counted halts nothing', () => {
    const cycle = cycleAt('GRAPH_BUILT');
    const mild = [
      violation({ code: 'PERMISSION_BYPASS', response: ['REJECT'] }),
      violation({ code: 'LAYER_BYPASS', response: ['QUARANTINE', 'REVIEW'] }),
      violation({ code: 'TIMEOUT', response: ['COUNT'] }),
    ];
    const { violations, halt } = skillViolationEvents(cycle, mild, 'rank', at(5));
    expect(violations.map(({ clause }) => clause)).toEqual(['C7.V2', 'C7.V3', 'C7.V4']);
    expect(halt).toEqual([]);
  });

  test('C7.V1: while a halt waits it is a further cause of that one, and makes it one of a violation', () => {
    const cycle = cycleAt('GRAPH_BUILT');
    for (const each of operatorHalt(cycle, { reason: 'look', by: 'ada' }, at(4))) fold(cycle, each);
    const { violations, halt } = skillViolationEvents(cycle, [violation()], 'rank', at(5));
    expect(halt).toEqual([
      expect.objectContaining({ type: 'HALT_REPEATED', clause: 'C7.V1', actor: 'acme.rank@1.0.0' }),
    ]);
    expect(halt[0]?.data).toEqual({
      halt_id: cycle.halt?.halt_id,
      code: 'UNDECLARED_SIDE_EFFECT',
      detail: 'it reached for fetch',
    });
    expect(cycle.violated).toBe(false);
    for (const each of [...violations, ...halt]) fold(cycle, each);
    expect([cycle.violated, cycle.causes]).toEqual([true, ['it reached for fetch']]);
  });

  test('C7.V1: a violation that does not halt makes no waiting halt one of a violation', () => {
    const cycle = cycleAt('GRAPH_BUILT');
    for (const each of operatorHalt(cycle, { reason: 'look', by: 'ada' }, at(4))) fold(cycle, each);
    const counted = [violation({ code: 'TIMEOUT', response: ['COUNT'] })];
    for (const each of skillViolationEvents(cycle, counted, 'rank', at(5)).violations)
      fold(cycle, each);
    expect(cycle.violated).toBe(false);
  });

  test('CA: what is ending already is not halted on top', () => {
    const cancelled = simulate({ cuts: { 'TASK_ENDED T2': [{ cancel: 'enough' }] } });
    const aborted = simulate({
      cuts: { 'TASK_ENDED T2': [{ halt: 'look' }] },
      waits: [[{ decide: 'ABORT' }]],
    });
    for (const cycle of [
      cycleAt('CANCEL_REQUESTED', cancelled.events),
      cycleAt('DECISION_TAKEN', aborted.events),
    ])
      expect(skillViolationEvents(cycle, [violation()], 'rank', at(5)).halt).toEqual([]);
  });
});

describe('a halt that waits', () => {
  const halted = () => {
    const cycle = cycleAt('GRAPH_BUILT');
    for (const each of operatorHalt(cycle, { reason: 'look', by: 'ada' }, at(4))) fold(cycle, each);
    return cycle;
  };
  const request = (cycle = halted()) => ({
    halt_id: cycle.halt?.halt_id ?? '',
    choice: 'RESUME',
    reason: 'seen',
    root_cause: 'known',
    why_safe: 'mended',
    by: 'bob',
    decision_id: 'D-1',
  });

  test('C3.F3: the same words of the same person are no further cause, other words or another person are', () => {
    const told = (reason: string, by: string) => operatorHalt(halted(), { reason, by }, at(5));
    expect(told('look', 'ada')).toEqual([]);
    expect(typesOf(told('look', 'bob'))).toEqual(['HALT_REPEATED']);
    expect(told('look again', 'ada')).toMatchObject([{ type: 'HALT_REPEATED', clause: 'C3.F3' }]);
  });

  test('C3.F3: of a storm of halts the first hundred causes are kept', () => {
    const cycle = halted();
    for (let i = 0; i < 150; i += 1)
      for (const each of operatorHalt(cycle, { reason: `${i}`, by: 'eve' }, at(5)))
        fold(cycle, each);
    expect(cycle.causes).toHaveLength(100);
  });

  test('C3.F3: at the very moment of its expiry a halt has expired, a millisecond before it has not', () => {
    const cycle = halted();
    const lastMs = Date.parse(cycle.halt?.expires_at ?? '');
    const answer = (ms: number) =>
      judgeDecision(cycle, request(cycle), [], new Date(ms).toISOString());
    expect(answer(lastMs - 1)).toMatchObject({ accepted: true });
    expect(answer(lastMs)).toMatchObject({ accepted: false, code: 'REFUSED' });
  });

  test('C3.F3: where no halt waits nothing is decided', () => {
    const answer = judgeDecision(cycleAt('GRAPH_BUILT'), request(), [], at(5));
    expect(answer).toMatchObject({ accepted: false, code: 'REFUSED' });
  });

  test('R14: who decided stands on record with what was decided, as actor', () => {
    const cycle = halted();
    const { events } = judgeDecision(cycle, { ...request(cycle), signature: 'c2ln' }, [], at(5));
    expect(events).toEqual([
      expect.objectContaining({ type: 'DECISION_TAKEN', actor: 'bob', clause: 'C3.F3' }),
    ]);
    expect(events[0]?.data).toMatchObject({ signature: 'c2ln', at: at(5), choice: 'RESUME' });
    expect(events[0]?.data).not.toHaveProperty('key');
  });
});

describe('the ledger of cycles', () => {
  const hash = (n: number) => `sha256:${String(n).padStart(64, '0')}` as const;
  const note = (kind: 'RUN_OPENED' | 'RUN_CLOSED', cycle_id: string, entries: number) => ({
    kind,
    cycle_id,
    run_id: `run of ${cycle_id}`,
    entries,
    head: hash(entries),
  });

  test('C1.1: it is opened once, and its lines are numbered on from its last one', () => {
    const first = ledgerDrafts(0, [note('RUN_OPENED', 'a', 2)], at(0));
    expect(first.map(({ seq, type }) => [seq, type])).toEqual([
      [1, 'LEDGER_OPENED'],
      [2, 'RUN_OPENED'],
    ]);
    const next = ledgerDrafts(2, [note('RUN_CLOSED', 'a', 9), note('RUN_OPENED', 'b', 1)], at(1));
    expect(next.map(({ seq, type, part, run_id }) => [seq, type, part, run_id])).toEqual([
      [3, 'RUN_CLOSED', 0, 'ledger'],
      [4, 'RUN_OPENED', 0, 'ledger'],
    ]);
    expect(next[0]).toMatchObject({ clause: 'C1.1', actor: 'harness', task: null, at: at(1) });
    expect(next[0]?.data).toEqual({
      cycle_id: 'a',
      run_id: 'run of a',
      entries: 9,
      head: hash(9),
    });
  });

  test('C1.1: it knows every run, and every end that each chain once had', () => {
    const notes = [
      note('RUN_OPENED', 'a', 2),
      note('RUN_OPENED', 'b', 1),
      note('RUN_CLOSED', 'a', 9),
    ];
    const { since, cycles, runs } = knownRuns(chained('ledger', ledgerDrafts(0, notes, at(0))));
    expect([since, [...runs]]).toEqual([at(0), ['run of a', 'run of b']]);
    expect(Object.fromEntries(cycles)).toEqual({
      a: [
        { entries: 2, head: hash(2) },
        { entries: 9, head: hash(9) },
      ],
      b: [{ entries: 1, head: hash(1) }],
    });
    expect(knownRuns([])).toEqual({ since: null, cycles: new Map(), runs: new Set() });
  });

  test('C1.1: what names no cycle, or no end of its chain, is no note of a run', () => {
    const [opened, ...rest] = chained(
      'ledger',
      ledgerDrafts(0, [note('RUN_OPENED', 'a', 2)], at(0)),
    );
    const [told] = rest;
    if (opened === undefined || told === undefined) throw new Error('an opening and a note');
    const { cycle_id: _, ...nameless } = told.data;
    const { entries: __, ...endless } = told.data;
    const changed = [nameless, endless].map((data) => ({ ...told, data }));
    expect(knownRuns([opened, ...changed])).toMatchObject({ cycles: new Map(), runs: new Set() });
  });

  test.each([
    [undefined],
    [null],
    [[]],
    [{ entries: 0, head: hash(1) }],
    [{ entries: 1.5, head: hash(1) }],
    [{ entries: '1', head: hash(1) }],
    [{ entries: 1, head: null }],
  ])('C1.1: %j is no end of a chain', (value) => {
    expect(milestoneIn(value)).toBeNull();
  });
});

test.each([
  ['note', 'perform', 'L9', false],
  ['note', 'record', 'L9', true],
  ['note', 'perform', 'L12', true],
  ['audit_log', 'perform', 'L9', true],
] as const)(
  'C6.T4: in shadow, %s of in_shadow %s asked for by %s is written down only: %s',
  (effect, inShadow, layer, only) => {
    expect(isRecordedInShadow(effect, inShadow, layer)).toBe(only);
  },
);
