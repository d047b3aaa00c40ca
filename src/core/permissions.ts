import type { Bundle, FactorPermission } from './bundle';
import type { Policy } from './policy';

/**
 * What L6.5 grants in this cycle (C3.P2, R3). `BYPASSED`: the layer is latent and gave nothing, so every permission
 * counts as granted (C2.U3). `DENIED`: everything is denied. `ENFORCED`: the object's own flags decide.
 */
export type Grants =
  | { readonly kind: 'BYPASSED' }
  | { readonly kind: 'DENIED'; readonly why: string }
  | { readonly kind: 'ENFORCED'; readonly permission: FactorPermission };

export function grantsOf(bundle: Pick<Bundle, 'factor_permission'>, policy: Policy): Grants {
  const permission = bundle.factor_permission;
  if (permission === null) {
    return policy.factor_layer === 'LATENT'
      ? { kind: 'BYPASSED' }
      : { kind: 'DENIED', why: 'L6.5 is active and gave no factor_permission' };
  }
  // EXE-4: size_multiplier 0 denies everything, whatever the flags say.
  if (permission.size_multiplier === 0) return { kind: 'DENIED', why: 'size_multiplier is 0' };
  return { kind: 'ENFORCED', permission };
}

/** R9: granted when the object's own boolean `<name>_permitted` is true; absence of permission is denial. */
export function isGranted(grants: Grants, name: string): boolean {
  if (grants.kind !== 'ENFORCED') return grants.kind === 'BYPASSED';
  const flag = `${name}_permitted`;
  return Object.hasOwn(grants.permission, flag) && grants.permission[flag] === true;
}

/** The names that are not granted, in the order given. */
export function deniedOf(grants: Grants, names: readonly string[]): string[] {
  return names.filter((name) => !isGranted(grants, name));
}
