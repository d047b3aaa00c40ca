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
