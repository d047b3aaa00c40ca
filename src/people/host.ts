import type { PeopleTold } from '../core/notice';
import type { Config } from '../documents/config';
import { openSinks, type Sink } from './sinks';

/** Who is to be told of a halt. Read anew each time: an edited configuration counts without a restart. */
export interface People {
  sinks(): readonly Sink[];
  /** What a cycle is told of this; undefined: nothing is configured. Never throws. */
  told(): PeopleTold | undefined;
}

export function openPeople(config: () => Config, env: NodeJS.ProcessEnv): People {
  const sinks = (): readonly Sink[] => openSinks(config().notices, env);
  return {
    sinks,
    told() {
      try {
        const labels = sinks().map(({ label }) => label);
        return labels.length === 0 ? undefined : { sinks: labels };
      } catch {
        return undefined;
      }
    },
  };
}
