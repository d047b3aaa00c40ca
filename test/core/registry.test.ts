import fc from 'fast-check';
import type { Sha256 } from '../../src/core/json';
import { DEFAULT_POLICY } from '../../src/core/policy';
import {
  EMPTY_REGISTRY,
  factsOf,
  type Registry,
  snapshotFor,
  type ViolationNote,
  violationsOf,
  withNotes,
} from '../../src/core/registry';
import {
  type ChangeAnswer,
  judgeChange,
  problemOfChange,
  type RegistryChange,
  type RegistryOperation,
} from '../../src/core/registry-change';
import { registryReport } from '../../src/core/registry-report';
import type { ViolationCode } from '../../src/core/reasons';
import { judgeViolation } from '../../src/core/skill-faults';
import type { SkillManifest } from '../../src/core/skills';

const AT = '2026-11-22T14:00:00.000Z';
const hash = (digit: string): Sha256 => `sha256:${digit.repeat(64)}`;

const manifest = (changes: Partial<SkillManifest> = {}): SkillManifest => ({
  skill_id: 'acme.rank',
  skill_version: '1.0.0',
  layer: 'L9',
  task_types: ['rank'],
  required_inputs: ['active_beliefs'],
  requires_permissions: [],
  layer_dependencies: ['L9'],
  side_effects: [],
  output_schema: 'Ranking',
  author: 'research',
  decision_ledger_ref: 'D010',
  ...changes,
});

/** A registry that a test moves along, each change a second after the one before. */
class Moving {
  registry: Registry = EMPTY_REGISTRY;
  private seconds = 0;

  ask(operation: RegistryOperation, skill: string, ledger = 'D010'): ChangeAnswer {
    return this.take(
      { operation, skill, ledger, by: 'ada', change_id: 'c', registration: null },
      null,
    );
  }

  register(changes: Partial<SkillManifest> = {}, content = 'a'): ChangeAnswer {
    const of = manifest(changes);
    const skill = `${of.skill_id}@${of.skill_version}`;
    const { decision_ledger_ref: ledger } = of;
    const registration = hash(content);
    return this.take(
      { operation: 'register', skill, ledger, by: 'ada', change_id: 'c', registration },
      of,
    );
  }

  violate(code: ViolationCode, n: number): ViolationNote {
    const judged = judgeViolation(this.registry, [], 'acme.rank@1.0.0', code, DEFAULT_POLICY);
    const note = { ...judged, n, id: `v${n}`, detail: '', cycle_id: 'c', task: 't', at: AT };
    this.registry = withNotes(this.registry, [note]);
    return note;
  }

  state(ref = 'acme.rank@1.0.0'): string | undefined {
    return factsOf(this.registry, ref)?.state;
  }

  private take(change: RegistryChange, of: SkillManifest | null): ChangeAnswer {
    this.seconds += 1;
    const at = `2026-11-22T14:${String(this.seconds).padStart(2, '0')}:00.000Z`;
    const answer = judgeChange(this.registry, change, of, at);
    if (answer.ok) this.registry = answer.registry;
    return answer;
  }
}

function problemOf(answer: ChangeAnswer): string {
  return answer.ok ? 'it was done' : answer.problem;
}

test('C7.L, R28: REGISTERED → ACTIVE → DEPRECATED → REMOVED, each step with its ledger entry, and no other step', () => {
  const moving = new Moving();
  expect(moving.register()).toMatchObject({ ok: true, changed: true });
  expect(moving.state()).toBe('REGISTERED');
  expect(problemOf(moving.ask('deprecate', 'acme.rank@1.0.0'))).toMatch(/is REGISTERED: only/);
  expect(moving.ask('activate', 'acme.rank', 'D011')).toMatchObject({ ok: true });
  expect(problemOf(moving.ask('remove', 'acme.rank@1.0.0'))).toMatch(/is ACTIVE: only/);
  expect(moving.ask('deprecate', 'acme.rank', 'D012')).toMatchObject({ ok: true });
  expect(problemOf(moving.ask('activate', 'acme.rank@1.0.0'))).toMatch(/is DEPRECATED: only/);
  expect(moving.ask('remove', 'acme.rank', 'D013')).toMatchObject({ ok: true });
  expect(moving.state()).toBe('REMOVED');
  const { history } = moving.registry.skills['acme.rank']?.versions['1.0.0'] ?? { history: [] };
  expect(history.map(({ to, ledger, by }) => [to, ledger, by])).toEqual([
    ['REGISTERED', 'D010', 'ada'],
    ['ACTIVE', 'D011', 'ada'],
    ['DEPRECATED', 'D012', 'ada'],
    ['REMOVED', 'D013', 'ada'],
  ]);
});

test('C7.R: the same version twice is the same registration, or refused', () => {
  const moving = new Moving();
  moving.register();
  expect(moving.register()).toMatchObject({ ok: true, changed: false });
  expect(problemOf(moving.register({}, 'b'))).toMatch(/already with other content: give/);
  expect(moving.register({ skill_version: '1.0.1' }, 'b')).toMatchObject({ changed: true });
});

test('R28: at most one version is active; the one before it is deprecated by the same entry', () => {
  const moving = new Moving();
  moving.register();
  moving.register({ skill_version: '1.1.0' }, 'b');
  expect(problemOf(moving.ask('activate', 'acme.rank'))).toBe(
    'say which version: acme.rank@1.0.0, acme.rank@1.1.0',
  );
  moving.ask('activate', 'acme.rank@1.0.0');
  moving.ask('activate', 'acme.rank@1.1.0', 'D020');
  expect([moving.state(), moving.state('acme.rank@1.1.0')]).toEqual(['DEPRECATED', 'ACTIVE']);
  expect(moving.registry.skills['acme.rank']?.versions['1.0.0']?.history.at(-1)).toMatchObject({
    to: 'DEPRECATED',
    ledger: 'D020',
  });
});

test('C3.P5: a reference without a version is the active one, else the deprecated one, else what is left', () => {
  const moving = new Moving();
  moving.register();
  moving.register({ skill_version: '1.1.0' }, 'b');
  expect(factsOf(moving.registry, 'acme.rank')?.state).toBe('REGISTERED');
  moving.ask('activate', 'acme.rank@1.0.0');
  expect(factsOf(moving.registry, 'acme.rank')?.skill_version).toBe('1.0.0');
  moving.ask('deprecate', 'acme.rank@1.0.0');
  expect(factsOf(moving.registry, 'acme.rank')).toMatchObject({
    skill_version: '1.0.0',
    state: 'DEPRECATED',
  });
  moving.ask('activate', 'acme.rank@1.1.0');
  expect(factsOf(moving.registry, 'acme.rank')?.skill_version).toBe('1.1.0');
  expect(snapshotFor(moving.registry, ['acme.rank', 'acme.none', 'acme.rank@9.9.9'])).toEqual({
    'acme.rank': factsOf(moving.registry, 'acme.rank'),
  });
});

test.each(['constructor', '__proto__', 'toString', 'acme.rank@constructor', '', '@'])(
  'C3.P5: %j names no skill',
  (ref) => {
    const moving = new Moving();
    moving.register();
    expect(factsOf(moving.registry, ref)).toBeNull();
    expect(problemOf(moving.ask('activate', ref))).toMatch(/registered/);
  },
);

test('C7.V1, C7.V3, R17: a violation quarantines every version at once; release ends it and keeps the count', () => {
  const moving = new Moving();
  moving.register();
  moving.register({ skill_version: '1.1.0' }, 'b');
  moving.ask('activate', 'acme.rank@1.0.0');
  const note = moving.violate('UNDECLARED_SIDE_EFFECT', 1);
  expect(note).toMatchObject({ count: 1, response: ['QUARANTINE', 'HALT'] });
  expect([moving.state(), moving.state('acme.rank@1.1.0')]).toEqual(['QUARANTINED', 'QUARANTINED']);
  expect(moving.ask('release', 'acme.rank', 'D015')).toMatchObject({ ok: true });
  expect(moving.state()).toBe('ACTIVE');
  expect(problemOf(moving.ask('release', 'acme.rank'))).toMatch(/is not quarantined/);
  expect(moving.violate('LAYER_BYPASS', 2)).toMatchObject({
    count: 2,
    response: ['QUARANTINE', 'REVIEW'],
  });
});

test('C7.V2, C7.V4, C7.V5, R17: the third violation of any kind deregisters for good, across versions', () => {
  const moving = new Moving();
  moving.register();
  moving.ask('activate', 'acme.rank');
  expect(moving.violate('TIMEOUT', 1).response).toEqual(['COUNT']);
  expect(moving.violate('PERMISSION_BYPASS', 2).response).toEqual(['REJECT']);
  expect(moving.state()).toBe('ACTIVE');
  expect(moving.violate('OUTPUT_SCHEMA', 3).response).toEqual(['COUNT', 'DEREGISTER']);
  expect(moving.state()).toBe('DEREGISTERED');
  for (const operation of ['activate', 'deprecate', 'remove', 'release'] as const)
    expect(problemOf(moving.ask(operation, 'acme.rank', 'D099'))).toMatch(/for good/);
});

test('R17: a deregistered skill comes back only by a new version with a new ledger entry, and starts to count anew', () => {
  const moving = new Moving();
  moving.register();
  moving.ask('activate', 'acme.rank');
  for (const n of [1, 2, 3]) moving.violate('TIMEOUT', n);
  expect(problemOf(moving.register())).toMatch(/DEREGISTERED: its return needs a new version/);
  expect(problemOf(moving.register({ skill_version: '2.0.0' }, 'b'))).toMatch(
    /needs a new ledger entry, and D010 was cited/,
  );
  const again = { skill_version: '2.0.0', decision_ledger_ref: 'D030' };
  expect(moving.register(again, 'b')).toMatchObject({ ok: true, changed: true });
  expect([moving.state(), moving.state('acme.rank@2.0.0')]).toEqual(['REMOVED', 'REGISTERED']);
  expect(moving.registry.skills['acme.rank']).toMatchObject({ tenure: 2, violations: 0 });
  // What a task of the tenure before it had noted late changes nothing.
  const late = {
    ...moving.violate('TIMEOUT', 4),
    n: 5,
    tenure: 1,
    response: ['DEREGISTER'] as const,
  };
  expect(factsOf(withNotes(moving.registry, [late]), 'acme.rank@2.0.0')?.state).toBe('REGISTERED');
});

test('R17: notes are counted once, whether the snapshot has them already or not', () => {
  fc.assert(
    fc.property(fc.nat(4), fc.nat(4), (first, more) => {
      const moving = new Moving();
      moving.register();
      const from = moving.registry;
      const notes = Array.from({ length: first + more }, (_, i) => ({
        ...judgeViolation(from, [], 'acme.rank@1.0.0', 'TIMEOUT', DEFAULT_POLICY),
        n: i + 1,
        id: `v${i}`,
        detail: '',
        cycle_id: 'c',
        task: 't',
        at: AT,
      }));
      const counted = withNotes(from, notes.slice(0, first));
      expect(withNotes(counted, notes)).toEqual(withNotes(from, notes));
      expect(withNotes(from, notes).skills['acme.rank']?.violations).toBe(first + more);
    }),
  );
});

test.each([
  [null, 'a change is an object'],
  [{ operation: 'forgive' }, 'operation "forgive" is none of'],
  [{ operation: 'register', registration: null }, 'registration is the hash'],
  [{ operation: 'release', registration: hash('a') }, 'registration is null, but to register'],
  [{ operation: 'release', registration: null, skill: ' ' }, 'skill is a text of 1 to 200'],
  [
    {
      operation: 'release',
      registration: null,
      skill: 'a',
      ledger: 'D010',
      by: 'ada',
      change_id: 'c',
      force: true,
    },
    'a change has no "force"',
  ],
])('C7.R: %j is no change', (value, problem) => {
  expect(problemOfChange(value)).toContain(problem);
});

test('the report of the registry names each skill, its standing and its versions', () => {
  const moving = new Moving();
  moving.register();
  moving.ask('activate', 'acme.rank');
  moving.violate('UNDECLARED_SIDE_EFFECT', 1);
  const report = registryReport(moving.registry);
  expect(report).toContain('**acme.rank** QUARANTINED');
  expect(report).toContain('`1.0.0` ACTIVE · D010');
});

const historyOf = (moving: Moving): readonly string[] =>
  moving.registry.skills['acme.rank']?.history.map(({ to }) => to) ?? [];

test('R17: a skill tells all its quarantines, releases and its end, each once', () => {
  const moving = new Moving();
  expect(violationsOf(moving.registry, 'acme.rank')).toEqual({ tenure: 1, count: 0 });
  moving.register();
  expect(historyOf(moving)).toEqual([]);
  moving.violate('UNDECLARED_SIDE_EFFECT', 1);
  moving.violate('LAYER_BYPASS', 2);
  expect(historyOf(moving)).toEqual(['QUARANTINED']);
  moving.ask('release', 'acme.rank', 'D015');
  moving.violate('TIMEOUT', 3);
  expect(historyOf(moving)).toEqual(['QUARANTINED', 'RELEASED', 'DEREGISTERED']);
  const [first] = moving.registry.skills['acme.rank']?.history ?? [];
  expect(first).toEqual({
    to: 'QUARANTINED',
    ledger: null,
    by: 'UNDECLARED_SIDE_EFFECT in cycle c',
    at: AT,
  });
  // Deregistered is for good: a quarantine that was noted late does not undo it.
  moving.violate('UNDECLARED_SIDE_EFFECT', 4);
  expect([moving.state(), historyOf(moving).length]).toEqual(['DEREGISTERED', 3]);
  moving.register({ skill_version: '2.0.0', decision_ledger_ref: 'D030' }, 'b');
  expect(historyOf(moving)).toEqual(['QUARANTINED', 'RELEASED', 'DEREGISTERED', 'RELEASED']);
  expect(violationsOf(moving.registry, 'acme.rank')).toEqual({ tenure: 2, count: 0 });
});

test('R17: no entry that was cited of a deregistered skill before brings it back, that of a release neither', () => {
  const moving = new Moving();
  moving.register();
  moving.register({ skill_version: '1.1.0', decision_ledger_ref: 'D012' }, 'b');
  moving.ask('activate', 'acme.rank@1.0.0', 'D011');
  moving.violate('UNDECLARED_SIDE_EFFECT', 1);
  moving.ask('release', 'acme.rank', 'D015');
  for (const n of [2, 3]) moving.violate('TIMEOUT', n);
  const back = (decision_ledger_ref: string) =>
    moving.register({ skill_version: '2.0.0', decision_ledger_ref }, 'c');
  for (const ledger of ['D010', 'D011', 'D012', 'D015'])
    expect(problemOf(back(ledger))).toContain(`${ledger} was cited for it before`);
  expect(back('D016')).toMatchObject({ changed: true });
});

test('C3.P5: of several deprecated versions a reference without one is that which moved last', () => {
  const moving = new Moving();
  for (const [i, version] of ['1.0.0', '1.1.0', '1.2.0'].entries())
    moving.register({ skill_version: version }, String(i));
  for (const version of ['1.1.0', '1.2.0', '1.0.0']) moving.ask('activate', `acme.rank@${version}`);
  moving.ask('deprecate', 'acme.rank@1.0.0');
  expect(factsOf(moving.registry, 'acme.rank')?.skill_version).toBe('1.0.0');
  for (const version of ['1.0.0', '1.2.0', '1.1.0']) moving.ask('remove', `acme.rank@${version}`);
  expect(factsOf(moving.registry, 'acme.rank')).toMatchObject({
    skill_version: '1.1.0',
    state: 'REMOVED',
  });
});

test('C7.L: what never was active is removed at once, and a step twice is one step', () => {
  const moving = new Moving();
  moving.register();
  expect(moving.ask('remove', 'acme.rank')).toMatchObject({
    changed: true,
    message: 'acme.rank@1.0.0 is REMOVED',
  });
  expect(moving.ask('remove', 'acme.rank@1.0.0')).toMatchObject({
    changed: false,
    message: 'acme.rank@1.0.0 is REMOVED already',
  });
  expect(moving.ask('activate', 'acme.rank')).toMatchObject({
    problem: 'no version of acme.rank can be made ACTIVE: one that is REGISTERED can',
  });
  expect(moving.ask('activate', 'acme.rank@9.0.0')).toMatchObject({
    problem: 'acme.rank@9.0.0 is not registered',
  });
});

test('C7.R: to register takes a manifest and its stored registration, and says which version it is', () => {
  const change = { operation: 'register', skill: 'acme.rank', ledger: 'D010' } as const;
  const asked = (registration: Sha256 | null, of: SkillManifest | null) =>
    judgeChange(EMPTY_REGISTRY, { ...change, by: 'ada', change_id: 'c', registration }, of, AT);
  expect(problemOf(asked(null, manifest()))).toBe('there is nothing to register');
  expect(problemOf(asked(hash('a'), null))).toBe('there is nothing to register');
  expect(asked(hash('a'), manifest())).toMatchObject({ message: 'acme.rank@1.0.0 is REGISTERED' });
});

test('R28: an activation deprecates only the version that was active', () => {
  const moving = new Moving();
  for (const version of ['1.0.0', '1.1.0', '1.2.0'])
    moving.register({ skill_version: version }, version.slice(2, 3));
  moving.ask('activate', 'acme.rank@1.0.0');
  moving.ask('activate', 'acme.rank@1.1.0');
  const states = ['1.0.0', '1.1.0', '1.2.0'].map((version) => moving.state(`acme.rank@${version}`));
  expect(states).toEqual(['DEPRECATED', 'ACTIVE', 'REGISTERED']);
});

test('the report of the registry counts what it shows, and of a long one shows two hundred lines', () => {
  const of = (versions: number, violations: number): string[] => {
    const moving = new Moving();
    for (let i = 0; i < versions; i += 1) moving.register({ skill_version: `1.${i}.0` }, 'a');
    for (let n = 1; n <= violations; n += 1) moving.violate('TIMEOUT', n);
    return registryReport(moving.registry).split('\n');
  };
  expect(of(0, 0)).toEqual(['## Skill registry, version 0', '0 skills, 0 violations noted', '']);
  const one = of(1, 1);
  expect(one[1]).toBe('1 skill, 1 violation noted');
  expect(one[3]).toMatch(/^- \*\*acme\.rank\*\* .*1 violation$/);
  expect(of(1, 2)[3]).toMatch(/ · 2 violations$/);
  expect(of(1, 0).slice(2)).toEqual(['', '- **acme.rank** ', '  - `1.0.0` REGISTERED · D010']);
  expect(of(199, 0)).toHaveLength(203);
  expect(of(199, 0).at(-1)).toContain('`1.198.0`');
  const long = of(201, 0);
  expect([long.length, long.at(-1)]).toEqual([204, '- … and 2 more lines: `harness skills list`']);
});
