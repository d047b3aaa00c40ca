import { readFileSync } from 'node:fs';
import type { Governance, SkillHost } from './activities/dependencies';
import { messageOf } from './core/invariant';
import { DEFAULT_POLICY, type Policy } from './core/policy';
import type { Config } from './documents/config';
import { readDocument } from './documents/json';
import { readPolicy } from './documents/policy';
import { type Effects, openEffects } from './effects/performers';
import { Problem } from './problem';
import { openSandbox } from './sandbox';
import type { Sandbox, SandboxOptions } from './sandbox/types';

export interface OpenSkillHost extends SkillHost {
  close(): Promise<void>;
}

/**
 * What one process needs to run skills: the sandbox with its warm spares, opened when the first skill comes; the configured
 * effects; the operator's policy and ledger. `config` is asked each time, so that an edited file counts without a restart.
 */
export function openSkillHost(
  config: () => Config,
  env: NodeJS.ProcessEnv,
  told: Pick<SandboxOptions, 'onStarted' | 'onWaiting'> = {},
): OpenSkillHost {
  let sandbox: Promise<Sandbox> | undefined;
  const opened = new Map<Config, Effects>();
  return {
    sandbox() {
      return (sandbox ??= openSandbox(told));
    },
    effects() {
      const now = config();
      const effects = opened.get(now) ?? openEffects({ configs: now.effects, env });
      opened.set(now, effects);
      return effects;
    },
    governance: () => governanceOf(config()),
    async close() {
      await Promise.all([...opened.values()].map((effects) => effects.close()));
      await (await sandbox)?.close();
    },
  };
}

export function governanceOf(config: Config): Governance {
  return {
    policy: policyOf(config.policy),
    effects: [...config.effects.keys()],
    ledger: ledgerAt(config.ledger),
  };
}

function ledgerAt(path: string | undefined): Governance['ledger'] {
  if (path === undefined) {
    return {
      problem:
        'no Decision Ledger is configured: name it as "ledger" in harness.config.json, where the worker is started',
    };
  }
  try {
    return { text: readFileSync(path, 'utf8') };
  } catch (error) {
    return { problem: `the Decision Ledger ${path} cannot be read: ${messageOf(error)}` };
  }
}

function policyOf(path: string | undefined): Policy {
  if (path === undefined) return DEFAULT_POLICY;
  const document = readDocument(readFileSync(path));
  const read = document.ok ? readPolicy(document.value) : document;
  if (read.ok && 'policy' in read) return read.policy;
  const problem = 'problem' in read ? read.problem : 'is no policy';
  throw new Problem('USAGE', `${path}: ${problem}`, path);
}
