import fc from 'fast-check';
import type { Sha256 } from '../../src/core/json';
import { DEFAULT_POLICY } from '../../src/core/policy';
import {
  EMPTY_REGISTRY,
  factsOf,
  type Registry,
  snapshotFor,
  type ViolationNote,
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
    'a change has no force',
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
