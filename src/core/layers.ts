import type { BundleField } from './bundle';
import { quote } from './construct';
import type { Policy } from './policy';
import type { SkillManifest } from './skills';

/** The layers of the system (vocabulary, "Layers"), in the order in which data flows down. */
export const LAYERS = [
  'L1',
  'L2',
  'L3',
  'L4',
  'L5',
  'L5.5',
  'L5.7',
  'L5.8',
  'L6',
  'L6.5',
  'L7',
  'L8',
  'L9',
  'L10',
  'L11',
  'L12',
  'L13',
  'L14',
] as const;
export type Layer = (typeof LAYERS)[number];

/** Which layer each field of the bundle comes from (C2); null: from none. */
export const LAYER_OF: Readonly<Record<BundleField, Layer | null>> = {
  timestamp: null,
  regime_state: 'L6',
  factor_permission: 'L6.5',
  signals: 'L8',
  active_beliefs: 'L9',
  macro_state: 'L5.5',
  flow_state: 'L5.7',
};

/**
 * C7.V3, R16: every way in which a skill's declared layers would bypass a constraining layer, or let data flow up. Each
 * problem is one plain sentence; none: the declaration stands.
 */
export function layerProblems(manifest: SkillManifest, policy: Policy): string[] {
  const { layer: own, layer_dependencies: declared } = manifest;
  const unknown = [
    ...unknownLayer('layer', own),
    ...declared.flatMap((name) => unknownLayer('layer_dependencies', name)),
  ];
  return [
    ...unknown,
    ...(isLayer(own) ? dependencyProblems(own, declared.filter(isLayer), policy) : []),
    ...manifest.required_inputs.flatMap((field) => {
      const layer = LAYER_OF[field];
      if (layer === null || layer === own || declared.includes(layer)) return [];
      return [
        `required_inputs has ${field} of ${layer}, which is not declared: add ${layer} to layer_dependencies`,
      ];
    }),
  ];
}

function dependencyProblems(own: Layer, declared: readonly Layer[], policy: Policy): string[] {
  const has = (layer: Layer): boolean => declared.includes(layer);
  const at = numberOf(own);
  const problems: string[] = [];
  for (const layer of declared) {
    if (numberOf(layer) >= at) {
      problems.push(
        `layer_dependencies has ${layer}, but data flows down only: a skill of ${own} may depend on layers above its own`,
      );
    }
    if (own === 'L12' && numberOf(layer) < 5) {
      problems.push(
        `layer_dependencies has ${layer}: an execution skill (L12) never depends on L1 to L4`,
      );
    }
    if (!isActive(layer, policy)) {
      problems.push(`layer_dependencies has ${layer}, which is latent: ${activate(layer)}`);
    }
  }
  const early = declared.find((layer) => numberOf(layer) < 6);
  if (early !== undefined && !has('L6') && at >= 8) {
    problems.push(
      `layer_dependencies has ${early} without L6: a skill of ${own} may not skip the regime layer`,
    );
  }
  if (has('L5.5') && at >= 10) {
    problems.push(`layer_dependencies has L5.5: a skill of ${own} never depends on it directly`);
  }
  if (own === 'L12' && has('L8') && !has('L9')) {
    problems.push(
      'layer_dependencies has L8 without L9: an execution skill (L12) may not skip the belief layer',
    );
  }
  return problems;
}

/** Latent layers count only when the policy says that they are active (vocabulary, "Layers"). */
function isActive(layer: Layer, policy: Policy): boolean {
  switch (layer) {
    case 'L5.5':
    case 'L5.7':
    case 'L5.8':
      return policy.active_latent_layers.includes(layer);
    case 'L6.5':
      return policy.factor_layer === 'ACTIVE';
    default:
      return true;
  }
}

function activate(layer: Layer): string {
  return layer === 'L6.5'
    ? "the policy's factor_layer has to be ACTIVE"
    : `the policy's active_latent_layers has to list ${layer}`;
}

function unknownLayer(key: string, name: string): string[] {
  return isLayer(name) ? [] : [`${key} has ${quote(name)}, not one of ${LAYERS.join(', ')}`];
}

function isLayer(name: string): name is Layer {
  return (LAYERS as readonly string[]).includes(name);
}

function numberOf(layer: Layer): number {
  return Number(layer.slice(1));
}
