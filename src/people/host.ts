import type { DecisionCheck, Deciders } from '../core/deciders';
import type { DecisionRequest } from '../core/halts';
import type { PeopleTold } from '../core/notice';
import type { Config } from '../documents/config';
import { checkDecision, decidersOf, operatorsOf } from './deciders';
import { openSinks, type Sink } from './sinks';

/** Who is to be told of a halt, and who may decide on it. Read anew each time: an edited configuration counts without a restart. */
export interface People {
  sinks(): readonly Sink[];
  /** What a cycle is told of this; undefined: nothing is configured. Never throws. */
  told(): PeopleTold | undefined;
  /** Who it is that decides; null: no operators are configured. Never throws. */
  check(
    decision: DecisionRequest,
  ): { readonly deciders: Deciders; readonly check: DecisionCheck } | null;
}

export function openPeople(config: () => Config, env: NodeJS.ProcessEnv): People {
  const sinks = (): readonly Sink[] => openSinks(config().notices, env);
  return {
    sinks,
    told() {
      const labels = labelsOf(sinks);
      const configured = operatorsOf(config);
      if (labels.length === 0 && configured === null) return undefined;
      return {
        ...(labels.length === 0 ? {} : { sinks: labels }),
        ...(configured === null ? {} : { deciders: decidersOf(configured) }),
      };
    },
    check(decision) {
      const configured = operatorsOf(config);
      if (configured === null) return null;
      return { deciders: decidersOf(configured), check: checkDecision(configured, decision) };
    },
  };
}

/** A configuration that cannot be read says so where it is asked for operators. */
function labelsOf(sinks: () => readonly Sink[]): string[] {
  try {
    return sinks().map(({ label }) => label);
  } catch {
    return [];
  }
}
