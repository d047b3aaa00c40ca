import { SEARCH_ATTRIBUTES } from '../core/start';
import { ensureSearchAttributes } from '../server/search-attributes';
import type { Harness } from './context';

/** How long a server may take until all its parts know of new attributes: each asks for them on its own, every few seconds. */
const LEARNS_MS = 20_000;
const PAUSE_MS = 200;

/**
 * Does what needs the harness's search attributes. On a server that nobody has set up for the harness yet they are made, and
 * it is done as soon as the server knows of them.
 * @throws Problem REFUSED when they cannot be made
 */
export async function withSearchAttributes<T>(
  { client, namespace }: Harness,
  act: () => Promise<T>,
): Promise<T> {
  const giveUpAt = performance.now() + LEARNS_MS;
  for (let tries = 1; ; tries += 1) {
    try {
      return await act();
    } catch (error) {
      const lacking = /search attribute/i.test(String((error as Error).cause ?? error));
      if (!lacking || performance.now() > giveUpAt) throw error;
    }
    if (tries === 1) await ensureSearchAttributes(client.connection, namespace, SEARCH_ATTRIBUTES);
    else await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
