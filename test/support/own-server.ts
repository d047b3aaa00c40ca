import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SEARCH_ATTRIBUTES } from '../../src/core/start';
import { type EmbeddedServer, startEmbedded } from '../../src/server/embedded';

/** A server of a test's own, on the same file in `home` each time: one that may be killed and started again on its port. */
export function startOwnServer(
  home: string,
  port: number,
  binary = process.env['HARNESS_TEST_BINARY'] ?? '',
): Promise<EmbeddedServer> {
  return startEmbedded({
    binary,
    home,
    dbFile: join(home, 'temporal.db'),
    port,
    uiPort: null,
    searchAttributes: SEARCH_ATTRIBUTES,
  });
}

/** A binary whose server asks for a fresh history after a few events: the registry then continues as new now and then. */
export function impatientBinary(home: string): string {
  const path = join(home, 'temporal.sh');
  const more = '--dynamic-config-value limit.historyCount.suggestContinueAsNew=30';
  writeFileSync(path, `#!/bin/sh\nexec ${process.env['HARNESS_TEST_BINARY'] ?? ''} "$@" ${more}\n`);
  chmodSync(path, 0o755);
  return path;
}
