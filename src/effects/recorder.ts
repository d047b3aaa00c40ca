import type { EffectAct } from '../store/store';

/**
 * C6.T4: in shadow, what would have been done is written down and nothing is done. This module imports no adapter, so from here
 * there is no way to one.
 */
export const recorder: EffectAct & { readonly target: string } = {
  target: 'record',
  repeatable: true,
  perform: async () => ({ status: 'RECORDED', detail: null }),
};
