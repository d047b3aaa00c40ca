import { BUNDLE_FIELDS } from '../../src/core/bundle';
import { LAYER_OF, LAYERS, layerProblems } from '../../src/core/layers';
import type { SkillManifest } from '../../src/core/skills';
import { policyWith } from './samples';
import { manifestWith } from './skill-samples';

const ACTIVE = policyWith({
  factor_layer: 'ACTIVE',
  active_latent_layers: ['L5.5', 'L5.7', 'L5.8'],
});
const LATENT = policyWith({ factor_layer: 'LATENT', active_latent_layers: [] });

const skill = (
  layer: string,
  layer_dependencies: readonly string[],
  required_inputs: SkillManifest['required_inputs'] = [],
): SkillManifest => manifestWith({ layer, layer_dependencies, required_inputs });

/** own layer, dependencies, and the words of the one problem; null: it stands. All layers are active. */
const ROWS: readonly (readonly [string, string, readonly string[], string | null])[] = [
  ['unknown own layer', 'L15', [], 'layer has "L15", not one of'],
  ['unknown dependency', 'L9', ['L06'], 'layer_dependencies has "L06", not one of'],
  ['a name from a prototype', 'L9', ['constructor'], 'layer_dependencies has "constructor"'],
  ['upward', 'L8', ['L9'], 'data flows down only'],
  ['its own layer', 'L9', ['L9'], 'data flows down only'],
  ['upward by a half', 'L6', ['L6.5'], 'data flows down only'],
  ['downward by a half', 'L6.5', ['L6'], null],
  ['by number, not by letter', 'L10', ['L9'], null],
  ['L4 for L12', 'L12', ['L4', 'L6', 'L9'], 'never depends on L1 to L4'],
  ['L1 for L12', 'L12', ['L1', 'L6', 'L9'], 'never depends on L1 to L4'],
  ['L5 for L12', 'L12', ['L5', 'L6', 'L9'], null],
  ['L4 for L11', 'L11', ['L4', 'L6'], null],
  ['below L6 without L6, from L8', 'L8', ['L5'], 'may not skip the regime layer'],
  ['latent ones are below L6 too', 'L9', ['L5.8'], 'may not skip the regime layer'],
  ['below L6 with L6, from L8', 'L8', ['L5', 'L6'], null],
  ['below L6 without L6, for L7', 'L7', ['L5'], null],
  ['L5.5 for L10', 'L10', ['L5.5', 'L6'], 'never depends on it directly'],
  ['L5.5 for L9', 'L9', ['L5.5', 'L6'], null],
  ['L5.7 for L10', 'L10', ['L5.7', 'L6'], null],
  ['L8 without L9 for L12', 'L12', ['L8'], 'may not skip the belief layer'],
  ['L8 with L9 for L12', 'L12', ['L8', 'L9'], null],
  ['L8 without L9 for L13', 'L13', ['L8'], null],
  ['nothing', 'L9', [], null],
];

test.each(ROWS)('C7.V3, R16: %s: %s on %j', (_what, layer, dependencies, words) => {
  const problems = layerProblems(skill(layer, dependencies), ACTIVE);
  expect(problems).toEqual(words === null ? [] : [expect.stringContaining(words)]);
});

test.each(['L5.5', 'L5.7', 'L5.8', 'L6.5'])(
  'C7.V3, R16: the latent layer %s may be declared where the policy has it active, only there',
  (layer) => {
    const manifest = skill('L9', ['L6', layer]);
    expect(layerProblems(manifest, ACTIVE)).toEqual([]);
    expect(layerProblems(manifest, LATENT)).toEqual([
      expect.stringContaining(`layer_dependencies has ${layer}, which is latent`),
    ]);
  },
);

test('C7.V3, R16: that the factor layer is active makes no other latent layer active, nor the other way round', () => {
  const factor = policyWith({ factor_layer: 'ACTIVE', active_latent_layers: [] });
  const others = policyWith({
    factor_layer: 'LATENT',
    active_latent_layers: ['L5.5', 'L5.7', 'L5.8'],
  });
  for (const layer of ['L5.5', 'L5.7', 'L5.8']) {
    expect(layerProblems(skill('L9', ['L6', layer]), factor)).toHaveLength(1);
    expect(layerProblems(skill('L9', ['L6', layer]), others)).toEqual([]);
  }
  expect(layerProblems(skill('L9', ['L6', 'L6.5']), factor)).toEqual([]);
  expect(layerProblems(skill('L9', ['L6', 'L6.5']), others)).toHaveLength(1);
});

test.each(BUNDLE_FIELDS)(
  'C7.V3, R10: %s is read only where its layer is declared or own',
  (field) => {
    const layer = LAYER_OF[field];
    const undeclared = layerProblems(skill('L14', [], [field]), ACTIVE);
    if (layer === null) {
      expect(undeclared).toEqual([]);
      return;
    }
    expect(undeclared).toEqual([
      expect.stringContaining(`required_inputs has ${field} of ${layer}`),
    ]);
    expect(layerProblems(skill(layer, [], [field]), ACTIVE)).toEqual([]);
    const above = layer === 'L5.5' || layer === 'L5.7' ? 'L6' : 'L14';
    expect(layerProblems(skill(above, [layer], [field]), ACTIVE)).toEqual([]);
  },
);

test('C7.V3: every problem is named, not only the first', () => {
  const problems = layerProblems(skill('L12', ['L1', 'L8', 'L13', 'L99'], ['macro_state']), LATENT);
  expect(problems).toHaveLength(6);
});

test('C7.V3: the layers stand in the order in which data flows', () => {
  const numbers = LAYERS.map((layer) => Number(layer.slice(1)));
  expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  expect(new Set(numbers).size).toBe(18);
});

test.each([
  ['L5.5', 'active_latent_layers has to list L5.5'],
  ['L5.7', 'active_latent_layers has to list L5.7'],
  ['L5.8', 'active_latent_layers has to list L5.8'],
  ['L6.5', 'factor_layer has to be ACTIVE'],
])(
  'C7.V3, R16: %s is depended on only when the policy says that it is active: %s',
  (layer, how) => {
    const of = skill('L9', [layer, 'L6']);
    expect(layerProblems(of, LATENT)).toEqual([expect.stringContaining(how)]);
    expect(layerProblems(of, ACTIVE)).toEqual([]);
  },
);
