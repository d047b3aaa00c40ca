import { basename } from 'node:path';
import type { NoticeBody } from '../core/notice';
import type { NoticeConfig } from '../documents/config';
import { runCommand } from './command';
import { postNotice } from './http';

/** One configured way to reach people. */
export interface Sink {
  /** As the record names it: an address without its path, query and credentials, which may be secret; a program's name. */
  readonly label: string;
  /** Null when it was delivered; else why not, in one plain sentence without anything secret. Never rejects. */
  deliver(notice: NoticeBody, key: string, stop: AbortSignal): Promise<string | null>;
}

/** `env`: what a command may see of this process's environment is taken from it. */
export function openSinks(
  configs: readonly NoticeConfig[],
  env: NodeJS.ProcessEnv,
): readonly Sink[] {
  return configs.map((config): Sink => {
    if (config.type === 'http') {
      const url = new URL(config.url);
      const label = url.origin;
      return {
        label,
        deliver: (notice, key, stop) => postNotice({ url, label, notice, key, stop }),
      };
    }
    const { command } = config;
    const label = `command ${basename(command[0] ?? '')}`;
    return {
      label,
      deliver: (notice, _, stop) => runCommand({ command, label, notice, env, stop }),
    };
  });
}
