import {
  EMPTY_REGISTRY,
  factsOf,
  type Registry,
  type ViolationNote,
} from '../../src/core/registry';
import type { SkillRecord, VersionRecord, VersionState } from '../../src/core/registry';
import { withNotes } from '../../src/core/registry';
import { judgeChange } from '../../src/core/registry-change';
import { at } from './samples';
import { manifestWith } from './skill-samples';

const version = (skill_version: string, state: VersionState, atMs: number): VersionRecord => ({
  state,
  manifest: manifestWith({ skill_version }),
  registration: `sha256:${'a'.repeat(64)}`,
  history: [{ to: state, ledger: 'D014', by: 'ada', at: at(atMs) }],
});
const registryOf = (versions: readonly VersionRecord[]): Registry => {
  const skill: SkillRecord = {
    standing: 'GOOD',
    tenure: 1,
    violations: 0,
    versions: Object.fromEntries(versions.map((each) => [each.manifest.skill_version, each])),
    history: [],
  };
  return { ...EMPTY_REGISTRY, skills: { 'acme.rank-beliefs': skill } };
};
const note = (n: number, changes: Partial<ViolationNote>): ViolationNote => ({
  n,
  id: `v${n}`,
  skill_id: 'acme.rank-beliefs',
  skill_ref: 'acme.rank-beliefs@1.0.0',
  code: 'TIMEOUT',
  detail: '',
  cycle_id: 'c',
  task: 't',
  at: at(n),
  tenure: 1,
  count: n,
  response: [],
  ...changes,
});
const chosen = (...versions: readonly VersionRecord[]) =>
  factsOf(registryOf(versions), 'acme.rank-beliefs')?.skill_version;

test('C3.P5: the active version speaks, also where another one has moved since', () => {
  const [active, later] = [version('1.0.0', 'ACTIVE', 1), version('2.0.0', 'DEPRECATED', 9)];
  expect([chosen(active, later), chosen(later, active)]).toEqual(['1.0.0', '1.0.0']);
});

test('C3.P5: of several deprecated versions the one that moved last speaks', () => {
  const [early, late] = [version('1.0.0', 'DEPRECATED', 1), version('2.0.0', 'DEPRECATED', 9)];
  expect([chosen(early, late), chosen(late, early)]).toEqual(['2.0.0', '2.0.0']);
});

test('R17: a quarantine that is noted behind a deregistration does not lift it', () => {
  const notes = [note(1, { response: ['DEREGISTER'] }), note(2, { response: ['QUARANTINE'] })];
  const { skills } = withNotes(registryOf([version('1.0.0', 'ACTIVE', 1)]), notes);
  const { standing, violations, history } = skills['acme.rank-beliefs'] ?? {};
  expect([standing, violations]).toEqual(['DEREGISTERED', 2]);
  expect(history?.map(({ to }) => to)).toEqual(['DEREGISTERED']);
});

test('R17: a note of what is not registered is counted, and changes no skill', () => {
  const registry = registryOf([version('1.0.0', 'ACTIVE', 1)]);
  const told = withNotes(registry, [note(1, { skill_id: 'acme.none', response: ['QUARANTINE'] })]);
  expect(told).toEqual({ ...registry, notes: 1 });
});

test('C7.L: what becomes of another version leaves the active one as it is', () => {
  const registry = registryOf([version('1.0.0', 'DEPRECATED', 1), version('2.0.0', 'ACTIVE', 2)]);
  const change = { ledger: 'D014', by: 'ada', change_id: 'c', registration: null };
  const skill = 'acme.rank-beliefs@1.0.0';
  const removed = judgeChange(registry, { ...change, operation: 'remove', skill }, null, at(3));
  expect(removed).toMatchObject({ ok: true, changed: true });
  const { versions } = (removed.ok ? removed.registry : registry).skills['acme.rank-beliefs'] ?? {};
  expect(Object.values(versions ?? {}).map(({ state }) => state)).toEqual(['REMOVED', 'ACTIVE']);
});
