import { admissionProblems } from '../../src/core/admission';
import { layerProblems } from '../../src/core/layers';
import { DEFAULT_POLICY } from '../../src/core/policy';
import { manifestWith } from './skill-samples';

const sound = {
  manifest: manifestWith(),
  policy: DEFAULT_POLICY,
  effects: ['ranking_log', 'desk'],
  ledgerProblem: null,
};

test('C7.R: a sound manifest is admitted', () => {
  expect(admissionProblems(sound)).toEqual([]);
});

test('C7.SK5: what the ledger does not authorise is not admitted', () => {
  const ledgerProblem = 'the Decision Ledger has no entry "D014"';
  expect(admissionProblems({ ...sound, ledgerProblem })).toEqual([
    { code: 'NOT_AUTHORISED', detail: ledgerProblem },
  ]);
});

test('C7.V3, R16: a layer bypass found at registration is refused', () => {
  const manifest = manifestWith({ layer: 'L8' });
  const details = layerProblems(manifest, DEFAULT_POLICY);
  expect(details.length).toBeGreaterThan(0);
  expect(admissionProblems({ ...sound, manifest })).toEqual(
    details.map((detail) => ({ code: 'LAYER_BYPASS', detail })),
  );
});

test('C7.D, C7.SK3: an effect that is not configured is refused; audit_log always exists', () => {
  const manifest = manifestWith({ side_effects: ['audit_log', 'ranking_log', 'constructor'] });
  expect(admissionProblems({ ...sound, manifest })).toEqual([
    {
      code: 'EFFECT_UNCONFIGURED',
      detail: expect.stringContaining('side_effects has "constructor"'),
    },
  ]);
  expect(admissionProblems({ ...sound, manifest, effects: [] })).toHaveLength(2);
});

test('C7.R: every problem is named, the missing authorisation first', () => {
  const problems = admissionProblems({
    manifest: manifestWith({ layer: 'L8' }),
    policy: DEFAULT_POLICY,
    effects: [],
    ledgerProblem: 'none',
  });
  expect(problems.map(({ code }) => code)).toEqual([
    'NOT_AUTHORISED',
    'LAYER_BYPASS',
    'LAYER_BYPASS',
    'EFFECT_UNCONFIGURED',
  ]);
});
