import { AUDIT_LOG, isRecordedInShadow } from '../core/effects';
import type { EffectConfig } from '../documents/config';
import type { EffectAct } from '../store/store';
import type { Adapter, EffectCall } from './adapter';
import { httpAdapter } from './http';
import { jsonlAdapter } from './jsonl';
import { postgresAdapter } from './postgres';
import { recorder } from './recorder';

type Environment = Readonly<Record<string, string | undefined>>;

export interface EffectsOptions {
  readonly configs: ReadonlyMap<string, EffectConfig>;
  /** Where `url_env` is looked up. */
  readonly env: Environment;
}

/** How a call is carried out, and where to; or, in one plain sentence, why it cannot be. */
export type Prepared = (EffectAct & { readonly target: string }) | { readonly problem: string };

/** The configured effects of one worker. */
export interface Effects {
  /** Does nothing yet: what is returned is carried out by the store of effects. `layer` is the skill's own. */
  act(
    name: string,
    context: { readonly mode: 'shadow'; readonly layer: string },
    call: Omit<EffectCall, 'effect'>,
  ): Prepared;
  /** Lets go of connections. */
  close(): Promise<void>;
}

/** Connects to nothing yet. There is an adapter only for what the operator allows in shadow. */
export function openEffects({ configs, env }: EffectsOptions): Effects {
  const adapters = new Map<string, Adapter>();
  for (const [name, config] of configs) {
    if (config.in_shadow === 'perform') adapters.set(name, adapterOf(config, env));
  }
  return {
    act(name, { layer }, call) {
      const config = configs.get(name);
      if (name === AUDIT_LOG) return recorder;
      if (config === undefined) {
        const problem = `the effect ${name} is not configured: add it to effects in harness.config.json`;
        return { problem };
      }
      const adapter = adapters.get(name);
      if (adapter === undefined || isRecordedInShadow(name, config.in_shadow, layer)) {
        return recorder;
      }
      const { target, repeatable } = adapter;
      return {
        target,
        repeatable,
        perform: (again) => adapter.perform({ effect: name, ...call }, again),
      };
    },
    async close() {
      await Promise.all([...adapters.values()].map((adapter) => adapter.close()));
    },
  };
}

function adapterOf(config: EffectConfig, env: Environment): Adapter {
  switch (config.type) {
    case 'jsonl':
      return jsonlAdapter(config.path);
    case 'http':
      return httpAdapter(config.url);
    case 'postgres':
      return postgresAdapter(config.table, config.url_env, env[config.url_env]);
  }
}
